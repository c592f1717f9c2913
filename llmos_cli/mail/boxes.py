"""Mailboxes on the disk: Maildirs and mbox files, gone through once, message by message, with bounds.

A message is known again by its mailbox and a mark: `inbox#3f9a2c1b0d`, `~/Mail/archive.mbox#1f3a-9c0b2d1e`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.mail import headers as head
from llmos_cli.mail import mime
from llmos_cli.mail.headers import MAX_BLOCK, Headers
from llmos_cli.places import Place

OWN = ("inbox", "drafts", "outbox", "sent")
MAX_MESSAGE = 64 * 1024 * 1024  # bytes of one message that are read
MAX_MESSAGES = 500_000
CHUNK, LINE, FIRST_LOOK = 4 * 1024 * 1024, 1000, 8 * 1024  # bytes: read at once; of a line that starts a message; read for headers
_DATED = re.compile(rb"From [^\n]*\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a mailbox: `length` bytes of the file `path`, from `start`. Nothing of it is held; it is read when it is asked for."""

    box: str
    mark: str  # '' in an mbox: it is made of the place and the sign
    path: str
    start: int = 0
    length: int = MAX_MESSAGE  # at most
    seen: bool | None = None  # None: its own header says so

    @property
    def id(self) -> str:
        """Raises OSError where the message is gone."""
        return f"{self.box}#{self.mark or f'{self.start:x}-{self.sign()}'}"

    def sign(self) -> str:
        """What tells it from the other messages of its file, also when it has been marked as read or lies elsewhere in it."""
        headers = self.headers()
        told = "\0".join(head.first(headers, name) for name in ("message-id", "date", "from", "subject"))
        return hashlib.blake2s(told.encode("utf-8", "replace")).hexdigest()[:8]

    def headers(self) -> Headers:
        """Raises OSError where the message is gone."""
        block = self._read(FIRST_LOOK)
        if len(block) == FIRST_LOOK and not mime.HEAD_END.search(block):
            block = self._read(MAX_BLOCK)
        return mime.split(block)[0]

    def raw(self) -> bytes:
        """All of it, up to MAX_MESSAGE. Raises OSError where it is gone."""
        raw = self._read(MAX_MESSAGE)
        return re.sub(rb"^>(>*From )", rb"\1", raw, flags=re.MULTILINE) if self.start and b">From " in raw else raw

    @property
    def size(self) -> int:
        """In bytes. Raises OSError where it is gone."""
        return self.length if self.start else os.stat(self.path).st_size

    def _read(self, most: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read(min(most, self.length))


def date(letter: Letter, headers: Headers) -> float:
    """When it was written, in seconds since the epoch; else when it came; 0 where nothing says so."""
    said = head.moment(head.first(headers, "date"))
    if said is None:
        said = head.moment(head.first(headers, "received").rpartition(";")[2])
    if said is None and not letter.start:
        return os.stat(letter.path).st_mtime
    return said or 0.0


def unread(letter: Letter, headers: Headers) -> bool:
    return "R" not in head.first(headers, "status") if letter.seen is None else not letter.seen


class Box(Protocol):
    @property
    def name(self) -> str: ...
    def letters(self) -> Iterator[Letter]:
        """All messages, in no order that means anything."""

    def find(self, mark: str) -> Letter:
        """Raises NotFound where the message is not there any more."""


def gone(name: str) -> NotFound:
    return NotFound("that message is not there any more", hint=f"mail.list {name}")


@dataclass(frozen=True)
class Maildir:
    """A folder with `cur` and `new`, a file for each message; one that is not there yet is empty."""

    name: str
    folder: Path

    def letters(self) -> Iterator[Letter]:
        for place in ("new", "cur"):
            try:
                with os.scandir(self.folder / place) as scan:
                    entries = [entry for entry in scan if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)]
            except FileNotFoundError:
                continue
            for entry in entries:
                unique, _, flags = entry.name.partition(":2,")
                mark = hashlib.blake2s(os.fsencode(unique)).hexdigest()[:10]
                yield Letter(self.name, mark, entry.path, seen=place == "cur" and "S" in flags)

    def find(self, mark: str) -> Letter:
        found = next((letter for letter in self.letters() if letter.mark == mark), None)
        if found is None:
            raise gone(self.name)
        return found


