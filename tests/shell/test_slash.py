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
