"""Memory as JSON lines, out and in again: one object a line, each of a kind. What is there already is left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmos_cli.errors import UsageError
from llmos_cli.memory.store import Store
from llmos_cli.memory.turns import indexed
from llmos_cli.memory.words import unsegmented

if TYPE_CHECKING:
    from llmos_cli.db import Connection, Row

FORMAT = "llmos memory"
VERSION = 1
# the fields of each kind: those that say what it is, then the others
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "session": (("key", "begun"), ("title", "given", "cwd", "used")),
    "turn": (("time", "request", "mark"), ("cwd", "plan", "confidence", "outcome", "context", "last", "session")),
    "fact": (("text",), ("time", "name", "target")),
    "taught": (("words",), ("time", "plan")),
}
_TYPES = {"begun": float, "used": float, "time": float, "confidence": float, "given": int}


@dataclass(frozen=True)
class Moved:
    """How many of each kind were new, and how many were there already."""

    new: dict[str, int]
    known: int


def exported(store: Store) -> Iterator[str]:
    """The lines, without their ends. A turn has the `begun` of its session, and `result`, what can be searched for of its result."""
    yield json.dumps({"kind": FORMAT, "version": VERSION})
    for kind, (keys, others) in KINDS.items():
        columns = ", ".join(f"x.{name}" for name in (*keys, *others))
        query = f"SELECT {columns} FROM {kind} x ORDER BY x.id"
        if kind == "turn":
            query = (
                f"SELECT {columns}, s.begun, p.result FROM turn x LEFT JOIN session s ON s.id = x.session_id "
                "LEFT JOIN past p ON p.rowid = x.id ORDER BY x.id"
            )
        for row in _rows(store, query):
            data = {"kind": kind, **dict(row)}
            if "result" in data:
                data["result"] = unsegmented(data["result"] or "")
            yield json.dumps(data, ensure_ascii=False)


def _rows(store: Store, query: str) -> list[Row]:
    nothing: list[Row] = []
    return store.read(lambda db: db.execute(query).fetchall(), nothing)


def imported(store: Store, lines: Iterable[str]) -> Moved:
    """Take in what is not there yet, all of it or nothing. Raises UsageError with the line that is not of this format."""
    found = [_read(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not found or found[0].get("kind") != FORMAT:
        raise UsageError("this is no exported memory", hint="llmos memory export FILE makes one")
    if found[0].get("version") != VERSION:
        raise UsageError("this memory was exported by a newer llmos", hint="pip install --upgrade llmos-cli")
    order = list(KINDS)
    rows = sorted(found[1:], key=lambda data: order.index(data["kind"]))

    def write(db: Connection) -> Moved:
        new = dict.fromkeys(KINDS, 0)
        for data in rows:
            new[data["kind"]] += _add(db, data)
        return Moved(new, len(rows) - sum(new.values()))

    return store.write(write)


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        data = json.loads(line)
        kind = data["kind"]
        if kind == FORMAT:
            return dict(data)
        for name in (*KINDS[kind][0], *KINDS[kind][1]):
            wanted = _TYPES.get(name, str)
            fine = isinstance(data[name], int | float) if wanted is not str else isinstance(data[name], str)
            if not fine and not (name == "confidence" and data[name] is None):
                raise ValueError(name)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"line {number} is not of an exported memory: {str(error)[:80]}", hint="nothing was taken in") from error
    return dict(data)


def _add(db: Connection, data: dict[str, Any]) -> bool:
    """Whether it was new."""
    kind = data["kind"]
    keys, others = KINDS[kind]
    if kind == "session" or (kind == "turn" and data.get("begun") is not None):
        data = {**data, **_session_key(db, data)}
    same = " AND ".join(f"{name} = ?" for name in keys)
    if db.execute(f"SELECT 1 FROM {kind} WHERE {same}", [data[name] for name in keys]).fetchone():
        return False
    names = [*keys, *others]
    values = [data[name] for name in names]
    if kind == "turn":
        session = db.execute("SELECT id FROM session WHERE key = ? AND begun = ?", (data["session"], data.get("begun"))).fetchone()
        names, values = [*names, "session_id"], [*values, session[0] if session else 0]
    added = db.execute(f"INSERT INTO {kind} ({', '.join(names)}) VALUES ({','.join('?' * len(names))})", values).lastrowid or 0
    if kind == "turn":
        indexed(db, added, data["request"], data["plan"], str(data.get("result") or ""))
    elif kind == "fact":
        indexed(db, -added, data["text"], "", data["target"])
    return True


def _session_key(db: Connection, data: dict[str, Any]) -> dict[str, str]:
    """The number of a terminal is another's on another machine: unless it is the very session that is here, its key is made its own."""
    name = "key" if data["kind"] == "session" else "session"
    key, begun = data[name], data["begun"]
    here = db.execute("SELECT 1 FROM session WHERE key = ? AND begun = ?", (key, begun)).fetchone()
    return {name: key if here or not key.isdecimal() else f"{key}-{int(begun)}"}
