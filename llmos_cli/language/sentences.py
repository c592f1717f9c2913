"""Sentences of English and Chinese text, and of what is written alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SHORT = frozenset(
    "mr mrs ms dr prof sr jr st vs etc no nos vol fig figs eq sec ch pp p cf al approx dept est inc ltd co corp gov gen col lt sgt rev hon "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun e.g i.e a.m p.m u.s u.k ph.d b.sc m.sc".split()
)
_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s+\S)|[。！？]+[”’」』）]*")
_BLOCK = re.compile(r"\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*+•>][ \t]|[#|]|\d+[.)][ \t]))")
_MARK = re.compile(r"\A[ \t]*(?:[-*+•>]|\d+[.)])\s+")
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HEADING = re.compile(r"\s*(?:#|\||=+$|-+$)")
_AFTER = re.compile(r"\s*(\S?)")
_LONGEST = 24  # letters; what stands before a full stop is none of _SHORT if it is longer
_FENCED = re.compile(r"^[ \t]*```.*?(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def sentences(text: str) -> Iterator[str]:
    """One after the other, each on one line. Headings, tables and lines of programs in fences are left out."""
    for block in _BLOCK.split(_FENCED.sub("\n\n", text)):
        if not _HEADING.match(block):
            yield from _within(_joined(_MARK.sub("", block, count=1)))


def _joined(block: str) -> str:
    """Its lines as one: with a space between them, but none between Chinese letters."""
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    text = lines[0] if lines else ""
    for line in lines[1:]:
        chinese = _is_chinese(text[-1:]) and _is_chinese(line[:1])
        text += line if chinese else f" {line}"
    return text


def _is_chinese(char: str) -> bool:
    return bool(_CHINESE.match(char)) or char in tuple("，。、；：！？”“")


def _within(text: str) -> Iterator[str]:
    start = 0
    for found in _END.finditer(text):
        if found[0][0] == "." and _goes_on(text, start, found):
            continue
        if said := text[start : found.end()].strip():
            yield said
        start = found.end()
    if rest := text[start:].strip():
        yield rest


def _goes_on(text: str, start: int, found: re.Match[str]) -> bool:
    """Whether a full stop is none: after `Dr` or an initial, or before a small letter."""
    word = text[max(start, found.start() - _LONGEST) : found.start()].rpartition(" ")[2].lstrip("(\"'“‘").lower()
    after = _AFTER.match(text, found.end())
    goes_on = after is not None and after[1].islower()
    return found[0] == "." and (goes_on or word in _SHORT or (len(word) == 1 and word.isalpha() and word != "i"))
