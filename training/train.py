"""Trains the planner: varied rows, packed tightly, loss on the plan only; checkpoints itself and resumes.

Usage: python -m training.train [--minutes 90] [--out training/run] [--layers 6] [--rows 10] [--seed 1]
Stops after `--minutes` of training in all (over all its runs); the learning rate stays up for a third of that and then falls to nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from llmos_cli.engine.llama import Llama
from llmos_cli.planner import prompt as prompts
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from training import embeddings, export, rows, tokenizer
from training.model import Planner, Shape
from training.muon import Muon

IDS = {token: i for i, token in enumerate(wire.vocabulary(TOOLS))}
LENGTH = 192
POINTERS = range(IDS[wire.index(1)], IDS[wire.index(1)] + requests.MAX_UNITS)  # where they point counts double
Document = tuple[list[int], int]  # tokens, and where the plan starts


class Encoder:
    """Rows to tokens, through the shipped engine's own tokenizer."""

    def __init__(self, folder: Path) -> None:
        blank = folder / "vocabulary.gguf"
        export.write_blank(blank)
        self.engine = Llama.open(blank, context=64)
        self.cache: dict[str, list[int]] = {}

    def tokenize(self, text: str) -> list[int]:
        if text not in self.cache:
            self.cache[text] = self.engine.tokenize(text)
        return self.cache[text]

    def document(self, row: rows.Row) -> Document:
        start = prompts.prompt(requests.read(row.say), row.after, IDS, self.tokenize)
        return [*start, *(IDS[token] for token in row.tokens)], len(start)


def packed(documents: list[Document], per_batch: int, rng: random.Random) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Batches of rows of LENGTH tokens with as many whole documents in each as fit: tokens, positions, document numbers, targets
    (-1 where there is no loss), all [rows, LENGTH]."""
    order = [d for d in documents if len(d[0]) <= LENGTH]
    rng.shuffle(order)
    bins: list[list[Document]] = []
    open_bins: list[tuple[int, list[Document]]] = []
    for document in order:
        fit = next((i for i, (room, _) in enumerate(open_bins) if room >= len(document[0])), None)
        if fit is None:
            bins.append([])
            open_bins.append((LENGTH, bins[-1]))
            open_bins, fit = open_bins[-32:], len(open_bins[-32:]) - 1
        room, inside = open_bins[fit]
        inside.append(document)
        open_bins[fit] = room - len(document[0]), inside
    rng.shuffle(bins)
    for i in range(0, len(bins) - per_batch + 1, per_batch):
        yield _batch(bins[i : i + per_batch])


def _batch(bins: list[list[Document]]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    tokens = torch.zeros(len(bins), LENGTH, dtype=torch.long)
    positions, numbers, targets = torch.zeros_like(tokens), torch.zeros_like(tokens), torch.full_like(tokens, -1)
    for r, inside in enumerate(bins):
        at = 0
        for n, (ids, start) in enumerate(inside, 1):
            end = at + len(ids)
            tokens[r, at:end] = torch.tensor(ids)
            positions[r, at:end] = torch.arange(len(ids))
            numbers[r, at:end] = n
            targets[r, at + start - 1 : end - 1] = torch.tensor(ids[start:])
            at = end
    return tokens, positions, numbers, targets


def loss_of(model: Planner, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """(mean loss over the plans' tokens, share of them that are the likeliest one); the softmax runs over plan tokens only."""
    tokens, positions, numbers, targets = batch
    at = (targets.flatten() >= 0).nonzero().squeeze(1)
    wanted = targets.flatten()[at]
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=has_bf16(tokens.device.type)):
        logits = model(tokens, positions, numbers, at)
    logits = logits[:, : len(IDS)].float()
    weight = torch.where((wanted >= POINTERS.start) & (wanted < POINTERS.stop), 2.0, 1.0)
    loss = (F.cross_entropy(logits, wanted, label_smoothing=0.02, reduction="none") * weight).sum() / weight.sum()
    return loss, (logits.argmax(-1) == wanted).float().mean()


