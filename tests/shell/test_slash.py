"""The table of slash commands: help, dispatch and what each says."""

from __future__ import annotations

import pytest

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.shell import slash
from llmos_cli.shell.lines import read
from llmos_cli.tools import TOOLS
from tests.ui.fakes import printed, said


def do(session, text):
    slash.perform(session, read(text, TOOLS))


def test_help_has_a_line_for_each(make):
    session = make()
    do(session, "/help")
    shown = printed(session.host)
    assert all(f"/{command.name}" in shown and command.help.split()[0] in shown for command in slash.COMMANDS.values())
    assert max(map(len, shown.splitlines())) <= 80


def test_one_that_does_not_exist_names_the_nearest(make):
    with pytest.raises(UsageError, match="/hlep") as caught:
        do(make(), "/hlep")
    assert caught.value.hint == "did you mean /help?"


def test_what_is_not_taken_is_refused(make):
    with pytest.raises(UsageError, match="takes nothing"):
        do(make(), "/redo now")


def test_tools(make):
    session = make()
    do(session, "/tools")
    do(session, "/tools take")
    assert "\n  delete" in printed(session.host) and "n=" in printed(session.host)
    with pytest.raises(LlmosError, match="fnid"):
        do(session, "/tools fnid")


def test_plan_says_how_sure_it_was(make):
    session = make()
    with pytest.raises(LlmosError, match="no plan"):
        do(session, "/plan")
    session.turn("how many pdfs", typed=False)
    do(session, "/plan")
    assert "find ext=pdf | count  (80% sure)" in printed(session.host)


def test_history(make):
    session = make("y\n")
    do(session, "/history")
    assert "Nothing has been changed yet." in said(session.host)
    session.turn("delete a.pdf", typed=True)
    do(session, "/history")
    assert "applied" in printed(session.host) and "delete a.pdf" in printed(session.host)


@pytest.mark.parametrize("text", ["/quit", "quit", "exit"])
def test_quit(make, text):
    session = make()
    do(session, text)
    assert session.ended


def test_last_shows_it_again_and_as_a_tree(make, work):
    session = make()
    with pytest.raises(UsageError, match="nothing has been shown"):
        do(session, "/last")
    session.turn("find ext=pdf,tex", typed=True)
    begun = len(printed(session.host))
    do(session, "/last")
    assert printed(session.host)[begun:] == printed(session.host)[:begun]
    do(session, "/last tree")
    assert "└── thesis/\n    └── one.tex  (14 bytes)\n" in printed(session.host)


def test_policy(make, work):
    session = make()
    do(session, "/policy trust thesis")
    do(session, "/policy allow rename")
    assert session.rule_count == 2
    do(session, "/policy")
    assert f"you let pass: changes inside {work}/thesis" in printed(session.host).replace("\n" + " " * 20, " ")
    with pytest.raises(UsageError, match="changes nothing"):
        do(session, "/policy allow find")
    with pytest.raises(UsageError, match="no rule 3"):
        do(session, "/policy remove 3")
    do(session, "/policy remove 1")
    assert session.kernel.rules.allowed().tools == ("rename",)


def test_model_and_doctor_say_what_there_is(make, work, machine_known):
    machine_known(work.parents[1] / "llmos")
    session = make()
    do(session, "/model")
    do(session, "/doctor")
    assert "parameters" in printed(session.host) and "llmos models pull" in printed(session.host) and "planner" in printed(session.host)


def test_what_was_asked_is_found_shown_and_forgotten(make):
    session = make("y\n")
    session.turn("find ext=pdf | count", typed=True)
    session.turn("how many zebras", typed=False)
    do(session, "/memory zebras")
    do(session, "/memory show 2")
    assert "how many zebras" in printed(session.host) and "find ext=pdf | count" in printed(session.host)
    do(session, "/memory forget zebras")
    assert "none has it" in said(session.host)
    begun = len(printed(session.host))
    do(session, "/memory")
    assert "zebras" not in printed(session.host)[begun:] and "find ext=pdf" in printed(session.host)[begun:]


def test_sessions(make, work):
    session = make()
    do(session, "/new tax papers")
    session.turn("find ext=pdf", typed=True)
    do(session, "/new")
    session.turn("find ext=tex | count", typed=True)
    do(session, "/sessions tax")
    assert "Going on with “tax papers” (1 request)." in said(session.host)
    do(session, "/last")
    assert printed(session.host).endswith("  2  b.pdf  5 bytes  just now\n") or "b.pdf" in printed(session.host)[-80:]
    do(session, "/sessions")
    assert "→ tax papers" in printed(session.host)


def test_save_keeps_a_plan_under_words(make):
    session = make()
    with pytest.raises(LlmosError, match="no plan yet"):
        do(session, "/save tidy")
    session.turn("find ext=pdf | count", typed=True)
    with pytest.raises(UsageError, match="say the words"):
        do(session, "/save")
    do(session, "/save count my papers")
    begun = len(printed(session.host))
    session.turn("count my papers", typed=False)
    assert printed(session.host)[begun:] == "2\n" and session.kernel.planner.contexts == []
