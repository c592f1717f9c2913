"""Writes llmos_cli/data/replay.jsonl.gz: the sentences that `llmos planner train` goes over again, and those that it measures with.

Usage: python -m training.replay [--train 4000] [--held 400]
The sample is diverse: of sentences whose plans have the same tools and arguments, more the more there are, but not in proportion.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import Counter
from pathlib import Path

from llmos_cli.planner.replay import NAME
from training import rows

OUT = Path(__file__).parents[1] / "llmos_cli" / "data" / NAME


def diverse(found: list[tuple[str, rows.Row]], count: int, rng: random.Random) -> list[str]:
    """`count` of the lines."""
    sorts = [(row.voice.startswith("zh_"), *((step.tool, *step.args) for step in row.plan.steps)) for _, row in found]
    sizes, seen, ranked = Counter(sorts), Counter[object](), []
    for i in rng.sample(range(len(found)), len(found)):
        seen[sorts[i]] += 1
        ranked.append((seen[sorts[i]] / sizes[sorts[i]] ** 0.7, i))
    return [found[i][0] for i in sorted(i for _, i in sorted(ranked)[:count])]


def sample(train: int, held: int) -> list[str]:
    """The lines of the file."""
    lines = dict.fromkeys(line for file in sorted(rows.DATA.glob("*.jsonl")) for line in file.read_text().splitlines())
    good = [(line, row) for line in lines if (row := rows.row_of(line))]
    rng, out = random.Random(1), []
    heard = [pair for pair in good if pair[1].voice not in rows.HELD_OUT]
    others = [pair for pair in good if pair[1].voice in rows.HELD_OUT]
    for line in diverse(heard, train, rng):
        out.append(_short(line))
    for line in sorted(rng.sample([line for line, _ in others], min(held, len(others)))):
        out.append(_short(line, held=True))
    return out


def _short(line: str, *, held: bool = False) -> str:
    row = json.loads(line)
    kept = {key: row[key] for key in ("say", "plan", "voice", "after") if row.get(key)}
    return json.dumps({**kept, **({"held": True} if held else {})}, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--held", type=int, default=400)
    args = parser.parse_args()
    lines = sample(args.train, args.held)
    OUT.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), 9, mtime=0))
    print(f"{OUT}: {len(lines)} sentences, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
