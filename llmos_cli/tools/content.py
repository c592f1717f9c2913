"""What is inside files: text as it stands there, and the text of documents; with ripgrep where it is installed, by our own reading
otherwise, with the same answers.

A file is text if its first 8 KiB hold no NUL byte and do not say that it is UTF-16. A document (PDF, Word, OpenDocument, EPUB …) is known
by its name and its first bytes; the library reads it. Others are never searched. Plain texts match without regard to capitals where
they have none themselves.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence

from llmos_cli.errors import LlmosError
from llmos_cli.kinds import DOCUMENTS
from llmos_cli.places import Place
from llmos_cli.values import Entry

_HEAD = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BATCH = 500


def pattern(texts: Sequence[str], *, regex: bool = False, word: bool = False, case: bool | None = None, at: str = "") -> re.Pattern[str]:
    """Any of `texts`, as whole words or at the start or end of a line where asked. Raises LlmosError for a bad expression."""
    parts = [text if regex else re.escape(text) for text in texts]
    joined = "|".join(f"(?:{part})" for part in parts)
    if word:
        joined = rf"(?<!\w)(?:{joined})(?!\w)"
    joined = f"^(?:{joined})" if at == "start" else f"(?:{joined})$" if at == "end" else joined
    ignore = not any(c.isupper() for text in texts for c in text) if case is None else not case
    try:
        return re.compile(joined, re.IGNORECASE if ignore else 0)
    except re.error as error:
        raise LlmosError(f"{texts[0]!r} is not a regular expression: {error}") from error


# ---- one file ------------------------------------------------------------------------------------------


def sort_of(path: str) -> str:
    """`text`, `document`, or '' for what has no lines: folders, programs, and pipes and devices, which might never end.

    Raises OSError where it cannot be read.
    """
    if not os.path.isfile(path):
        os.stat(path)
        return ""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if os.path.splitext(path)[1][1:].lower() in DOCUMENTS and (head.startswith(b"PK\x03\x04") or b"%PDF-" in head[:1024]):
        return "document"
    return "text" if b"\0" not in head and not head.startswith(_UTF16) else ""


def is_text(path: str) -> bool:
    """Raises OSError where it cannot be read."""
    return sort_of(path) == "text"


def lines_of(path: str) -> Iterator[str]:
    """The lines of a text file without their ends. Bytes that are no UTF-8 are kept as lone surrogates: written again, they are themselves.

    Raises OSError.
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline=None) as file:
        for line in file:
            yield line.removesuffix("\n")


def lines_in(entry: Entry, place: Place) -> Iterator[str]:
    """The lines of a file that a person can read: a text's own, or those of a document's text.

    Raises LlmosError at once for a folder or what has no text; for a document that is broken or needs a password, when it is read.
    """
    return all_lines((entry,), place)


# ---- many files ----------------------------------------------------------------------------------------


def all_lines(entries: Sequence[Entry], place: Place) -> Iterator[str]:
    """As `lines_in`, one file after the other."""
    sorts = [sort_of(entry.path) for entry in entries]
    for entry, sort in zip(entries, sorts, strict=True):
        if os.path.isdir(entry.path):
            raise LlmosError(f"{entry.name} is a folder", hint=f"list {entry.name}")
        if not sort:
            raise LlmosError(f"{entry.name} is not a text file")
    return _each(entries, sorts, place)


def _each(entries: Sequence[Entry], sorts: Sequence[str], place: Place) -> Iterator[str]:
    documents = _texts(entries, sorts, place)
    for entry, sort in zip(entries, sorts, strict=True):
        lines = lines_of(entry.path) if sort == "text" else _sound(next(documents))
        if not lines:
            place.voice.note(f"{entry.name} has no text in it; it may be made of pictures.")
        yield from lines


def _texts(entries: Sequence[Entry], sorts: Sequence[str], place: Place) -> Iterator[str | LlmosError]:
    """What the documents among them say."""
    return place.library.texts([entry.path for entry, sort in zip(entries, sorts, strict=True) if sort == "document"])


