"""The text around what a search has found, below the name of the file: `12: … the budget for next year …`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from llmos_cli.ui.cells import cut, width
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe
from llmos_cli.values import Entry, Hit

INDENT = "    "


def under(entry: Entry, room: int, paint: Paint) -> Iterator[str]:
    """One line of at most `room` cells for a hit in a text, in which the first hit is seen; nothing for another file."""
    excerpt = entry.excerpt if isinstance(entry, Hit) else None
    if excerpt is None:
        return
    number = "" if excerpt.line is None else f"{excerpt.line}: "
    line, left = INDENT + paint(number, "dim"), room - len(INDENT) - len(number)
    before = [piece for piece, _ in takewhile(lambda piece: not piece[1], excerpt.pieces)]
    pieces = ((cut(safe("".join(before)), left // 3, keep_end=True), False), *excerpt.pieces[len(before) :])
    for piece, is_hit in pieces:
        text = cut(safe(piece), left)
        left -= width(text)
        line += paint(text, "strong" if is_hit else "dim")
        if left <= 0:
            break
    yield line.rstrip()
