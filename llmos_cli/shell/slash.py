"""The slash commands: one table, from which /help, completion and dispatch come."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.plan import known
from llmos_cli.shell.lines import Line
from llmos_cli.tool import Param
from llmos_cli.ui.cells import columns, wrap
from llmos_cli.values import Table, Text

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session

HISTORY = 20


@dataclass(frozen=True)
class SlashCommand:
    """`takes` is what may follow the name, as help shows it; '' where nothing may."""

    name: str
    takes: str
    help: str
    perform: Callable[[Session, str], None]


def perform(session: Session, line: Line) -> None:
    """Raises UsageError for one that does not exist, or that is given what it does not take."""
    name = line.text or "help"
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        raise UsageError(f"there is no command /{name}", hint=f"did you mean /{near[0]}?" if near else "/help lists them")
    command = COMMANDS[name]
    if line.rest and not command.takes:
        raise UsageError(f"/{name} takes nothing after it", hint=f"/{name}")
    command.perform(session, line.rest)


def _help(session: Session, rest: str) -> None:
    commands = [(f"/{command.name} {command.takes}".strip(), command.help) for command in COMMANDS.values()]
    print_columns(session, HELP, [*KEYS, *commands])


def print_columns(session: Session, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Names and what they are, each broken at words for the terminal's width."""
    room, first = columns(session.host), max((len(name) for name, _ in rows), default=0) + 4
    lines = [wrap(f"  {name:{first - 2}}{text}", room, " " * first) for name, text in rows]
    session.show.value(Text(tuple("\n".join([wrap(title, room), *lines] if title else lines).splitlines())))


def _undo(session: Session, rest: str) -> None:
    entries = session.kernel.undo(rest)
    session.count_undo()
    ids = ", ".join(entry.id for entry in entries)
    session.show.note(f"Undone: {entries[0].note or entries[0].plan} ({ids}). /redo does it again.")


def _redo(session: Session, rest: str) -> None:
    entry = session.kernel.journal.redo()
    session.count_undo()
    session.show.note(f"Done again: {entry.note or entry.plan} ({entry.id}). /undo takes it back.")


def _history(session: Session, rest: str) -> None:
    entries = session.kernel.journal.history(HISTORY)
    if not entries:
        session.show.note("Nothing has been changed yet.")
        return
    rows = tuple((e.id, f"{datetime.fromtimestamp(e.time):%Y-%m-%d %H:%M}", e.state, len(e.effects), e.note or e.plan) for e in entries)
    session.show.value(Table(("id", "time", "state", "changes", "request"), rows))


def _plan(session: Session, rest: str) -> None:
    planned = session.planned
    if planned is None:
        raise LlmosError("there is no plan yet", hint="say what you want done")
    sure = "typed" if planned.origin == "plan" else f"{planned.confidence:.0%} sure"
    session.show.value(Text((f"{planned.text}  ({sure})",)))


def _tools(session: Session, rest: str) -> None:
    if not rest:
        print_columns(session, "", [(tool.name, tool.summary.splitlines()[0]) for tool in session.tools.values()])
        return
    tool = known(rest, session.tools)
    title = f"{tool.name}: {' '.join(tool.summary.split())}"
    rows = [(f"{param.name}={param.type.name}{'…' if param.many else ''}", _about(param)) for param in tool.params.values()]
    print_columns(session, title, rows)


def _about(param: Param) -> str:
    return f"{param.help} ({', '.join(param.type.fixed)})" if param.type.fixed else param.help


def _cd(session: Session, rest: str) -> None:
    session.go(rest)


def _quit(session: Session, rest: str) -> None:
    session.ended = True


HELP = "Say what you want done, in plain words: the five largest pdfs in Downloads"
KEYS = (
    ("plan", "Such as: find in=~/Downloads ext=pdf | sort by=size order=desc | take 5"),
    ("!command", "Runs in your own shell, here."),
    ("Tab", "Completes. Alt-Enter begins a new line."),
    ("Ctrl-R", "Searches what you typed before. Ctrl-X Ctrl-E opens $EDITOR."),
    ("Ctrl-C", "Stops what runs. Ctrl-D leaves."),
)
COMMANDS = {
    command.name: command
    for command in (
        SlashCommand("help", "", "Show this.", _help),
        SlashCommand("undo", "[ID]", "Take back the last change, or the one named.", _undo),
        SlashCommand("redo", "", "Do again what was undone last.", _redo),
        SlashCommand("history", "", "Show the changes made, newest first.", _history),
        SlashCommand("plan", "", "Show the last plan, and how sure it was.", _plan),
        SlashCommand("tools", "[NAME]", "List the tools that plans are made of, or show one whole.", _tools),
        SlashCommand("cd", "[FOLDER]", "Go to a folder; alone to the home, with - to the one before. `cd` does too.", _cd),
        SlashCommand("quit", "", "Leave; so do `exit` and Ctrl-D.", _quit),
    )
}
