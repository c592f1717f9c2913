"""The text of plain files and of HTML, whatever they are encoded in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import BinaryIO

MAX_BYTES = 1024 * 1024  # of a plain file; longer ones are kept in part
MAX_TEXT = 1_000_000  # characters
_HEAD = 8192
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE)
_MARKDOWN = re.compile(r"^#[ \t]+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """What a file says. `lined` where its lines are lines of the file."""

    text: str = ""
    title: str = ""
    lined: bool = False


def plain_file(file: BinaryIO, ext: str) -> Document | None:
    """None for what is no text: it has a NUL byte at its start, as programs and pictures do."""
    data = file.read(MAX_BYTES)
    if b"\0" in data[:_HEAD] and not data.startswith(tuple(mark for mark, _ in _MARKS)):
        return None
    text = lines(decoded(data))
    title = _MARKDOWN.search(text[:4000]) if ext in ("md", "markdown", "rmd", "qmd") else None
    return Document(text, title[1].strip() if title else "", lined=True)


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def decoded(data: bytes, declared: str = "") -> str:
    """As its mark or `declared` says, as UTF-8 if it is that, else as GB 18030 where it is mostly Chinese, else as Windows-1252."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    if declared:
        try:
            if codecs.lookup(declared)._is_text_encoding and not declared.lower().startswith(("utf-7", "utf7")):
                return data.decode(declared, "replace")
        except (LookupError, UnicodeError):
            pass
    for name in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(name)().decode(data)  # it may be cut in the middle of a letter
        except UnicodeDecodeError:
            continue
        if name == "utf-8" or _is_chinese(text[:_HEAD]):
            return text
    return data.decode("cp1252", "replace")


def _is_chinese(text: str) -> bool:
    """Mostly common Chinese letters, of two bytes over 127 each. In Western text taken for GB 18030 the second is an ordinary letter."""
    beyond = [c for c in text if c > "\x7f"]
    common = sum("\u4e00" <= c <= "\u9fff" and min(c.encode("gb18030")) > 0x7F for c in beyond)
    return common > len(beyond) * 0.7


def html_file(file: BinaryIO) -> Document:
    return html(file.read(4 * MAX_BYTES))


def html(data: bytes) -> Document:
    declared = _CHARSET.search(data[:2048])
    parser = _Html()
    for piece in _pieces(decoded(data, declared[1].decode("ascii") if declared else "")):
        parser.feed(piece)
        if parser.length > MAX_TEXT:
            break
    text = re.sub(r"[ \t\r\n]*\n[ \t\r\n]*", "\n", "".join(parser.text))
    return Document(text.strip()[:MAX_TEXT], " ".join("".join(parser.title).split())[:500])


def _pieces(text: str) -> Iterator[str]:
    for at in range(0, len(text), 65536):
        yield text[at : at + 65536]


class _Html(HTMLParser):
    """Collects what is read and leaves out what is run."""

    SILENT = frozenset(("script", "style", "template", "svg"))
    INLINE = frozenset("a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup u var wbr".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.title: list[str] = []
        self.length = 0
        self._silent, self._in_title = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self._silent = self._silent or tag
        elif tag == "title" and not self.title:
            self._in_title = True
        elif tag not in self.INLINE:
            self.text.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.INLINE:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag == "title":
            self._in_title = False
        elif tag not in self.INLINE:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._silent:
            self.text.append(data)
            self.length += len(data)