def _sound(text: str | LlmosError) -> list[str]:
    if isinstance(text, LlmosError):
        raise text
    return text.split("\n") if text else []


def _unread(wrong: Sequence[LlmosError], place: Place) -> None:
    """Say that documents could not be read, where others were."""
    if wrong:
        more = f", and so is it with {len(wrong) - 1} more" if len(wrong) > 1 else ""
        place.voice.note(f"{wrong[0].message}{more}.")


def told(entries: Iterable[Entry], place: Place) -> Iterator[tuple[Entry, Iterator[str]]]:
    """Each file that has text, with its lines, in their order; documents are read several at a time. Others are passed over.

    Raises LlmosError where there were documents, and nothing could be read but that they cannot be.
    """
    entries = iter(entries)
    some, wrong = False, list[LlmosError]()
    while batch := list(itertools.islice(entries, _BATCH)):
        sorts = [_sort(entry) for entry in batch]
        texts = _texts(batch, sorts, place)
        for entry, sort in zip(batch, sorts, strict=True):
            try:
                if sort:
                    yield entry, lines_of(entry.path) if sort == "text" else iter(_sound(next(texts)))
                    some = True
            except LlmosError as error:
                wrong.append(error)
    if wrong and not some:
        raise wrong[0]
    _unread(wrong, place)


def containing(entries: Iterable[Entry], contains: Sequence[str], lacks: Sequence[str], place: Place) -> Iterator[Entry]:
    """Those that have text and hold any of `contains`, and none of `lacks`."""
    found = _holding(iter(entries), contains, True, place) if contains else iter(entries)
    yield from _holding(found, lacks, False, place) if lacks else found


def _sort(entry: Entry) -> str:
    """As `sort_of`, of a file itself and not of what a link leads to; '' where it cannot be read."""
    try:
        return sort_of(entry.path) if entry.is_file else ""
    except OSError:
        return ""


def _holding(entries: Iterator[Entry], texts: Sequence[str], wanted: bool, place: Place) -> Iterator[Entry]:
    """Those that hold any of the texts, or, where that is not `wanted`, those that hold none."""
    rg, match, wrong = shutil.which("rg"), pattern(texts), list[LlmosError]()
    while batch := list(itertools.islice(entries, _BATCH)):
        sorts = [_sort(entry) for entry in batch]
        plain = [entry.path for entry, sort in zip(batch, sorts, strict=True) if sort == "text"]
        having = None
        if rg and os.path.isabs(rg) and len(plain) > 20 and not re.search(r"[\n\r\0]", "".join(texts)):
            having = ripgrep(rg, plain, texts, bool(match.flags & re.IGNORECASE))
        documents = _texts(batch, sorts, place)
        for entry, sort in zip(batch, sorts, strict=True):
            if sort == "document":
                text = next(documents)
                wrong += [text] if isinstance(text, LlmosError) else []
                has = None if isinstance(text, LlmosError) else any(map(match.search, text.split("\n")))
            else:
                has = None if not sort else _has(entry.path, match) if having is None else entry.path in having
            if has is wanted:
                yield entry
    _unread(wrong, place)


def _has(path: str, wanted: re.Pattern[str]) -> bool | None:
    """None where it cannot be read."""
    try:
        return any(wanted.search(line) for line in lines_of(path))
    except OSError:
        return None


def ripgrep(rg: str, paths: Sequence[str], texts: Sequence[str], ignore_case: bool) -> set[str] | None:
    """Those of the files that hold any of the texts; None where ripgrep could not be run."""
    command = [rg, "--no-config", "--null", "-laF", "--encoding=none", "-i" if ignore_case else "-s"]
    command += [word for text in texts for word in ("-e", text)]
    try:
        done = subprocess.run([*command, "--", *paths], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:  # it went away, or the paths are too long for one command
        return None
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path} if done.returncode in (0, 1) or done.stdout else None
