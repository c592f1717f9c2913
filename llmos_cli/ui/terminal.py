"""Answers for a person at a terminal: names with size and age, tables with heads and bars, text, numbers with their unit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from llmos_cli.host import Host
from llmos_cli.ui import charts, hits, letters, pictures, texts
from llmos_cli.ui.cells import columns, width
from llmos_cli.ui.layout import GAP, Layout, Shown, blocks
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe, safe_line
from llmos_cli.ui.words import age, bare, number, plural, size
from llmos_cli.values import Cell, Entry, Files, Flowing, Number, Table, Text, Value

T = TypeVar("T")
NARROW = 60  # below this many columns a list has no ages
FOUND_LINES = ("path", "line", "text")
HELD_ROWS, HELD_SECONDS = 500, 1.5  # a table that is longer, or comes more slowly, has no bars
MOST_LISTED = 10_000
MOST_PICTURES = 6
Row = Sequence[Cell]


class Terminal:
    """With `numbered`, files and rows about files have numbers before them, and `listed` their paths in that order."""

    def __init__(self, host: Host, out: Out, *, numbered: bool = False) -> None:
        self._host, self._out, self._names, self._paint = host, out, Names.of(host), Paint.for_answers(host)
        self._numbered, self._drawn = numbered, _draws(host)
        self.listed: list[str] = []
        self.within_line = False  # text has come that does not end its line yet, so nothing else may be written there

    def value(self, value: Value) -> bool:
        """Print it; False where there was nothing in it."""
        self.listed = []
        if isinstance(value, Text) and isinstance(value.lines, Flowing) and not self._host.plain:
            return self._flowing(value.lines)
        empty = True
        for line in self._lines(value):
            self._out.line(line)
            empty = False
        self._out.flush()
        return not empty

    def _flowing(self, text: Flowing) -> bool:
        """Text as it comes, also parts of lines; False where there was none."""
        empty = True
        try:
            for piece in texts.pieces(text.pieces()):
                self.within_line = not piece.endswith("\n")
                self._out.write(piece)
                self._out.flush()
                empty = False
        finally:
            if self.within_line:
                self._out.line("")
            self.within_line = False
        return not empty

    def _lines(self, value: Value) -> Iterator[str]:
        room = columns(self._host)
        if isinstance(value, Files):
            yield from self._files(value.items, room)
        elif isinstance(value, Table) and value.columns == FOUND_LINES:
            yield from map(self._found_line, value.rows)
        elif isinstance(value, Table) and value.columns == letters.COLUMNS and not self._host.plain:
            now = self._host.clock()
            yield from (letters.heading(n, row, room, now, self._paint) for n, row in enumerate(value.rows, 1))
        elif isinstance(value, Table):
            yield from self._table(value, room)
        elif isinstance(value, Text):
            yield from texts.shown(value, self._paint, drawn=self._drawn)
        elif isinstance(value, Number):
            yield _number(value)

    def _list(self, path: str) -> int:
        """The number of a path that is shown now; 0 where things have none."""
        if not self._numbered or len(self.listed) >= MOST_LISTED:
            return 0
        self.listed.append(path)
        return len(self.listed)

    # ---- files -------------------------------------------------------------------------------------------

    def _files(self, items: Iterable[Entry], room: int) -> Iterator[str]:
        seen: list[Entry] = []
        with_age = room >= NARROW or self._host.plain

        def cells(entry: Entry) -> list[Shown]:
            self._list(entry.path)
            if len(seen) <= MOST_PICTURES:
                seen.append(entry)
            return self._entry(entry, with_age)

        layout = Layout(room, self._paint, number=int(self._numbered))
        yield from self._aligned(layout, items, cells, lambda entry: hits.under(entry, room, self._paint))
        yield from self._pictures(seen)

    def _aligned(
        self, layout: Layout, items: Iterable[T], cells: Callable[[T], Sequence[Shown]], under: Callable[[T], Iterator[str]] | None = None
    ) -> Iterator[str]:
        """Lines of `under` stand below their row; a list that has some has no heads, so that each row is one line."""
        for block in blocks(items, self._host.clock):
            rows = [cells(item) for item in block]
            lines = self._read_out(layout, rows) if self._host.plain else layout.lines(rows)
            if under is None:
                yield from lines
            else:
                for item, line in zip(block, lines, strict=True):
                    yield line
                    yield from under(item)
            self._out.flush()  # the block has been printed when this is asked to go on

    def _read_out(self, layout: Layout, rows: Sequence[Sequence[Shown]]) -> Iterator[str]:
        """Rows as phrases for a screen reader: `3. report.pdf, 1.5 MB, 3 days ago`; a table's cells after their heads."""
        for row in rows:
            lead = f"{layout.number}. " if layout.number else ""
            layout.number += bool(layout.number)
            heads = [f"{head} " if head and len(row) > 2 else "" for head in layout.heads] or [""] * len(row)
            yield lead + ", ".join(f"{head}{cell.text}" for head, cell in zip(heads, row, strict=False) if cell.text)

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

    def _pictures(self, entries: Sequence[Entry]) -> Iterator[str]:
        """The pictures themselves, where the terminal can show them and nothing else was found than a few of them."""
        said = self._host.settings["images"].removesuffix("auto")
        how = pictures.protocol({**self._host.env, "LLMOS_IMAGES": said}) if self._paint.on and self._drawn else ""
        if how and 0 < len(entries) <= MOST_PICTURES and all(pictures.is_picture(entry.path) for entry in entries):
            for entry in entries:
                if drawn := pictures.drawn(entry.path, how):
                    yield f"{drawn} {self._paint(safe(entry.name), 'dim')}"

    # ---- tables ------------------------------------------------------------------------------------------

    def _found_line(self, row: Row) -> str:
        path, line, text = row
        found = self._list(str(path))
        if self._host.plain:
            return f"{f'{found}. ' if found else ''}{self._path(path)}, line {line}: {safe_line(str(text)).expandtabs(4)}"
        lead = self._paint(f"{found:3}  ", "dim") if found else ""
        return f"{lead}{self._paint(f'{self._path(path)}:{line}:', 'dim')} {safe_line(str(text)).expandtabs(4)}"

    def _table(self, table: Table, room: int) -> Iterator[str]:
        at = table.columns.index("path") if "path" in table.columns else -1
        is_bytes = [name == "size" or (name in ("used", "free") and "size" in table.columns) for name in table.columns]
        heads = tuple(map(safe, table.columns))
        numbers = int(self._numbered and at >= 0)
        rows, rest = self._held(table.rows) if self._drawn and _measures(table.columns) else ([], iter(table.rows))
        drawn = self._bars(table.columns, rows, is_bytes, room - 5 * numbers) if rows and rest is None else []
        pairs = zip(rows, drawn or [""] * len(rows), strict=True)
        more = ((row, "") for row in rest or ())

        def cells(pair: tuple[Row, str]) -> list[Shown]:
            row, bar = pair
            if numbers:
                self._list(str(row[at]) if at < len(row) else "")
            return [*self._row(row, table.columns, is_bytes), *([Shown(bar, "bar")] if bar else [])]

        layout = Layout(room, self._paint, (*heads, *([""] if drawn else [])), number=numbers)
        yield from self._aligned(layout, chain(pairs, more), cells)
        if self._drawn and rest is None and table.columns[0] in charts.DATES and len(table.columns) == 2:
            counts = {str(row[0]): float(row[1]) for row in rows if isinstance(row[1], int | float)}
            if line := charts.sparkline(table.columns[0], counts, room):
                yield self._paint(line, "bar")

    def _held(self, items: Iterable[Row]) -> tuple[list[Row], Iterator[Row] | None]:
        """(rows, None) where all of them have come soon; else those that have, and the rest."""
        rows, going, start = [], iter(items), self._host.clock()
        for row in going:
            rows.append(row)
            if len(rows) >= HELD_ROWS or not 0 <= self._host.clock() - start < HELD_SECONDS:
                return rows, going
        return rows, None

    def _bars(self, heads: Sequence[str], rows: Sequence[Row], is_bytes: Sequence[bool], room: int) -> list[str]:
        """A bar for each row: of its number, or of what is used of a disk; [] where there is no room or nothing to compare."""
        shown = [self._row(row, heads, is_bytes) for row in rows]
        taken = sum(max([width(heads[i]), *(width(cells[i].text) for cells in shown if i < len(cells))]) + GAP for i in range(len(heads)))
        if tuple(heads) == ("path", "size", "used", "free"):
            return [charts.used(float(row[2] or 0) / float(row[1] or 1)) for row in rows] if room - taken >= 15 else []
        values = [row[1] for row in rows if len(row) > 1 and isinstance(row[1], int | float)]
        return charts.bars(values, room - taken) if len(values) == len(rows) else []

    def _row(self, row: Row, heads: Sequence[str], is_bytes: Sequence[bool]) -> list[Shown]:
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


def _draws(host: Host) -> bool:
    """Whether bars and branches can be shown: not to a screen reader, and only where all letters can be written."""
    encoding = (getattr(host.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return encoding == "utf8" and not host.plain


def _measures(heads: Sequence[str]) -> bool:
    """Whether a table is of names and numbers to be compared."""
    return len(heads) == 2 or tuple(heads) == ("path", "size", "used", "free")


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
