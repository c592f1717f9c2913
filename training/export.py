"""Writes the planner as a GGUF (Q8_0) for llama.cpp's qwen3, and its card.

Usage: python -m training.export [--run training/run] [--out llmos_cli/data/planner.gguf]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from llmos_cli.planner import wire
from llmos_cli.planner.planner import ATTENTION_KEY, VOCABULARY_KEY
from llmos_cli.tools import TOOLS
from training import tokenizer
from training.gguf_write import write_gguf
from training.model import Planner, Shape

NAMES = {
    "attn_norm": "attn_norm", "attn.q": "attn_q", "attn.k": "attn_k", "attn.v": "attn_v", "attn.out": "attn_output",
    "attn.q_norm": "attn_q_norm", "attn.k_norm": "attn_k_norm", "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up",
    "down": "ffn_down",
}  # fmt: skip


def write(model: Planner, path: Path, extra: dict[str, Any], kind: str = "Q8_0") -> None:
    """Write the model; `extra` goes into the metadata (llmos.*)."""
    tokens, types = tokenizer.vocabulary()
    shape, end = model.shape, wire.vocabulary(TOOLS).index(wire.END)
    metadata = {
        "general.architecture": "qwen3", "general.name": "llmos planner", "general.license": "Apache-2.0",
        "qwen3.context_length": shape.context, "qwen3.embedding_length": shape.width, "qwen3.block_count": shape.layers,
        "qwen3.feed_forward_length": shape.ffn, "qwen3.attention.head_count": shape.heads,
        "qwen3.attention.head_count_kv": shape.kv_heads, "qwen3.attention.key_length": shape.head,
        "qwen3.attention.value_length": shape.head, "qwen3.attention.layer_norm_rms_epsilon": shape.eps,
        "qwen3.rope.freq_base": shape.rope_base, "tokenizer.ggml.model": "bert", "tokenizer.ggml.bos_token_id": end,
        "tokenizer.ggml.eos_token_id": end, "tokenizer.ggml.padding_token_id": end, "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.unknown_token_id": tokens.index(tokenizer.UNKNOWN), "tokenizer.ggml.seperator_token_id": end,
        "tokenizer.ggml.cls_token_id": end, "tokenizer.ggml.mask_token_id": end, "tokenizer.ggml.add_sep_token": False,
        ATTENTION_KEY: "prefix", VOCABULARY_KEY: "\n".join(wire.vocabulary(TOOLS)), **extra,
    }  # fmt: skip
    named = [(name, weight) for name, weight in model.named_parameters() if "embedding" not in name]
    named.append(("embedding.weight", model.embedding.rows(shape.vocabulary)))
    weights = {_name(name): weight.detach().float().cpu().numpy() for name, weight in named}
    write_gguf(path, metadata, tokens, types, weights, lambda name: kind)


def _name(name: str) -> str:
    if name == "embedding.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"


def write_blank(path: Path) -> None:
    """A file with the vocabulary and a network of next to nothing: for tokenising through the engine."""
    shape = Shape(vocabulary=len(tokenizer.vocabulary()[0]), width=64, layers=1, heads=1, kv_heads=1, ffn=64)
    write(Planner(shape), path, {})


def load(run: Path) -> Planner:
    """The network of a training run's last checkpoint."""
    saved = torch.load(run / "checkpoint.pt", weights_only=False, map_location="cpu")
    model = Planner(saved["shape"])
    model.load_state_dict(saved["model"])
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path(__file__).parent / "run")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "llmos_cli/data/planner.gguf")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.seterr(all="raise", under="ignore")
    write(load(args.run), args.out, {})
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
