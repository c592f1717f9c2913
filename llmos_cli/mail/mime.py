"""The parts of a message: its text and its attachments, found without trusting it. Depth, number and size are bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmos_cli.mail import headers as head
from llmos_cli.mail.headers import MAX_BLOCK, Headers

MAX_DEPTH, MAX_PARTS = 20, 500
MAX_TEXT = 1024 * 1024  # bytes of a part that are read as text
_MARK_END = re.compile(rb"(--)?[ \t]{0,100}\r?(?:\n|\Z)")
HEAD_END = re.compile(rb"\r?\n\r?\n|\A\r?\n")


@dataclass(frozen=True)
class Part:
    """A leaf: its headers, the bytes of its body as they came, and the alternative that it is one of (0: none)."""

    headers: Headers
    body: bytes
    alternative: int

    @property
    def type(self) -> str:
        """`text/plain`."""
        said = head.first(self.headers, "content-type").partition(";")[0].strip().lower()
        return said if re.fullmatch(r"[\w.+-]+/[\w.+-]+", said) else "text/plain"

    @property
    def name(self) -> str:
        """The file name, without any folder; '' where it has none."""
        said = head.parameter(head.first(self.headers, "content-disposition"), "filename")
        said = said or head.parameter(head.first(self.headers, "content-type"), "name")
        return re.split(r"[/\\]", said)[-1][:200].strip()

    @property
    def is_text(self) -> bool:
        """It is to be read, and no file."""
        disposition = head.first(self.headers, "content-disposition").strip().lower()
        return self.type in ("text/plain", "text/html") and not disposition.startswith("attachment") and not self.name

    @property
    def data(self) -> bytes:
        """The body decoded."""
        import binascii

        encoding = head.first(self.headers, "content-transfer-encoding").strip().lower()
        if encoding == "base64":
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", self.body)
            whole = letters[: len(letters) - (len(letters) % 4 == 1)]  # one letter alone says nothing
            return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
        return binascii.a2b_qp(self.body) if encoding == "quoted-printable" else self.body

    @property
    def text(self) -> str:
        """The body as text, cut at MAX_TEXT."""
        cut = Part(self.headers, self.body[:MAX_TEXT], 0).data
        charset = head.parameter(head.first(self.headers, "content-type"), "charset")
        return head.charset_text(cut, charset or "utf-8").replace("\r\n", "\n").replace("\r", "\n")


def split(raw: bytes) -> tuple[Headers, bytes]:
    """(headers, body) of a message or part."""
    end = HEAD_END.search(raw, 0, MAX_BLOCK)
    if end is None:
        return head.parse(raw), b"" if len(raw) <= MAX_BLOCK else raw[MAX_BLOCK:]
    return head.parse(raw[: end.start()]), raw[end.end() :]


def parts(raw: bytes) -> list[Part]:
    """The leaves of a message in their order. What is nested too deep or too often stays one leaf."""
    found: list[Part] = []
    todo, groups, seen = [(raw, 0, 0)], 0, 0
    while todo and len(found) < MAX_PARTS:
        piece, depth, alternative = todo.pop()
        headers, body = split(piece)
        kind = head.first(headers, "content-type")
        boundary = head.parameters(kind).get("boundary", "") if kind.lower().lstrip().startswith("multipart/") else ""
        if not boundary or depth >= MAX_DEPTH or seen > MAX_PARTS:
            found.append(Part(headers, body, alternative))
            continue
        if kind.lower().lstrip().startswith("multipart/alternative") and not alternative:
            groups += 1
            alternative = groups
        inside = list(_between(body, boundary))
        if not inside:
            found.append(Part({}, body, alternative))  # it says that it has parts, and has none
        seen += len(inside)
        todo += [(one, depth + 1, alternative) for one in reversed(inside)]
    return found


def _between(body: bytes, boundary: str) -> Iterator[bytes]:
    """What lies between the lines of a boundary; at most MAX_PARTS pieces."""
    mark = b"--" + boundary.encode("utf-8", "replace")
    start, count, at = -1, 0, 0 if body.startswith(mark) else body.find(b"\n" + mark) + 1 or -1
    while at >= 0 and count < MAX_PARTS:
        match = _MARK_END.match(body, at + len(mark))
        if match:
            if start >= 0:
                yield body[start : max(start, at - 1)].removesuffix(b"\r")
                count += 1
            start = match.end()
            if match[1]:
                return
        at = body.find(b"\n" + mark, at + len(mark)) + 1 or -1
    if start >= 0 and count < MAX_PARTS:
        yield body[start:]


def text_of(leaves: list[Part]) -> str:
    """What a person reads: the plain text, or of an alternative that has none the HTML as text."""
    from llmos_cli.mail.html import as_text

    plain = {part.alternative for part in leaves if part.is_text and part.type == "text/plain" and part.text.strip()} - {0}
    pieces = []
    for part in leaves:
        if part.is_text and (part.type == "text/plain" or part.alternative not in plain):
            said = part.text if part.type == "text/plain" else as_text(part.text)
            pieces.append(said.strip("\n"))
    return "\n\n".join(piece for piece in pieces if piece.strip())[:MAX_TEXT]


def attached(leaves: list[Part]) -> list[Part]:
    """The parts that are files; also pictures and the like that have no name."""
    return [part for part in leaves if not part.is_text and (part.body or part.name)]


def name_of(part: Part) -> str:
    """The name of an attached file, or one made of its type."""
    return part.name or part.type.replace("/", ".")
