"""Ordering, choosing and counting, on whatever flows: files, rows, lines."""

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

from llmos_cli.errors import LlmosError
from llmos_cli.literals import Amount, Chars, Choice, Literal, Whole
from llmos_cli.numerals import number as read_number
from llmos_cli.tool import tool
from llmos_cli.tools.keys import as_number, column_index, file_key, key_of
from llmos_cli.values import Cell, Files, Number, Table, Text

Items = TypeVar("Items", Files, Table, Text)
COUNT = Whole("number", ("1",))
SORT_KEYS = Choice(
    "key", ("name", "size", "modified", "created", "accessed", "ext", "path", "text", "number", "length", "count"), open=True
)
GROUP_KEYS = Choice("key", ("ext", "kind", "type", "folder", "year", "month", "day", "owner", "text"), open=True)


def rewrap(given: Items, change: Callable[[Iterable[Any]], Iterable[Any]]) -> Items:
    """The same kind of value, its items changed."""
    if isinstance(given, Files):
        return Files(change(given.items))
    if isinstance(given, Table):
        return Table(given.columns, change(given.rows))
    return Text(change(given.lines), given.sources)


def _cell(row: Sequence[Cell], at: int) -> Cell:
    """None where a row is too short."""
    return row[at] if at < len(row) else None


def items_of(given: Files | Table | Text) -> Iterable[Any]:
    return given.items if isinstance(given, Files) else given.rows if isinstance(given, Table) else given.lines


@tool()
def sort(
    given: Items,
    by: Annotated[str, SORT_KEYS, "what to order by; a table's column may be named"] = "",
    order: Annotated[str, Choice("order", ("asc", "desc")), "asc: small, old, a first; desc: big, new, z first"] = "asc",
) -> Items:
    """Put in order; equal ones stay as they were."""
    key = key_of(given, by or ("name" if isinstance(given, Files) else "text" if isinstance(given, Text) else given.columns[-1]))
    return rewrap(given, lambda items: sorted(items, key=key, reverse=order == "desc"))


@tool()
def take(given: Items, n: Annotated[int, COUNT, "how many"] = 1) -> Items:
    """The first n."""
    return rewrap(given, lambda items: itertools.islice(items, n))


@tool()
def skip(given: Items, n: Annotated[int, COUNT, "how many"] = 1) -> Items:
    """All but the first n."""
    return rewrap(given, lambda items: itertools.islice(items, n, None))


@tool()
def last(given: Items, n: Annotated[int, COUNT, "how many"] = 1) -> Items:
    """The last n, in the order that they had."""
    return rewrap(given, lambda items: deque(items, n))


@tool()
def pick(
    given: Items,
    from_: Annotated[int, COUNT, "the position, counted from 1"],
    to: Annotated[int | None, COUNT, "the last position; the same if left out"] = None,
) -> Items:
    """The one at a position, or those from one position to another."""
    first, last = sorted((from_, to or from_))
    return rewrap(given, lambda items: itertools.islice(items, first - 1, last))


@tool()
def unique(given: Items) -> Items:
    """Each one once, at its first place."""
    return rewrap(given, lambda items: dict.fromkeys(tuple(i) if isinstance(i, list) else i for i in items))


@tool()
def reverse(given: Items) -> Items:
    """The other way round."""
    return rewrap(given, lambda items: reversed(list(items)))


@tool()
def count(given: Files | Table | Text) -> Number:
    """How many files, rows or lines there are."""
    return Number(sum(1 for _ in items_of(given)))


COLUMN = Choice("column", ("size", "count", "lines", "words"), open=True)
Column = Annotated[str, COLUMN, "the column; the only one with numbers if left out"]


@tool()
def sum_(given: Files | Table | Text, column: Column = "") -> Number:
    """All added up: sizes of files in bytes, a column's numbers, or the numbers that lines hold."""
    return Number(_whole(math.fsum(numbers(given, column))), _unit(given, column))


@tool()
def average(given: Files | Table | Text, column: Column = "") -> Number:
    """The mean: of files' sizes in bytes, or of a column's numbers."""
    found = list(numbers(given, column))
    if not found:
        raise LlmosError("there is nothing to take the average of")
    return Number(_whole(math.fsum(found) / len(found)), _unit(given, column))


@tool()
def max_(given: Files | Table | Text, column: Column = "") -> Number:
    """The greatest: of files' sizes in bytes, or of a column's numbers."""
    return Number(_whole(_extreme(max, given, column)), _unit(given, column))


@tool()
def min_(given: Files | Table | Text, column: Column = "") -> Number:
    """The smallest: of files' sizes in bytes, or of a column's numbers."""
    return Number(_whole(_extreme(min, given, column)), _unit(given, column))


def _extreme(choose: Callable[[Iterable[float]], float], given: Files | Table | Text, column: str) -> float:
    found = list(numbers(given, column))
    if not found:
        raise LlmosError("there are no numbers to choose from")
    return choose(found)


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _unit(given: Files | Table | Text, column: str) -> str:
    sized = isinstance(given, Files) or column == "size" or (isinstance(given, Table) and "size" in given.columns and not column)
    return "bytes" if sized else ""


