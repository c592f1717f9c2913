"""What is to be forgotten, chosen and then taken out of the memory's file."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmos_cli.memory.sessions import titled
from llmos_cli.memory.store import Store
from llmos_cli.memory.words import unsegmented

if TYPE_CHECKING:
    from llmos_cli.db import Connection

Says = Callable[[str], bool]
_TURNS = "SELECT t.id, t.mark, t.request, t.plan, t.cwd, t.last, p.result FROM turn t LEFT JOIN past p ON p.rowid = t.id"
TABLES = ("turn", "fact", "taught", "session")


@dataclass(frozen=True)
class Chosen:
    """Ids of what is to go; `marks` are what the turns' entries in the journal are called by, `texts` what was said in it and in nothing
    that stays."""

    turns: frozenset[int] = frozenset()
    facts: frozenset[int] = frozenset()
    taught: frozenset[int] = frozenset()
    sessions: frozenset[int] = frozenset()
    marks: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.turns or self.facts or self.taught or self.sessions)


def saying(word: str) -> Says:
    """Whether a text has the word, also inside others, capitals no matter, or has it as JSON writes it."""
    wanted = word.casefold()
    escaped = json.dumps(word)[1:-1].casefold()

    def says(text: str) -> bool:
        text = text.casefold()
        return wanted in text or escaped in text

    return says


def turns_chosen(store: Store, ids: Collection[int] = (), session: int = 0) -> Chosen:
    """Some turns, or a session with all of its turns."""

    def read(db: Connection) -> Chosen:
        found = {row[0] for row in db.execute("SELECT id FROM turn WHERE session_id = ?", (session,))} if session else set()
        return _told(db, Chosen(frozenset({*ids, *found}), sessions=frozenset({session} - {0})))

    return store.read(read, Chosen())


def word_chosen(store: Store, word: str) -> Chosen:
    """All that has the word in it: of turns their requests, plans, folders and results; titles of sessions."""
    says = saying(word)

    def read(db: Connection) -> Chosen:
        turns = frozenset(row[0] for row in db.execute(_TURNS) if any(says(unsegmented(str(part or ""))) for part in tuple(row)[2:]))
        facts = frozenset(row[0] for row in db.execute("SELECT id, text, target FROM fact") if says(row[1]) or says(row[2]))
        taught = frozenset(row[0] for row in db.execute("SELECT id, words, plan FROM taught") if says(row[1]) or says(row[2]))
        titles = frozenset(row[0] for row in db.execute("SELECT id, title, key FROM session") if says(row[1]) or says(row[2]))
        return _told(db, Chosen(turns, facts, taught, titles))

    return store.read(read, Chosen())


def everything_chosen(store: Store) -> Chosen:
    def read(db: Connection) -> Chosen:
        turns, facts, taught, sessions = (frozenset(row[0] for row in db.execute(f"SELECT id FROM {table}")) for table in TABLES)
        return _told(db, Chosen(turns, facts, taught, sessions))

    return store.read(read, Chosen())


def _told(db: Connection, chosen: Chosen) -> Chosen:
    """With the marks and texts of what was chosen."""
    going, staying, marks, requests = set[str](), set[str](), set[str](), set[str]()
    for id, mark, request, plan in db.execute("SELECT id, mark, request, plan FROM turn"):
        (going if id in chosen.turns else staying).update((request, plan))
        if id in chosen.turns:
            marks.add(mark)
            requests.add(request)
    for table, ids, columns in (("fact", chosen.facts, "text, target"), ("taught", chosen.taught, "words, plan")):
        for id, *texts in db.execute(f"SELECT id, {columns} FROM {table}"):
            (going if id in ids else staying).update(texts)
    kept = "\n".join(staying)
    texts = tuple(sorted(text for text in going if text and text not in kept))
    return replace(chosen, marks=frozenset(marks - {""}), requests=frozenset(requests), texts=texts)


def erase(store: Store, chosen: Chosen) -> None:
    """Take it out, and leave no trace of it in the file. Sessions that still have turns get the title of the first of these."""
    if not store.is_made:
        return

    def write(db: Connection) -> None:
        touched = {row[0] for row in _of(db, "SELECT DISTINCT session_id FROM turn WHERE id", chosen.turns)} | chosen.sessions
        for table, ids in zip(TABLES, (chosen.turns, chosen.facts, chosen.taught), strict=False):
            _of(db, f"DELETE FROM {table} WHERE id", ids)
        _of(db, "DELETE FROM past WHERE rowid", {*chosen.turns, *(-id for id in chosen.facts)})
        for id in touched:
            _mend(db, id, retitle=id in chosen.sessions)

    store.write(write)
    store.shrink()


def _of(db: Connection, statement: str, ids: Collection[int]) -> list[tuple[int]]:
    """The rows of a statement that ends in `… id`, for these ids; SQLite takes so many values at once."""
    wanted, found = sorted(ids), list[tuple[int]]()
    for at in range(0, len(wanted), 500):
        part = wanted[at : at + 500]
        found += [tuple(row) for row in db.execute(f"{statement} IN ({','.join('?' * len(part))})", part)]
    return found


def _mend(db: Connection, id: int, *, retitle: bool) -> None:
    """A session without turns goes; one that has some has nothing left of those that are gone."""
    first = db.execute("SELECT request FROM turn WHERE session_id = ? ORDER BY id LIMIT 1", (id,)).fetchone()
    if first is None:
        db.execute("DELETE FROM session WHERE id = ?", (id,))
        return
    given = db.execute("SELECT given FROM session WHERE id = ?", (id,)).fetchone()
    if retitle or (given is not None and not given[0]):
        db.execute("UPDATE session SET title = ?, given = 0 WHERE id = ?", (titled(first[0]), id))
    db.execute("UPDATE session SET cwd = (SELECT cwd FROM turn WHERE session_id = ?1 ORDER BY id DESC LIMIT 1) WHERE id = ?1", (id,))
