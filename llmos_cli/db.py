"""SQLite, opened the same way everywhere: private, durable, migrated. The only import of sqlite3.

Before SQLite 3.51.3 a WAL file can be corrupted when it is reset, so older libraries get a rollback journal.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from llmos_cli import paths
from llmos_cli.errors import LlmosError

BUSY_SECONDS = 30.0
PAUSE = 0.001  # seconds between two tries to be the one who writes
VERSION = sqlite3.sqlite_version
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
# EXTRA also syncs the folder after the rollback journal is deleted: without it a commit can vanish in a power cut.
PRAGMAS = (
    ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL") if WAL_IS_SAFE else ("PRAGMA journal_mode=DELETE", "PRAGMA synchronous=EXTRA")
)

Connection = sqlite3.Connection
Row = sqlite3.Row


class Damaged(LlmosError):
    """The file is no database any more, or parts of it cannot be read."""


def open_database(path: Path, migrations: Sequence[str]) -> Connection:
    """The database at `path`, made where it is missing (folder 0700, file 0600) and brought up to date.

    Migrations are numbered by their place, from 1, and only ever added to. The connection is in autocommit mode:
    changes go in a `transaction`. It may be used by any thread, one at a time. Raises LlmosError.
    """
    with explained(path):
        _make_private(path)
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            _migrate(db, path, migrations)
            for pragma in PRAGMAS:
                db.execute(pragma)
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("PRAGMA secure_delete=ON")  # what is forgotten is not left in free pages
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def transaction(db: Connection) -> Iterator[Connection]:
    """All of the block or none of it, other writers kept out from its start. Raises LlmosError for what SQLite says."""
    with explained(_file_of(db)):
        _begin(db)
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _begin(db: Connection) -> None:
    """Begin to write, tried every few milliseconds. SQLite itself waits longer with each try, so that whoever came first gets in last."""
    until = time.monotonic() + BUSY_SECONDS
    db.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(PAUSE)
    finally:
        db.execute(f"PRAGMA busy_timeout={round(1000 * BUSY_SECONDS)}")


@contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """SQLite's and the disk's errors about the database at `path`, as one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(str(path), error) from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LlmosError(f"llmos cannot keep its records in {path}: {why}", hint=f"ls -ld {Path(path).parent}") from error


def _sentence(path: str, error: sqlite3.Error) -> LlmosError:
    said = str(error)
    if "locked" in said or "busy" in said:
        return LlmosError(f"another process has kept {path} locked for long", hint="try again")
    if "full" in said:
        return LlmosError(f"the disk that holds {path} is full", hint="llmos run 'disks'")
    if "readonly" in said or "unable to open" in said:
        return LlmosError(f"llmos may not write {path}", hint=f"ls -l {path}")
    if any(word in said for word in ("not a database", "malformed", "vtable constructor", "decode to UTF-8")):
        return Damaged(f"{path} is damaged: {said}", hint=f"mv {path} {path}.damaged")
    return LlmosError(f"the records in {path} cannot be used: {said}", hint="llmos doctor")


def _make_private(path: Path) -> None:
    """Never opens and closes a database that is there: that would drop the locks of this process's own connections."""
    paths.private(path.parent)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            pass  # another process was faster
        os.chmod(path, 0o600)
    else:
        if mode & 0o077:
            os.chmod(path, 0o600)


def _migrate(db: Connection, path: Path, migrations: Sequence[str]) -> None:
    if _version(db) == len(migrations):
        return
    db.execute("BEGIN EXCLUSIVE")
    try:
        done = _version(db)
        if done > len(migrations):
            raise LlmosError(f"{path} was made by a newer llmos", hint="pip install --upgrade llmos-cli")
        for script in migrations[done:]:
            _perform(db, path, script)
        db.execute(f"PRAGMA user_version={len(migrations)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _perform(db: Connection, path: Path, script: str) -> None:
    """Raises Damaged where the tables are not as the migrations before have left them."""
    try:
        for statement in _statements(script):
            db.execute(statement)
    except sqlite3.OperationalError as error:
        if re.search("no such (table|column|index)|already exists|duplicate column", str(error)):
            raise Damaged(f"the records in {path} cannot be used: {error}", hint=f"mv {path} {path}.damaged") from error
        raise


def _statements(script: str) -> Iterator[str]:
    """The script's statements, one by one: `executescript` would commit the transaction around them."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip() != ";":
                yield statement
            statement = ""


def _version(db: Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def schema(path: Path) -> list[str]:
    """What the file itself says of its tables; nothing where it is no database, or cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    except (sqlite3.Error, ValueError):
        return []


def _file_of(db: Connection) -> str:
    return str(db.execute("PRAGMA database_list").fetchone()[2])
