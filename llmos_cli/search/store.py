"""The index's file: opened, locked against a second writer, and set aside where it is damaged.

It holds nothing that cannot be made again from the files themselves.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmos_cli import paths
from llmos_cli.db import Connection, explained, open_database
from llmos_cli.errors import LlmosError

try:
    import fcntl
except ImportError:  # Windows: two writers then take turns by SQLite's own lock
    fcntl = None  # type: ignore[assignment]

Tell = Callable[[str, int, int], None]  # what is done, how many so far, of how many (0: not known)
PAUSE = 0.05
TOKENIZE = "porter unicode61 remove_diacritics 2"
MIGRATIONS = (
    f"""
    CREATE TABLE root (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
    CREATE TABLE folder (
        id INTEGER PRIMARY KEY,
        root INTEGER NOT NULL,
        path BLOB NOT NULL,
        print BLOB NOT NULL,
        UNIQUE (root, path)
    );
    CREATE TABLE file (
        id INTEGER PRIMARY KEY,
        folder INTEGER NOT NULL,
        name BLOB NOT NULL,
        stamp BLOB NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL,
        UNIQUE (folder, name)
    );
    CREATE TABLE forgotten (digest BLOB PRIMARY KEY);
    CREATE VIRTUAL TABLE words USING fts5(name, title, text, tokenize = "{TOKENIZE}");
    INSERT INTO words (words, rank) VALUES ('hashsize', 16777216);
    """,
)


class Store:
    """Errors of SQLite and of the disk are LlmosErrors, `Damaged` for a file that is no index any more."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "files.db"
        self._lock = folder / "files.lock"
        self._db: Connection | None = None
        self._opened: tuple[int, int] | None = None

    @property
    def db(self) -> Connection:
        if self._db is None:
            with explained(self.path):
                self._opened = _identity(self.path)
                self._db = open_database(self.path, MIGRATIONS)
                self._opened = _identity(self.path)
                self._db.execute("PRAGMA cache_size = -65536")
                open_pieces(self._db)
        return self._db

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    @contextmanager
    def locked(self, tell: Tell, *, wait: bool = True) -> Iterator[bool]:
        """One process writes at a time; the system drops the lock when its holder dies. True where another one had to be waited for.

        Raises LlmosError where that would have to `wait` and shall not.
        """
        with explained(self._lock):
            paths.private(self._lock.parent)
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield _taken(handle, tell, wait)
        finally:
            os.close(handle)

    def set_aside(self, tell: Tell) -> None:
        """Make room for a new index, unless another process has just done so."""
        self.close()
        with self.locked(tell), explained(self.path):
            if self._opened is not None and _identity(self.path) != self._opened:
                return
            for ending in ("-journal", "-wal", "-shm", ""):
                part = self.path.with_name(self.path.name + ending)
                if part.exists():
                    os.replace(part, part.with_name(f"{self.path.name}.damaged{ending}"))

    def drop_damaged(self) -> None:
        """Delete what was set aside."""
        with explained(self.path):
            for part in self.path.parent.glob(f"{self.path.name}.damaged*"):
                part.unlink()


def open_pieces(db: Connection) -> None:
    """A place in memory beside the index, for the pieces of one text at a time (`excerpt.py`)."""
    db.execute("ATTACH ':memory:' AS pieces")
    db.execute(f'CREATE VIRTUAL TABLE pieces.piece USING fts5(text, tokenize = "{TOKENIZE}")')


def _taken(handle: int, tell: Tell, wait: bool) -> bool:
    if fcntl is None:
        return False
    waited = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise LlmosError("another process is indexing your files", hint="try again") from None
            waited = True
            tell("waiting for another search to index your files", 0, 0)
            time.sleep(PAUSE)
        else:
            return waited


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino
