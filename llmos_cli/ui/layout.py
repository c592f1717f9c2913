"""Rows of cells in aligned columns, laid out block by block as they come. Nothing is cut.

The first column may be wider than there is room: then it stands on a line of its own. Where the others do not fit either,
each row becomes lines of `name  value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from llmos_cli.ui.cells import pad, width
from llmos_cli.ui.paint import Paint

GAP = 2
BLOCK, FIRST_BLOCK, SECONDS = 200, 40, 0.1
T = TypeVar("T")


@dataclass(frozen=True)
class Shown:
    """A cell: safe text and the name of its colour; `right` stands to the right of its column."""

    text: str
    style: str = ""
    right: bool = False


def blocks(items: Iterable[T], clock: Callable[[], float]) -> Iterator[list[T]]:
    """The items in lists: a screenful or what came in a tenth of a second first, so that something shows at once; then longer ones."""
    block: list[T] = []
    most, start = FIRST_BLOCK, clock()
    for item in items:
        block.append(item)
        if len(block) >= most or not 0 <= clock() - start < SECONDS:
            yield block
            block, most, start = [], BLOCK, clock()
    if block:
        yield block


@dataclass
class Layout:
    """Column widths, which only grow from block to block; `heads` names the columns of a table, and is empty for a list.

    `number` is what the first row is numbered with; 0 is for no numbers.
    """

    room: int
    paint: Paint
    heads: tuple[str, ...] = ()
    number: int = 0
    _widths: list[int] = field(default_factory=list)
    _started: bool = False
    _as_records: bool = False

    def __post_init__(self) -> None:
        self.room -= len(self._lead()) if self.number else 0

    def lines(self, rows: Sequence[Sequence[Shown]]) -> Iterator[str]:
        """The lines of the next block."""
        self._grow(rows)
        if not self._started and self.heads and not self._as_records:
            right = [all(row[i].right for row in rows if i < len(row)) for i in range(len(self.heads))]
            yield " " * len(self._lead()) + self._line([Shown(head, "dim", right[i]) for i, head in enumerate(self.heads)])
        for row in rows:
            if self._as_records:
                yield from self._record(row)
            else:
                yield self.paint(self._lead(), "dim") + self._line(row)
            self._started = True
            self.number += bool(self.number)

    def _lead(self) -> str:
        """The number of the next row, and the gap after it."""
        return f"{self.number:3}  " if self.number else ""

    def _grow(self, rows: Sequence[Sequence[Shown]]) -> None:
        """Make room for these rows; at the start decide between columns and records."""
        count = max(len(self.heads), *map(len, rows))
        self._widths += [width(head) for head in self.heads[len(self._widths) :]]
        self._widths += [0] * (count - len(self._widths))
        for i in range(1, count):
            self._widths[i] = max(self._widths[i], *(width(row[i].text) for row in rows if i < len(row)), 0)
        others = sum(self._widths[1:]) + GAP * (count - 1)
        first = [width(row[0].text) for row in rows if row]
        if not self._started and self.heads:
            self._as_records = others > self.room * 2 // 3 and others + max(first, default=0) > self.room
        fits = [cells for cells in first if cells <= self.room - others]
        self._widths[0] = max(self._widths[0], *fits, 0)

    def _line(self, row: Sequence[Shown]) -> str:
        line = ""
        for i, cell in enumerate(row):
            is_last = not any(other.text for other in row[i + 1 :])
            text = cell.text if is_last and not cell.right else pad(cell.text, self._widths[i], right=cell.right)
            line += self._coloured(cell, text)
            if is_last:
                break
            if i == 0 and width(cell.text) > self._widths[0]:
                line += "\n" + " " * (len(self._lead()) + self._widths[0])
            line += " " * GAP
        return line

    def _coloured(self, cell: Shown, text: str) -> str:
        return text.replace(cell.text, self.paint(cell.text, cell.style), 1) if cell.text and cell.style else text

    def _record(self, row: Sequence[Shown]) -> Iterator[str]:
        if self._started:
            yield ""
        if self.number:
            yield self.paint(str(self.number), "strong")
        label = max(map(width, self.heads))
        for i, cell in enumerate(row):
            head = self.heads[i] if i < len(self.heads) else ""
            yield f"{self.paint(pad(head, label), 'dim')}{' ' * GAP}{self.paint(cell.text, cell.style)}"
