"""All that is remembered, in one SQLite file: turns, sessions, facts, taught phrases; and the search through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError
from llmos_cli.memory.facts import Facts
from llmos_cli.memory.sessions import Sessions
from llmos_cli.memory.store import Store
from llmos_cli.memory.taught import Taught
from llmos_cli.memory.turns import Turns, indexed
from llmos_cli.memory.words import bounded, query, unsegmented
from llmos_cli.naming import folded

if TYPE_CHECKING:
    from llmos_cli.db import Connection, Row
    from llmos_cli.memory.moving import Moved

MAX_FOUND, MAX_TEXT, MAX_MORE = 50, 300, 100
_MARK = "\x02"
_HIT = f"snippet(past, 2, '{_MARK}', '', '…', 12)"


@dataclass(frozen=True)
class Found:
    """A fact or a past request that has the words searched for; `result` is what its result says around them, if anything."""

    kind: str  # fact or request
    id: int
    time: float
    text: str
    plan: str = ""
    result: str = ""
    outcome: str = ""
    session: int = 0

    @property
    def more(self) -> str:
        """What its text does not say, in a few words: what its result says, or else the plan."""
        return bounded(self.result, MAX_MORE) if self.result else self.plan if self.plan != self.text else ""


class Memory:
    """Nothing is opened before it is needed, and nothing made before something is kept. Raises LlmosError where the file cannot be used.

    It is also the `memory` of a `Place`: what that asks for is left unknown where the file cannot be used, and `notices` say why.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.store = Store(folder, clock)
        self.turns = Turns(self.store)
        self.sessions = Sessions(self.store)
        self.facts = Facts(self.store)
        self.taught = Taught(self.store)
        self._said: set[str] = set()

    @property
    def file(self) -> str:
        return str(self.store.file)

    def notices(self) -> list[str]:
        """Sentences that the person should see, each given once: that a damaged file was set aside, that nothing can be written."""
        new = [text for text in dict.fromkeys(self.store.notices) if text not in self._said]
        self.store.notices.clear()
        self._said.update(new)
        return new

    def search(self, words: str, limit: int = MAX_FOUND) -> list[Found]:
        """Facts, then requests, plans and results that have all of these words, the newest first. Nothing for no words."""
        wanted = query(words)

        if not wanted:
            return []
        self._catch_up()

        def read(db: Connection) -> list[Found]:
            facts = _hits(db, "rowid < 0", wanted, limit, "SELECT id, time, text FROM fact WHERE id = ?")
            found = [Found("fact", *fact) for fact, _ in facts]
            rest = "SELECT id, time, request, plan, outcome, session_id FROM turn WHERE id = ?"
            for (id, when, request, plan, outcome, session), hit in _hits(db, "rowid > 0", wanted, limit - len(found), rest):
                told = bounded(unsegmented(hit.replace(_MARK, "")), MAX_TEXT) if _MARK in hit else ""
                found.append(Found("request", id, when, request, plan, told, outcome, session))
            return found

        return self.store.read(read, [])

    def _catch_up(self) -> None:
        """Make findable what was recorded before there was an index, where the file can be written."""

        def missing(db: Connection) -> list[Row]:
            return db.execute("SELECT id, request, plan FROM turn WHERE id NOT IN (SELECT id FROM past_docsize)").fetchall()

        def write(db: Connection) -> None:
            for row in missing(db):
                indexed(db, row["id"], row["request"], row["plan"], "")

        nothing: list[Row] = []
        if self.store.read(missing, nothing):
            try:
                self.store.write(write)
            except LlmosError:
                pass  # what is in the index is found all the same

    def places(self) -> dict[str, str]:
        """The names that facts give to places, folded, and their absolute paths; {} where the file cannot be used."""
        try:
            return {fact.name: fact.target for fact in reversed(self.facts.list()) if fact.target.startswith("/")}
        except LlmosError as error:
            self._unusable(error)
            return {}

    def exported(self) -> Iterator[str]:
        """All of it as JSON lines."""
        from llmos_cli.memory.moving import exported

        return exported(self.store)

    def imported(self, lines: Iterable[str]) -> Moved:
        """Take in what is not there yet, all of it or nothing. Raises UsageError with the line that is wrong."""
        from llmos_cli.memory.moving import imported

        return imported(self.store, lines)

    # ---- what a Place asks -------------------------------------------------------------------------------

    def place_of(self, name: str) -> str | None:
        return self._known(lambda: self.facts.target(name, address=False))

    def address_of(self, name: str) -> str | None:
        return self._known(lambda: self.facts.target(name, address=True))

    def kept(self) -> tuple[str, ...]:
        return tuple(fact.text for fact in self.facts.list())

    def recall(self, text: str) -> Iterator[tuple[str, str, str]]:
        """(kind, when, text), the newest first; of requests that were made several times, the last."""
        if not text.strip():
            yield from (("fact", _iso(fact.time), fact.text) for fact in self.facts.list())
            return
        seen = set[str]()
        for found in self.search(folded(text) or text):
            if found.text not in seen and not found.plan.startswith(("recall", "remember")):
                seen.add(found.text)
                yield found.kind, _iso(found.time), found.text

    def _known(self, ask: Callable[[], str | None]) -> str | None:
        try:
            return ask()
        except LlmosError as error:
            self._unusable(error)
            return None

    def _unusable(self, error: LlmosError) -> None:
        self.store.notices.append(f"What was kept cannot be used now: {error.message}.")


def _hits(db: Connection, where: str, wanted: str, limit: int, rest: str) -> Iterator[tuple[Row, str]]:
    """(row, snippet) of what matches, the newest first. No join: it would make the snippets of all before it chose the newest."""
    order = "ASC" if where == "rowid < 0" else "DESC"  # facts have the negatives of their ids
    ids = db.execute(
        f"SELECT rowid, {_HIT} FROM past WHERE past MATCH ? AND {where} ORDER BY rowid {order} LIMIT ?", (wanted, limit)
    ).fetchall()
    for id, hit in ids:
        row = db.execute(rest, (abs(id),)).fetchone()
        if row is not None:
            yield row, hit


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
