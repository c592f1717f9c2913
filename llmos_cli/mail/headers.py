"""The headers of a message as they came: bounded, decoded, on one line. Whoever wrote them is not trusted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

MAX_BLOCK = 64 * 1024  # bytes of headers that are looked at
MAX_VALUE = 16 * 1024
MAX_PEOPLE = 500
_FIELD = re.compile(rb"^([!-9;-~]{1,80}):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]*)?\?([bq])\?([^?\s]{0,2000})\?=", re.IGNORECASE | re.ASCII)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}  # no text, or slow on purpose

Headers = Mapping[str, tuple[str, ...]]


def parse(block: bytes) -> Headers:
    """The values of each header by its name in lower case, unfolded, in their order; what is not a header is passed over."""
    found: dict[str, list[str]] = {}
    for match in _FIELD.finditer(block[:MAX_BLOCK].replace(b"\r\n", b"\n")):
        found.setdefault(match[1].decode("ascii").lower(), []).append(_characters(match[2][:MAX_VALUE]).replace("\n", ""))
    return {name: tuple(values) for name, values in found.items()}


def first(headers: Headers, name: str) -> str:
    """The first value of a header as it came, '' where there is none."""
    return headers.get(name, ("",))[0]


def text(value: str) -> str:
    """A value with its encoded words decoded, on one line, without controls."""
    return clean(decoded(value))


def clean(value: str) -> str:
    """`value` on one line: controls and line separators are spaces, runs of spaces one space."""
    if not value.isprintable():
        value = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in value)
    return re.sub(" +", " ", value).strip()


def decoded(value: str) -> str:
    """Encoded words (RFC 2047) as the text that they stand for; those that cannot be read stay as they are."""
    if "=?" not in value:
        return value
    out, at, after_word = "", 0, False
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        out += "" if after_word and not between.strip() else between
        try:
            out += charset_text(_bytes_of(match[2].lower(), match[3]), match[1])
        except ValueError:
            out += match[0]
        at, after_word = match.end(), True
    return out + value[at:]


def _bytes_of(encoding: str, word: str) -> bytes:
    """Raises ValueError for what is no base64."""
    import binascii

    if encoding == "b":
        if not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", word):
            raise ValueError(word)
        word = word.rstrip("=")
        return binascii.a2b_base64(word + "=" * (-len(word) % 4))
    return binascii.a2b_qp(word.encode("ascii", "replace"), header=True)


def charset_text(data: bytes, charset: str) -> str:
    """Bytes in a charset as somebody names it; what cannot be read becomes �. An unknown charset is taken for UTF-8 or Latin."""
    import codecs

    try:
        name = codecs.lookup(_WIDER.get(charset.lower().strip(), charset.strip())).name
        if name in _NO_CHARSETS:
            raise LookupError(name)
        return data.decode(name, "replace").encode("utf-8", "replace").decode()
    except (LookupError, ValueError):
        return _characters(data)


def _characters(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# ---- people ------------------------------------------------------------------------------------------------

_MARKS = re.compile(r'[",;<>():\\]')


def people(values: Iterator[str] | tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(name, address) of everyone in address headers. Split before encoded words are decoded, so that a name cannot add a person."""
    found: list[tuple[str, str]] = []
    for value in values:
        found += (_person(piece) for piece in _pieces(value))
    return tuple(person for person in found[:MAX_PEOPLE] if any(person))


def _pieces(value: str) -> Iterator[str]:
    """The parts between commas, save those in quotes, brackets and comments; group names and comments are left out."""
    piece, quoted, depth, inside, at = "", False, 0, False, 0
    while match := _MARKS.search(value, at):
        mark, before, at = match[0], value[at : match.start()], match.end()
        piece += before if not depth else ""
        if mark == "\\":
            piece += value[at : at + 1] if not depth else ""
            at += 1
        elif mark == '"' and not depth:
            quoted = not quoted
            piece += mark
        elif quoted:
            piece += mark
        elif mark in "()":
            depth = max(0, depth + (1 if mark == "(" else -1))
        elif depth:
            continue
        elif mark in ",;" and not inside:
            yield piece
            piece = ""
        elif mark == ":" and not inside:
            piece = ""  # `undisclosed-recipients:`
        else:
            inside = mark == "<" or (inside and mark != ">")
            piece += mark
    yield piece + value[at:]


def _person(piece: str) -> tuple[str, str]:
    name, bracket, rest = piece.rpartition("<")
    if not bracket and "@" not in piece:
        return text(piece.strip().strip('"')), ""
    if not bracket:
        name, rest = "", piece
    address = "".join(clean(rest.partition(">")[0].strip().strip('"')).split())
    return text(name.strip().strip('"')), address


def said(person: tuple[str, str]) -> str:
    """`Ana Ruiz <ana@example.org>`."""
    name, address = person
    return f"{name} <{address}>" if name and address else name or address


# ---- dates and marks -----------------------------------------------------------------------------------------


def moment(value: str) -> float | None:
    """The seconds since the epoch of a Date header, None where it is none."""
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(value[:100])
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


_ID = re.compile(r"<[!-;=?-~]{1,250}>")


def ids(values: tuple[str, ...]) -> tuple[str, ...]:
    """The message ids in References, In-Reply-To or Message-ID."""
    return tuple(match[0] for value in values for match in _ID.finditer(value))


_PARAM = re.compile(r';\s*([\w.*-]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.){0,2000})"|([^\s;"]{0,2000}))')


def parameters(value: str) -> dict[str, str]:
    """The parameters behind a value, by name in lower case: `charset`, `boundary`, `filename*0*`."""
    found: dict[str, str] = {}
    for match in _PARAM.finditer(value):
        said = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        found.setdefault(match[1].lower(), said)
    return found


def parameter(value: str, name: str) -> str:
    """One parameter, also where it comes in pieces or with its own charset (RFC 2231), decoded; '' where it is missing."""
    from urllib.parse import unquote_to_bytes

    if name not in value.lower():
        return ""
    found = parameters(value)
    if name in found:
        return text(found[name])
    pieces = [f"{name}*"] if f"{name}*" in found else []
    for i in range(100):
        piece = next((key for key in (f"{name}*{i}", f"{name}*{i}*") if key in found), "")
        if not piece:
            break
        pieces.append(piece)
    charset, data = "utf-8", b""
    for i, piece in enumerate(pieces):
        said = found[piece]
        if piece.endswith("*") and i == 0 and said.count("'") >= 2:
            charset, _, said = said.split("'", 2)
        data += unquote_to_bytes(said) if piece.endswith("*") else said.encode("utf-8", "replace")
    return clean(charset_text(data, charset or "utf-8"))
