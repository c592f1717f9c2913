"""Trains the planner: varied rows, packed tightly, loss on the plan only; checkpoints itself and resumes.

Usage: python -m training.train [--minutes 240] [--out training/run] [--layers 8] [--rows 16] [--seed 1] [--beside training/run-b]
Stops after `--minutes` of training in all (over all its runs); the learning rate stays up for a third of that and then falls to nothing.
On a CPU whose cores others use too, threads that wait for each other waste much of them. Two processes of one thread each, with `--out A
--beside B --seed 1` and `--out B --beside A --seed 2`, train one network: now and then each goes on from the mean of both.
A sentence that was seen OFTEN times comes up in every second epoch only, so that new ones count for more.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from llmos_cli.engine.llama import Llama
from llmos_cli.planner import prompt as prompts
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.planner.marks import Names, marks
from llmos_cli.tools import TOOLS
from training import embeddings, export, rows, tokenizer
from training.model import Planner, Shape
from training.muon import Muon

IDS = {token: i for i, token in enumerate(wire.vocabulary(TOOLS))}
LENGTH = 192
OFTEN, MEET = 6, 100  # times that a sentence is seen before it comes up less; steps between meetings of twins
POINTERS = range(IDS[wire.index(1)], IDS[wire.index(1)] + requests.MAX_UNITS)  # where they point counts double
Document = tuple[list[int], int]  # tokens, and where the plan starts
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class Encoder:
    """Rows to tokens, through the shipped engine's own tokenizer."""

    def __init__(self, folder: Path, *, blind: bool = False) -> None:
        blank = folder / "vocabulary.gguf"
        export.write_blank(blank)
        self.engine = Llama.open(blank, context=64)
        self.cache: dict[str, list[int]] = {}
        self.rng, self.blind = random.Random(0), blind

    def tokenize(self, text: str) -> list[int]:
        if text not in self.cache:
            self.cache[text] = self.engine.tokenize(text)
        return self.cache[text]

    def document(self, row: rows.Row) -> Document:
        names = Names() if self.blind else rows.near(row, self.rng)
        start = prompts.prompt(row.request, row.after, marks(row.request, names), IDS, self.tokenize)
        return [*start, *(IDS[token] for token in row.tokens)], len(start)


def packed(documents: list[Document], per_batch: int, rng: random.Random) -> Iterator[Batch]:
    """Batches of rows of LENGTH tokens with as many whole documents in each as fit: tokens, positions, document numbers, whether
    they belong to a request, targets (-1 where there is no loss), all [rows, LENGTH]."""
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


def _batch(bins: list[list[Document]]) -> Batch:
    tokens = torch.zeros(len(bins), LENGTH, dtype=torch.long)
    positions, numbers, targets = torch.zeros_like(tokens), torch.zeros_like(tokens), torch.full_like(tokens, -1)
    read = torch.zeros_like(tokens, dtype=torch.bool)
    for r, inside in enumerate(bins):
        at = 0
        for n, (ids, start) in enumerate(inside, 1):
            end = at + len(ids)
            tokens[r, at:end] = torch.tensor(ids)
            positions[r, at:end] = torch.arange(len(ids))
            numbers[r, at:end] = n
            read[r, at : at + start - 1] = True
            targets[r, at + start - 1 : end - 1] = torch.tensor(ids[start:])
            at = end
    return tokens, positions, numbers, read, targets


def loss_of(model: Planner, batch: Batch) -> tuple[Tensor, Tensor]:
    """(mean loss over the plans' tokens, share of them that are the likeliest one); the softmax runs over plan tokens only."""
    tokens, positions, numbers, read, targets = batch
    at = (targets.flatten() >= 0).nonzero().squeeze(1)
    wanted = targets.flatten()[at]
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=has_bf16(tokens.device.type)):
        logits = model(tokens, positions, numbers, read, at, len(IDS)).float()
    weight = torch.where((wanted >= POINTERS.start) & (wanted < POINTERS.stop), 2.0, 1.0)
    loss = (F.cross_entropy(logits, wanted, label_smoothing=0.02, reduction="none") * weight).sum() / weight.sum()
    return loss, (logits.argmax(-1) == wanted).float().mean()


class Twin:
    """Another process that trains the same network: each goes on from the mean of both, at its own pace, and waits for nobody."""

    def __init__(self, own: Path, other: Path | None) -> None:
        self.own, self.other, self.read_at = own / "weights.pt", other and other / "weights.pt", 0

    def meet(self, model: Planner) -> None:
        """Lay out the own weights for the other, and go on from the mean with what the other has laid out since the last time."""
        if self.other is None:
            return
        if self.other.exists() and (when := self.other.stat().st_mtime_ns) != self.read_at:
            self.read_at = when
            theirs = torch.load(self.other, weights_only=True)
            with torch.no_grad():
                for name, weight in model.named_parameters():
                    weight.lerp_(theirs[name].to(weight), 0.5)
        torch.save({name: weight.detach() for name, weight in model.named_parameters()}, self.own.with_suffix(".new"))
        self.own.with_suffix(".new").replace(self.own)


def due(train: list[rows.Row], seen: Counter[str], rng: random.Random) -> list[rows.Row]:
    """The rows of the next epoch; they count as seen."""
    chosen = [row for row in train if seen[row.say] < OFTEN or rng.random() < 0.5]
    seen.update(row.say for row in chosen)
    return chosen


