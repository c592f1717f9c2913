"""Who has been written to or has written: the people in llmos's own mailboxes, and in those that the person has read.

Gathered from the headers From, To and Cc, and kept in a database beside, so that only messages that came since are looked at. It holds
nothing that could not be gathered again.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from llmos_cli.db import Connection, Damaged, open_database, transaction
from llmos_cli.mail import headers as head
from llmos_cli.mail.boxes import OWN, Box, Maildir, Mbox
from llmos_cli.mail.people import is_address
from llmos_cli.mail.read import folded

MAX_NAME = 200  # characters; longer ones are nobody's name
SOON = 50_000_000  # ns: a folder written so shortly ago may be written again under the same time
NOBODY = ("", "")
_BETWEEN = re.compile(r"[\W_]+")  # words of a name, or of what stands before the @
MIGRATIONS = (
    """
    CREATE TABLE box (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, print TEXT NOT NULL);
    CREATE TABLE person (box INTEGER NOT NULL, mark TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL);
    CREATE INDEX person_letter ON person (box, mark);
    """,
)


class Acquaintances:
    """`file` is the database, `mail` the folder of llmos's own Maildirs. Errors of the database and of the disk are LlmosErrors."""

    def __init__(self, file: Path, mail: Path) -> None:
        self._file, self._mail = file, mail
        self._db: Connection | None = None

    def named(self, name: str) -> tuple[str, ...]:
        """`Ana Ruiz <ana@example.org>` of everybody who is called so, whom most mail is about first; each address once.

        Who has exactly this name goes before those who have it as a part of theirs: of the name, or of what stands before the @.
        """
        wanted = " ".join(folded(name).split())
        if not wanted:
            return ()
        said: dict[str, Counter[str]] = {}
        for known, address, count in self._everybody():
            said.setdefault(address, Counter())[known] += count
        for called in (_exactly, _partly):
            found = [address for address, names in said.items() if called(wanted, address, names)]
            if found:
                found.sort(key=lambda address: (-said[address].total(), address))
                return tuple(head.said((_usual(said[address]), address)) for address in found)
        return ()

    def met_in(self, mailbox: Path) -> None:
        """From now on, the people in this Maildir or mbox are known too."""
        path = os.path.realpath(mailbox)
        if self._opened.execute("SELECT 1 FROM box WHERE path = ?", (path,)).fetchone() is None:
            with transaction(self._opened) as db:
                db.execute("INSERT OR IGNORE INTO box (path, print) VALUES (?, '')", (path,))

    # ---- gathering --------------------------------------------------------------------------------------

    @property
    def _opened(self) -> Connection:
        if self._db is None:
            try:
                self._db = open_database(self._file, MIGRATIONS)
            except Damaged:
                self._file.unlink()
                self._db = open_database(self._file, MIGRATIONS)
        return self._db

    def _everybody(self) -> list[tuple[str, str, int]]:
        """(name, address, how many messages), after what came since was gathered."""
        for own in OWN:
            if (self._mail / own).is_dir():
                self.met_in(self._mail / own)
        for id, path, before in self._opened.execute("SELECT id, path, print FROM box").fetchall():
            now, box = _print(path), _box(path)
            if now != before:
                with transaction(self._opened) as db:
                    _gather(db, id, box if now else None)
                    db.execute("UPDATE box SET print = ? WHERE id = ?", (now, id))
        rows = self._opened.execute("SELECT name, address, count(*) FROM person WHERE address != '' GROUP BY name, address")
        return [(row[0], row[1], row[2]) for row in rows]


def _box(path: str) -> Box:
    return Maildir(path, Path(path)) if os.path.isdir(path) else Mbox(path, Path(path))


def _print(path: str) -> str:
    """What changes when messages come or go, and always where one may just be coming; '' for a mailbox that is gone."""
    times = []
    for part in (f"{path}/new", f"{path}/cur") if os.path.isdir(path) else (path,):
        try:
            about = os.stat(part)
        except OSError:
            continue
        times.append(f"{about.st_mtime_ns}.{about.st_size}")
        if time.time_ns() - about.st_mtime_ns < SOON:
            times.append(f"{time.time_ns()}")
    return "-".join(times)


def _gather(db: Connection, id: int, box: Box | None) -> None:
    """Bring the people of a mailbox up to date. Of a Maildir only new messages are read; an mbox is read anew."""
    if not isinstance(box, Maildir):
        db.execute("DELETE FROM person WHERE box = ?", (id,))
    known = {row[0] for row in db.execute("SELECT DISTINCT mark FROM person WHERE box = ?", (id,))}
    if box is None:
        return
    try:
        for letter in box.letters():
            if letter.mark and letter.mark in known:
                known.discard(letter.mark)
                continue
            try:
                people = set(_people(letter.headers())) or {NOBODY}
            except FileNotFoundError:
                continue
            db.executemany("INSERT INTO person VALUES (?, ?, ?, ?)", ((id, letter.mark, name, address) for name, address in people))
    except OSError:  # it cannot be read now: what was known of it stays
        return
    db.executemany("DELETE FROM person WHERE box = ? AND mark = ?", ((id, mark) for mark in known))


def _people(headers: head.Headers) -> Iterator[tuple[str, str]]:
    for name, address in head.people(tuple(value for header in ("from", "to", "cc") for value in headers.get(header, ()))):
        if is_address(address) and len(name) <= MAX_NAME:
            yield name, address.lower()


# ---- who is called so --------------------------------------------------------------------------------------


def _exactly(wanted: str, address: str, names: Counter[str]) -> bool:
    return any(wanted == " ".join(folded(name).split()) for name in names) or wanted == address


def _partly(wanted: str, address: str, names: Counter[str]) -> bool:
    """As whole words."""
    parts = (*names, address.partition("@")[0])
    return any(f" {wanted} " in f" {' '.join(_BETWEEN.split(folded(part)))} " for part in parts)


def _usual(names: Counter[str]) -> str:
    """The name that stands in most messages, any before none."""
    return max(names, key=lambda name: (bool(name), names[name], name))
