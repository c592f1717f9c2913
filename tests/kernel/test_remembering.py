"""Facts, taught phrases and sessions in the turns that use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.errors import NotFound, PlanError, UsageError
from llmos_cli.events import Applied, Finished, Noted, Planned, Proposed
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.values import Files, Text
from tests.kernel.remembered import answer, ask, kernel, turn


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("research/one.pdf", "research/two.pdf", "work/notes.txt", "work/old.tmp", "work/new.tmp", "shots/a.jpg", "Pictures/b.jpg"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"{name}\n")
    return home


def names(events: list) -> list[str]:
    value = answer(events)
    assert isinstance(value, Files)
    return sorted(entry.name for entry in value.items)


def notes(events: list) -> list[str]:
    return [event.text for event in events if isinstance(event, Noted)]


# ---- facts ------------------------------------------------------------------------------------------------


def test_a_fact_is_kept_without_a_question_and_used_by_later_processes(home):
    k = kernel(home, {"remember that my papers live in ~/research": 'remember "my papers live in ~/research"'})
    events = ask(k, "remember that my papers live in ~/research", yes=False)
    proposed = next(e for e in events if isinstance(e, Proposed))
    assert (proposed.effects[0].name, proposed.effects[0].target) == ("papers", str(home / "research"))
    assert events[-1].outcome == "done" and any(isinstance(e, Applied) and e.entry for e in events)
    assert names(turn(kernel(home), "find in=papers")) == ["one.pdf", "two.pdf"]
    assert names(turn(kernel(home), 'find in="the papers folder"')) == ["one.pdf", "two.pdf"]
    assert turn(kernel(home), "copy papers/one.pdf into=papers/copies")[-1].outcome == "done"
    assert (home / "research/copies/one.pdf").exists()


def test_it_can_be_taken_back_and_done_again_by_another_process(home):
    turn(kernel(home), 'remember "my papers live in ~/research"')
    assert [e.note for e in kernel(home).undo()] == ['remember "my papers live in ~/research"']
    assert kernel(home).memory.kept() == ()
    assert turn(kernel(home), "find in=papers")[-1].outcome == "failed"
    kernel(home).redo()
    assert names(turn(kernel(home), "find in=papers")) == ["one.pdf", "two.pdf"]
    assert kernel(home).memory.facts.list()[0].target == str(home / "research")


def test_a_name_of_the_persons_goes_before_the_platforms_and_after_what_is_here(home):
    turn(kernel(home), 'remember "photos means ~/shots"')
    assert names(turn(kernel(home), "find in=photos")) == ["a.jpg"]
    assert names(turn(kernel(home), "find in=Pictures")) == ["b.jpg"]
    (home / "photos").mkdir()
    (home / "photos/here.jpg").touch()
    assert names(turn(kernel(home), "find in=photos")) == ["here.jpg"]


def test_a_name_whose_folder_has_gone_is_no_name(home):
    turn(kernel(home), 'remember "pictures is ~/nowhere"')
    assert names(turn(kernel(home), "find in=pictures")) == ["b.jpg"]


def test_recall_gives_facts_and_past_requests(home):
    turn(kernel(home), 'remember "I like tea"')
    turn(kernel(home), "find tea.txt")
    rows = answer(turn(kernel(home), "recall tea")).rows
    assert [(row[0], row[2]) for row in rows] == [("fact", "I like tea"), ("request", "find tea.txt")]


def test_what_is_kept_already_changes_nothing(home):
    turn(kernel(home), 'remember "I like tea"')
    events = turn(kernel(home), 'remember "I like tea"')
    assert not any(isinstance(e, Applied) for e in events) and events[-1].outcome == "done"
    assert len(kernel(home).journal.history()) == 1


# ---- taught phrases -------------------------------------------------------------------------------------------


def test_a_taught_phrase_wins_over_the_planner_and_says_so(home):
    k = kernel(home, {"tidy up": "list"})
    assert ask(k, "tidy up", plan_only=True)[0].text == "list"
    k.teach("tidy up", "find in=work ext=tmp | move into=attic")
    events = ask(k, "Tidy up, please!", plan_only=True)
    planned = events[0]
    assert isinstance(planned, Planned) and (planned.origin, planned.confidence) == ("taught", 1.0)
    assert planned.text == "find in=work ext=tmp | move into=attic" and "tidy up" in notes(events)[0]
    assert k.planner.asked == ["tidy up"]


def test_the_words_of_the_request_are_put_in_and_traced(home):
    k = kernel(home)
    k.teach("move the tmp files of work", "find in=work ext=tmp | move into=attic")
    request = "move the jpg files of shots"
    events = ask(k, request)
    planned = events[0]
    assert {request[a:b] for spans in planned.sources.values() for a, b in spans} == {"jpg", "shots"}
    assert events[-1].outcome == "done" and (home / "attic/a.jpg").exists() and (home / "work/old.tmp").exists()
    k.undo()
    assert (home / "shots/a.jpg").exists()


def test_what_is_taught_is_asked_about_like_anything_else(home):
    k = kernel(home)
    k.teach("clean up", "find in=work ext=tmp | delete")
    assert ask(k, "clean up", yes=False)[-1].outcome == "refused"
    assert (home / "work/old.tmp").exists()
    outside = home.parent / "outside.txt"
    outside.write_text("x")
    k.teach("clear it out", f"delete {outside}")
    assert ask(k, "clear it out", unattended=True)[-1].outcome == "refused" and outside.exists()


def test_a_plan_typed_as_such_is_not_looked_up(home):
    k = kernel(home)
    k.teach("list the notes", "find in=research")
    with pytest.raises(UsageError, match="a plan already"):
        k.teach("find ext=pdf", "find ext=txt")
    assert ask(k, "find in=work ext=txt")[0].origin == "plan"


def test_a_taught_plan_that_speaks_of_the_last_result(home):
    k = kernel(home)
    k.teach("stash those", "@last | move into=attic")
    turn(k, "find in=work ext=tmp")
    assert ask(k, "stash those")[-1].outcome == "done" and (home / "attic/old.tmp").exists()


def test_nonsense_is_not_taught(home):
    k = kernel(home)
    for words, plan in (
        ("", "list"),
        ("x" * 1001, "list"),
        ("go", "explode"),
        ("go", "count"),
        ("go", ""),
        ("go", "clarify what"),
        ("go", "again n=3"),
    ):
        with pytest.raises((PlanError, UsageError)):
            k.teach(words, plan)
    assert k.memory.taught.list() == []


# ---- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_is_gone_on_with_and_its_last_result_is_there(home):
    first = kernel(home)
    first.new_session()
    assert first.current_session() is None
    turn(first, "find in=work ext=tmp")
    other = kernel(home)
    other.new_session("Garden")
    turn(other, "find in=research")
    again = kernel(home)
    again.new_session()
    found = again.resume("find in=work")
    assert (found.title, found.turns) == ("find in=work ext=tmp", 1)
    assert names(turn(again, "@last")) == ["new.tmp", "old.tmp"]
    assert again.current_session().turns == 2
    assert kernel(home).resume().title == "find in=work ext=tmp"  # the one used last
    assert kernel(home).resume("garden").title == "Garden"
    with pytest.raises(NotFound):
        again.resume("none of these")


def test_a_terminals_session_is_gone_on_with_from_another_terminal(home):
    turn(kernel(home, session="1234"), "find in=work ext=tmp")
    k = kernel(home, session="99")
    k.resume()
    turn(k, "@last | count")
    assert k.current_session().turns == 2
    assert kernel(home, session="1234").current_session() is None  # that number may be another's by now


def test_without_any_session_there_is_none_to_go_on_with(home):
    with pytest.raises(NotFound, match="no session to go on with"):
        kernel(home).resume()


# ---- when memory cannot be used -------------------------------------------------------------------------------------


def spoilt(home: Path) -> Kernel:
    (home.parent / "llmos").mkdir()
    (home.parent / "llmos/data").write_text("a file where a folder should be")
    return kernel(home)


def test_what_is_asked_is_done_and_not_being_remembered_is_said_once(home):
    k = spoilt(home)
    events = turn(k, "find in=work ext=txt")
    assert names(events) == ["notes.txt"] and events[-1] == Finished("done", 0)
    assert len(notes(events)) == 1 and "not remembered" in notes(events)[0]
    assert notes(turn(k, "find in=work ext=txt")) == []


def test_a_damaged_memory_is_set_aside_and_said_once(home):
    data = home.parent / "llmos/data"
    data.mkdir(parents=True)
    (data / "memory.db").write_bytes(b"garbage" * 1000)
    k = kernel(home)
    assert "set aside" in notes(turn(k, "find in=work ext=txt"))[0]
    assert answer(turn(k, "@last | count")).value == 1
    assert [path.name for path in data.iterdir() if "damaged" in path.name]


def test_text_that_is_kept_without_a_plan_is_the_last_result(home):
    k = kernel(home)
    k.keep("!ls", Text(("one", "two")))
    assert answer(turn(k, "@last | count")).value == 2
