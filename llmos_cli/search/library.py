"""What a search asks: the index of a person's files, made on first use, brought up to date each time, and asked for words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from llmos_cli.db import Damaged, explained, transaction
from llmos_cli.errors import LlmosError
from llmos_cli.search import terms
from llmos_cli.search.excerpt import excerpt
from llmos_cli.search.forget import forget
from llmos_cli.search.ranking import matching, rows
from llmos_cli.search.rules import Rules
from llmos_cli.search.store import Store, Tell
from llmos_cli.search.texts import Texts
from llmos_cli.search.update import Scope, below, update
from llmos_cli.search.walk import Walk
from llmos_cli.values import Excerpt, Hit

Result = TypeVar("Result")


class Library:
    """The index in `folder` of the files below `home`, and below other folders that were asked for.

    `own` are llmos's folders, never looked into; `tell` hears how far the work has come. Errors are LlmosErrors.
    """

    def __init__(self, folder: Path, home: Path, own: Iterable[Path], tell: Tell = lambda what, done, total: None) -> None:
        self._store = Store(folder)
        self._home, self._tell = os.fsencode(home), tell
        folders = {str(path) for path in (folder, *own)}
        self._walk = Walk(self._home, frozenset(os.fsencode(p) for path in folders for p in (path, os.path.realpath(path))))

    def search(self, words: str, folders: Sequence[Path] = ()) -> Iterator[Hit]:
        """Files that have all the words, best first; the home folder's where no folders are named."""
        if not terms.query(words):
            raise LlmosError(f"there is no word to look for in {words!r}", hint="llmos run 'search budget'")
        typing, ids = self._sound(lambda: self._found(words, folders))
        seen: set[bytes] = set()  # two of the folders may hold each other
        for id, folder, name in rows(self._store.db, ids):
            path = os.path.join(folder, name)
            if path not in seen:
                seen.add(path)
                yield Hit(os.fsdecode(path), partial(self._excerpt, words, typing, id))

    def texts(self, paths: Iterable[str]) -> Iterator[str | LlmosError]:
        """What each of these documents says, in their order, or why it cannot be read. Texts that had to be read are kept in the index."""
        return Texts(self._store, self._entered, self._tell).of(paths)

    def forget(self, paths: Sequence[Path] = (), words: str = "") -> int:
        """Take files out for good: those at or below `paths`, and those that have `words` in their path or text. How many there were.

        They are not taken in again while the index lives, and their bytes are no longer in its file.
        """
        where = [os.fsencode(path).rstrip(b"/") or b"/" for path in paths]

        def work() -> int:
            if not self._store.path.exists():
                return 0
            with self._store.locked(self._tell):
                self._store.drop_damaged()
                return forget(self._store.db, where, words)

        return self._sound(work)

    def _sound(self, work: Callable[[], Result]) -> Result:
        """The work done, on a new index where this one turns out to be damaged."""
        try:
            with explained(self._store.path):
                return work()
        except Damaged:
            self._store.set_aside(self._tell)
            with explained(self._store.path):
                return work()

    # ---- asking -----------------------------------------------------------------------------------------

    def _found(self, words: str, folders: Sequence[Path]) -> tuple[bool, list[int]]:
        """(whether the last word is taken for the start of one, ids): it is where nothing has all the words as they stand."""
        scopes = [self._scope(folder) for folder in (folders or (Path(os.fsdecode(self._home)),))]
        for scope in scopes:
            update(self._store, self._walk, scope, self._tell)
        self._tell("", 0, 0)
        if ids := matching(self._store.db, terms.query(words), scopes):
            return False, ids
        return True, matching(self._store.db, terms.query(words, typing=True), scopes)

    def _excerpt(self, words: str, typing: bool, id: int) -> Excerpt | None:
        """The text around the hit; None where the name alone is one, or the file has left the index since."""
        any_of_them = terms.query(words, typing=typing, any_of_them=True)
        select = "SELECT words.text, words.title, file.state FROM words JOIN file ON file.id = words.rowid WHERE words.rowid = ?"
        try:
            with explained(self._store.path):
                db = self._store.db
                row = db.execute(select, (id,)).fetchone()
                text, title, state = (terms.unspaced(part) for part in row or ("", "", ""))
                return excerpt(db, text, any_of_them, lined=state == "lines") or excerpt(db, title, any_of_them, lined=False)
        except LlmosError:  # the file was found all the same
            return None

    # ---- where to look ----------------------------------------------------------------------------------

    def _scope(self, folder: Path) -> Scope:
        """The part of the index that a folder is: below the home or another folder that was asked for where a walk of that comes by."""
        start = os.path.realpath(os.fsencode(folder)) if folder.is_symlink() else os.fsencode(folder)
        if not os.access(start, os.R_OK | os.X_OK):
            raise LlmosError(f"{folder} may not be looked into", hint=f"ls -ld {folder}")
        return self._reached(start) or Scope(self._new_root(start, self._roots()), start, start, Rules())

    def _reached(self, start: bytes) -> Scope | None:
        """None for a folder that no walk of the home, or of what was asked for before, comes by."""
        roots = self._roots()
        for path in dict.fromkeys((self._home, *sorted(roots, key=len))):
            inside = start == path or start.startswith(below(path)[0])
            rules = self._walk.reach(path, start) if inside else None
            if rules is not None:
                return Scope(roots.get(path) or self._new_root(path, roots), path, start, rules)
        return None

    def _entered(self, folder: bytes) -> Scope | None:
        """As `_reached`, with the rules for the files in the folder itself."""
        scope = self._reached(folder)
        rules = None if scope is None else self._walk.entered(scope.root, folder, scope.rules)
        return None if scope is None or rules is None else scope._replace(rules=rules)

    def _roots(self) -> dict[bytes, int]:
        return dict(map(tuple, self._store.db.execute("SELECT path, id FROM root")))

    def _new_root(self, path: bytes, roots: dict[bytes, int]) -> int:
        """Its id. What was indexed of a folder in it, when that was asked for alone, becomes a part of it."""
        with self._store.locked(self._tell), transaction(self._store.db) as db:
            if (id := self._roots().get(path)) is not None:
                return id
            id = int(db.execute("INSERT INTO root (path) VALUES (?)", (path,)).lastrowid or 0)
            for other, other_id in roots.items():
                if other != self._home and other.startswith(below(path)[0]) and self._walk.reach(path, other) is not None:
                    db.execute("UPDATE folder SET root = ? WHERE root = ?", (id, other_id))
        return id
