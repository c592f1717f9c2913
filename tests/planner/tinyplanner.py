"""A planner's file with a tiny network of random weights, and sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from llmos_cli.plan import parse
from llmos_cli.planner import wire
from llmos_cli.planner.planner import ATTENTION_KEY, CALIBRATION_KEY, VOCABULARY_KEY
from llmos_cli.planner.variants import Sentence
from llmos_cli.tools import TOOLS
from training.gguf_write import CONTROL, NORMAL, UNKNOWN, write_gguf

BEGIN = "\u2581"  # what begins a word in llama.cpp's word pieces
WORDS = "abcdefghijklmnopqrstuvwxyz0123456789._-/~*"
LAYERS, WIDTH, HEADS, KV_HEADS, HEAD, FFN = 2, 64, 4, 2, 32, 96


def sentence(say: str, plan: str) -> Sentence:
    return Sentence(say, parse(plan, TOOLS, raw=True), "test")


def weights(vocabulary: int, seed: int = 1) -> dict[str, np.ndarray]:
    """By the names of the GGUF; norms too are no ones."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, scale: float = 1.0) -> np.ndarray:
        return random.normal(0, scale / np.sqrt(columns), (rows, columns)).astype(np.float32)

    def norm(size: int) -> np.ndarray:
        return random.uniform(0.7, 1.3, size).astype(np.float32)

    found = {"token_embd.weight": matrix(vocabulary, WIDTH), "output_norm.weight": norm(WIDTH)}
    for i in range(LAYERS):
        layer = {
            "attn_norm": norm(WIDTH), "attn_q": matrix(HEADS * HEAD, WIDTH), "attn_k": matrix(KV_HEADS * HEAD, WIDTH),
            "attn_v": matrix(KV_HEADS * HEAD, WIDTH), "attn_output": matrix(WIDTH, HEADS * HEAD), "attn_q_norm": norm(HEAD),
            "attn_k_norm": norm(HEAD), "ffn_norm": norm(WIDTH), "ffn_gate": matrix(FFN, WIDTH), "ffn_up": matrix(FFN, WIDTH),
            "ffn_down": matrix(WIDTH, FFN),
        }  # fmt: skip
        found |= {f"blk.{i}.{name}.weight": array for name, array in layer.items()}
    return found


def write_planner(path: Path, kind: str = "Q8_0") -> Path:
    plan = list(wire.vocabulary(TOOLS))
    text = ["[UNK]", *WORDS, *(BEGIN + letter for letter in WORDS)]
    metadata = {
        "general.architecture": "qwen3", "general.name": "tiny", "qwen3.context_length": 1024, "qwen3.embedding_length": WIDTH,
        "qwen3.block_count": LAYERS, "qwen3.feed_forward_length": FFN, "qwen3.attention.head_count": HEADS,
        "qwen3.attention.head_count_kv": KV_HEADS, "qwen3.attention.key_length": HEAD, "qwen3.attention.value_length": HEAD,
        "qwen3.attention.layer_norm_rms_epsilon": 1e-6, "qwen3.rope.freq_base": 10000.0, "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 0, "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_bos_token": False, "tokenizer.ggml.unknown_token_id": len(plan), "tokenizer.ggml.seperator_token_id": 0,
        "tokenizer.ggml.cls_token_id": 0, "tokenizer.ggml.mask_token_id": 0, "tokenizer.ggml.add_sep_token": False,
        ATTENTION_KEY: "prefix", VOCABULARY_KEY: "\n".join(plan), CALIBRATION_KEY: "1.500000,2.000000,0.100000",
    }  # fmt: skip
    types = [CONTROL] * len(plan) + [UNKNOWN] + [NORMAL] * (len(text) - 1)
    write_gguf(path, metadata, plan + text, types, weights(len(plan) + len(text)), lambda name: kind)
    return path
