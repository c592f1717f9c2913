"""The slash commands: one table, from which /help, completion and dispatch come."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmos_cli.errors import UsageError
from llmos_cli.shell import chatting, recalling
from llmos_cli.shell import commands as do
from llmos_cli.shell.lines import Line

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session


@dataclass(frozen=True)
class SlashCommand:
    """`takes` is what may follow the name, as help shows it; '' where nothing may. `values` are offered for it."""

    name: str
    takes: str
    help: str
    perform: Callable[[Session, str], None]
    values: Callable[[Session], Sequence[str]] = lambda session: ()


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
    """All of it, or one command."""
    name = rest.removeprefix("/")
    if name and name not in COMMANDS:
        raise UsageError(f"there is no command /{name}", hint="/help lists them")
    rows = [(f"/{c.name} {c.takes}".strip(), c.help) for c in COMMANDS.values() if not name or c.name == name]
    do.print_columns(session, "" if name else HELP, rows if name else [*KEYS, *rows])


HELP = "Say what you want done, in plain words: the five largest pdfs in Downloads"
KEYS = (
    ("plan", "Such as: find in=~/Downloads ext=pdf | sort by=size order=desc | take 5"),
    ("!command", "Runs in your own shell, here. What it says can be spoken of: those lines, @last."),
    ("Tab", "Completes. Right takes the grey suggestion. Alt-Enter begins a new line."),
    ("Ctrl-R", "Searches what you typed before. Ctrl-X Ctrl-E opens $EDITOR."),
    ("Ctrl-C", "Stops what runs; a change that has begun is put back. Ctrl-D leaves."),
    (
        "at a question",
        "Enter runs, e edits the plan, d says it in words, a shows all, w never asks again, n is no.",
    ),
)
COMMANDS: dict[str, SlashCommand] = {
    command.name: command
    for command in (
        SlashCommand("help", "[COMMAND]", "Show this.", _help, lambda session: list(COMMANDS)),
        SlashCommand("undo", "[ID]", "Take back the last change, or the one named.", do.undo, do.undoable),
        SlashCommand("redo", "", "Do again what was undone last.", do.redo),
        SlashCommand("history", "[COUNT]", "Show the changes made, newest first.", do.history),
        SlashCommand("chat", "[WORDS]", "Talk with a language model, which can plan too; alone, until Ctrl-D.", chatting.chat),
        SlashCommand("plan", "", "Show the last plan: in words, how sure it was, where its words come from.", do.plan),
        SlashCommand("last", "[tree]", "Show the last result again, or as a tree.", do.last, lambda session: ("tree",)),
        SlashCommand("open", "[NUMBER or FILE]", "Open what was shown: /open 3, /open 2-4, /open the last one.", do.open_),
        SlashCommand("tools", "[NAME]", "List the tools that plans are made of, or show one whole.", do.tools),
        SlashCommand("policy", "[trust, allow, remove …]", "Show what is asked about, and what you let pass.", do.policy,
                     do.rule_changes),
        SlashCommand("memory", "[WORDS, show N, forget …]", "Search what was asked before; show it, or forget it for ever.",
                     recalling.memory, recalling.offered),
        SlashCommand("save", "[WORDS]", "Keep the last plan: from now on these words mean it.", recalling.save),
        SlashCommand("sessions", "[NAME]", "List the sessions, or go on with one.", recalling.sessions, recalling.titles),
        SlashCommand("new", "[TITLE]", "Begin a new session.", recalling.new),
        SlashCommand("model", "", "Show the model that makes the plans.", do.model),
        SlashCommand("doctor", "", "Say what works on this machine, and what to do about the rest.", do.doctor),
        SlashCommand("cd", "[FOLDER]", "Go to a folder; alone to the home, with - to the one before. `cd` does too.", do.cd),
        SlashCommand("quit", "", "Leave; so do `exit` and Ctrl-D.", do.quit_),
    )
}  # fmt: skip
