"""What was found, as text for a model and as a glimpse for the person: its beginning, and how much more there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from llmos_cli.memory.turns import MAX_ITEMS
from llmos_cli.places import Place
from llmos_cli.values import Entry, Files, Number, Table, Text, Value

SHOWN = 20  # items that the person sees of a result in a conversation
TOLD, LETTERS, LONGEST = 60, 6000, 500  # items, characters, and characters of one item that a model is told
Item = TypeVar("Item")


@dataclass(frozen=True)
class Glimpse:
    """`shown` is the beginning of the value, held; `told` is text; `left` is how many items were not shown."""

    shown: Value
    told: str
    left: int


def glimpse(value: Value, place: Place, *, letters: int = LETTERS) -> Glimpse:
    """Goes through the value as far as it is remembered, so that `@last` means all of it."""
    if isinstance(value, Number):
        return Glimpse(value, f"{value.value} {value.unit}".strip(), 0)
    if isinstance(value, Files):
        entries, count = _begun(value.items)
        return Glimpse(Files(entries[:SHOWN]), _cut((_entry(entry, place) for entry in entries), count, letters), max(count - SHOWN, 0))
    if isinstance(value, Table):
        rows, count = _begun(value.rows)
        lines = ("\t".join("" if cell is None else str(cell) for cell in row) for row in (value.columns, *rows))
        return Glimpse(Table(value.columns, rows[:SHOWN], value.by), _cut(lines, count + 1, letters), max(count - SHOWN, 0))
    texts, count = _begun(value.lines, MAX_ITEMS)
    shown = Text(texts[:SHOWN], value.sources, value.by)
    return Glimpse(shown, _cut(iter(texts), count, letters), max(count - SHOWN, 0))


def _begun(items: Iterable[Item], most: int = TOLD) -> tuple[tuple[Item, ...], int]:
    """(the first items, how many there are, counted as far as they are remembered)."""
    going = iter(items)
    first = tuple(islice(going, most))
    return first, len(first) + sum(1 for _ in islice(going, MAX_ITEMS + 1 - len(first)))


def _entry(entry: Entry, place: Place) -> str:
    """`notes/a.txt  1200 bytes  2026-11-23`."""
    name = place.short(entry.path)
    try:
        about = entry.stat
    except (OSError, ValueError):
        return name
    when = f"{datetime.fromtimestamp(about.st_mtime):%Y-%m-%d}"
    return f"{name}/  folder  {when}" if entry.is_folder else f"{name}  {about.st_size} bytes  {when}"


def _cut(lines: Iterator[str], count: int, letters: int) -> str:
    """As many lines as there is room for, and how many more there are."""
    said, room = list[str](), letters
    for line in islice(lines, count):
        most = room if not said else LONGEST
        line = line if len(line) <= most else f"{line[:most]}…"
        if len(line) > room + 1:
            break
        said.append(line)
        room -= len(line) + 1
    left = count - len(said)
    many = f"{left}{' or more' if count > MAX_ITEMS else ''}"
    return "\n".join([*said, *([f"(and {many} more)"] if left else [])]) or "(nothing)"
