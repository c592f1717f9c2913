"""How much room text takes on a terminal, in cells: Chinese letters and emoji take two, combining marks none."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache

from llmos_cli.host import Host

NARROWEST = 20


def columns(host: Host) -> int:
    """The width of the terminal: COLUMNS, or what the terminal says, or 80."""
    said = host.env.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and int(said) > 0:
        return max(int(said), NARROWEST)
    for stream in (host.stdout, host.stderr):
        try:
            found = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):  # no terminal, closed, or not a file at all
            continue
        if found > 0:
            return max(found, NARROWEST)
    return 80


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def width(text: str) -> int:
    """Cells that `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, room: int, *, keep_end: bool = False) -> str:
    """`text` in at most `room` cells, with `…` where some of it is left out: at its end, or with `keep_end` at its start."""
    if width(text) <= room:
        return text
    kept, left = [], room - 1
    for char in reversed(text) if keep_end else text:
        left -= _cells(char)
        if left < 0:
            break
        kept.append(char)
    if room < 1:
        return ""
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept) + "…"


def pad(text: str, room: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `room` cells; `right` puts it to the right."""
    space = " " * (room - width(text))
    return space + text if right else text + space


def wrap(text: str, room: int, indent: str = "") -> str:
    """`text` broken at spaces into lines of at most `room` cells; words that are longer stay whole. Lines after the first are indented."""
    lines, line = [], ""
    for i, word in enumerate(text.split(" ")):
        longer = f"{line} {word}" if i else word
        if i and width(longer) > room and line.strip():
            lines.append(line)
            longer = indent + word
        line = longer
    return "\n".join([*lines, line])
