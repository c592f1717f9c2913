"""The memory's one file: opened when first needed, brought up to date, set aside where it is damaged."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from llmos_cli.errors import LlmosError

if TYPE_CHECKING:
    from llmos_cli.db import Connection

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
    """
    CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,                  -- what the turns of one shell or terminal share; of equal ones the newest is meant
        title TEXT NOT NULL,
        given INTEGER NOT NULL DEFAULT 0,   -- the person chose the title
        cwd TEXT NOT NULL,
        begun REAL NOT NULL,
        used REAL NOT NULL
    );
    CREATE INDEX session_key ON session (key, id);
    ALTER TABLE turn ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE turn ADD COLUMN mark TEXT NOT NULL DEFAULT '';  -- what the turn's entries in the journal are called by
    CREATE INDEX turn_session ON turn (session_id, id);
    INSERT INTO session (key, title, cwd, begun, used)
        SELECT session, substr(request, 1, 60), cwd, min(time), 0 FROM turn GROUP BY session;
    UPDATE session SET used = (SELECT max(time) FROM turn WHERE turn.session = session.key);
    UPDATE turn SET session_id = (SELECT id FROM session WHERE key = turn.session);
    CREATE TABLE fact (
        id INTEGER PRIMARY KEY,
        time REAL NOT NULL,
        text TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL DEFAULT '',      -- what it gives a name to, folded
        target TEXT NOT NULL DEFAULT ''     -- the path or address that is called so
    );
    CREATE TABLE taught (
        id INTEGER PRIMARY KEY,
        time REAL NOT NULL,
        words TEXT NOT NULL UNIQUE,
        plan TEXT NOT NULL
    );
    CREATE VIRTUAL TABLE past USING fts5(request, plan, result, tokenize = "unicode61 remove_diacritics 2");
    """,
)
DAMAGED = "The memory was damaged. It was set aside as {}, and a new one was begun."
Found = TypeVar("Found")


class Store:
    """`file` need not exist: reading does not make it. Errors of the database are LlmosErrors; `notices` collects sentences that the
    person should see once."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.file = folder / "memory.db"
        self.clock = clock
        self.notices: list[str] = []
        self._connection: Connection | None = None

    @property
    def is_made(self) -> bool:
        return self._connection is not None or self.file.exists()

    def read(self, work: Callable[[Connection], Found], nothing: Found) -> Found:
        """What `work` reads; `nothing` where there is no file yet, or only a damaged one. Raises LlmosError."""
        from llmos_cli.db import explained

        def read() -> Found:
            with explained(self.file):
                return work(self._open())

        return self._mended(read, nothing) if self.is_made else nothing

    def write(self, work: Callable[[Connection], Found]) -> Found:
        """Do `work` in one transaction, other writers kept out. Raises LlmosError, and then nothing was written."""
        from llmos_cli.db import transaction

        def write() -> Found:
            with transaction(self._open()) as db:
                return work(db)

        return self._mended(write)

    def shrink(self) -> None:
        """Leave no trace of what was deleted in the file. Raises LlmosError."""
        from llmos_cli.db import explained

        def shrink() -> None:
            with explained(self.file):
                db = self._open()
                db.execute("PRAGMA temp_store=MEMORY")
                db.execute("INSERT INTO past(past) VALUES('rebuild')")  # the index keeps words of what was deleted until it is made anew
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        if self.is_made:
            self._mended(shrink)

    def _open(self) -> Connection:
        from llmos_cli.db import open_database

        if self._connection is None:
            self._connection = open_database(self.file, MIGRATIONS)
        return self._connection

    def _mended(self, attempt: Callable[[], Found], nothing: Found | None = None) -> Found:
        """The attempt, made once more with a new file where the old one is damaged and could be put aside."""
        from llmos_cli.db import Damaged

        before = self._inode()
        try:
            return attempt()
        except Damaged:
            self._close()
            if self._inode() == before:  # else another process has set it aside meanwhile
                self._set_aside()
        return attempt() if nothing is None else nothing

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _inode(self) -> int:
        try:
            return os.stat(self.file).st_ino
        except OSError:
            return 0

    def _set_aside(self) -> None:
        """Give the damaged file, and what SQLite keeps beside it, another name. Raises LlmosError where that cannot be done."""
        when = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.clock()))
        names = (self.file.with_name(f"{self.file.name}.damaged-{when}{f'-{n}' if n else ''}") for n in itertools.count())
        aside = next(name for name in names if not name.exists())
        with _told(self.file):
            for ending in ("-wal", "-shm", "-journal", ""):
                if (part := Path(f"{self.file}{ending}")).exists():
                    os.rename(part, f"{aside}{ending}")
        self.notices.append(DAMAGED.format(aside.name))


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return  # another process was faster
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LlmosError(f"the memory is damaged and cannot be set aside: {why}", hint=f"mv {file} {file}.damaged") from error
