"""Taught phrases: words, and the plan that the person says they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmos_cli.errors import NotFound
from llmos_cli.memory.store import Store

if TYPE_CHECKING:
    from llmos_cli.db import Connection


@dataclass(frozen=True)
class Phrase:
    """`plan` is its canonical text; `time` in seconds since the epoch."""

    id: int
    time: float
    words: str
    plan: str


class Taught:
    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[Phrase]:
        """The newest first."""

        def read(db: Connection) -> list[Phrase]:
            return [Phrase(*row) for row in db.execute("SELECT id, time, words, plan FROM taught ORDER BY id DESC")]

        return self._store.read(read, [])

    def add(self, words: str, plan: str) -> Phrase:
        """Keep it in the place of what these words meant before. Raises LlmosError."""
        now = self._store.clock()

        def write(db: Connection) -> Phrase:
            db.execute("DELETE FROM taught WHERE words = ?", (words,))
            added = db.execute("INSERT INTO taught (time, words, plan) VALUES (?,?,?)", (now, words, plan))
            return Phrase(added.lastrowid or 0, now, words, plan)

        return self._store.write(write)

    def remove(self, id: int) -> Phrase:
        """Drop the phrase with that id. Raises NotFound."""
        found = next((phrase for phrase in self.list() if phrase.id == id), None)
        if found is None:
            raise NotFound(f"there is no taught phrase {id}", hint="llmos memory taught")
        self._store.write(lambda db: db.execute("DELETE FROM taught WHERE id = ?", (id,)))
        return found
