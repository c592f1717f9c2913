"""Compares ways to make the planner, each trained for the same number of steps on the same rows: what it gets right of voices never heard.

Usage: python -m training.compare VARIANT … [--steps 500]      variants: see VARIANTS; their numbers go to training/run-compare/log.jsonl
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import random
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from llmos_cli.planner import prompt as prompts
from llmos_cli.planner import wire
from llmos_cli.planner.marks import marks
from training import embeddings, rows, tokenizer
from training.model import Planner, Shape
from training.muon import Muon
from training.train import IDS, LENGTH, POINTERS, Batch, Document, Encoder, has_bf16, packed

OUT = Path(__file__).parent / "run-compare"
PER_STEP = 10  # rows of LENGTH tokens


@dataclass(frozen=True)
class Variant:
    """`pointer` is the weight of the loss where a literal is pointed at; `text`: literals are written out in word pieces, not pointed at;
    `first`: steps of reading plain text before; `plain`: embeddings from nothing."""

    shape: tuple[int, int, int, int] = (256, 640, 4, 3)  # width, feed-forward, heads, layers
    pointer: float = 2.0
    text: bool = False
    first: int = 0
    plain: bool = False
    dropout: float = 0.1


VARIANTS = {
    "base": Variant(),
    "pointer-1": Variant(pointer=1.0),
    "pointer-4": Variant(pointer=4.0),
    "written-out": Variant(text=True),
    "text-first": Variant(first=300),
    "own-vectors": Variant(plain=True),
    "no-dropout": Variant(dropout=0.0),
    "8M": Variant((256, 640, 4, 6)),
    "25M": Variant((448, 1152, 6, 9)),
}


class WrittenOut(Encoder):
    """Rows whose literals are the pieces of their words in place of the words' indexes."""

    def document(self, row: rows.Row) -> Document:
        start = prompts.prompt(row.request, row.after, marks(row.request, rows.near(row, self.rng)), IDS, self.tokenize)
        words, plan, run = row.request.words, list[int](), list[int]()
        for token in [*row.tokens, ""]:
            if token and (i := wire.index_of(token)):
                run.append(i)
                continue
            if run:
                plan += [piece for i in range(run[0], run[-1] + 1) for piece in self.tokenize(words[i - 1].view)]
                run = []
            plan += [IDS[token]] if token else []
        return [*start, *plan], len(start)


def logits_of(model: Planner, batch: Batch, outputs: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(logits, wanted tokens, the number of the document that each belongs to)."""
    tokens, positions, numbers, read, targets = batch
    at = (targets.flatten() >= 0).nonzero().squeeze(1)
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16("cpu")):
        logits = model(tokens, positions, numbers, read, at, outputs).float()
    rows_of = torch.arange(len(tokens))[:, None].expand_as(tokens)
    return logits, targets.flatten()[at], (rows_of * 1000 + numbers).flatten()[at]


def plans_right(model: Planner, documents: list[Document], outputs: int) -> tuple[float, float]:
    """(share of plans with every token right when the right ones stand before it, share of tokens)."""
    model.eval()
    plans, right, count = list[bool](), 0, 0
    with torch.no_grad():
        for batch in packed(documents, 8, random.Random(0)):
            logits, wanted, of = logits_of(model, batch, outputs)
            hit = logits.argmax(-1) == wanted
            plans += [bool(hit[of == one].all()) for one in of.unique()]
            right, count = right + int(hit.sum()), count + len(hit)
    model.train()
    return sum(plans) / len(plans), right / count


def text_batches(encoder: Encoder, rng: random.Random) -> Iterator[Batch]:
    """Plain text to go on with, one way: the docstrings of Python's library."""
    texts = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "test" not in file.parts and "site-packages" not in file.parts:
            try:
                tree = ast.parse(file.read_text())
            except (SyntaxError, UnicodeDecodeError):
                continue
            nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef))
            texts += [text for n in nodes if (text := ast.get_docstring(n))]
    ids = [i for text in texts for i in encoder.tokenize(" ".join(text.lower().split()))]
    bins = [ids[i : i + LENGTH] for i in range(0, len(ids) - LENGTH, LENGTH)]
    rng.shuffle(bins)
    for i in itertools.cycle(range(0, len(bins) - PER_STEP, PER_STEP)):
        tokens = torch.tensor(bins[i : i + PER_STEP])
        targets = torch.cat((tokens[:, 1:], torch.full_like(tokens[:, :1], -1)), 1)
        yield tokens, torch.arange(LENGTH).expand_as(tokens), torch.ones_like(tokens), torch.zeros_like(tokens, dtype=torch.bool), targets


def run(name: str, variant: Variant, steps: int, data: list[rows.Row]) -> dict[str, object]:
    torch.manual_seed(1)
    rng, began = random.Random(1), time.process_time()
    width, ffn, heads, layers = variant.shape
    model = Planner(Shape(len(tokenizer.vocabulary()[0]), width, layers, heads, ffn=ffn), variant.dropout)
    if not variant.plain:
        embeddings.start(model)
    inside = [w for n, w in model.named_parameters() if w.ndim == 2 and "embedding" not in n]
    rest = [w for n, w in model.named_parameters() if w.ndim < 2 or "embedding" in n]
    rate, everything = 0.02, len(tokenizer.vocabulary()[0])
    muon, adam = Muon(inside, rate, half=has_bf16("cpu")), torch.optim.AdamW(rest, rate * 0.15, betas=(0.9, 0.98), fused=True)
    encoder = (WrittenOut if variant.text else Encoder)(OUT)
    outputs = everything if variant.text else len(IDS)

    def step(batch: Batch, outputs: int, factor: float) -> None:
        for optimizer, share in ((muon, 1.0), (adam, 0.15)):
            for group in optimizer.param_groups:
                group["lr"] = rate * share * factor
        logits, wanted, _ = logits_of(model, batch, outputs)
        weight = torch.where((wanted >= POINTERS.start) & (wanted < POINTERS.stop), variant.pointer, 1.0)
        loss = (F.cross_entropy(logits, wanted, label_smoothing=0.02, reduction="none") * weight).sum() / weight.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in (muon, adam):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    for i, batch in enumerate(itertools.islice(text_batches(encoder, rng), variant.first)):
        step(batch, everything, min(1.0, (i + 1) / 50))
    train, held = rows.split(data)
    pool, done = rows.pools(train), 0
    while done < steps:
        fresh = [encoder.document(rows.varied(row, pool, rng)) for row in train]
        for batch in itertools.islice(packed(fresh, PER_STEP, rng), steps - done):
            done += 1
            step(batch, outputs, min(1.0, done / 50) * max(0.01, min(1.0, 1.6 * (1 - done / steps))))
    encoder.rng = random.Random(0)
    found = {}
    for language, chinese in (("english", False), ("chinese", True)):
        documents = [encoder.document(row) for row in held if row.voice.startswith("zh_") == chinese]
        plans, tokens = plans_right(model, documents, outputs)
        found |= {f"{language}_plans": round(plans, 4), f"{language}_tokens": round(tokens, 4)}
    size = sum(w.numel() for w in model.parameters()) / 1e6
    return {
        "variant": name,
        "millions": round(size, 1),
        "steps": steps,
        "cpu_minutes": round((time.process_time() - began) / 60, 1),
        **found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="+", choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    data = rows.load()  # once: files may grow
    for name in args.variants:
        log = json.dumps(run(name, VARIANTS[name], args.steps, data))
        print(log, flush=True)
        with (OUT / "log.jsonl").open("a") as file:
            file.write(log + "\n")


if __name__ == "__main__":
    main()
