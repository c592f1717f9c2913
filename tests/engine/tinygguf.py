"""Tiny real GGUF files with random weights:

qwen3 and llama architectures, a small gpt2-BPE vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from training.gguf_write import CONTROL, NORMAL, write_gguf

WORDS = ["<1>", "<2>", "<3>", "<find>", "<sort>", "<take>", "<count>", "<|>"]
END = "<|end|>"
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ t", "h i", "Ġt he", "i n", "Ġ f", "Ġf i"]


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-in for each byte (`bytes_to_unicode` in its encoder.py)."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(spare)) for b in range(256)]


def vocabulary(size: int = 0) -> tuple[list[str], list[int], list[str]]:
    """Tokens, types and merges: bytes, merged words, WORDS, END, then filler up to `size`."""
    merged = [merge.replace(" ", "") for merge in MERGES]
    tokens = [*byte_alphabet(), *merged, *WORDS, END]
    filler = [f"<filler{i}>" for i in range(size - len(tokens))]
    kinds = [NORMAL] * (256 + len(merged)) + [CONTROL] * (len(WORDS) + 1)
    return [*tokens, *filler], kinds + [CONTROL] * len(filler), MERGES


def write_tiny(
    path: Path,
    *,
    architecture: str = "qwen3",
    kind: str = "F32",
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    kv_heads: int = 2,
    feed_forward: int = 128,
    size: int = 0,
    context: int = 2048,
    seed: int = 1,
    kinds: Mapping[str, int] | None = None,
    template: str = "",
    text: bool = False,
) -> Path:
    """A model of `layers` x `width`: random weights, a tied head, matrices as `kind`.

    `text`: filler tokens are words, rather than control tokens. `template`: its chat template.
    """
    tokens, usual, merges = vocabulary(size)
    if text:
        usual = [NORMAL if token.startswith("<filler") else kind_ for token, kind_ in zip(tokens, usual, strict=True)]
    types = [(kinds or {}).get(token, kind_) for token, kind_ in zip(tokens, usual, strict=True)]
    a, head = architecture, width // heads
    metadata = {
        "general.architecture": a,
        "general.name": "tiny",
        f"{a}.context_length": context,
        f"{a}.embedding_length": width,
        f"{a}.block_count": layers,
        f"{a}.feed_forward_length": feed_forward,
        f"{a}.attention.head_count": heads,
        f"{a}.attention.head_count_kv": kv_heads,
        f"{a}.attention.key_length": head,
        f"{a}.attention.value_length": head,
        f"{a}.attention.layer_norm_rms_epsilon": 1e-6,
        f"{a}.rope.freq_base": 10000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.eos_token_id": tokens.index(END),
        "tokenizer.ggml.bos_token_id": tokens.index(END),
        "tokenizer.ggml.padding_token_id": tokens.index(END),
        "tokenizer.ggml.add_bos_token": False,
        **({"tokenizer.chat_template": template} if template else {}),
    }
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.normal(0, 1.5 / np.sqrt(columns), (rows, columns)).astype(np.float32)

    ones = np.ones
    tensors = {
        "token_embd.weight": matrix(len(tokens), width) * 3,
        "output_norm.weight": ones(width),
    }
    for i in range(layers):
        layer = {
            "attn_norm": ones(width),
            "attn_q": matrix(width, width),
            "attn_k": matrix(kv_heads * head, width),
            "attn_v": matrix(kv_heads * head, width),
            "attn_output": matrix(width, width),
            "ffn_norm": ones(width),
            "ffn_gate": matrix(feed_forward, width),
            "ffn_up": matrix(feed_forward, width),
            "ffn_down": matrix(width, feed_forward),
        }
        if architecture == "qwen3":
            layer |= {"attn_q_norm": ones(head), "attn_k_norm": ones(head)}
        tensors |= {f"blk.{i}.{name}.weight": array for name, array in layer.items()}
    write_gguf(path, metadata, tokens, types, tensors, lambda _: kind)
    return path
