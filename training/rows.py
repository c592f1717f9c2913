"""The written sentences: reading them, and holding voices out. They are multiplied by `llmos_cli.planner.variants`.

A row whose literals do not stand in its sentence as whole words is dropped.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from llmos_cli.plan import Plan, parse
from llmos_cli.planner import variants
from llmos_cli.planner.marks import Names
from llmos_cli.tool import Param
from llmos_cli.tools import TOOLS
from training.check import problem

DATA = Path(__file__).parent / "data"
HELD_OUT = ("journalist", "busy_parent", "hobbyist", "zh_elder")  # whole voices, never trained on


@dataclass(frozen=True)
class Row(variants.Sentence):
    @cached_property
    def tokens(self) -> list[str]:
        """The wire form. Raises ValueError where a literal is not in the sentence."""
        return self.encoded(TOOLS)


@cache
def row_of(line: str) -> Row | None:
    """The row of a line, None where it is not good: the plan does not parse, or says what the sentence does not."""
    try:
        row = json.loads(line)
    except ValueError:  # a line that is just being written
        return None
    if problem(row):
        return None
    return Row(row["say"], parse(row["plan"], TOOLS, raw=True), row["voice"], row.get("after", "none"))


def load(files: Sequence[Path] | None = None) -> list[Row]:
    """All good rows of the data files, in order. A line is read once, however often this is called."""
    lines = [line for file in files or sorted(DATA.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [row for line in lines if (row := row_of(line)) is not None]


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """(to train on, held out): whole voices are held out, never single rows."""
    return [r for r in rows if r.voice not in HELD_OUT], [r for r in rows if r.voice in HELD_OUT]


# ---- multiplying them, with the tools of now ---------------------------------------------------------------


def near(row: Row, rng: random.Random) -> Names:
    return variants.near(row, rng, TOOLS)


def literals(plan: Plan) -> Iterator[tuple[Param, str]]:
    return variants.literals(plan, TOOLS)


def pools(rows: Sequence[Row]) -> dict[str, list[str]]:
    return variants.pools(rows, TOOLS)


def varied(row: Row, pool: dict[str, list[str]], rng: random.Random, share: float = 0.5) -> Row:
    return variants.varied(row, pool, rng, TOOLS, share)
