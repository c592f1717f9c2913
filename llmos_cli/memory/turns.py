"""Turns, their plans and outcomes, and the last result, in SQLite in the data folder: what `--continue` and `@last` go on from."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.values import Files, Number, Table, Text, Value

if TYPE_CHECKING:
    import sqlite3

MAX_ITEMS = 10_000
MIGRATIONS = (
    """
    CREATE TABLE turn (
        id INTEGER PRIMARY KEY,
        time REAL NOT NULL,
        cwd TEXT NOT NULL,
        request TEXT NOT NULL,
        plan TEXT NOT NULL,
        confidence REAL,
        outcome TEXT NOT NULL,
        context TEXT NOT NULL DEFAULT 'none',
        last TEXT NOT NULL DEFAULT ''
    );
    """,
)


@dataclass(frozen=True)
class Turn:
    """`context` says what was shown (none, files, text, table, number, change); `last` is what `@last` then means."""

    time: float
    cwd: str
    request: str
    plan: str
    confidence: float
    outcome: str
    context: str = "none"
    last: Value | None = None


class Turns:
    """The turns kept in one file; nothing is opened before it is needed. Errors of the database are LlmosErrors."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "memory.db"
        self._connection: sqlite3.Connection | None = None

    def record(self, turn: Turn) -> None:
        row = (turn.time, turn.cwd, turn.request, turn.plan, turn.confidence, turn.outcome, turn.context, _stored(turn.last))
        with self._open() as connection:
            connection.execute(
                "INSERT INTO turn (time, cwd, request, plan, confidence, outcome, context, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )

    def last(self) -> Turn | None:
        """The newest turn that showed or changed something."""
        if not self._path.exists():
            return None
        found = self._open().execute(
            "SELECT time, cwd, request, plan, confidence, outcome, context, last FROM turn WHERE context <> 'none' ORDER BY id DESC LIMIT 1"
        )
        row = found.fetchone()
        return None if row is None else replace(Turn(*row[:7]), last=_restored(row[7]))

    def recent(self, limit: int = 20) -> list[Turn]:
        """The newest turns first, without their results."""
        if not self._path.exists():
            return []
        rows = self._open().execute(
            "SELECT time, cwd, request, plan, confidence, outcome, context FROM turn ORDER BY id DESC LIMIT ?", (limit,)
        )
        return [Turn(*row) for row in rows]

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            from llmos_cli.db import open_database

            self._connection = open_database(self._path, MIGRATIONS)
        return self._connection


def _stored(value: Value | None) -> str:
    """JSON; names that are not UTF-8 survive as escaped surrogates."""
    if isinstance(value, Files):
        return json.dumps({"files": [entry.path for entry in value.items][:MAX_ITEMS]})
    if isinstance(value, Table):
        return json.dumps({"columns": value.columns, "rows": [list(row) for row in value.rows][:MAX_ITEMS]})
    if isinstance(value, Text):
        return json.dumps({"text": list(value.lines)[:MAX_ITEMS], "sources": value.sources})
    return json.dumps({"number": value.value, "unit": value.unit}) if isinstance(value, Number) else ""


def _restored(text: str) -> Value | None:
    data = json.loads(text) if text else {}
    if "files" in data:
        return Files.at(data["files"])
    if "columns" in data:
        return Table(tuple(data["columns"]), tuple(tuple(row) for row in data["rows"]))
    if "text" in data:
        return Text(tuple(data["text"]), tuple(data["sources"]))
    return Number(data["number"], data["unit"]) if "number" in data else None
