"""The text of documents that are asked for by name: from the index where it has them as they are now, else read now, and then kept there.

The index is a help and no more: where it cannot be used, or another process is at it, documents are read all the same.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from llmos_cli.db import explained, transaction
from llmos_cli.errors import LlmosError
from llmos_cli.search import terms
from llmos_cli.search.store import Store, Tell
from llmos_cli.search.update import SOON, Scope, add, begin, digest, drop, forgotten, upwards
from llmos_cli.search.walk import STAMP, stamped

if TYPE_CHECKING:
    from llmos_cli.search.reader import Said

KEEP_FILES, KEEP_SECONDS = 200, 3.0  # commit after so many, or so long
Text = str | LlmosError


class _Asked(NamedTuple):
    """A document; `text` where the index has it."""

    path: bytes
    stamp: bytes
    text: Text | None


class Texts:
    """`entered` says which part of the index a folder belongs to, with the rules for its files; None where no search looks."""

    def __init__(self, store: Store, entered: Callable[[bytes], Scope | None], tell: Tell) -> None:
        self._store, self._entered, self._tell = store, entered, tell
        self._fresh: list[tuple[_Asked, Said]] = []
        self._since = time.monotonic()

    def of(self, paths: Iterable[str]) -> Iterator[Text]:
        from llmos_cli.search.reader import Readers  # long to load

        paths, waiting = iter(paths), deque[_Asked]()

        def asked() -> Iterator[bytes | None]:
            for path in paths:
                waiting.append(one := self._looked_up(os.fsencode(os.path.realpath(path))))
                yield one.path if one.text is None else None

        try:
            with Readers() as readers:
                for number, said in enumerate(readers.read(asked())):
                    one = waiting.popleft()
                    if one.text is None:
                        self._tell("reading documents", number, 0)
                        self._take(one, said)
                    yield _told(one.path, said) if one.text is None else one.text
        except LlmosError as error:  # there are no readers: what is in the index can be had all the same
            yield from (error if one.text is None else one.text for one in waiting)
            yield from (error for _ in paths)
        finally:
            self._keep()
            self._tell("", 0, 0)

    # ---- the index --------------------------------------------------------------------------------------

    def _looked_up(self, path: bytes) -> _Asked:
        try:
            stamp = stamped(os.lstat(path))
        except OSError as error:
            return _Asked(path, b"", LlmosError(f"{_name(path)}: {(error.strerror or str(error)).lower()}"))
        try:
            with explained(self._store.path):
                folder, name = os.path.split(path)
                row = self._store.db.execute(
                    "SELECT file.state, file.why, words.text FROM folder JOIN file ON file.folder = folder.id"
                    " JOIN words ON words.rowid = file.id WHERE folder.root IN (SELECT id FROM root) AND folder.path = ?"
                    " AND file.name = ? AND file.stamp = ?",
                    (folder, name, stamp),
                ).fetchone()
        except LlmosError:
            row = None
        from llmos_cli.search.reader import Said

        return _Asked(path, stamp, None if row is None else _told(path, Said(row[0], text=row[2], why=row[1])))

    def _take(self, one: _Asked, said: Said) -> None:
        self._fresh.append((one, said))
        if len(self._fresh) >= KEEP_FILES or time.monotonic() - self._since > KEEP_SECONDS:
            self._keep()

    def _keep(self) -> None:
        """Put what was read into the index, as far as a search would have done so. Its next update looks through these folders again."""
        fresh, self._fresh, self._since = self._fresh, [], time.monotonic()
        if not fresh:
            return
        try:
            with explained(self._store.path):
                lost = forgotten(self._store.db)
                folders = {os.path.dirname(one.path) for one, _ in fresh}
                scopes = {folder: self._scope(folder, lost) for folder in folders}  # takes the lock itself where a root is new
                with self._store.locked(self._tell, wait=False), transaction(self._store.db):
                    for one, said in fresh:
                        self._put(one, said, scopes[os.path.dirname(one.path)], lost)
        except LlmosError:
            pass  # it is read again next time

    def _scope(self, folder: bytes, lost: frozenset[bytes]) -> Scope | None:
        return None if lost and any(digest(path) in lost for path in upwards(folder)) else self._entered(folder)

    def _put(self, one: _Asked, said: Said, scope: Scope | None, lost: frozenset[bytes]) -> None:
        folder, name = os.path.split(one.path)
        young = time.time_ns() - STAMP.unpack(one.stamp)[0] < SOON
        hidden = name.startswith(b".") or (scope is not None and scope.rules.leave_out(one.path, False))
        if scope is None or hidden or young or said.state == "gone" or digest(one.path) in lost:
            return
        db, id = self._store.db, begin(self._store.db, scope.id, folder)
        if (row := db.execute("SELECT id FROM file WHERE folder = ? AND name = ?", (id, name)).fetchone()) is not None:
            drop(db, row[0])
        add(db, id, name, one.stamp, said)


def _told(path: bytes, said: Said) -> Text:
    """A sentence in place of the text where there is none."""
    name = _name(path)
    if said.state == "gone":
        return LlmosError(f"{name} is not there any more")
    if said.state == "name":
        return LlmosError(f"{name} is too large to be read as a document")
    if said.state == "unreadable":
        ours = said.why.startswith(("Unreadable: ", "it ", "its ", "reading "))
        why = said.why.removeprefix("Unreadable: ") if ours else "it is broken, or is not what its name says"
        return LlmosError(f"{name} cannot be read: {why}")
    return terms.unspaced(said.text)


def _name(path: bytes) -> str:
    return os.path.basename(path).decode("utf-8", "replace")
