"""The grammar and the JSON Schema take the plans that people's requests mean, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from llmos_cli.check import check
from llmos_cli.engine.decode import Grammar
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import LlmosError
from llmos_cli.plan import Plan, as_json, from_json, parse, show
from llmos_cli.planner import grammar, schema
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Table, Text
from tests.engine.tinygguf import END, write_tiny

DATA = Path(__file__).parents[2] / "training" / "data"
LAST = {"text": Text, "table": Table}
WRONG = {
    "nothing": "",
    "an unknown tool": "fetch x",
    "an unknown argument": "find colour=red",
    "arguments out of order": "find ext=pdf in=x",
    "an argument twice": "find in=a in=b",
    "no value": "find in=",
    "a word that is not on the list": "find type=socket",
    "no number": "take many",
    "no size": "find larger=big",
    "a list where one is wanted": "tree a,b",
    "two bars": "find | | count",
    "a bar at the end": "find |",
    "an open quote": 'find "a',
    "an unknown escape": r'find "a\q"',
    "a blank name": 'find in=" "',
    "an operator": "find in=a=b",
    "no files": "delete",
    "files from two places": "find | delete a.txt",
    "no target": "copy a.txt",
    "a target that is missing behind the pipe": "find | move",
    "numbers that go on": "find | count | take 5",
    "a table where text is wanted": "disks | upper",
    "text where files are wanted": "read a.txt | move into=b",
    "what stands alone, and goes on": "clarify about=what | count",
    "what stands first, behind a pipe": "find | list",
    "prose": "I would look for the files",
    "a full stop": "find ext=pdf.  ",
    "two spaces": "find  ext=pdf",
}
RIGHT = [
    "find in=~/Downloads ext=pdf larger=10MB older=30d | sort by=size order=desc | take 5 | move into=~/archive",
    'find kind=image in="My Pictures" | group by=year | sort by=count order=desc ; disks',
    'read notes.txt | grep "TODO","a \\"b\\" \\\\ c\\n" invert=yes | count',
    "mode run.sh,go.sh set=755 ; @last | rename prefix=old_",
    'write eggs,"two loaves" to=shop.txt overwrite=yes | copy into=日本/é',
    "find *.x | duplicates extra=yes | delete forever=yes",
    "again files=a.txt in=b",
    'csv sales.csv | where column=amount over=20 | columns which=name,"first name" | take 3 | write to=x.csv',
    "clarify about=danger",
    "find name=a | parents ; list",
    'find in=x | rename old="" new=_ number=yes',
]


def rows() -> Iterator[tuple[str, Plan]]:
    """(kind that the last turn showed, plan) of the good rows, one in 80."""
    for file in sorted(DATA.glob("en_*.jsonl")):
        for line in file.read_text().splitlines()[::80]:
            try:
                row = json.loads(line)
                plan = parse(row["plan"], TOOLS)
                check(plan, TOOLS, LAST.get(row.get("after", ""), Files))
            except (ValueError, LlmosError):
                continue
            yield row.get("after", ""), plan


ROWS = list(rows())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with Llama.open(write_tiny(tmp_path_factory.mktemp("model") / "tiny.gguf")) as opened:
        yield opened


def takes(model: Llama, grammar: str, text: str) -> bool:
    """Whether the grammar takes the text byte by byte, and may end there: in the tiny model the first 256 tokens are the bytes."""
    assert [model.piece(byte) for byte in (0x41, 0xC3)] == [b"A", b"\xc3"]
    with Grammar(model, grammar) as constraint:
        for byte in text.encode():
            if not constraint._sampler.allows(byte):
                return False
            constraint.accept(byte)
        return constraint._sampler.allows(model.token(END))


def test_the_grammar_takes_the_plans_of_the_data(model: Llama) -> None:
    assert len(ROWS) >= 200
    by_last = {kind: schema.gbnf(TOOLS, [LAST.get(kind, Files)]) for kind in {kind for kind, _ in ROWS}}
    assert [show(plan, TOOLS) for kind, plan in ROWS if not takes(model, by_last[kind], show(plan, TOOLS))] == []


@pytest.mark.parametrize("text", RIGHT)
def test_the_grammar_takes(model: Llama, text: str) -> None:
    canonical = show(parse(text, TOOLS), TOOLS)
    assert takes(model, schema.gbnf(TOOLS), canonical), canonical


@pytest.mark.parametrize("what", WRONG)
def test_the_grammar_refuses(model: Llama, what: str) -> None:
    assert not takes(model, schema.gbnf(TOOLS), WRONG[what])


def test_without_a_turn_before_there_is_no_last_result(model: Llama) -> None:
    without = schema.gbnf(TOOLS, ())
    assert not takes(model, without, "@last | count")
    assert not takes(model, without, "again in=x")
    assert takes(model, without, "find | count")


def test_what_the_grammar_writes_parses_and_fits(model: Llama) -> None:
    """Texts made at random by the grammar, with letters for what is free: a date or a number of those means nothing, all else does."""
    text, rng, steps = schema.gbnf(TOOLS, (Files,)), random.Random(5), 0
    letters = [ord(c) for c in ' "|;,=.abcdefghijklmnopqrstuvwxyz_0123456789KMGTB@']
    for _ in range(60):
        written = ""
        with Grammar(model, text) as constraint:
            while len(written) < 200:
                fits = [byte for byte in letters if constraint._sampler.allows(byte)]
                marks = [byte for byte in fits if byte in b' "|;']
                if constraint._sampler.allows(model.token(END)) and (not fits or rng.random() < 0.3):
                    break
                byte = rng.choice(marks if marks and rng.random() < 0.3 else fits)
                constraint.accept(byte)
                written += chr(byte)
            if not constraint._sampler.allows(model.token(END)):
                continue
        try:
            plan = parse(written, TOOLS)
        except LlmosError as error:
            assert "should be a date" in error.message or "should be a number" in error.message, (written, error.message)
            continue
        check(plan, TOOLS)
        steps += len(plan.steps)
    assert steps >= 60


def test_what_stands_alone_is_the_same_for_both_planners() -> None:
    assert schema.ALONE == grammar._ALONE


# ---- JSON --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validator() -> Any:
    made = schema.json_schema(TOOLS)
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def test_the_json_schema_takes_the_plans_of_the_data(validator: Any) -> None:
    assert [show(plan, TOOLS) for _, plan in ROWS if not validator.is_valid(as_json(plan))] == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"steps": []},
        {"steps": [{"tool": "fetch", "args": {}}]},
        {"steps": [{"tool": "find", "args": {"colour": "red"}}]},
        {"steps": [{"tool": "find", "args": {"type": "socket"}}]},
        {"steps": [{"tool": "find", "args": {"larger": "big"}}]},
        {"steps": [{"tool": "tree", "args": {"in": ["a", "b"]}}]},
        {"steps": [{"tool": "move", "args": {"files": "a"}}]},
        {"steps": [{"tool": "mkdir", "args": {}}]},
        {"steps": [{"tool": "find", "args": {}}], "more": 1},
        {"pipelines": [{"steps": [{"tool": "find", "args": {}}]}]},
        "find",
    ],
    ids=str,
)
def test_the_json_schema_refuses(validator: Any, data: Any) -> None:
    assert not validator.is_valid(data)


def test_what_the_json_schema_takes_is_read(validator: Any) -> None:
    data = {
        "pipelines": [
            {"steps": [{"tool": "find", "args": {"ext": ["pdf", "txt"], "larger": "10MB"}}]},
            {"steps": [{"tool": "disks", "args": {}}]},
        ]
    }
    assert validator.is_valid(data)
    assert show(from_json(data, TOOLS), TOOLS) == "find ext=pdf,txt larger=10MB ; disks"
