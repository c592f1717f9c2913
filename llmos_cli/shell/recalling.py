"""The slash commands about what is remembered: /memory, /sessions, /new, /save."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.ui.ask import confirmed
from llmos_cli.ui.words import plural
from llmos_cli.values import Table, Text

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session

LISTED = 20
MEMORY = ("show ", "facts", "taught", "drop fact ", "drop taught ", "forget ", "forget everything")


def memory(session: Session, rest: str) -> None:
    """Without a known first word, what follows is searched for."""
    word, _, what = rest.partition(" ")
    what = what.strip()
    if not rest:
        turns = session.kernel.memory.turns.recent(LISTED)
        rows = [(t.id, _time(t.time), t.outcome, t.request) for t in turns]
        _table(session, ("id", "time", "outcome", "request"), rows, "Nothing has been asked yet.")
    elif word == "show" and what.isdecimal():
        _show(session, int(what))
    elif rest == "facts":
        facts = session.kernel.memory.facts.list()
        _table(
            session,
            ("id", "time", "fact"),
            [(f.id, _time(f.time), f.text) for f in facts],
            "Nothing was kept yet; say: remember that my papers live in ~/papers",
        )
    elif rest == "taught":
        phrases = session.kernel.memory.taught.list()
        _table(
            session,
            ("id", "words", "plan"),
            [(p.id, p.words, p.plan) for p in phrases],
            "Nothing was taught yet; an edited plan offers to be, and so does /save.",
        )
    elif word == "drop":
        _drop(session, what)
    elif word == "forget" and what:
        _forget(session, what)
    else:
        _search(session, what if word == "search" else rest)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _table(session: Session, heads: tuple[str, ...], rows: Sequence[tuple[int | str, ...]], nothing: str) -> None:
    if rows:
        session.answer(Table(heads, tuple(rows)))
    else:
        session.show.note(nothing)


def _search(session: Session, words: str) -> None:
    found = session.kernel.memory.search(words, LISTED)
    rows = [(hit.id, _time(hit.time), hit.kind, hit.text, hit.plan) for hit in found]
    _table(session, ("id", "time", "kind", "text", "plan"), rows, "Nothing remembered has these words.")


def _show(session: Session, id: int) -> None:
    turn = session.kernel.memory.turns.numbered(id)
    if turn is None:
        raise NotFound(f"there is no request {id}", hint="/memory")
    facts = {"request": turn.request, "plan": turn.plan, "outcome": turn.outcome, "time": _time(turn.time), "folder": turn.cwd}
    session.answer(Text(tuple(f"{name:8} {value}" for name, value in facts.items() if value)))
    if turn.last is not None:
        session.answer(turn.last)


def _drop(session: Session, what: str) -> None:
    kind, _, number = what.partition(" ")
    if not number.strip().isdecimal() or kind not in ("fact", "taught"):
        raise UsageError("/memory drop takes fact NUMBER or taught NUMBER", hint="/memory facts")
    if kind == "fact":
        session.show.note(f"No longer kept: {session.kernel.memory.facts.remove(int(number)).text}")
    else:
        session.show.note(f"No longer taught: {session.kernel.memory.taught.remove(int(number)).words}")


def _forget(session: Session, what: str) -> None:
    """Numbers of requests, `everything`, or a word; asked about, since it is for ever."""
    parts = what.replace(",", " ").split()
    if all(part.isdecimal() for part in parts):
        chosen = session.kernel.forgetting(turns=tuple(map(int, parts)))
    else:
        chosen = session.kernel.forgetting(everything=True) if what == "everything" else session.kernel.forgetting(word=_unquoted(what))
    if chosen.nothing:
        raise NotFound("there is nothing to forget", hint="/memory")
    if not confirmed(session.host, chosen.summary):
        session.show.note("Nothing was forgotten.")
        return
    for sentence in chosen.carry_out().sentences():
        session.show.note(sentence)
    session.history_changed()


def _unquoted(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text


def offered(session: Session) -> Sequence[str]:
    return MEMORY


def sessions(session: Session, rest: str) -> None:
    """All of them, or going on with one."""
    if rest:
        resume(session, rest)
        return
    found = session.kernel.memory.sessions.list(LISTED)
    now = session.kernel.current_session()
    rows = [(s.id, _time(s.used), s.turns, ("→ " if now and s.id == now.id else "") + s.title) for s in found]
    _table(session, ("id", "used", "requests", "title"), rows, "There is no session yet: your first request begins one.")


def titles(session: Session) -> Sequence[str]:
    return [s.title for s in session.kernel.memory.sessions.list(LISTED)]


def resume(session: Session, name: str) -> None:
    """Go on with a session: its folder, and its last result as `@last`. Raises NotFound, NotUnderstood."""
    found = session.kernel.resume(name)
    if os.path.isdir(found.cwd):
        session.kernel.host = replace(session.host, cwd=Path(found.cwd))
    session.has_result, session.chat = True, None
    session.show.note(f"Going on with “{found.title}” ({plural(found.turns, 'request')}).")


def new(session: Session, rest: str) -> None:
    session.kernel.new_session(rest)
    session.has_result, session.shown, session.planned, session.chat = False, [], None, None
    session.show.note(f"A new session{f', “{rest}”' if rest else ''}. /sessions goes back to others.")


def save(session: Session, rest: str) -> None:
    """The last plan under words of the person's: whoever says them means it."""
    if session.planned is None:
        raise LlmosError("there is no plan yet to be kept", hint="say what you want done")
    words = rest or ("" if session.planned.origin == "plan" else session.request)
    if not words:
        raise UsageError("say the words that are to mean the last plan", hint="/save weekly cleanup")
    phrase = session.kernel.teach(words, session.planned.text)
    session.show.note(f"“{phrase.words}” now means `{phrase.plan}`. /memory drop taught {phrase.id} takes it back.")