@dataclass(frozen=True)
class Mbox:
    """One file, its messages one after the other, each below a line that starts with `From `. Read in pieces, however large."""

    name: str
    file: Path

    def letters(self) -> Iterator[Letter]:
        before: int | None = None
        for line, start in self._starts():
            if before is not None:
                yield Letter(self.name, "", str(self.file), before, max(0, line - 1 - before))
            before = start
        if before is not None:
            yield Letter(self.name, "", str(self.file), before, max(0, os.stat(self.file).st_size - before))

    def find(self, mark: str) -> Letter:
        """At the place that the mark names, or wherever else it is now."""
        at, _, sign = mark.partition("-")
        there = (letter for letter in self.letters() if letter.start == int(at, 16))
        for letter in (*there, *self.letters()):
            if letter.sign() == sign:
                return letter
        raise gone(self.name)

    def _starts(self) -> Iterator[tuple[int, int]]:
        """(where the line starts, where the message starts) of each message."""
        with open(self.file, "rb") as file:
            buffer, at, done = b"\n\n\n", -3, -2  # `at` is where the buffer starts in the file
            while chunk := file.read(CHUNK):
                buffer += chunk
                found = buffer.find(b"\nFrom ")
                while found >= 0:
                    end = buffer.find(b"\n", found + 1, found + LINE)
                    after_blank = buffer[found - 2 : found].endswith((b"\n", b"\n\r"))
                    if end > 0 and after_blank and at + found > done and _DATED.match(buffer, found + 1, end):
                        done = at + found
                        yield at + found + 1, at + end + 1
                    found = buffer.find(b"\nFrom ", found + 1)
                at += max(0, len(buffer) - LINE - 2)  # a line that goes on in the next chunk is looked at again there
                buffer = buffer[-LINE - 2 :]


def open_box(where: Path | str, place: Place) -> Box:
    """The mailbox: one of llmos's own by its name, or a Maildir or mbox by its path.

    Raises LlmosError for what is no mailbox; NotUnderstood for a folder of several.
    """
    if isinstance(where, str):
        return Maildir(where, place.mail / where)
    name = f"~/{where.relative_to(place.home)}" if where.is_relative_to(place.home) else str(where)
    if where.is_dir():
        if is_maildir(where):
            return Maildir(name, where)
        inside = [entry for entry in sorted(where.iterdir()) if is_maildir(entry) or (entry.is_file() and is_mbox(entry))]
        if inside:
            choices = tuple(place.short(entry) for entry in inside[:9])
            raise NotUnderstood(f"Which mailbox in {where.name} do you mean: {', '.join(choices)}?", choices=choices)
    elif is_mbox(where):
        return Mbox(name, where)
    raise LlmosError(f"{where.name} is not a mailbox: neither a Maildir nor an mbox", hint="mail.list in=~/Mail/archive.mbox")


def is_maildir(folder: Path) -> bool:
    return (folder / "cur").is_dir() or (folder / "new").is_dir()


def is_mbox(file: Path) -> bool:
    """Raises OSError where it cannot be read."""
    if not file.is_file():
        return False
    with open(file, "rb") as opened:
        start = opened.read(LINE).lstrip(b"\r\n")
    return not start or start.startswith(b"From ")


def letter_of(id: str, place: Place) -> Letter:
    """The message that an id names. Raises NotFound, LlmosError."""
    name, _, mark = id.rpartition("#")
    if not name or not re.fullmatch(r"[0-9a-f]+(-[0-9a-f]+)?", mark):
        raise LlmosError(f"{id!r} names no message", hint="mail.list | take 1 | mail.read")
    where = name if name in OWN else Path(f"{place.home}{name[1:]}") if name.startswith("~/") else Path(name)
    if isinstance(where, Path) and not where.exists():
        raise NotFound(f"the mailbox {name} is not there any more")
    return open_box(where, place).find(mark)


Test = Callable[[Letter, Headers], bool]


def chosen(box: Box, tests: Sequence[Test] = ()) -> list[Letter]:
    """The messages for which all tests hold, newest first; one that goes away meanwhile is passed over.

    Raises LlmosError where there are more than MAX_MESSAGES.
    """
    kept: list[tuple[float, int, Letter]] = []
    for n, letter in enumerate(box.letters()):
        if n >= MAX_MESSAGES:
            raise LlmosError(f"{box.name} holds more than {MAX_MESSAGES:,} messages", hint="split it into smaller mailboxes")
        try:
            headers = letter.headers()
            if all(test(letter, headers) for test in tests):
                kept.append((-date(letter, headers), -n, letter))
        except FileNotFoundError:
            continue
    kept.sort(key=lambda one: one[:2])
    return [letter for _, _, letter in kept]
