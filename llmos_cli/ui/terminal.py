"""Answers for a person at a terminal: names with size and age, tables with heads, text, numbers with their unit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from llmos_cli.host import Host
from llmos_cli.ui.cells import columns
from llmos_cli.ui.layout import Layout, Shown, blocks
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe, safe_line
from llmos_cli.ui.words import age, bare, number, plural, size
from llmos_cli.values import Cell, Entry, Files, Number, Table, Text, Value

T = TypeVar("T")
NARROW = 60  # below this many columns a list has no ages
FOUND_LINES = ("path", "line", "text")


class Terminal:
    def __init__(self, host: Host, out: Out) -> None:
        self._host, self._out, self._names, self._paint = host, out, Names.of(host), Paint.for_answers(host)

    def value(self, value: Value) -> bool:
        """Print it; False where there was nothing in it."""
        empty = True
        for line in self._lines(value):
            self._out.line(line)
            empty = False
        self._out.flush()
        return not empty

    def _lines(self, value: Value) -> Iterator[str]:
        room = columns(self._host)
        if isinstance(value, Files):
            yield from self._aligned(Layout(room, self._paint), value.items, lambda entry: self._entry(entry, room >= NARROW))
        elif isinstance(value, Table) and value.columns == FOUND_LINES:
            yield from map(self._found_line, value.rows)
        elif isinstance(value, Table):
            is_bytes = [name == "size" or (name in ("used", "free") and "size" in value.columns) for name in value.columns]
            heads = tuple(map(safe, value.columns))
            yield from self._aligned(Layout(room, self._paint, heads), value.rows, lambda row: self._row(row, value.columns, is_bytes))
        elif isinstance(value, Text):
            yield from map(safe_line, value.lines)
        elif isinstance(value, Number):
            yield _number(value)

    def _aligned(self, layout: Layout, items: Iterable[T], cells: Callable[[T], Sequence[Shown]]) -> Iterator[str]:
        for block in blocks(items, self._host.clock):
            yield from layout.lines([cells(item) for item in block])
            self._out.flush()  # the block has been printed when this is asked to go on

    def _entry(self, entry: Entry, with_age: bool) -> list[Shown]:
        """Name, size, age; only the name of what cannot be looked at."""
        name = safe(self._names.short(entry.path))
        try:
            stat = entry.stat
        except (OSError, ValueError):
            return [Shown(name)]
        if entry.is_folder:
            first = Shown(name if name.endswith("/") else f"{name}/", "folder")
        elif entry.is_link:
            first = Shown(f"{name} -> {_target(entry.path)}", "link")
        else:
            first = Shown(name)
        cells = [first, Shown(size(stat.st_size) if entry.is_file else "", right=True)]
        return [*cells, Shown(age(self._host.clock(), stat.st_mtime), "dim")] if with_age else cells

    def _found_line(self, row: Sequence[Cell]) -> str:
        path, line, text = row
        return f"{self._paint(f'{self._path(path)}:{line}:', 'dim')} {safe_line(str(text)).expandtabs(4)}"

    def _row(self, row: Sequence[Cell], heads: Sequence[str], is_bytes: Sequence[bool]) -> list[Shown]:
        cells = []
        for i, cell in enumerate(row):
            if isinstance(cell, int | float):
                cells.append(Shown(size(cell) if is_bytes[i : i + 1] == [True] else bare(cell), right=True))
            elif i < len(heads) and heads[i] == "path":
                cells.append(Shown(self._path(cell)))
            else:
                cells.append(Shown(safe("" if cell is None else cell.expandtabs(4))))
        return cells

    def _path(self, cell: Cell) -> str:
        text = "" if cell is None else str(cell)
        return safe(self._names.short(text) if text.startswith("/") else text)


def _target(path: str) -> str:
    try:
        return safe(os.readlink(path))
    except (OSError, ValueError):
        return "?"


def _number(value: Number) -> str:
    if value.unit != "bytes":
        return f"{number(value.value)} {safe(value.unit)}".rstrip()
    exact = plural(value.value, "byte")
    short = size(value.value)
    return exact if short == exact else f"{short} ({exact})"
