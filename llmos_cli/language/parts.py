"""Long texts in parts that a model has room for: cut at paragraphs, else at lines, sentences, words, and only then anywhere.

Joined, the parts are the text, letter for letter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

# Tokens for each byte of UTF-8. With a vocabulary of 150,000, English has 0.23, programs 0.35, Chinese 0.25; with 32,000, Chinese has 0.6.
ASCII, OTHER = 0.4, 0.67
ROUNDING = 1e-6  # of weights that are added one by one
_CUTS = (  # where a text may be cut, the best places first; what matches stays with what is before it
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|[。！？；][”’」』）]*\s*"),
    re.compile(r"\s+|[，、：]"),
)


def tokens(text: str) -> int:
    """About how many tokens the text is for a model: rather too many than too few."""
    return math.ceil(_weight(text))


def _weight(text: str) -> float:
    plain = len(text.encode("ascii", "ignore"))
    return plain * ASCII + (len(text.encode("utf-8", "replace")) - plain) * OTHER


def parts(text: str, most: int) -> list[str]:
    """The text in parts of at most `most` tokens each, as few as can be had at good places; none of an empty text.

    A part of one character may be more than that.
    """
    found: list[list[str]] = []
    size = 0.0
    for piece in _small(text, most, 0) if text else ():
        more = _weight(piece)
        if found and size + more <= most + ROUNDING:
            found[-1].append(piece)
            size += more
        else:
            found.append([piece])
            size = more
    return ["".join(pieces) for pieces in found]


def _small(text: str, most: int, level: int) -> Iterator[str]:
    """Pieces that are small enough, cut at the best places that make them so."""
    if _weight(text) <= most or len(text) == 1:
        yield text
    else:
        for piece in _pieces(text, level, most):
            yield from _small(piece, most, level + 1)


def _pieces(text: str, level: int, most: int) -> Iterator[str]:
    """The text cut at all places of one sort; past the last sort, after so many characters that each piece is small enough."""
    if level >= len(_CUTS):
        step = max(1, int(most / (4 * OTHER)))  # no character has more than four bytes
        yield from (text[at : at + step] for at in range(0, len(text), step))
        return
    start = 0
    for found in _CUTS[level].finditer(text):
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def framed(text: str) -> tuple[str, str, str]:
    """(white space before, what is said, white space after)."""
    said = text.strip()
    if not said:
        return text, "", ""
    start = text.index(said)
    return text[:start], said, text[start + len(said) :]
