"""Memory out as JSON lines, and in again on another machine."""

from __future__ import annotations

import json

import pytest

from llmos_cli.errors import UsageError
from llmos_cli.memory.memory import Memory
from llmos_cli.values import Files, Text


@pytest.fixture
def lines(memory, asked):
    asked("find the thesis", Files.at(["/a/预算.pdf", "/a/\udcff"]), session="4242", mark="m1")
    asked("and the photos", Text(("brown fox",)), session="4242", mark="m2")
    asked("clean up", session="shell-b")
    memory.sessions.rename(2, "Garden")
    memory.facts.add("my papers live in ~/research", "papers", "/home/ana/research")
    memory.taught.add("clean up", "find ext=tmp")
    return list(memory.exported())


def test_all_of_it_comes_in_again(lines, tmp_path, clock):
    other = Memory(tmp_path / "other", clock)
    moved = other.imported(lines)
    assert moved.new == {"session": 2, "turn": 3, "fact": 1, "taught": 1} and moved.known == 0
    assert [(s.title, s.turns) for s in other.sessions.list()] == [("Garden", 1), ("find the thesis", 2)]
    assert [hit.text for hit in other.search("fox")] == ["and the photos"] and other.search("预算") and other.place_of("papers")
    assert other.turns.last("4242-" + str(int(other.sessions.list()[1].begun))).last == Text(("brown fox",))
    assert sorted(other.exported()) != [] and other.taught.list()[0].words == "clean up"


def test_a_second_time_nothing_is_new_nor_where_it_came_from(lines, memory, tmp_path, clock):
    assert sum(memory.imported(lines).new.values()) == 0
    assert len(memory.turns.recent()) == 3 and len(memory.sessions.list()) == 2
    other = Memory(tmp_path / "other", clock)
    other.imported(lines)
    before = list(other.exported())
    moved = other.imported(lines)
    assert sum(moved.new.values()) == 0 and moved.known == 7
    assert list(other.exported()) == before
    assert sum(other.imported(before).new.values()) == 0


def test_a_terminal_here_does_not_go_on_with_one_from_elsewhere(lines, tmp_path, clock):
    other = Memory(tmp_path / "other", clock)
    other.imported(lines)
    assert other.sessions.of("4242") is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("not json", "line 8 is not of an exported memory"),
        ('{"kind": "turn"}', "line 8"),
        ('{"kind": "virus"}', "line 8"),
        ("[1]", "line 8"),
        ('{"kind": "fact", "text": 7, "time": 0, "name": "", "target": ""}', "line 8"),
        ("[" * 100_000, "line 8"),
    ],
)
def test_one_wrong_line_and_nothing_is_taken_in(lines, tmp_path, clock, wrong, said):
    other = Memory(tmp_path / "other", clock)
    with pytest.raises(UsageError, match=said):
        other.imported([*lines[:7], wrong])
    assert other.turns.recent() == [] and other.facts.list() == []


def test_other_files_are_refused(memory):
    for text in ("", "\n", "hello\n", '{"kind": "turn"}', "{}"):
        with pytest.raises(UsageError):
            memory.imported([text])
    with pytest.raises(UsageError, match="newer llmos"):
        memory.imported([json.dumps({"kind": "llmos memory", "version": 2})])
