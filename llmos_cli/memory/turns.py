"""Turns, their plans and outcomes, and the last result: what `--continue` and `@last` go on from."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli.memory import sessions
from llmos_cli.memory.store import Store
from llmos_cli.memory.words import segmented
from llmos_cli.values import Files, Number, Table, Text, Value

if TYPE_CHECKING:
    from llmos_cli.db import Connection, Row

MAX_ITEMS = 10_000
MAX_INDEXED, MAX_CELL = 4000, 200  # characters of a result that can be searched for, and of one of its cells
RESULTS_KEPT, PRUNE_EACH = 20, 32  # of a session's turns, only the newest keep their whole result; looked after at each so many turns
COLUMNS = "time, cwd, request, plan, confidence, outcome, context, last, session, mark, id"


@dataclass(frozen=True)
class Turn:
    """`context` says what was shown (none, files, text, table, number, change); `last` is what `@last` then means, `cut` that it is
    only the start of that; `session` is the key of its session, so that two terminals do not speak into each other; `mark` is what its
    entries in the journal are called by; `id` is 0 before it is recorded."""

    time: float
    cwd: str
    request: str
    plan: str
    confidence: float
    outcome: str
    context: str = "none"
    last: Value | None = None
    session: str = ""
    mark: str = ""
    id: int = 0
    cut: bool = False


class Turns:
    """The turns kept in one store, or in the store of a folder."""

    def __init__(self, store: Store | Path) -> None:
        self._store = store if isinstance(store, Store) else Store(store)

    def record(self, turn: Turn) -> int:
        """Keep it, and make it findable; its id. Raises LlmosError."""
        stored, text = _stored(turn.last), _told(turn.last)
        request, plan, cwd = _plain(turn.request), _plain(turn.plan), _plain(turn.cwd)
        row = (turn.time, cwd, request, plan, turn.confidence, turn.outcome, turn.context, stored, turn.session, turn.mark)

        def write(db: Connection) -> int:
            session = sessions.joined(db, turn.session, request, cwd, turn.time)
            columns = COLUMNS.removesuffix(", id")
            added = db.execute(f"INSERT INTO turn ({columns}, session_id) VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*row, session))
            id = added.lastrowid or 0
            indexed(db, id, request, plan, text)
            if id % PRUNE_EACH == 0:
                _prune(db, session)
            return id

        return self._store.write(write)

    def last(self, session: str = "", cwd: str = "") -> Turn | None:
        """The newest turn that showed or changed something: of this session, or else in this folder."""

        def read(db: Connection) -> Row | None:
            id = sessions.current(db, session, self._store.clock())
            rows: Row | None = db.execute(
                f"SELECT {COLUMNS} FROM turn WHERE context <> 'none' AND session_id = ? ORDER BY id DESC LIMIT 1", (id,)
            ).fetchone()
            query = f"SELECT {COLUMNS} FROM turn WHERE context <> 'none' AND cwd = ? ORDER BY id DESC LIMIT 1"
            return rows or db.execute(query, (_plain(cwd),)).fetchone()

        row = self._store.read(read, None)
        if row is None:
            return None
        data = json.loads(row["last"]) if row["last"] else {}
        return replace(_turn(row), last=_restored(data), cut=bool(data.get("cut")))

    def recent(self, limit: int = 20, session: int = 0) -> list[Turn]:
        """The newest turns first, without their results: of all sessions, or of the one with that id."""

        def read(db: Connection) -> list[Turn]:
            where = "WHERE session_id = ?" if session else ""
            values = (session, limit) if session else (limit,)
            return [_turn(row) for row in db.execute(f"SELECT {COLUMNS} FROM turn {where} ORDER BY id DESC LIMIT ?", values)]

        return self._store.read(read, [])

    def numbered(self, id: int) -> Turn | None:
        """The turn with that id, and its result where that is still kept."""

        def read(db: Connection) -> Row | None:
            row: Row | None = db.execute(f"SELECT {COLUMNS} FROM turn WHERE id = ?", (id,)).fetchone()
            return row

        row = self._store.read(read, None)
        return None if row is None else replace(_turn(row), last=_restored(json.loads(row["last"]) if row["last"] else {}))


def indexed(db: Connection, id: int, request: str, plan: str, result: str) -> None:
    """Make a turn findable by its words; a fact has the negative of its id."""
    db.execute(
        "INSERT OR REPLACE INTO past (rowid, request, plan, result) VALUES (?,?,?,?)", (id, *map(segmented, (request, plan, result)))
    )


def _prune(db: Connection, session: int) -> None:
    newest = "SELECT id FROM turn WHERE session_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
    db.execute(f"UPDATE turn SET last = '' WHERE session_id = ? AND last <> '' AND id <= ({newest})", (session, session, RESULTS_KEPT))


def _turn(row: Row) -> Turn:
    time, cwd, request, plan, confidence, outcome, context, _, session, mark, id = row
    return Turn(time, cwd, request, plan, confidence, outcome, context, None, session, mark, id)


def _plain(text: str) -> str:
    """Text that SQLite takes: bytes of names that are not UTF-8 are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _told(value: Value | None) -> str:
    """The start of a result as text."""
    lines: list[str] = []
    if isinstance(value, Files):
        lines = [entry.path for entry in itertools.islice(value.items, MAX_ITEMS)]
    elif isinstance(value, Table):
        rows = itertools.islice(value.rows, MAX_ITEMS)
        lines = [" ".join(str(cell)[:MAX_CELL] for cell in row if cell is not None) for row in rows]
    elif isinstance(value, Text):
        lines = [line[:MAX_INDEXED] for line in itertools.islice(value.lines, MAX_ITEMS)]
    elif isinstance(value, Number):
        lines = [str(value.value)]
    sizes = itertools.accumulate(len(line) + 1 for line in lines)
    fitting = sum(1 for size in sizes if size <= MAX_INDEXED)
    return _plain("\n".join(lines[: fitting + 1])[:MAX_INDEXED])


def _stored(value: Value | None) -> str:
    """JSON of the first items, with `cut` where there were more; names that are not UTF-8 survive as escaped surrogates."""
    if isinstance(value, Files):
        paths = [entry.path for entry in value.items]
        return json.dumps({"files": paths[:MAX_ITEMS], "cut": len(paths) > MAX_ITEMS})
    if isinstance(value, Table):
        rows = [list(row) for row in value.rows]
        return json.dumps({"columns": value.columns, "rows": rows[:MAX_ITEMS], "by": value.by, "cut": len(rows) > MAX_ITEMS})
    if isinstance(value, Text):
        lines = list(value.lines)
        return json.dumps({"text": lines[:MAX_ITEMS], "sources": value.sources, "by": value.by, "cut": len(lines) > MAX_ITEMS})
    return json.dumps({"number": value.value, "unit": value.unit}) if isinstance(value, Number) else ""


def _restored(data: dict[str, Any]) -> Value | None:
    if "files" in data:
        return Files.at(data["files"])
    if "columns" in data:
        return Table(tuple(data["columns"]), tuple(tuple(row) for row in data["rows"]), data.get("by", ""))
    if "text" in data:
        return Text(tuple(data["text"]), tuple(data["sources"]), data.get("by", ""))
    return Number(data["number"], data["unit"]) if "number" in data else None
