"""The modes, and hostile names through all that is printed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.effects import Copy, Decision, Effects, Link, MakeFolder, Move, Pack, Remove, SetMode, Trash, Unpack, Verdict, Write
from llmos_cli.errors import LlmosError, NotUnderstood, PlanError
from llmos_cli.events import Answered, Applied, Event, Finished, Planned, Progress, Proposed
from llmos_cli.host import Host
from llmos_cli.plan import Plan
from llmos_cli.ui.ask import approve
from llmos_cli.ui.show import Mode, Show, mode_for
from llmos_cli.values import Entry, Files, Number, Table, Text
from tests.ui.fakes import harm, pipe, printed, said, sent, terminal

ASK = Verdict(Decision.ASK, "own files", "files of yours are changed")
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
FORMATS = [chr(code) for code in (0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0xAD, 0xE0041)]
SEQUENCES = [
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]7;file://h/\x07",
    "\x1b]1337;File=:AA\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gi=1\x1b\\",
    "\x1b[2J\x1b[3J",
    "\x1b[6n\x1b[21t",
    "\x9b31m\x9d0;x\x9c",
    "\x1b[31m[bold]red[/bold]\x1b[0m",
    "a\r\x1b[Kb\x08\x08",
    "caf\udce9\ud800",
    "two\nlines",
]
HOSTILE = [*(f"a{char}b" for char in (*CONTROLS, *FORMATS)), *SEQUENCES]


def test_the_mode_is_what_flags_and_terminal_say(tmp_path: Path) -> None:
    here, away = terminal(tmp_path), pipe(tmp_path)
    assert (mode_for(here), mode_for(away)) == ("terminal", "plain")
    assert (mode_for(here, plain=True), mode_for(here, null=True)) == ("plain", "plain")
    assert (mode_for(here, json=True, plain=True), mode_for(away, jsonl=True)) == ("json", "jsonl")
    assert Show(here).mode == "terminal"


def hostile_turn(folder: Path, bad: str) -> Iterator[Event]:
    """A turn in which every text that can come from outside is `bad`."""
    path, other = f"{folder}/{bad}".replace("\0", "\\0"), f"/tmp/{bad}"
    effects: Effects = (
        *(Move(path, other, True), Copy(path, f"{path}2"), Trash(path), Remove(path), MakeFolder(other), Link(path, bad)),
        *(SetMode(path, 0o600), Write(path, f"{bad}\n".encode(errors="surrogatepass"), True)),
        *(Pack(other, ((path, bad),), "zip"), Unpack(path, other, (bad,))),
    )
    yield Planned(Plan(()), f'find "{bad}"', 0.5, "planner")
    yield Progress(bad, 3, 1)
    yield Proposed(effects, Verdict(Decision.ASK, bad, bad, loud=True))
    yield Applied(effects, bad)
    yield from (Applied((effect,), "") for effect in effects)
    yield Answered(Files.at([path, other]))
    yield Answered(Table(("path", bad), [(path, bad), (other, 3)]))
    yield Answered(Table(("path", "line", "text"), [(path, 3, bad)]))
    yield Answered(Text([bad]))
    yield Answered(Number(3, bad))
    yield Finished("failed", 2, PlanError(bad, hint=bad, at=2, text=f"{bad}{bad}"))
    yield Finished("clarify", 4, NotUnderstood(bad, hint=bad, choices=(bad, bad)))


@pytest.mark.parametrize("mode", ["terminal", "plain", "json", "jsonl"])
@pytest.mark.parametrize("width", [40, 80])
def test_nothing_hostile_reaches_the_terminal(work: Path, mode: Mode, width: int) -> None:
    for bad in HOSTILE:
        with contextlib.suppress(OSError, ValueError):  # not every one can be a name here
            (work / bad).symlink_to(bad)
        host = terminal(work, width=width, colour=True, keys="a\n")
        show = Show(host, mode)
        for event in hostile_turn(work, bad):
            show.event(event)
            if isinstance(event, Proposed):
                approve(host)(event.effects, event.verdict)
                for effect in event.effects:
                    approve(host)((effect,), event.verdict)
        show.note(bad)
        show.error(LlmosError(bad, hint=bad))
        assert not harm(printed(host)), ascii(bad)
        assert not harm(said(host), fine="\r"), ascii(bad)
        assert said(host).count("\r") <= 3, ascii(bad)  # progress: written once, cleared once


def lines(host: Host) -> list[dict[str, object]]:
    return [json.loads(line) for line in sent(host).splitlines()]


def test_json_is_one_object(work: Path) -> None:
    host = pipe(work)
    show = Show(host, "json")
    for event in (Planned(Plan(()), "find", 0.5, "planner"), Answered(Files.at([f"{work}/notes.txt"])), Finished("done", 0)):
        assert sent(host) == b""
        show.event(event)
    (found,) = lines(host)
    assert (found["outcome"], found["plan"]) == ("done", "find")
    assert found["result"] == {
        "kind": "files",
        "items": [{"path": f"{work}/notes.txt", "type": "file", "size": 6, "modified": "2025-12-11T08:00:00Z"}],
    }
    assert said(host) == ""


def test_an_error_outside_of_a_turn_is_the_same_object(work: Path) -> None:
    host = pipe(work)
    Show(host, "json").error(LlmosError("no request was given", hint="llmos ask 'list'"))
    (found,) = lines(host)
    assert found["outcome"] == "failed"
    assert found["error"] == {"message": "no request was given", "hint": "llmos ask 'list'"}
    assert said(host) == ""


def test_jsonl_is_a_line_for_each_event_and_item(work: Path) -> None:
    host = pipe(work)
    show = Show(host, "jsonl")
    events = (
        Planned(Plan(()), "find", 0.5, "planner"),
        Progress("find", 10, 1.234),
        Answered(Table(("a", "b"), [["x", 1], ["y", 2]])),
        Answered(Text(["one"])),
        Answered(Number(3, "bytes")),
        Finished("done", 0),
    )
    for event in events:
        show.event(event)
    assert lines(host) == [
        {"event": "planned", "plan": "find", "confidence": 0.5, "origin": "planner"},
        {"event": "progress", "step": "find", "items": 10, "total": None, "seconds": 1.23},
        {"event": "answered", "kind": "table", "columns": ["a", "b"]},
        {"event": "item", "row": ["x", 1]},
        {"event": "item", "row": ["y", 2]},
        {"event": "answered", "kind": "text"},
        {"event": "item", "text": "one"},
        {"event": "answered", "kind": "number", "value": 3, "unit": "bytes"},
        {"event": "finished", "outcome": "done", "exit_code": 0, "error": None, "undo": None},
    ]


def test_jsonl_items_are_not_held(work: Path) -> None:
    host = pipe(work)
    taken = 0

    def entries() -> Iterator[Entry]:
        nonlocal taken
        for taken in range(1, 2001):
            assert taken > 20 or sent(host).count(b'"item"') == taken - 1
            yield Entry(f"{work}/{taken}")

    Show(host, "jsonl").event(Answered(Files(entries())))
    assert sent(host).count(b"\n") == 2001
    assert lines(host)[1] == {"event": "item", "path": f"{work}/1", "type": None, "size": None, "modified": None}


def test_a_value_by_itself(work: Path) -> None:
    host = pipe(work)
    Show(host, "json").value(Number(3))
    assert lines(host) == [{"kind": "number", "value": 3}]
