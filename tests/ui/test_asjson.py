"""The JSON contract."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmos_cli.effects import Decision, Effects, Move, Remove, Verdict, Write
from llmos_cli.errors import LlmosError, NotUnderstood, Refused
from llmos_cli.events import Answered, Applied, Event, Finished, Planned, Proposed
from llmos_cli.plan import Plan
from llmos_cli.ui.asjson import Record, dumps, value_as_json
from llmos_cli.values import Entry, Files, Number, Table, Text

ASK = Verdict(Decision.ASK, "own files", "files of yours are changed")
MOVE: Effects = (Move("/abs/a", "/abs/b"),)
PLANNED = Planned(Plan(()), "find in=. ext=pdf | take 5", 0.97, "planner")


def record(*events: Event) -> dict[str, object]:
    taken = Record()
    for event in events:
        taken.event(event)
    return taken.as_json()


def test_files(work: Path) -> None:
    names = ("report.pdf", "thesis", "latest", "gone")
    found = value_as_json(Files(Entry(str(work / name)) for name in names))
    assert found["kind"] == "files"
    assert found["items"][0] == {"path": str(work / "report.pdf"), "type": "file", "size": 1572864, "modified": "2027-01-12T08:00:00Z"}
    assert [item["type"] for item in found["items"]] == ["file", "folder", "link", None]
    assert found["items"][3] == {"path": str(work / "gone"), "type": None, "size": None, "modified": None}


def test_names_that_are_not_utf8_survive(work: Path) -> None:
    name = os.fsencode(work) + b"/caf\xe9\n\x1b"
    with open(name, "w"):
        pass
    text = dumps(value_as_json(Files.at([os.fsdecode(name)])))
    assert "caf\\udce9\\n\\u001b" in text
    assert os.fsencode(json.loads(text)["items"][0]["path"]) == name


def test_other_values() -> None:
    table = Table(("path", "size", "share"), iter([["/a", 3, 0.5], ["/b", None, float("nan")]]))
    rows: list[Sequence[object]] = [["/a", 3, 0.5], ["/b", None, None]]
    assert value_as_json(table) == {"kind": "table", "columns": ["path", "size", "share"], "rows": rows}
    assert value_as_json(Text(iter(["a", "b"]))) == {"kind": "text", "text": "a\nb"}
    assert value_as_json(Number(3)) == {"kind": "number", "value": 3}
    assert value_as_json(Number(3, "bytes")) == {"kind": "number", "value": 3, "unit": "bytes"}
    assert value_as_json(None) == {"kind": "none"}


def test_a_turn_that_is_done() -> None:
    files = Files(iter(()))
    events = (PLANNED, Proposed(MOVE, ASK), Applied(MOVE, "k3f9"), Answered(files), Finished("done", 0, undo="k3f9"))
    assert record(*events) == {
        "outcome": "done",
        "plan": "find in=. ext=pdf | take 5",
        "confidence": 0.97,
        "result": {"kind": "files", "items": []},
        "results": [{"kind": "files", "items": []}],
        "effects": [{"op": "move", "path": "/abs/a", "to": "/abs/b"}],
        "undo": "k3f9",
        "question": None,
        "choices": [],
        "error": None,
    }


def test_what_was_refused_is_listed_with_its_error() -> None:
    found = record(PLANNED, Proposed(MOVE, ASK), Finished("refused", 3, Refused("you said no")))
    assert found["outcome"] == "refused"
    assert found["effects"] == [{"op": "move", "path": "/abs/a", "to": "/abs/b"}]
    assert found["error"] == {"message": "you said no", "hint": None}
    assert found["undo"] is None


def test_what_was_done_in_part_lists_only_what_was_done() -> None:
    later: Effects = (Remove("/abs/c"),)
    end = Finished("partial", 6, LlmosError("the disk is full", hint="df -h"))
    found = record(PLANNED, Proposed(MOVE, ASK), Applied(MOVE, "k3f9"), Proposed(later, ASK), end)
    assert found["effects"] == [{"op": "move", "path": "/abs/a", "to": "/abs/b"}]
    assert (found["undo"], found["error"]) == ("k3f9", {"message": "the disk is full", "hint": "df -h"})


def test_a_question() -> None:
    found = record(Finished("clarify", 4, NotUnderstood("Which thesis?", choices=("a", "b"))))
    assert (found["outcome"], found["question"], found["choices"]) == ("clarify", "Which thesis?", ["a", "b"])
    assert found["plan"] is found["confidence"] is found["error"] is None
    assert found["result"] == {"kind": "none"}


def test_a_turn_that_broke_off_has_failed() -> None:
    assert record(PLANNED)["outcome"] == "failed"


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 9])
def test_written_bytes_are_a_length(data: bytes) -> None:
    found = record(Proposed((Write("/a", data),), ASK), Finished("done", 0))
    assert json.loads(dumps(found))["effects"] == [{"op": "write", "path": "/a", "data": len(data)}]
