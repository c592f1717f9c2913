"""What is said on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.effects import Decision, Effects, Move, Remove, Trash, Verdict
from llmos_cli.errors import Interrupted, LlmosError, NotUnderstood, Partial, PlanError, Refused
from llmos_cli.events import Answered, Applied, Event, Finished, Planned, Progress, Proposed
from llmos_cli.plan import Plan
from llmos_cli.ui.show import Show
from llmos_cli.values import Number, Text
from tests.ui.fakes import Screen, harm, pipe, printed, said, terminal

ASK = Verdict(Decision.ASK, "own files", "files of yours are changed")


def heard(folder: Path, *events: Event, width: int = 80) -> str:
    host = terminal(folder, width=width)
    show = Show(host)
    for event in events:
        show.event(event)
    assert printed(host) == ""
    return said(host)


def test_the_plan_and_how_sure_it_is(work: Path) -> None:
    assert heard(work, Planned(Plan(()), "find ext=pdf", 0.97, "planner")) == "› find ext=pdf\n"
    assert heard(work, Planned(Plan(()), "find ext=pdf", 0.78, "planner")) == "› find ext=pdf  (78% sure)\n"
    assert heard(work, Planned(Plan(()), "find ext=pdf", 1, "plan")) == ""


def test_what_was_done_is_counted_before_it_is_gone(work: Path) -> None:
    effects: Effects = (Trash(str(work / "report.pdf")), Trash(str(work / "notes.txt")))
    host = terminal(work)
    show = Show(host)
    show.event(Proposed(effects, ASK))
    (work / "report.pdf").unlink()
    show.event(Applied(effects, "k3f9"))
    assert said(host) == "Done: moved 2 files (1.5 MB) to the trash. `llmos undo` takes it back (k3f9).\n"


def test_what_cannot_be_taken_back_is_said(work: Path) -> None:
    gone: Effects = (Remove(str(work / "notes.txt")),)
    assert heard(work, Applied(gone, "")) == "Done: deleted notes.txt (6 bytes) for ever. This cannot be undone.\n"
    both = (*gone, Trash(str(work / "report.pdf")))
    assert heard(work, Applied(both, "k3f9"), width=40) == (
        "Done: deleted notes.txt (6 bytes) for\never, moved report.pdf (1.5 MB) to the\ntrash.\n"
        "`llmos undo` takes the rest of it back (k3f9).\n"
    )


def test_a_move_that_is_over_is_counted_where_it_went(work: Path) -> None:
    moves: Effects = tuple(Move(f"{work}/old/{name}", f"{work}/{name}") for name in ("report.pdf", "notes.txt"))
    assert heard(work, Applied(moves, "k3")) == "Done: moved 2 files (1.5 MB) into this folder. `llmos undo` takes it back (k3).\n"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LlmosError("the disk is full: /x", hint="llmos run 'disks'"), "Error: the disk is full: /x\nHint: llmos run 'disks'\n"),
        (Refused("you said no"), "Refused: you said no\n"),
        (Partial("the second stage failed"), "Done in part: the second stage failed\n"),
        (Interrupted(""), "Interrupted.\n"),
        (
            NotUnderstood("Which thesis?", choices=("a/thesis", "b/thesis"), hint="say it with its folder"),
            "Which thesis?\n  1  a/thesis\n  2  b/thesis\nHint: say it with its folder\n",
        ),
    ],
)
def test_errors(work: Path, error: LlmosError, text: str) -> None:
    assert heard(work, Finished(error.outcome, error.exit_code, error)) == text


PLAN = "find in=~/Downloads kind=image ext2=pdf | take 5 | move into=~/archive"
WRONG = PlanError("find has no argument 'ext2'", hint="did you mean ext=?", at=31, text=PLAN)


def test_the_place_in_a_plan(work: Path) -> None:
    assert heard(work, Finished("failed", 2, WRONG)) == (
        f"Error: find has no argument 'ext2'\n  {PLAN}\n{' ' * 33}^\nHint: did you mean ext=?\n"
    )


def test_the_place_in_a_plan_that_is_wider_than_the_terminal(work: Path) -> None:
    assert heard(work, Finished("failed", 2, WRONG), width=40) == (
        "Error: find has no argument 'ext2'\n"
        "  …=~/Downloads kind=image ext2=pdf | t…\n"
        "                           ^\n"
        "Hint: did you mean ext=?\n"
    )


def test_the_caret_stands_under_what_was_escaped_too(work: Path) -> None:
    error = PlanError("no", at=5, text="\x1b报 a b")
    assert heard(work, Finished("failed", 2, error)) == "Error: no\n  \\x1b报 a b\n           ^\n"


def test_progress_is_overwritten_and_cleared(work: Path) -> None:
    host = terminal(work)
    show = Show(host)
    show.event(Progress("find", 120_000, 12.3))
    show.event(Progress("sort", 7, 3))
    show.value(Number(3))
    first, second = "find: 120,000 so far, 12 s", "sort: 7 so far, 3 s"
    assert said(host) == f"\r{first}\r{second}{' ' * (len(first) - len(second))}\r{' ' * len(second)}\r"
    assert not harm(said(host), fine="\r")


def test_progress_goes_before_each_line_of_an_answer(work: Path) -> None:
    """Both are the same terminal, and a step reports while its items are gone through."""
    terminal_of_both = Screen()
    host = replace(terminal(work), stdout=terminal_of_both, stderr=terminal_of_both)
    show = Show(host)

    def lines() -> Iterator[str]:
        for i in (1, 2):
            show.event(Progress("find", i, 0))
            yield f"line {i}"

    show.event(Answered(Text(lines())))
    progress, blank = "find: 1 so far, 0 s", " " * 19
    first = f"\r{progress}\r{blank}\rline 1\n"
    assert terminal_of_both.getvalue() == first + first.replace("1", "2")


def test_progress_fits_on_its_line(work: Path) -> None:
    assert heard(work, Progress("s" * 100, 1, 1), width=40) == "\r" + "s" * 38 + "…"


def test_no_progress_without_a_terminal(work: Path) -> None:
    host = pipe(work)
    Show(host).event(Progress("find", 1, 1))
    assert said(host) == ""


def test_a_pipe_hears_what_went_wrong_and_what_was_done_but_not_the_plan(work: Path) -> None:
    host = pipe(work)
    show = Show(host)
    show.event(Planned(Plan(()), "find", 0.5, "planner"))
    show.event(Applied((Trash(str(work / "report.pdf")),), "k3f9"))
    show.event(Finished("failed", 1, LlmosError("it broke " * 20)))
    lines = said(host).splitlines()
    assert lines[0] == "Done: moved report.pdf (1.5 MB) to the trash. `llmos undo` takes it back (k3f9)."
    assert len(lines) == 2


def test_notes_of_several_lines(work: Path) -> None:
    host = terminal(work)
    Show(host).note("one\ntwo \x1b[2J")
    assert said(host) == "one\ntwo \\x1b[2J\n"
