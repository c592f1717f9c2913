"""A larger network from a trained one: it begins by computing what the smaller one does, and learns on from there.

New tools have new tokens, whose learned vectors begin anew; new layers begin by adding nothing, spread evenly between those that are there.

Usage: python -m training.grow FROM/checkpoint.pt TO --layers 8      then: python -m training.train --out TO …
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training import embeddings, tokenizer
from training.model import Planner, Shape


def grown(saved: dict, layers: int) -> Planner:  # type: ignore[type-arg]
    """The network of a checkpoint, with today's vocabulary and `layers` layers (at least as many as it has)."""
    tokens, before = tokenizer.vocabulary()[0], {token: i for i, token in enumerate(saved["tokens"])}
    shape = Shape(vocabulary=len(tokens), layers=layers)
    model = Planner(shape)
    embeddings.start(model)
    state, old = model.state_dict(), saved["model"]
    for i, token in enumerate(tokens):
        if token in before:
            for name in ("embedding.learned.weight", "embedding.given"):
                state[name][i] = old[name][before[token]]
    for name in ("embedding.project.weight", "norm.weight"):
        state[name] = old[name]
    had = saved["shape"].layers
    kept = [round((i + 0.5) * layers / had - 0.5) for i in range(had)]  # where the old layers stand among the new
    for i, place in enumerate(kept):
        state |= {n.replace(f"blocks.{i}.", f"blocks.{place}.", 1): w for n, w in old.items() if n.startswith(f"blocks.{i}.")}
    for place in set(range(layers)) - set(kept):
        state[f"blocks.{place}.attn.out.weight"].zero_()
        state[f"blocks.{place}.down.weight"].zero_()
    model.load_state_dict(state)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("to", type=Path)
    parser.add_argument("--layers", type=int, default=8)
    args = parser.parse_args()
    torch.manual_seed(1)
    saved = torch.load(args.checkpoint, weights_only=False)
    model = grown(saved, args.layers)
    args.to.mkdir(parents=True, exist_ok=True)
    kept = {"model": model.state_dict(), "shape": model.shape, "tokens": tokenizer.vocabulary()[0], "seen": saved.get("seen", {})}
    torch.save(kept, args.to / "checkpoint.pt")
    print(f"{sum(w.numel() for w in model.parameters()) / 1e6:.2f} M parameters in {args.to}")


if __name__ == "__main__":
    main()
