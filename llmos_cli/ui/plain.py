"""Answers for a pipe: one item a line, as it comes, nothing added and nothing escaped. With `null` items end in NUL.

Only where they are asked for on a terminal is what could harm it escaped, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmos_cli.host import Host
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.safe import safe_line
from llmos_cli.ui.words import bare
from llmos_cli.values import Cell, Files, Number, Table, Text, Value


class Plain:
    """Paths below the current folder are relative, others absolute, so that the next program can open them.

    Only `null` keeps names with line ends apart.
    """

    def __init__(self, host: Host, out: Out, *, null: bool = False) -> None:
        self._names, self._out, self._end = Names.of(host), out, "\0" if null else "\n"
        self._seen = host.answers_go_to_terminal

    def value(self, value: Value) -> None:
        for item in self._items(value):
            self._out.line(safe_line(item) if self._seen else item, self._end)
        self._out.flush()

    def _items(self, value: Value) -> Iterator[str]:
        if isinstance(value, Files):
            yield from (self._names.usable(entry.path) for entry in value.items)
        elif isinstance(value, Table):
            is_path = [name == "path" for name in value.columns]
            for row in value.rows:
                yield "\t".join(self._cell(cell, is_path[i : i + 1] == [True], i == len(row) - 1) for i, cell in enumerate(row))
        elif isinstance(value, Text):
            yield from value.lines
        elif isinstance(value, Number):
            yield bare(value.value)

    def _cell(self, cell: Cell, is_path: bool, is_last: bool) -> str:
        if cell is None:
            return ""
        if not isinstance(cell, str):
            return bare(cell)
        text = self._names.usable(cell) if is_path and cell.startswith("/") else cell
        text = text if is_last else text.replace("\t", "\\t")  # so that columns stay columns
        return text if self._end == "\0" else text.replace("\n", "\\n")
