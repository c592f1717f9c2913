"""Runs every plan of the data on a made-up home folder in which what it names is there, and reports those that fail.

A plan that fails here says something that no disk could make right: a column that a table has not, a date that is none, a step that
nothing can follow. What it finds is not compared with anything.

Usage: python -m training.execute [--sample 2000] [FILE …]
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from llmos_cli.events import Finished, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.literals import Glob, PathName
from llmos_cli.plan import show
from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from training import rows

MUST_HAVE = {"column", "which", "sum", "field"}  # arguments that name columns or fields
QUIET = ("clarify", "no_model", "refused")  # outcomes that are answers
NOT_THERE = (
    "there is no",
    "Which ",
    "no account",
    "exists already",
    "the same",
    "no message",
    "not a folder",
)  # what this small world cannot settle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--sample", type=int, default=0, help="only so many rows, at random")
    args = parser.parse_args()
    some = rows.load(args.files or None)
    if args.sample:
        some = random.Random(1).sample(some, min(args.sample, len(some)))
    outcomes: Counter[str] = Counter()
    for row, outcome, message in executed(some):
        outcomes[outcome] += 1
        if outcome == "failed":
            print(f"{row.voice}: {row.say}\n    {plan_of(row)}\n    {message}")
    print(json.dumps(outcomes))
    return 1 if outcomes["failed"] else 0


def executed(some: list[rows.Row]) -> Iterator[tuple[rows.Row, str, str]]:
    """(row, outcome, what was said) for each row; `failed` is only what no disk could make right."""
    for row in some:
        if any(step.tool in ("clarify", "escalate", "again") for step in row.plan.steps):
            yield row, "done", ""
            continue
        base = Path(tempfile.mkdtemp(prefix="llmos-data-"))
        try:
            home = base / "home"
            home.mkdir()
            furnish(home, row)
            finished = run(home, base / "own", row)
        finally:
            shutil.rmtree(base, ignore_errors=True)
        message = finished.error.message if finished.error else ""
        absent = any(part in message for part in NOT_THERE)
        yield row, "done" if finished.outcome in QUIET or absent else finished.outcome, message


def plan_of(row: rows.Row) -> str:
    return show(wire.decode(row.tokens[:-1], row.request, TOOLS).plan, TOOLS)


def run(home: Path, own: Path, row: rows.Row) -> Finished:
    """The turn's last event. A follow-up has a turn before it that showed what its row says."""
    host = Host(io.StringIO(), io.StringIO(), io.StringIO(), home, {"HOME": str(home), "LLMOS_HOME": str(own), "PATH": "/usr/bin:/bin"})
    kernel = Kernel(host)
    before = {"files": "find", "text": "read notes.txt", "table": "csv table.csv", "number": "find | count", "change": "touch made.txt"}
    if row.after in before:
        list(kernel.turn(before[row.after], lambda effects, verdict: True, typed=True))
    ended: Finished | None = None
    for event in kernel.turn(plan_of(row), approve, Options(go_on=row.after in before), typed=True):
        if isinstance(event, Finished):
            ended = event
        elif not isinstance(event, Proposed) and hasattr(event, "value") and hasattr(event.value, "held"):
            event.value.held()
    assert ended is not None
    return ended


def approve(effects: object, verdict: object) -> bool:
    return True


def furnish(home: Path, row: rows.Row) -> None:
    """Folders and files of the names in the plan, with contents that its columns and words are found in."""
    said = [(name, item) for s in row.plan.steps for name, items in s.args.items() for item in items]
    columns = [item for name, item in said if name in MUST_HAVE]
    columns += [item for s in row.plan.steps if s.tool in ("sort", "group") for item in s.args.get("by", ())]
    words = [item for name, item in said if name in ("contains", "old", "pattern", "text")]
    columns = list(dict.fromkeys(column for column in columns if column.isprintable())) or ["name", "amount"]
    table = ",".join(columns) + "\n" + "".join(",".join(str(7 * i + j) for j in range(len(columns))) + "\n" for i in range(4))
    text = "\n".join(["first line", *words, "1 2 3", "last line"]) + "\n"
    for name in ("notes.txt", "table.csv"):
        (home / name).write_text(table if name.endswith("csv") else text)
    for param, literal in rows.literals(row.plan):
        if isinstance(param.type, PathName) and param.name not in ("to", "path", "into"):
            _put(home, literal, param.type.folder, table, text, columns)
        elif isinstance(param.type, Glob) and "*" not in literal and param.name == "name":
            _put(home, literal, False, table, text, columns)


def _put(home: Path, literal: str, folder: bool, table: str, text: str, columns: list[str]) -> None:
    path = home / literal.lstrip("~/")
    if literal.startswith("/") or ".." in literal or literal in ("", ".", "~", "@last", "home") or path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if folder:
            path.mkdir()
            (path / "inside.txt").write_text(text)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("inside.txt", text)
        elif path.suffix == ".json":
            path.write_text(json.dumps(dict.fromkeys(columns, 1)))
        else:
            path.write_text(table if path.suffix in (".csv", ".tsv") else text)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
