"""Tiny GGUF files of architectures beside those of tinygguf: sliding windows (gemma3), short convolutions (lfm2), encoders (bert)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.tinygguf import END, vocabulary
from training.gguf_write import CONTROL, NORMAL, write_gguf

WIDTH, HEADS, PAIRS, HEAD, INNER = 64, 4, 2, 16, 128
WINDOW = 32  # tokens


class _Random:
    def __init__(self, seed: int) -> None:
        self._made = np.random.default_rng(seed)

    def __call__(self, rows: int, columns: int) -> np.ndarray:
        return self._made.normal(0, 1.5 / np.sqrt(columns), (rows, columns)).astype(np.float32)


def _common(architecture: str, layers: int, context: int) -> dict[str, Any]:
    a = architecture
    return {
        "general.architecture": a, f"{a}.context_length": context, f"{a}.embedding_length": WIDTH, f"{a}.block_count": layers,
        f"{a}.feed_forward_length": INNER, f"{a}.attention.head_count": HEADS,
    }  # fmt: skip


def _words(tokens: list[str], merges: list[str]) -> dict[str, Any]:
    end = tokens.index(END)
    return {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.merges": merges, "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.bos_token_id": end, "tokenizer.ggml.padding_token_id": end, "tokenizer.ggml.add_bos_token": False,
    }  # fmt: skip


def _attention(random: _Random) -> dict[str, np.ndarray]:
    return {
        "attn_q": random(HEADS * HEAD, WIDTH), "attn_k": random(PAIRS * HEAD, WIDTH), "attn_v": random(PAIRS * HEAD, WIDTH),
        "attn_output": random(WIDTH, HEADS * HEAD), "attn_q_norm": np.ones(HEAD), "attn_k_norm": np.ones(HEAD),
    }  # fmt: skip


def _feed_forward(random: _Random) -> dict[str, np.ndarray]:
    return {"ffn_gate": random(INNER, WIDTH), "ffn_up": random(INNER, WIDTH), "ffn_down": random(WIDTH, INNER), "ffn_norm": np.ones(WIDTH)}


def write_gemma3(path: Path, *, context: int = 2048, layers: int = 6, seed: int = 2) -> Path:
    """Five layers that see `WINDOW` tokens, and one that sees all."""
    tokens, types, merges = vocabulary()
    a, random = "gemma3", _Random(seed)
    metadata = {
        **_common(a, layers, context), f"{a}.attention.head_count_kv": PAIRS, f"{a}.attention.key_length": HEAD,
        f"{a}.attention.value_length": HEAD, f"{a}.attention.layer_norm_rms_epsilon": 1e-6, f"{a}.rope.freq_base": 10000.0,
        f"{a}.attention.sliding_window": WINDOW, **_words(tokens, merges),
    }  # fmt: skip
    tensors = {"token_embd.weight": random(len(tokens), WIDTH) * 3, "output_norm.weight": np.ones(WIDTH)}
    for i in range(layers):
        norms = {name: np.ones(WIDTH) for name in ("attn_norm", "post_attention_norm", "post_ffw_norm")}
        tensors |= {f"blk.{i}.{name}.weight": array for name, array in {**_attention(random), **_feed_forward(random), **norms}.items()}
    write_gguf(path, metadata, tokens, types, tensors, lambda _: "F32")
    return path


def write_lfm2(path: Path, *, context: int = 2048, layers: int = 4, seed: int = 3) -> Path:
    """Layers of short convolutions, which keep a state, and of attention, in turns."""
    tokens, types, merges = vocabulary()
    a, random = "lfm2", _Random(seed)
    metadata = {
        **_common(a, layers, context), f"{a}.attention.head_count_kv": [PAIRS * (i % 2) for i in range(layers)],
        f"{a}.attention.layer_norm_rms_epsilon": 1e-5, f"{a}.rope.freq_base": 10000.0, f"{a}.shortconv.l_cache": 3,
        f"{a}.vocab_size": len(tokens), **_words(tokens, merges),
    }  # fmt: skip
    tensors = {"token_embd.weight": random(len(tokens), WIDTH) * 3, "token_embd_norm.weight": np.ones(WIDTH)}
    for i in range(layers):
        own = _attention(random) if i % 2 else {
            "shortconv.conv": random(WIDTH, 3), "shortconv.in_proj": random(3 * WIDTH, WIDTH), "shortconv.out_proj": random(WIDTH, WIDTH),
        }  # fmt: skip
        layer = {**own, **_feed_forward(random), "attn_norm": np.ones(WIDTH)}
        tensors |= {f"blk.{i}.{name}.weight": array for name, array in layer.items()}
    write_gguf(path, metadata, tokens, types, tensors, lambda _: "F32")
    return path


def write_bert(path: Path, *, context: int = 128, layers: int = 2, seed: int = 4) -> Path:
    """An encoder with mean pooling; its words: hello, the, find, and all letters."""
    letters = [chr(code) for code in range(97, 123)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁hello", "▁the", "▁find", *(f"▁{c}" for c in letters), *letters]
    types = [CONTROL] * 5 + [NORMAL] * (len(tokens) - 5)
    a, random = "bert", _Random(seed)
    metadata = {
        **_common(a, layers, context), f"{a}.attention.layer_norm_epsilon": 1e-12, f"{a}.attention.causal": False, f"{a}.pooling_type": 1,
        "tokenizer.ggml.model": "bert", "tokenizer.ggml.token_type_count": 2, "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1, "tokenizer.ggml.cls_token_id": 2, "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3, "tokenizer.ggml.eos_token_id": 3, "tokenizer.ggml.mask_token_id": 4,
    }  # fmt: skip
    tensors = {
        "token_embd.weight": random(len(tokens), WIDTH) * 3, "token_types.weight": random(2, WIDTH),
        "position_embd.weight": random(context, WIDTH),
        "token_embd_norm.weight": np.ones(WIDTH), "token_embd_norm.bias": np.zeros(WIDTH),
    }  # fmt: skip
    for i in range(layers):
        for name, rows, columns in (
            ("attn_q", WIDTH, WIDTH), ("attn_k", WIDTH, WIDTH), ("attn_v", WIDTH, WIDTH), ("attn_output", WIDTH, WIDTH),
            ("ffn_up", INNER, WIDTH), ("ffn_down", WIDTH, INNER),
        ):  # fmt: skip
            tensors |= {f"blk.{i}.{name}.weight": random(rows, columns), f"blk.{i}.{name}.bias": np.zeros(rows)}
        for name in ("attn_output_norm", "layer_output_norm"):
            tensors |= {f"blk.{i}.{name}.weight": np.ones(WIDTH), f"blk.{i}.{name}.bias": np.zeros(WIDTH)}
    write_gguf(path, metadata, tokens, types, tensors, lambda _: "F32")
    return path
