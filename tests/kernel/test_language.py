"""A model's work in a turn: its text streams, who wrote it goes along, what it has to say is heard, and its work ends with the turn."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.effects import Mail, Write
from llmos_cli.events import Answered, Finished, Noted, Planned, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.values import Files, Flowing, Table, Text
from tests.language.fakes import All, Teller, material

Turn = Callable[..., list]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes.txt").write_text("The bridge closes. Ferries go.\n")
    return home


@pytest.fixture
def teller() -> Teller:
    return Teller(lambda said, options: "The gist,\nin two lines.")


@pytest.fixture
def kernel(home: Path, teller: Teller) -> Kernel:
    streams = io.StringIO(), io.StringIO(), io.StringIO()
    env = {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "PATH": os.environ["PATH"]}
    return Kernel(Host(*streams, home, env), speakers=All(teller))


def turn(kernel: Kernel, plan: str, *, yes: bool = True, **options) -> list:
    events = []
    for event in kernel.turn(plan, lambda effects, verdict: yes, Options(**options), typed=True):
        if isinstance(event, Answered) and isinstance(event.value, Text) and isinstance(event.value.lines, Flowing):
            event = Answered(Text(("".join(event.value.lines.pieces()),), event.value.sources, event.value.by))
        events.append(Answered(event.value.held()) if isinstance(event, Answered) else event)
    return events


def one(events: list, kind: type):
    return next(event for event in events if isinstance(event, kind))


def test_its_text_streams_and_is_the_last_result(kernel: Kernel, home: Path):
    events = turn(kernel, "summarize notes.txt")
    found = one(events, Answered).value
    assert (found.lines, found.by, found.sources) == (("The gist,\nin two lines.",), "teller-1b", (str(home / "notes.txt"),))
    last = kernel.turns.last(kernel.session, str(home)).last
    assert last.lines == ("The gist,", "in two lines.") and last.by == "teller-1b"


def test_who_wrote_it_goes_along_into_a_file_and_a_mail(kernel: Kernel, home: Path):
    (effect,) = one(turn(kernel, "summarize notes.txt | upper | take 1 | write to=short.txt"), Proposed).effects
    assert isinstance(effect, Write) and effect.by == "teller-1b" and (home / "short.txt").read_text() == "THE GIST,\n"
    (mail,) = one(turn(kernel, "summarize notes.txt | mail.draft to=ana@example.org"), Proposed).effects
    assert isinstance(mail, Mail) and mail.by == "teller-1b" and "The gist" in mail.text
    turn(kernel, "summarize notes.txt")
    (later,) = one(turn(kernel, "@last | write to=later.txt", go_on=True), Proposed).effects
    assert later.by == "teller-1b"
    entry = kernel.journal.history(1)[0]
    assert entry.effects[0]["by"] == "teller-1b"
    (own,) = one(turn(kernel, "read notes.txt | write to=own.txt"), Proposed).effects
    assert own.by == ""


def test_nothing_is_changed_without_a_yes(kernel: Kernel, home: Path):
    (home / "short.txt").write_text("mine")
    events = turn(kernel, "summarize notes.txt | write to=short.txt overwrite=yes", yes=False)
    assert events[-1].outcome == "refused" and (home / "short.txt").read_text() == "mine"


@pytest.mark.parametrize("plan", ["summarize length=short", "answer what", "code task=what", "extract schema=a", "@last | summarize"])
def test_material_is_what_a_typed_plan_is_about(kernel: Kernel, teller: Teller, plan: str):
    teller.rule = lambda said, options: '{"items": []}'
    events = turn(kernel, plan, material=Text(("piped in",)), offered=True)
    assert events[-1] == Finished("done", 0) and material(teller.asked[0]) == "piped in"


def test_material_is_left_alone_by_plans_that_need_none(kernel: Kernel, home: Path):
    class Untouched:
        def __iter__(self):
            raise AssertionError("nobody asked for it")

    for plan in ("find ext=txt", "read notes.txt | summarize", "summarize notes.txt", "write hello to=x.txt"):
        assert turn(kernel, plan, material=Text(Untouched()), offered=True)[-1].outcome == "done"


def test_one_word_is_enough_for_material(kernel: Kernel, home: Path):
    options = Options(material=Files.at([str(home / "notes.txt")]))
    events = list(kernel.turn("summarize", lambda *_: True, options))
    assert one(events, Planned).text == "@last | summarize" and events[-1].outcome == "done"


def test_what_a_step_has_to_say_is_heard_once_and_first(kernel: Kernel, home: Path, teller: Teller):
    teller.context = 700
    (home / "notes.txt").write_text("The bridge closes again, and nobody knows why.\n\n" * 60)
    kinds = [type(event) for event in turn(kernel, "translate notes.txt to=French")]
    assert kinds == [Planned, Noted, Answered, Finished]


def test_without_a_model_the_summary_is_the_text_s_own(kernel: Kernel, home: Path):
    quiet = Kernel(kernel.host, speakers=All())
    events = turn(quiet, "summarize notes.txt")
    assert one(events, Answered).value.lines == ("The bridge closes.", "Ferries go.") and "central sentences" in one(events, Noted).text
    assert (turn(quiet, "translate notes.txt to=French")[-1].exit_code, turn(quiet, "answer what")[-1].outcome) == (5, "no_model")


def test_the_model_stops_when_the_turn_ends(kernel: Kernel, teller: Teller):
    events = kernel.turn("answer what", lambda *_: True, Options(), typed=True)
    value = next(event for event in events if isinstance(event, Answered)).value
    assert next(value.lines.pieces()) == "The" and teller.closed == 0
    ended = events.throw(KeyboardInterrupt())
    assert ended.exit_code == 130 and teller.closed == 1
    turn(kernel, "answer what | take 1")
    assert teller.closed == 2
    left = kernel.turn("answer what", lambda *_: True, Options(), typed=True)
    value = next(event for event in left if isinstance(event, Answered)).value
    next(value.lines.pieces())
    left.close()
    assert teller.closed == 3


def test_a_schema_makes_json_of_what_was_found(kernel: Kernel, teller: Teller):
    teller.rule = lambda said, options: '{"name": "bridge"}'
    for plan in ("answer what", "read notes.txt", "find ext=txt", "find ext=txt | count"):
        assert one(turn(kernel, plan, schema="name"), Answered).value.lines == ('{"name": "bridge"}',)
        assert teller.options[-1]["response_format"]["type"] == "json_schema"
    assert turn(kernel, "read notes.txt", schema="name, name")[-1].exit_code == 2


def test_a_table_is_marked_too(kernel: Kernel, teller: Teller):
    teller.rule = lambda said, options: '{"label": "b"}'
    found = one(turn(kernel, "classify notes.txt labels=a,b"), Answered).value
    assert isinstance(found, Table) and found.by == "teller-1b" and found.rows[0][1] == "b"
    (effect,) = one(turn(kernel, "classify notes.txt labels=a,b | write to=t.csv"), Proposed).effects
    assert effect.by == "teller-1b" and effect.data.startswith(b"path,label\n")


def test_a_question_in_quotes_is_a_plan(kernel: Kernel):
    events = list(kernel.turn('answer "why is it so?"', lambda *_: True, Options()))
    assert one(events, Planned).origin == "plan" and events[-1].outcome == "done"