def numbers(given: Files | Table | Text, column: str = "") -> Iterator[float]:
    """The numbers in files' sizes, a table's column or lines of text; cells that hold none are passed over."""
    if isinstance(given, Files):
        yield from (e.stat.st_size for e in given.items)
        return
    if isinstance(given, Text):
        cells: Iterable[Cell] = given.lines
    else:
        given = given.held()
        index = column_index(given, column) if column else _only_numeric(given)
        cells = (row[index] for row in given.rows if index < len(row))
    yield from (value for cell in cells if (value := as_number(cell)) is not None)


def _only_numeric(table: Table) -> int:
    rows: Sequence[Sequence[Cell]] = tuple(table.rows)[:50]
    numeric = [i for i in range(len(table.columns)) if rows and all(len(r) > i and as_number(r[i]) is not None for r in rows)]
    if len(numeric) == 1:
        return numeric[0]
    raise LlmosError("it is not clear which column is meant", hint=f"the columns are {', '.join(table.columns)}")


@tool(flow={Files: Table, Table: Table, Text: Table})
def group(
    given: Files | Table | Text,
    by: Annotated[str, GROUP_KEYS, "what to group by; a table's column may be named"] = "",
    sum: Annotated[str, Choice("column", ("size",), open=True), "add this up instead of counting"] = "",
) -> Table:
    """How many there are of each: of files by extension, kind, folder or date, of rows by a column, of equal lines."""
    tally: dict[Cell, float] = {}
    if isinstance(given, Files):
        key = file_key(by or "ext")
        for entry in given.items:
            label = key(entry)
            tally[label] = tally.get(label, 0) + (entry.stat.st_size if sum else 1)
        label_name = "path" if by == "folder" else by or "ext"
    elif isinstance(given, Table):
        given = given.held()
        at, value_at = column_index(given, by if by not in ("", "text") else given.columns[0]), column_index(given, sum) if sum else -1
        for row in given.rows:
            label = _cell(row, at)
            tally[label] = tally.get(label, 0) + ((as_number(_cell(row, value_at)) or 0) if sum else 1)
        label_name = given.columns[at]
    else:
        for line in given.lines:
            tally[line] = tally.get(line, 0) + 1
        label_name = "text"
    rows = tuple((label, _whole(round(value, 9))) for label, value in sorted(tally.items(), key=lambda pair: (-pair[1], str(pair[0]))))
    return Table((label_name, sum or "count"), rows)


@tool(one_of=("is", "not", "over", "under", "contains"))
def where(
    given: Table,
    column: Annotated[str, COLUMN, "the column to look at"],
    is_: Annotated[str, Literal("text"), "equal to this"] = "",
    not_: Annotated[str, Literal("text"), "not equal to this"] = "",
    over: Annotated[float | None, Amount("number"), "more than"] = None,
    under: Annotated[float | None, Amount("number"), "less than"] = None,
    contains: Annotated[str, Literal("text"), "has this in it"] = "",
) -> Table:
    """The rows in which a column is as said."""
    given = given.held()
    at = column_index(given, column)

    def fits(row: Sequence[Cell]) -> bool:
        cell = _cell(row, at)
        value, text = as_number(cell), "" if cell is None else str(cell).lower()

        def equal(said: str) -> bool:
            return text == said.lower() or (value is not None and value == as_number(said))

        return (
            (not is_ or equal(is_))
            and (not not_ or not equal(not_))
            and (not contains or contains.lower() in text)
            and (over is None or (value is not None and value > over))
            and (under is None or (value is not None and value < under))
        )

    return Table(given.columns, (row for row in given.rows if fits(row)))


@tool(flow={Table: Table, Text: Text})
def columns(
    given: Table | Text,
    which: Annotated[tuple[str, ...], Choice("column", ("last", "1"), open=True), "names or numbers; last is the last"],
    by: Annotated[str, Chars("text"), "what parts the columns of a text; white space if left out"] = "",
) -> Table | Text:
    """Only these columns of a table, or of the lines of a text."""
    if isinstance(given, Table):
        at = [column_index(given, column) for column in which]
        return Table(tuple(given.columns[i] for i in at), (tuple(_cell(row, i) for i in at) for row in given.rows))
    places = [_position(column) for column in which]

    def cut(line: str) -> str:
        parts = line.split(by) if by else line.split()
        return (by or " ").join(parts[i] for i in places if -len(parts) <= i < len(parts))

    return Text((cut(line) for line in given.lines), given.sources)


def _position(column: str) -> int:
    value = -1 if column == "last" else read_number(column)
    if not value or value != int(value):
        raise LlmosError(f"text has no column {column!r}", hint="number them from 1, or read it as a table with csv")
    return int(value) - 1 if value > 0 else -1