def has_bf16(device: str) -> bool:
    """Whether matrices in bf16 are faster here: on GPUs and on CPUs that have them (2.2 times); elsewhere they are several times slower."""
    return device == "cuda" or any(name in _cpu() for name in ("amx_bf16", "avx512_bf16"))


@cache
def _cpu() -> str:
    return Path("/proc/cpuinfo").read_text()


def evaluate(model: Planner, documents: list[Document], device: str, *, causal: bool = False) -> tuple[float, float]:
    model.eval()
    found = []
    with torch.no_grad():
        for batch in packed(documents, 8, random.Random(0)):
            if causal:
                batch[3].zero_()
            loss, right = loss_of(model, tuple(t.to(device) for t in batch))  # type: ignore[arg-type]
            found.append((loss.item(), right.item()))
    model.train()
    return sum(a for a, _ in found) / max(1, len(found)), sum(b for _, b in found) / max(1, len(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "run")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", type=Path, help="the folder of another process that trains the same network")
    parser.add_argument("--plain", action="store_true", help="embeddings from nothing, not from MiniLM's")
    parser.add_argument("--causal", action="store_true", help="read the request one way only")
    parser.add_argument("--blind", action="store_true", help="without marks of what is there")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rng = random.Random(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = Shape(vocabulary=len(tokenizer.vocabulary()[0]), layers=args.layers)
    model = Planner(shape, args.dropout)
    if not args.plain:
        embeddings.start(model)
    model.to(device)
    for block in model.blocks:
        block.compile()
    inside = [w for name, w in model.named_parameters() if w.ndim == 2 and "embedding" not in name]
    rest = [w for name, w in model.named_parameters() if w.ndim < 2 or "embedding" in name]
    muon = Muon(inside, lr=args.rate, half=has_bf16(device))
    optimizers = [muon, torch.optim.AdamW(rest, lr=args.rate * 0.15, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]
    state = {"spent": 0.0, "step": 0, "epoch": 0}
    seen = Counter[str]()
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        if saved["tokens"] != tokenizer.vocabulary()[0]:
            raise SystemExit(f"{checkpoint} is of another vocabulary: remove it, or train with the tools of its time")
        model.load_state_dict(saved["model"])
        for optimizer, kept in zip(optimizers, saved.get("optimizers", optimizers), strict=True):  # none in what training.grow wrote
            if kept is not optimizer:
                optimizer.load_state_dict(kept)
        state, seen = saved.get("state", state), Counter(saved.get("seen", {}))
    print(f"{sum(w.numel() for w in model.parameters()) / 1e6:.2f} M parameters on {device}, {state}", flush=True)
    run(model, optimizers, state, seen, args, rng, device, checkpoint, Encoder(args.out, blind=args.blind))


def run(model, optimizers, state, seen, args, rng, device, checkpoint, encoder) -> None:  # type: ignore[no-untyped-def]
    """Epoch after epoch until the time is spent; the data files are read anew for each."""
    budget, began, saved_at = args.minutes * 60, time.time() - state["spent"], time.time()
    twin = Twin(args.out, args.beside)
    while state["spent"] < budget:
        train, held = rows.split(rows.load())
        pool, state["epoch"] = rows.pools(train), state["epoch"] + 1
        fresh = [encoder.document(rows.varied(row, pool, rng)) for row in due(train, seen, rng)]
        total = right = 0.0
        count = tokens = 0
        for batch in packed(fresh, args.rows, rng):
            spent = time.time() - began
            factor = min(1.0, (state["step"] + 1) / 100) * max(0.01, min(1.0, 1.6 * (1 - spent / budget)))
            for optimizer, share in zip(optimizers, (1.0, 0.15), strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = args.rate * share * factor
            if args.causal:
                batch[3].zero_()
            loss, share = loss_of(model, tuple(t.to(device) for t in batch))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            state["step"] += 1
            total, right, count, tokens = total + loss.item(), right + share.item(), count + 1, tokens + int((batch[2] > 0).sum())
            if state["step"] % MEET == 0:
                twin.meet(model)
            if spent > budget:
                break
        state["spent"] = time.time() - began
        encoder.rng = random.Random(0)  # the same marks each time
        english, chinese = ([encoder.document(row) for row in held if row.voice.startswith("zh_") == zh] for zh in (False, True))
        held_loss, held_right = evaluate(model, english, device, causal=args.causal)
        encoder.rng = rng
        log = {
            "epoch": state["epoch"], "step": state["step"], "minutes": round(state["spent"] / 60, 1), "rows": len(train), "tokens": tokens,
            "loss": round(total / max(1, count), 4), "right": round(right / max(1, count), 4), "held_loss": round(held_loss, 4),
            "held_right": round(held_right, 4), "chinese": round(evaluate(model, chinese, device, causal=args.causal)[1], 4),
        }  # fmt: skip
        print(json.dumps(log), flush=True)
        with (args.out / "log.jsonl").open("a") as file:
            file.write(json.dumps(log) + "\n")
        if time.time() - saved_at > 120 or state["spent"] >= budget:
            saved_at = time.time()
            kept = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "state": state, "seen": dict(seen)}
            torch.save({**kept, "shape": model.shape, "tokens": tokenizer.vocabulary()[0]}, checkpoint)


if __name__ == "__main__":
    main()
