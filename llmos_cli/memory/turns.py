"""Turns, their plans and outcomes, and the last result, in SQLite in the data folder: what `--continue` and `@last` go on from."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        last TEXT NOT NULL DEFAULT '',
        session TEXT NOT NULL DEFAULT ''
    );
    """,
)
COLUMNS = "time, cwd, request, plan, confidence, outcome, context, last, session"


@dataclass(frozen=True)
class Turn:
    """`context` says what was shown (none, files, text, table, number, change); `last` is what `@last` then means, `cut` that it is
    only the start of that; `session` is the terminal's, so that two do not speak into each other."""

    time: float
    cwd: str
    request: str
    plan: str
    confidence: float
    outcome: str
    context: str = "none"
    last: Value | None = None
    session: str = ""
    cut: bool = False


class Turns:
    """The turns kept in one file; nothing is opened before it is needed. Errors of the database are LlmosErrors."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "memory.db"
        self._connection: sqlite3.Connection | None = None

    def record(self, turn: Turn) -> None:
        from llmos_cli.db import transaction

        row = (
            turn.time, _plain(turn.cwd), _plain(turn.request), _plain(turn.plan), turn.confidence, turn.outcome, turn.context,
            _stored(turn.last), turn.session,
        )  # fmt: skip
        with transaction(self._open()) as connection:
            connection.execute(f"INSERT INTO turn ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def last(self, session: str = "", cwd: str = "") -> Turn | None:
        """The newest turn that showed or changed something: of this session, or else in this folder."""
        if not self._path.exists():
            return None
        found = self._open().execute(
            f"SELECT {COLUMNS} FROM turn WHERE context <> 'none' AND (session = ? OR cwd = ?) ORDER BY session = ? DESC, id DESC LIMIT 1",
            (session, _plain(cwd), session),
        )
        row = found.fetchone()
        if row is None:
            return None
        data = json.loads(row[7]) if row[7] else {}
        return replace(Turn(*row[:7]), last=_restored(data), session=row[8], cut=bool(data.get("cut")))

    def recent(self, limit: int = 20) -> list[Turn]:
        """The newest turns first, without their results."""
        if not self._path.exists():
            return []
        rows = self._open().execute(f"SELECT {COLUMNS} FROM turn ORDER BY id DESC LIMIT ?", (limit,))
        return [Turn(*row[:7]) for row in rows]

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            from llmos_cli.db import open_database

            self._connection = open_database(self._path, MIGRATIONS)
        return self._connection


def _plain(text: str) -> str:
    """Text that SQLite takes: bytes of names that are not UTF-8 are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _stored(value: Value | None) -> str:
    """JSON of the first items, with `cut` where there were more; names that are not UTF-8 survive as escaped surrogates."""
    if isinstance(value, Files):
        paths = [entry.path for entry in value.items]
        return json.dumps({"files": paths[:MAX_ITEMS], "cut": len(paths) > MAX_ITEMS})
    if isinstance(value, Table):
        rows = [list(row) for row in value.rows]
        return json.dumps({"columns": value.columns, "rows": rows[:MAX_ITEMS], "cut": len(rows) > MAX_ITEMS})
    if isinstance(value, Text):
        lines = list(value.lines)
        return json.dumps({"text": lines[:MAX_ITEMS], "sources": value.sources, "cut": len(lines) > MAX_ITEMS})
    return json.dumps({"number": value.value, "unit": value.unit}) if isinstance(value, Number) else ""


def _restored(data: dict[str, Any]) -> Value | None:
    if "files" in data:
        return Files.at(data["files"])
    if "columns" in data:
        return Table(tuple(data["columns"]), tuple(tuple(row) for row in data["rows"]))
    if "text" in data:
        return Text(tuple(data["text"]), tuple(data["sources"]))
    return Number(data["number"], data["unit"]) if "number" in data else None
