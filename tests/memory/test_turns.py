"""What a turn showed is there for the next one: in its session, or in its folder."""

from __future__ import annotations

from llmos_cli.memory.turns import RESULTS_KEPT
from llmos_cli.values import Files, Number, Table, Text


def test_nothing_is_made_before_something_is_kept(memory):
    assert memory.turns.last("shell-a", "/home/ana") is None
    assert memory.turns.recent() == [] and memory.search("x") == [] and memory.sessions.list() == []
    assert not memory.store.file.exists()


def test_the_last_result_comes_back_as_it_was(memory, asked):
    values = (
        Files.at(["/a/论文.pdf", "/a/\udcff.txt"]),
        Table(("name", "size"), (("a", 1), ("b", None))),
        Text(("one", "two"), ("/a/notes.txt",)),
        Number(5, "bytes"),
    )
    for value in values:
        asked("show it", value)
        last = memory.turns.last("shell-a", "/elsewhere")
        assert last.last == value and not last.cut
        if isinstance(value, Text):
            assert last.last.sources == value.sources


def test_each_session_has_its_own_last_result_and_a_new_one_that_of_its_folder(memory, asked):
    asked("first", Number(1), session="shell-a", cwd="/home/ana/one")
    asked("second", Number(2), session="shell-b", cwd="/home/ana/two")
    assert memory.turns.last("shell-a", "/home/ana/two").request == "first"
    assert memory.turns.last("shell-new", "/home/ana/one").request == "first"
    assert memory.turns.last("shell-new", "/elsewhere") is None


def test_a_turn_that_showed_nothing_is_not_the_last(memory, asked):
    asked("show", Number(1))
    asked("hello")
    assert memory.turns.last("shell-a", "").request == "show"
    assert [turn.request for turn in memory.turns.recent()] == ["hello", "show"]


def test_only_the_newest_keep_their_whole_result_and_all_stay_findable(memory, asked):
    ids = [asked(f"request {n}", Text((f"apple{n}",))) for n in range(64)]
    assert memory.turns.numbered(ids[0]).last is None
    assert all(memory.turns.numbered(id).last is not None for id in ids[-RESULTS_KEPT:])
    assert [found.id for found in memory.search("apple0")] == [ids[0]]
    assert memory.turns.numbered(10_000) is None


def test_text_that_is_no_unicode_is_kept(memory, asked):
    id = asked("find \udcff", Text(("caf\udce9",)))
    assert memory.turns.numbered(id).request == "find \\udcff"
