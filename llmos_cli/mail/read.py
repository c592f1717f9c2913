"""Messages as rows of a table and as text to read, and the tests that a search is made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from llmos_cli.mail import boxes, mime
from llmos_cli.mail import headers as head
from llmos_cli.mail.boxes import Letter, Test
from llmos_cli.mail.headers import Headers
from llmos_cli.values import Cell, Table

COLUMNS = ("id", "from", "to", "subject", "date", "unread", "attachments", "size")
_FILES = re.compile(rb"name\*?[\d*]*\s*=|disposition:\s*attachment|^content-type:\s*(?!text/|multipart/)", re.IGNORECASE | re.MULTILINE)
_ACCENTS = re.compile("[\u0300-\u036f]")


def table(letters: Sequence[Letter]) -> Table:
    """A row for each message, made when it is asked for."""
    return Table(COLUMNS, _rows(letters))


def _rows(letters: Sequence[Letter]) -> Iterator[Sequence[Cell]]:
    for letter in letters:
        try:
            yield row(letter)
        except FileNotFoundError:
            continue


def row(letter: Letter) -> Sequence[Cell]:
    headers = letter.headers()
    return (
        letter.id, ", ".join(people(headers, "from")), ", ".join(people(headers, "to", "cc", "bcc")), subject(headers),
        iso(boxes.date(letter, headers)), "yes" if boxes.unread(letter, headers) else "no", ", ".join(files(letter)), letter.size,
    )  # fmt: skip


def people(headers: Headers, *names: str) -> list[str]:
    """`Ana Ruiz <ana@example.org>` of everyone in these headers."""
    return [head.said(person) for name in names for person in head.people(headers.get(name, ()))]


def subject(headers: Headers) -> str:
    return head.text(head.first(headers, "subject"))


def iso(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0") if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def files(letter: Letter) -> list[str]:
    """The names of the attached files. Only a message that looks as if it had some is taken apart."""
    raw = letter.raw()
    return [mime.name_of(part) for part in mime.attached(mime.parts(raw))] if _FILES.search(raw) else []


def text(letter: Letter) -> Iterator[str]:
    """The lines of a message as a person reads it: who, when, what about, the attached files, the text."""
    raw = letter.raw()
    headers, leaves = mime.split(raw)[0], mime.parts(raw)
    for label in ("From", "To", "Cc", "Bcc"):
        if said := people(headers, label.lower()):
            yield f"{label}: {', '.join(said)}"
    if when := iso(boxes.date(letter, headers)):
        yield f"Date: {when}"
    yield f"Subject: {subject(headers)}"
    for part in mime.attached(leaves):
        yield f"Attached: {mime.name_of(part)} ({len(part.data)} bytes)"
    yield ""
    yield from mime.text_of(leaves).split("\n")


# ---- searching -------------------------------------------------------------------------------------------


def folded(text: str) -> str:
    """As texts are compared: capitals and accents make no difference."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())))


def has_words(words: str) -> Test:
    """All of the words somewhere in the people, the subject, the text or the files' names."""
    wanted = folded(words).split()

    def test(letter: Letter, headers: Headers) -> bool:
        told = folded("\n".join((subject(headers), *people(headers, "from", "to", "cc", "bcc"))))
        if all(word in told for word in wanted):
            return True
        leaves = mime.parts(letter.raw())
        told += folded("\n".join((mime.text_of(leaves), *map(mime.name_of, mime.attached(leaves)))))
        return all(word in told for word in wanted)

    return test


def is_by(called: Sequence[str], *names: str) -> Test:
    """Someone in these headers is called one of these, or a part of the name or address starts so."""
    starts = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(folded(said).strip()) for said in called)})")
    return lambda letter, headers: any(starts.search(folded(person)) for person in people(headers, *names))


def is_about(said: str) -> Test:
    wanted = folded(said).split()
    return lambda letter, headers: all(word in folded(subject(headers)) for word in wanted)


def is_between(start: float | None, end: float | None) -> Test:
    """Written at or after `start` and before `end`, in seconds."""

    def test(letter: Letter, headers: Headers) -> bool:
        when = boxes.date(letter, headers)
        return (start is None or when >= start) and (end is None or when < end)

    return test


def is_unread(wanted: bool) -> Test:
    return lambda letter, headers: boxes.unread(letter, headers) == wanted


def has_files(wanted: bool) -> Test:
    return lambda letter, headers: bool(files(letter)) == wanted
