"""Sessions: turns that belong together, each with a title that can be changed, to be gone on with later."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError, NotFound, NotUnderstood, UsageError
from llmos_cli.memory.store import Store

if TYPE_CHECKING:
    from llmos_cli.db import Connection, Row

MAX_TITLE = 60
TERMINAL_LASTS = 12 * 3600  # seconds without a turn after which the number of a terminal may be another's
_COLUMNS = "id, key, title, cwd, begun, used, (SELECT count(*) FROM turn WHERE session_id = session.id) AS turns"


@dataclass(frozen=True)
class Session:
    """`key` is what its turns are recorded under; times in seconds since the epoch; `cwd` is where its last turn was."""

    id: int
    key: str
    title: str
    cwd: str
    begun: float
    used: float
    turns: int


class Sessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, limit: int = 20) -> list[Session]:
        """The sessions used last first. Raises LlmosError."""

        def read(db: Connection) -> list[Session]:
            return [_session(row) for row in db.execute(f"SELECT {_COLUMNS} FROM session ORDER BY used DESC, id DESC LIMIT ?", (limit,))]

        return self._store.read(read, [])

    def last(self) -> Session | None:
        """The session that was used last."""
        return next(iter(self.list(1)), None)

    def of(self, key: str) -> Session | None:
        """The session whose turns are recorded under `key` now; None before its first turn."""

        def read(db: Connection) -> Session | None:
            id = current(db, key, self._store.clock())
            row = db.execute(f"SELECT {_COLUMNS} FROM session WHERE id = ?", (id,)).fetchone()
            return _session(row) if row else None

        return self._store.read(read, None)

    @staticmethod
    def new_key() -> str:
        """A key for a session that begins; nothing is written before its first turn."""
        return f"shell-{secrets.token_hex(6)}"

    def begin(self, title: str, cwd: str) -> Session:
        """A session with a title chosen by the person, before its first turn."""
        key, now, title = self.new_key(), self._store.clock(), _title(title)
        self._store.write(lambda db: _insert(db, key, title, True, cwd, now))
        found = self.of(key)
        assert found is not None
        return found

    def named(self, name: str) -> Session:
        """The session of that number, or whose title is, begins with, or has these words. Raises NotFound, NotUnderstood for several."""
        sessions = self.list(-1)
        wanted = name.strip().casefold()
        for fits in (
            lambda s: wanted == str(s.id),
            lambda s: wanted == s.title.casefold(),
            lambda s: s.title.casefold().startswith(wanted),
            lambda s: wanted in s.title.casefold(),
        ):
            found = [session for session in sessions if wanted and fits(session)]
            if len(found) == 1:
                return found[0]
            if found:
                choices = tuple(f"{session.id} {session.title}" for session in found[:9])
                raise NotUnderstood(f"Which session do you mean: {', '.join(choices)}?", choices=choices, hint="name it by its number")
        raise NotFound(f"there is no session {name!r}", hint="llmos sessions")

    def taken_over(self, session: Session) -> Session:
        """The session of a terminal that is no longer there, under a key that no other terminal will have."""
        key = self.new_key()
        self._store.write(lambda db: db.execute("UPDATE session SET key = ? WHERE id = ?", (key, session.id)))
        return replace(session, key=key)

    def rename(self, id: int, title: str) -> None:
        """Raises LlmosError."""
        title = _title(title)

        def write(db: Connection) -> int:
            return db.execute("UPDATE session SET title = ?, given = 1 WHERE id = ?", (title, id)).rowcount

        if not self._store.is_made or not self._store.write(write):
            raise NotFound(f"there is no session {id}", hint="llmos sessions")


def current(db: Connection, key: str, now: float) -> int:
    """The id of the newest session with that key, 0 where there is none. A terminal's number is given again to others: it does not last."""
    row = db.execute("SELECT id, used FROM session WHERE key = ? ORDER BY id DESC LIMIT 1", (key,)).fetchone()
    return 0 if row is None or (key.isdecimal() and row["used"] < now - TERMINAL_LASTS) else int(row["id"])


def joined(db: Connection, key: str, request: str, cwd: str, now: float) -> int:
    """The id of the session that a turn belongs to, begun with it where there is none."""
    id = current(db, key, now)
    if not id:
        return _insert(db, key, titled(request), False, cwd, now)
    db.execute("UPDATE session SET used = max(used, ?), cwd = ? WHERE id = ?", (now, cwd, id))
    return id


def titled(request: str) -> str:
    """A title made of the first request: one line, cut between words."""
    words = " ".join(request.split())
    if len(words) <= MAX_TITLE:
        return words
    cut = words[: MAX_TITLE - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[MAX_TITLE // 2 :] else cut) + "…"


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title or title.isdecimal():
        raise UsageError("a title has words in it", hint='llmos memory rename 3 "papers for march"')
    return titled(title)


def _insert(db: Connection, key: str, title: str, given: bool, cwd: str, now: float) -> int:
    added = db.execute(
        "INSERT INTO session (key, title, given, cwd, begun, used) VALUES (?, ?, ?, ?, ?, ?)", (key, title, given, cwd, now, now)
    )
    if added.lastrowid is None:
        raise LlmosError("the session could not be kept")
    return added.lastrowid


def _session(row: Row) -> Session:
    return Session(*row)
