"""Checks files of training sentences: every plan parses, type-checks, and has each literal in its sentence.

Usage: python training/check.py [FILE …]     (all of training/data where none is named)
"""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llmos_cli.check import check
from llmos_cli.errors import LlmosError
from llmos_cli.plan import parse, show
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Table, Text

LAST_KINDS = {"files": Files, "text": Text, "table": Table, "number": Files, "change": Files}
KEYS = {"say", "plan", "voice", "after", "was"}


def problem(row: dict[str, str]) -> str:
    """Why a row cannot be trained on, '' where it can."""
    if not row.keys() <= KEYS or not {"say", "plan", "voice"} <= row.keys():
        return f"keys are {sorted(row)}"
    after = row.get("after", "")
    if after and after not in LAST_KINDS:
        return f"after is {after!r}"
    try:
        plan = parse(row["plan"], TOOLS, raw=True)
        check(plan, TOOLS, LAST_KINDS.get(after, Files))
    except LlmosError as error:
        return f"{error.message} ({error.hint})"
    if not after and any(s.tool in ("@last", "again") or ("@last",) in s.args.values() for s in plan.steps):
        return "speaks of a last result, but has no after"
    request = requests.read(row["say"])
    try:
        tokens = wire.encode(plan, request, TOOLS)
        back = wire.decode(tokens[:-1], request, TOOLS).plan
    except (ValueError, LlmosError) as error:
        return str(error)
    if {s.tool for s in back.steps} != {s.tool for s in plan.steps}:
        return f"comes back as {show(back, TOOLS)}"
    return ""


def main() -> int:
    files = [Path(name) for name in sys.argv[1:]] or sorted((Path(__file__).parent / "data").glob("*.jsonl"))
    seen, bad, tools, args = collections.Counter[str](), 0, collections.Counter[str](), collections.Counter[str]()
    for file in files:
        for n, line in enumerate(file.read_text().splitlines(), 1):
            try:
                row = json.loads(line)
                why = problem(row) if isinstance(row, dict) else "not an object"
            except ValueError as error:
                why, row = f"not JSON: {error}", {}
            if why:
                bad += 1
                print(f"{file.name}:{n}: {why}\n    {row.get('say', line)}\n    {row.get('plan', '')}")
                continue
            seen[row["say"].lower().strip(" .?!")] += 1
            for step in parse(row["plan"], TOOLS, raw=True).steps:
                tools[step.tool] += 1
                args.update(f"{step.tool}.{name}" for name in step.args)
    repeated = [say for say, times in seen.items() if times > 1]
    rare = [a for t in TOOLS.values() for a in (f"{t.name}.{p}" for p in t.params) if args[a] < 3 and t.name != "again"]
    print(f"{sum(seen.values())} good, {bad} bad, {len(repeated)} sentences stand twice")
    print("tools seldom used:", ", ".join(f"{name} {tools[name]}" for name in TOOLS if tools[name] < 8) or "none")
    print("arguments seldom used:", ", ".join(rare) or "none")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
