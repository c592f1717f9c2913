"""The text of PDF, Word, OpenDocument, PowerPoint, Excel and EPUB files, read without trusting them.

These run in the child alone (`child.py`), which ends a file that takes too long or too much. Here no entity is ever expanded, and no more
than `MAX_UNPACKED` bytes are unpacked from one file, whatever it says about itself.
"""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.parsers import expat

from llmos_cli.search.text import MAX_TEXT, Document, html

MAX_UNPACKED = 32 * 1024 * 1024
MAX_MEMBERS = 20_000
MAX_TITLE = 500
PDF_SECONDS = 8.0  # what is read of it by then is kept
_BREAKS = frozenset("p h br line-break si row table-row list-item".split())
_GAPS = frozenset("tab s tc table-cell".split())
_LETTERS = {"docx": "t", "docm": "t", "dotx": "t", "pptx": "t", "xlsx": "t"}  # only what stands in this element is text
_PARTS = {
    "docx": re.compile(r"word/(?:document|footnotes|endnotes)\.xml"),
    "pptx": re.compile(r"ppt/(?:slides|notesSlides)/\w+\.xml"),
    "xlsx": re.compile(r"xl/sharedStrings\.xml"),
    "odt": re.compile(r"content\.xml"),
    "epub": re.compile(r".*\.x?html?", re.IGNORECASE),
}
_PARTS |= dict.fromkeys(("docm", "dotx"), _PARTS["docx"]) | dict.fromkeys(("ott", "ods", "odp"), _PARTS["odt"])
_ABOUT = re.compile(r"docProps/core\.xml|meta\.xml|.*\.opf")
ZIPPED = frozenset(_PARTS)


class Unreadable(Exception):
    """The document is not what its name says, or is made to do harm."""


def zipped_file(file: BinaryIO, ext: str) -> Document:
    """Raises Unreadable, zipfile.BadZipFile and what else a broken archive brings."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if len(names) > MAX_MEMBERS:
            raise Unreadable("it has too many parts")
        budget = _Budget()
        title = ""
        about = next(filter(_ABOUT.fullmatch, names), None)
        if about is not None:
            with archive.open(about) as part:
                title = " ".join(_xml(part, budget, inside="title", most=MAX_TITLE).split())
        text: list[str] = []
        for name in sorted(filter(_PARTS[ext].fullmatch, names), key=_numbered):
            with archive.open(name) as part:
                left = MAX_TEXT - sum(map(len, text))
                said = html(b"".join(budget.chunks(part))).text if ext == "epub" else _xml(part, budget, _LETTERS.get(ext), left)
            text.append(said[:left])
            if len(said) >= left:
                break
    if not text:
        raise Unreadable("it has none of the parts that it should have")
    return Document("\n".join(text).strip(), title)


def _numbered(name: str) -> list[str | int]:
    """`slide2` before `slide10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name)]


class _Budget:
    """How much may still be unpacked."""

    def __init__(self) -> None:
        self._left = MAX_UNPACKED

    def chunks(self, part: IO[bytes]) -> Iterator[bytes]:
        while chunk := part.read(65536):
            self._left -= len(chunk)
            if self._left < 0:
                raise Unreadable("it would unpack to far more than a document has")
            yield chunk


class _Enough(Exception):
    """As much text as is kept."""


def _xml(part: IO[bytes], budget: _Budget, inside: str | None = None, most: int = MAX_TEXT) -> str:
    """The text of an XML part; with `inside` only what stands in elements of that name. Raises Unreadable where it declares entities."""
    text: list[str] = []
    length, deep = 0, 0 if inside else 1

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal deep
        name = name.rpartition(":")[2]
        deep += name == inside
        if name in _GAPS or (name in _BREAKS and text and text[-1] != "\n"):
            text.append("\n" if name in _BREAKS else " ")

    def end(name: str) -> None:
        nonlocal deep
        name = name.rpartition(":")[2]
        deep -= name == inside
        if name in _BREAKS and text and text[-1] != "\n":
            text.append("\n")

    def letters(data: str) -> None:
        nonlocal length
        if deep > 0:
            text.append(data)
            length += len(data)
            if length >= most:
                raise _Enough

    def entity(*_: object) -> None:
        raise Unreadable("it declares entities, as only harmful documents do")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, letters
    parser.EntityDeclHandler = entity
    try:
        for chunk in budget.chunks(part):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except _Enough:
        pass
    return "".join(text)[:most]


def pdf_file(file: BinaryIO) -> Document:
    """As many pages as can be read in `PDF_SECONDS`. Raises what pypdf raises for what is no PDF, or needs a password."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    until = time.process_time() + PDF_SECONDS
    reader = PdfReader(file, strict=False)
    try:
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError:
        raise Unreadable("it is encrypted") from None
    if locked:
        raise Unreadable("it needs a password")
    text: list[str] = []
    length = 0
    for page in reader.pages:
        try:
            said = page.extract_text()
        except Exception as error:  # one page that cannot be read is no reason to lose the others
            if isinstance(error, MemoryError):
                raise
            continue
        text.append(said)
        length += len(said)
        if length >= MAX_TEXT or time.process_time() > until:
            break
    return Document("\n".join(text)[:MAX_TEXT], _pdf_title(reader))


def _pdf_title(reader: object) -> str:
    try:
        title = str(reader.metadata.title or "")  # type: ignore[attr-defined]
    except Exception:  # of a title that cannot be read nobody needs to hear
        return ""
    return " ".join(title.split())[:MAX_TITLE]
