"""Taking files out of the index for good: no byte of them stays in its file, and no later search takes them in again.

What stays is a digest of each path. It keeps the file out until the index is made anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from llmos_cli.db import Connection, transaction
from llmos_cli.search import terms
from llmos_cli.search.update import below, digest, drop


def forget(db: Connection, paths: Sequence[bytes], words: str) -> int:
    """How many files left: those at or below `paths`, and those with `words` in their path, title or text, capitals no matter.

    The caller holds the lock.
    """
    with transaction(db):
        gone = {id: path for where in paths for id, path in _at(db, where)} | (dict(_with(db, words)) if words.strip() else {})
        for id in gone:
            drop(db, id)
        lost = {*paths, *gone.values()}
        db.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", ((digest(path),) for path in sorted(lost)))
        db.execute("DELETE FROM folder WHERE id NOT IN (SELECT folder FROM file)")
        for path in paths:
            db.execute("DELETE FROM root WHERE path = ? OR (path > ? AND path < ?)", (path, *below(path)))
    db.execute("INSERT INTO words (words) VALUES ('optimize')")  # what was dropped is in the old segments until they are merged
    db.execute("VACUUM")
    return len(gone)


def _at(db: Connection, path: bytes) -> Iterator[tuple[int, bytes]]:
    """(row, path) of the files at or below a path."""
    folder, name = os.path.split(path)
    rows = db.execute(
        "SELECT file.id, folder.path, file.name FROM file JOIN folder ON folder.id = file.folder"
        " WHERE (folder.path = ? AND file.name = ?) OR folder.path = ? OR (folder.path > ? AND folder.path < ?)",
        (folder, name, path, *below(path)),
    ).fetchall()
    return ((row[0], os.path.join(row[1], row[2])) for row in rows)


def _with(db: Connection, words: str) -> Iterator[tuple[int, bytes]]:
    """(row, path) of the files that have the words; the path of the root itself does not count."""
    wanted = _folded(words)
    rows = db.execute(
        "SELECT file.id, folder.path, file.name, root.path, words.title, words.text FROM file"
        " JOIN folder ON folder.id = file.folder JOIN root ON root.id = folder.root JOIN words ON words.rowid = file.id"
    )
    for id, folder, name, root, title, text in rows:
        path = os.path.join(folder, name)
        said = (os.fsdecode(path[len(root) :]), terms.unspaced(title), terms.unspaced(text))
        if any(wanted in _folded(part) for part in said):
            yield id, path


def _folded(text: str) -> str:
    return terms.plain(text).casefold()
