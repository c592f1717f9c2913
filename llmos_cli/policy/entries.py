"""The journal's records in SQLite: one row for each batch, kept for a while."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmos_cli.db import Connection, Row, explained, open_database, transaction
from llmos_cli.errors import LlmosError
from llmos_cli.policy.apply import Batch

LETTERS = "abcdefghjkmnpqrstuvwxyz"  # none that is taken for another
SIGNS = LETTERS + "23456789"
KEEP_SECONDS = 30 * 24 * 3600
KEEP_ENTRIES = 500
KEEP_ALWAYS = 20  # whatever the clock says
FORGET_AT_ONCE = 10

MIGRATIONS = (
    """
    CREATE TABLE entries (
        n INTEGER PRIMARY KEY,              -- the order in which they were applied
        id TEXT NOT NULL UNIQUE,
        time REAL NOT NULL,
        state TEXT NOT NULL,
        undoable INTEGER NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0,  -- the order in which they were undone; 0: cannot be done again
        purge INTEGER NOT NULL DEFAULT 0,   -- deleted for ever, but not yet gone from the vault
        about TEXT NOT NULL,                -- JSON: note, plan, effects
        batch BLOB NOT NULL                 -- JSON, deflated: operations, folders touched, folders in the vaults
    );
    CREATE INDEX entries_open ON entries (n)
        WHERE state IN ('pending', 'undoing', 'redoing') OR purge = 1;
    """,
)
IS_OPEN = "state IN ('pending', 'undoing', 'redoing') OR purge = 1"
COLUMNS = "id, time, state, undoable, about"


@dataclass(frozen=True)
class JournalEntry:
    """One batch. `effects` are as `Effect.as_json` gives them.

    `state`: applied, undone, failed (nothing of it was done), stuck (a crash left it half done, and something is in the
    way of taking it back); while it runs pending, undoing, redoing.
    """

    id: str
    time: float
    note: str
    plan: str
    effects: tuple[dict[str, Any], ...]
    state: str
    undoable: bool
    turn: str = ""


class Entries:
    """Opened at the first question; a journal that was never written to is not made by reading it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[Row]:
        """All of them as they are stored, the oldest first; none where there is no journal yet."""
        return self._db.execute("SELECT id, about FROM entries ORDER BY n").fetchall() if self._is_made else []

    @cached_property
    def _db(self) -> Connection:
        return open_database(self._path, MIGRATIONS)

    @property
    def _is_made(self) -> bool:
        return "_db" in self.__dict__ or self._path.exists()

    def _one(self, where: str, *values: object) -> JournalEntry | None:
        if not self._is_made:
            return None
        row = self._db.execute(f"SELECT {COLUMNS} FROM entries {where} LIMIT 1", values).fetchone()
        return _entry(row) if row else None

    def named(self, id: str) -> JournalEntry | None:
        return self._one("WHERE id = ?", id.strip().lower())

    def newest(self, state: str) -> JournalEntry | None:
        return self._one("WHERE state = ? ORDER BY n DESC", state)

    def undone_last(self) -> JournalEntry | None:
        return self._one("WHERE state = 'undone' AND undone > 0 ORDER BY undone DESC")

    def has(self, id: str) -> bool:
        return self.named(id) is not None

    def any_open(self) -> bool:
        return self._one(f"WHERE {IS_OPEN}") is not None

    def open(self) -> list[JournalEntry]:
        """Those that a killed process left, the newest first."""
        if not self._is_made:
            return []
        query = f"SELECT {COLUMNS} FROM entries WHERE {IS_OPEN} ORDER BY n DESC"
        return [_entry(row) for row in self._db.execute(query)]

    def newest_first(self, limit: int) -> list[JournalEntry]:
        if not self._is_made:
            return []
        query = f"SELECT {COLUMNS} FROM entries ORDER BY n DESC LIMIT ?"
        return [_entry(row) for row in self._db.execute(query, (limit,))]

    def batch(self, id: str) -> Batch:
        row = self._db.execute("SELECT batch FROM entries WHERE id = ?", (id,)).fetchone()
        return Batch.from_json(json.loads(zlib.decompress(row["batch"])))

    def free_id(self) -> str:
        """Four characters that no entry has."""
        while True:
            first, *rest = os.urandom(4)
            id = LETTERS[first % len(LETTERS)] + "".join(SIGNS[n % len(SIGNS)] for n in rest)
            if not self.has(id):
                return id

    def add(self, entry: JournalEntry, batch: Batch) -> None:
        """Write it down, durably: from here on it will be finished or taken back."""
        about = {"note": entry.note, "plan": entry.plan, "effects": entry.effects, "turn": entry.turn}
        with transaction(self._db) as db:
            db.execute(
                "INSERT INTO entries (id, time, state, undoable, about, batch) VALUES (?,?,?,?,?,?)",
                (
                    entry.id, entry.time, entry.state, entry.undoable,
                    json.dumps(about), _packed(batch),
                ),
            )  # fmt: skip

    def set(self, id: str, state: str, batch: Batch | None = None, *, purge: bool = False) -> JournalEntry:
        """Change the state, and what goes with it; what is newly applied ends what could be done again."""
        with transaction(self._db) as db:
            before = self.named(id)
            if before is None:
                raise LlmosError(f"there is no entry {id}", hint="llmos history")
            if before.state == "pending" and state == "applied":
                db.execute("UPDATE entries SET undone = 0 WHERE undone > 0")
            if state == "undone" and before.state == "undoing":
                order = "(SELECT MAX(undone) + 1 FROM entries)"
                db.execute(f"UPDATE entries SET undone = {order} WHERE id = ?", (id,))
            if batch is not None:
                text = _packed(batch)
                db.execute("UPDATE entries SET batch = ? WHERE id = ?", (text, id))
            db.execute("UPDATE entries SET state = ?, purge = ? WHERE id = ?", (state, purge, id))
        return JournalEntry(**{**_fields(before), "state": state})

    def purged(self, id: str) -> None:
        with transaction(self._db) as db:
            db.execute("UPDATE entries SET purge = 0 WHERE id = ?", (id,))

    def old(self, now: float) -> list[str]:
        """Those to forget now, a few at a time; none that is still to be finished or taken back."""
        query = f"""
            SELECT id FROM entries WHERE state IN ('applied', 'undone', 'failed') AND purge = 0
            AND (n <= (SELECT MAX(n) FROM entries) - {KEEP_ENTRIES}
                 OR (time < ? AND n <= (SELECT MAX(n) FROM entries) - {KEEP_ALWAYS}))
            ORDER BY n LIMIT {FORGET_AT_ONCE}"""
        return [row["id"] for row in self._db.execute(query, (now - KEEP_SECONDS,))]

    def forget(self, id: str) -> None:
        with transaction(self._db) as db:
            db.execute("DELETE FROM entries WHERE id = ?", (id,))

    def blank(self, entry: JournalEntry, note: str) -> None:
        """Leave nothing of what was said and shown but the sorts of effects."""
        about = {"note": note, "plan": "", "effects": [{"op": effect["op"], "path": ""} for effect in entry.effects], "turn": entry.turn}
        with transaction(self._db) as db:
            db.execute("UPDATE entries SET about = ? WHERE id = ?", (json.dumps(about), entry.id))

    def shrink(self) -> None:
        """Leave no trace of what was deleted in the file."""
        with explained(self._path):
            for statement in ("PRAGMA temp_store=MEMORY", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                self._db.execute(statement)


def _packed(batch: Batch) -> bytes:
    """Deflated: the paths of a thousand files are much alike."""
    return zlib.compress(json.dumps(batch.as_json()).encode(), 1)


def _entry(row: Row) -> JournalEntry:
    about = json.loads(row["about"])
    return JournalEntry(
        row["id"], row["time"], about["note"], about["plan"], tuple(about["effects"]),
        row["state"], bool(row["undoable"]), about.get("turn", ""),
    )  # fmt: skip


def _fields(entry: JournalEntry) -> dict[str, Any]:
    return {**asdict(entry), "effects": entry.effects}
