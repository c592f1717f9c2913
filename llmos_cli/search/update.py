"""Bringing the index up to date: what is new or changed is read, what is gone leaves, what was only moved is not read again.

Folders whose print is as it was are passed over. A folder gets its print when all its files are in, so whatever ends the work in the
middle, a kill or a full disk, the next search goes on where it stood.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from llmos_cli.db import Connection, transaction
from llmos_cli.kinds import KINDS
from llmos_cli.search import terms
from llmos_cli.search.rules import Rules
from llmos_cli.search.store import Store, Tell
from llmos_cli.search.walk import STAMP, Folder, Walk

if TYPE_CHECKING:
    from llmos_cli.search.reader import Said

BATCH_FILES, BATCH_LETTERS, BATCH_SECONDS = 1000, 8_000_000, 3.0
SOON = 50_000_000  # ns: a file written so shortly before it was looked at may be written again under the same stamp
# pictures, music and the like, and keys: found by their names, never opened
_UNOPENED = KINDS["image"] | KINDS["audio"] | KINDS["video"] | KINDS["archive"] | frozenset("pem key p12 pfx kdbx keystore jks".split())


class Scope(NamedTuple):
    """A folder of a walk: the rows of the root with this id that lie in `start` are brought up to date."""

    id: int
    root: bytes
    start: bytes
    rules: Rules


class _Task(NamedTuple):
    """A file to read; `id` is its row, 0 where it has none yet."""

    folder: int
    path: bytes
    stamp: bytes
    id: int


_Pair = tuple[_Task, "Said"]


def below(folder: bytes) -> tuple[bytes, bytes]:
    """The bounds between which all paths below a folder lie."""
    stem = folder.rstrip(b"/")
    return stem + b"/", stem + b"0"


def digest(path: bytes) -> bytes:
    """What stays of a path that was forgotten."""
    return hashlib.blake2b(path, digest_size=16, person=b"forgotten").digest()


def update(store: Store, walk: Walk, scope: Scope, tell: Tell) -> None:
    """Raises LlmosError; what was committed before stays."""
    began = time.time_ns()
    changed, gone = _compared(store.db, walk, scope, tell)
    if not changed and not gone:
        return
    with store.locked(tell) as waited:
        if waited:  # much may have been done meanwhile
            began = time.time_ns()
            changed, gone = _compared(store.db, walk, scope, tell)
        if changed or gone:
            _Work(store.db, scope, tell, began).do(changed, gone)


def forgotten(db: Connection) -> frozenset[bytes]:
    return frozenset(row[0] for row in db.execute("SELECT digest FROM forgotten"))


def _compared(db: Connection, walk: Walk, scope: Scope, tell: Tell) -> tuple[list[Folder], list[bytes]]:
    """Folders that are new or have changed, and the paths of those that are gone."""
    lost = forgotten(db)
    if lost:
        walk = walk._replace(without=lambda path: digest(path) in lost)
    rows = db.execute(
        "SELECT path, print FROM folder WHERE root = ? AND (path = ? OR (path > ? AND path < ?))",
        (scope.id, scope.start, *below(scope.start)),
    )
    known: dict[bytes, bytes] = dict(map(tuple, rows))
    changed, files = [], 0
    if lost and any(digest(path) in lost for path in upwards(scope.start)):
        return [], list(known)
    for folder in walk.folders(scope.start, scope.rules):
        files += len(folder.files)
        tell("looking through your files", files, 0)
        if known.pop(folder.path, b"") != folder.print:
            changed.append(folder)
    return changed, list(known)


def upwards(path: bytes) -> Iterator[bytes]:
    """The path and all folders that it lies in."""
    yield path
    while (above := os.path.dirname(path)) != path:
        yield (path := above)


class _Work:
    """One update, the lock being held."""

    def __init__(self, db: Connection, scope: Scope, tell: Tell, began: int) -> None:
        self._db, self._scope, self._tell, self._began = db, scope, tell, began
        self._lost = forgotten(db)
        self._prints: dict[int, bytes] = {}  # of folders that have files to read, by id
        self._left: Counter[int] = Counter()  # how many of these

    def do(self, changed: list[Folder], gone: list[bytes]) -> None:
        with transaction(self._db):
            tasks, done = self._planned(changed, gone)
            for id in done:
                self._finish(id)
        self._read(tasks)

    # ---- what is to be done -----------------------------------------------------------------------------

    def _planned(self, changed: list[Folder], gone: list[bytes]) -> tuple[list[_Task], list[int]]:
        """Files to read, and folders that are done. What is gone leaves at once, and what was moved goes to its new place."""
        tasks: list[_Task] = []
        leaving: dict[int, bytes] = {}  # stamps by id
        for id in (self._id(path) for path in gone):
            leaving |= {row_id: stamp for row_id, _, stamp in self._rows(id)}
        for folder in changed:
            id = self._folder(folder)
            rows = {name: (row_id, stamp) for row_id, name, stamp in self._rows(id)}
            for name, stamp in folder.files:
                row_id, old = rows.pop(name, (0, b""))
                path = os.path.join(folder.path, name)
                if old != stamp and not (self._lost and digest(path) in self._lost):
                    tasks.append(_Task(id, path, stamp, row_id))
            leaving |= dict(rows.values())
        tasks = self._moved(tasks, leaving)
        for n, id in enumerate(leaving):
            self._tell("taking out what is gone", n, len(leaving))
            drop(self._db, id)
        self._db.executemany("DELETE FROM folder WHERE root = ? AND path = ?", ((self._scope.id, path) for path in gone))
        self._left.update(task.folder for task in tasks)
        return tasks, [id for id in self._prints if not self._left[id]]

    def _folder(self, folder: Folder) -> int:
        """Its id; its print is taken away until its files are in."""
        id = begin(self._db, self._scope.id, folder.path)
        self._prints[id] = folder.print
        return id

    def _id(self, folder: bytes) -> int:
        return row_of(self._db, self._scope.id, folder)

    def _rows(self, folder: int) -> list[tuple[int, bytes, bytes]]:
        return self._db.execute("SELECT id, name, stamp FROM file WHERE folder = ?", (folder,)).fetchall()

    def _moved(self, tasks: list[_Task], leaving: dict[int, bytes]) -> list[_Task]:
        """The tasks that are left when rows that would leave go on under another name or place: those of the same inode, size and time."""
        by_stamp = {stamp: id for id, stamp in leaving.items()}
        left = []
        for task in tasks:
            id = 0 if task.id else by_stamp.pop(task.stamp, 0)
            if id and self._same_sort(id, task.path):
                name = os.path.basename(task.path)
                self._db.execute("UPDATE file SET folder = ?, name = ? WHERE id = ?", (task.folder, name, id))
                self._db.execute("UPDATE words SET name = ? WHERE rowid = ?", (terms.of_name(_text(name)), id))
                del leaving[id]
            else:
                left.append(task)
        return left

    def _same_sort(self, id: int, path: bytes) -> bool:
        """Whether a file at `path` is read as the one of this row was; under another ending it may be read otherwise."""
        name, state = self._db.execute("SELECT name, state FROM file WHERE id = ?", (id,)).fetchone()
        return state != "unreadable" and terms.ending(_text(name)) == terms.ending(_text(path))

    # ---- reading ----------------------------------------------------------------------------------------

    def _read(self, tasks: list[_Task]) -> None:
        """All tasks, committed in batches."""
        from llmos_cli.search.reader import Reader  # not needed for most searches, and long to load

        with Reader() as reader:
            said = reader.read(task.path if _opened(task) else None for task in tasks)
            for batch in _batches(self._told(zip(tasks, said, strict=True), len(tasks))):
                with transaction(self._db):
                    for task, answer in batch:
                        self._keep(task, answer)

    def _told(self, pairs: Iterable[_Pair], total: int) -> Iterator[_Pair]:
        for n, pair in enumerate(pairs):
            self._tell("indexing your files", n, total)
            yield pair

    def _keep(self, task: _Task, said: Said) -> None:
        written = STAMP.unpack(task.stamp)[0]
        racy = self._began - SOON <= written <= time.time_ns()
        name = os.path.basename(task.path)
        stamp = b"" if racy else task.stamp
        if racy or said.state == "gone":
            self._prints[task.folder] = b""
        if task.id:
            drop(self._db, task.id)
        if said.state != "gone":
            add(self._db, task.folder, name, stamp, said)
        self._left[task.folder] -= 1
        if not self._left[task.folder]:
            self._finish(task.folder)

    def _finish(self, folder: int) -> None:
        self._db.execute("UPDATE folder SET print = ? WHERE id = ?", (self._prints[folder], folder))


def row_of(db: Connection, root: int, folder: bytes) -> int:
    """The row of a folder, 0 where it has none."""
    row = db.execute("SELECT id FROM folder WHERE root = ? AND path = ?", (root, folder)).fetchone()
    return 0 if row is None else int(row[0])


def begin(db: Connection, root: int, folder: bytes) -> int:
    """The row of a folder whose files are about to change, within a transaction: without a print, so that it is looked through again."""
    db.execute("INSERT INTO folder (root, path, print) VALUES (?, ?, x'') ON CONFLICT DO UPDATE SET print = x''", (root, folder))
    return row_of(db, root, folder)


def add(db: Connection, folder: int, name: bytes, stamp: bytes, said: Said) -> None:
    """Put a file into the index, within a transaction; `folder` is the id of its folder's row."""
    row = (folder, name, stamp, said.state, said.why)
    id = db.execute("INSERT INTO file (folder, name, stamp, state, why) VALUES (?, ?, ?, ?, ?)", row).lastrowid
    columns = (id, terms.of_name(_text(name)), said.title, said.text)
    db.execute("INSERT INTO words (rowid, name, title, text) VALUES (?, ?, ?, ?)", columns)


def drop(db: Connection, id: int) -> None:
    """Take a file out of the index, within a transaction."""
    db.execute("DELETE FROM words WHERE rowid = ?", (id,))
    db.execute("DELETE FROM file WHERE id = ?", (id,))


def _opened(task: _Task) -> bool:
    return terms.ending(_text(task.path)) not in _UNOPENED and STAMP.unpack(task.stamp)[1] > 0


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _batches(pairs: Iterator[_Pair]) -> Iterator[list[_Pair]]:
    """Lists that are long enough to be worth a commit, and no longer than a person would mind losing."""
    batch: list[_Pair] = []
    letters, began = 0, time.monotonic()
    for task, said in pairs:
        batch.append((task, said))
        letters += len(said.text)
        if len(batch) >= BATCH_FILES or letters >= BATCH_LETTERS or time.monotonic() - began > BATCH_SECONDS:
            yield batch
            batch, letters, began = [], 0, time.monotonic()
    if batch:
        yield batch