def has_bf16(device: str) -> bool:
    """Whether matrices in bf16 are faster here: on GPUs and on CPUs with AMX; elsewhere they are several times slower."""
    return device == "cuda" or "amx_bf16" in Path("/proc/cpuinfo").read_text()


def evaluate(model: Planner, documents: list[Document], device: str) -> tuple[float, float]:
    model.eval()
    found = []
    with torch.no_grad():
        for batch in packed(documents, 8, random.Random(0)):
            loss, right = loss_of(model, tuple(t.to(device) for t in batch))  # type: ignore[arg-type]
            found.append((loss.item(), right.item()))
    model.train()
    return sum(a for a, _ in found) / max(1, len(found)), sum(b for _, b in found) / max(1, len(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "run")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="embeddings from nothing, not from MiniLM's")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = Shape(vocabulary=len(tokenizer.vocabulary()[0]), layers=args.layers)
    model = Planner(shape)
    if not args.plain:
        embeddings.start(model)
    model.to(device)
    for block in model.blocks:
        block.compile()
    inside = [w for name, w in model.named_parameters() if w.ndim == 2 and "embedding" not in name]
    rest = [w for name, w in model.named_parameters() if w.ndim < 2 or "embedding" in name]
    optimizers = [Muon(inside, lr=args.rate), torch.optim.AdamW(rest, lr=args.rate * 0.15, betas=(0.9, 0.98), weight_decay=0.01)]
    state = {"spent": 0.0, "step": 0, "epoch": 0}
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        for optimizer, kept in zip(optimizers, saved.get("optimizers", ()), strict=False):
            optimizer.load_state_dict(kept)
        state = saved["state"]
    print(f"{sum(w.numel() for w in model.parameters()) / 1e6:.2f} M parameters on {device}, {state}", flush=True)
    run(model, optimizers, state, args, rng, device, checkpoint, Encoder(args.out))


def run(model, optimizers, state, args, rng, device, checkpoint, encoder) -> None:  # type: ignore[no-untyped-def]
    """Epoch after epoch until the time is spent; the data files are read anew for each."""
    budget, began, saved_at = args.minutes * 60, time.time() - state["spent"], time.time()
    while time.time() - began < budget:
        train, held = rows.split(rows.load())
        pool, state["epoch"] = rows.pools(train), state["epoch"] + 1
        fresh = [encoder.document(rows.varied(row, pool, rng)) for row in train]
        total = right = 0.0
        count = seen = 0
        for batch in packed(fresh, args.rows, rng):
            spent = time.time() - began
            factor = min(1.0, (state["step"] + 1) / 100) * max(0.01, min(1.0, 1.6 * (1 - spent / budget)))
            for optimizer, share in zip(optimizers, (1.0, 0.15), strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = args.rate * share * factor
            loss, share = loss_of(model, tuple(t.to(device) for t in batch))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            state["step"] += 1
            total, right, count, seen = total + loss.item(), right + share.item(), count + 1, seen + int((batch[2] > 0).sum())
            if time.time() - began > budget:
                break
        state["spent"] = time.time() - began
        held_loss, held_right = evaluate(model, [encoder.document(row) for row in held], device) if held else (0.0, 0.0)
        log = {
            "epoch": state["epoch"], "step": state["step"], "minutes": round(state["spent"] / 60, 1), "rows": len(train), "tokens": seen,
            "loss": round(total / max(1, count), 4), "right": round(right / max(1, count), 4), "held_loss": round(held_loss, 4),
            "held_right": round(held_right, 4),
        }  # fmt: skip
        print(json.dumps(log), flush=True)
        with (args.out / "log.jsonl").open("a") as file:
            file.write(json.dumps(log) + "\n")
        if time.time() - saved_at > 120 or state["spent"] >= budget:
            saved_at = time.time()
            torch.save(
                {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "state": state, "shape": model.shape},
                checkpoint,
            )


if __name__ == "__main__":
    main()
