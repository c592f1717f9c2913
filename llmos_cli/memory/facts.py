"""What the person asked to be kept, and the names that this gives to folders, files and addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmos_cli.errors import NotFound
from llmos_cli.memory.store import Store
from llmos_cli.memory.turns import indexed
from llmos_cli.naming import folded

if TYPE_CHECKING:
    from llmos_cli.db import Connection

_COLUMNS = "id, time, text, name, target"


@dataclass(frozen=True)
class Fact:
    """`name`, folded, is what it calls `target`: an absolute path, or a mail address; both are '' for a fact that names nothing."""

    id: int
    time: float
    text: str
    name: str = ""
    target: str = ""


class Facts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[Fact]:
        """The newest first."""
        return self._store.read(lambda db: _facts(db, "ORDER BY id DESC"), [])

    def add(self, text: str, name: str = "", target: str = "") -> Fact:
        """Keep it; one that is kept already becomes the newest. Raises LlmosError."""
        text, now = text.encode("utf-8", "backslashreplace").decode(), self._store.clock()

        def write(db: Connection) -> Fact:
            _drop(db, "text = ?", text)
            added = db.execute("INSERT INTO fact (time, text, name, target) VALUES (?,?,?,?)", (now, text, folded(name), target))
            id = added.lastrowid or 0
            indexed(db, -id, text, "", target)
            return Fact(id, now, text, folded(name), target)

        return self._store.write(write)

    def remove(self, fact: int | str) -> Fact:
        """Drop the fact with that id, or with that text. Raises NotFound."""
        where = "id = ?" if isinstance(fact, int) else "text = ?"
        gone = self._store.write(lambda db: _drop(db, where, fact)) if self._store.is_made else []
        if not gone:
            raise NotFound(f"there is no fact {fact}", hint="llmos memory facts")
        return gone[0]

    def target(self, name: str, *, address: bool) -> str | None:
        """What the newest fact calls so, `the` and `my` left aside: a path, or a mail address."""
        wanted = folded(name)
        query = f"WHERE name = ? AND target <> '' AND (target LIKE '/%') = {int(not address)} ORDER BY id DESC LIMIT 1"
        nothing: list[Fact] = []
        found = self._store.read(lambda db: _facts(db, query, wanted), nothing) if wanted else nothing
        return found[0].target if found else None


def _facts(db: Connection, rest: str, *values: object) -> list[Fact]:
    return [Fact(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM fact {rest}", values)]


def _drop(db: Connection, where: str, value: object) -> list[Fact]:
    gone = _facts(db, f"WHERE {where}", value)
    for fact in gone:
        db.execute("DELETE FROM fact WHERE id = ?", (fact.id,))
        db.execute("DELETE FROM past WHERE rowid = ?", (-fact.id,))
    return gone
