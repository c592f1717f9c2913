"""Talking with a language model: `/chat` in the shell, and `llmos chat` by itself."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from llmos_cli.errors import LlmosError, UsageError

if TYPE_CHECKING:
    from llmos_cli.kernel.chatting import Chat
    from llmos_cli.shell.session import Session

PROMPT = "you > "


class Keyboard(Protocol):
    """Where the person's words come from."""

    def line(self) -> str:
        """Raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""


@dataclass(frozen=True)
class Command:
    """What a line that begins with / does in a conversation; True ends it."""

    takes: str
    help: str
    perform: Callable[[Session, Chat, str], bool]


def chat(session: Session, rest: str) -> None:
    """`/chat WORDS` says one thing; alone, it opens the conversation until the person leaves it. Raises LlmosError."""
    talk = opened(session)
    if rest:
        session.converse(talk, rest)
    else:
        converse(session, talk)


def opened(session: Session) -> Chat:
    """The session's conversation. Raises NoModel."""
    from llmos_cli.kernel.chatting import Chat

    if session.chat is None:
        session.chat = Chat(session.kernel)
    _ = session.chat.speaker  # where there is none, it is said before anybody types
    return session.chat


def converse(session: Session, talk: Chat) -> None:
    """Read what the person says and show what comes of it, until they leave."""
    from llmos_cli.shell.repl import guarded

    session.show.note(f"You are talking with {talk.speaker.name}. /help says more, Ctrl-D leaves.")
    keyboard = _keyboard(session)
    left = False
    while not left:
        try:
            text = keyboard.line().strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            break

        def do(text: str = text) -> bool:
            return perform(session, talk, text)

        left = bool(text) and bool(guarded(session, do))


def perform(session: Session, talk: Chat, text: str) -> bool:
    """One line; True where it ends the conversation. Raises LlmosError."""
    name, _, rest = text[1:].partition(" ")
    if text in ("exit", "quit"):
        return True
    if not text.startswith("/") or "/" in name:
        session.converse(talk, text)
        return False
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        raise UsageError(f"there is no command /{name} in a conversation", hint=f"did you mean /{near[0]}?" if near else "/help lists them")
    if rest and not COMMANDS[name].takes:
        raise UsageError(f"/{name} takes nothing after it", hint=f"/{name}")
    return COMMANDS[name].perform(session, talk, rest.strip())


# ---- what lines that begin with / do -------------------------------------------------------------------


def _help(session: Session, talk: Chat, rest: str) -> bool:
    from llmos_cli.shell.commands import print_columns

    rows = [
        ("words", "Are said to the model. What it plans is shown, and asked about where it would change something."),
        *((f"/{name} {command.takes}".strip(), command.help) for name, command in COMMANDS.items()),
        ("Alt-Enter", "Begins a new line."),
        ("Ctrl-C", "Stops an answer; what was said of it stays."),
        ("Ctrl-D", "Leaves."),
    ]
    print_columns(session, "", rows)
    return False


def _add(session: Session, talk: Chat, rest: str) -> bool:
    if not rest:
        raise UsageError("/add takes a file", hint="/add notes.txt")
    name = rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] and rest[0] in "\"'" else rest
    session.show.note(talk.add(name))
    return False


def _new(session: Session, talk: Chat, rest: str) -> bool:
    talk.forget()
    session.has_result, session.shown, session.planned = False, [], None
    session.show.note("A new conversation, in a session of its own.")
    return False


def _undo(session: Session, talk: Chat, rest: str) -> bool:
    from llmos_cli.shell.commands import undo

    undo(session, rest)
    return False


def _last(session: Session, talk: Chat, rest: str) -> bool:
    session.answer(session.last())
    return False


def _leave(session: Session, talk: Chat, rest: str) -> bool:
    return True


COMMANDS = {
    "add": Command("FILE", "Give the model a file to read with what you say next.", _add),
    "new": Command("", "Begin a new conversation.", _new),
    "last": Command("", "Show the last result, all of it.", _last),
    "undo": Command("[ID]", "Take back the last change, or the one named.", _undo),
    "help": Command("", "Show this.", _help),
    "end": Command("", "Leave; so do `exit` and Ctrl-D.", _leave),
}


# ---- where the words come from -------------------------------------------------------------------------


def _keyboard(session: Session) -> Keyboard:
    host = session.host
    if host.plain or host.env.get("TERM", "") in ("", "dumb"):
        return Lines()
    from llmos_cli.shell.chatprompt import ChatPrompt

    return ChatPrompt(session)


class Lines:
    """For a terminal that cannot be drawn on, and for a screen reader."""

    def line(self) -> str:
        try:
            return input(PROMPT)
        except KeyboardInterrupt:
            print()
            raise
        except UnicodeDecodeError as error:
            raise LlmosError("that was not text") from error
