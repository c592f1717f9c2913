"""Reading files, and working on text: lines, words, tables, JSON."""

import csv as csvmodule
import difflib
import itertools
import json as jsonmodule
import os
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from llmos_cli.errors import LlmosError
from llmos_cli.literals import Chars, Choice, Literal
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.content import all_lines, is_text, lines_in, lines_of, pattern, told
from llmos_cli.tools.facts import YES_NO
from llmos_cli.values import Entry, Files, Number, Table, Text

MAX_JSON = 256 * 1024 * 1024


def readable(entry: Entry) -> str:
    """The path of a text file. Raises LlmosError for a folder or what is no text."""
    if os.path.isdir(entry.path):
        raise LlmosError(f"{entry.name} is a folder", hint=f"list {entry.name}")
    if not is_text(entry.path):
        raise LlmosError(f"{entry.name} is not a text file")
    return entry.path


@tool(named=True)
def read(given: Files, place: Place) -> Text:
    """The text in files, one after the other."""
    entries = tuple(given.items)
    return Text(all_lines(entries, place), tuple(entry.path for entry in entries))


@tool(named=True, flow={Text: Text, Files: Table})
def grep(
    given: Files | Text,
    place: Place,
    pattern_: Annotated[tuple[str, ...], Literal("text"), "text to look for; any of a list"],
    invert: Annotated[bool, YES_NO, "lines without it"] = False,
    word: Annotated[bool, YES_NO, "only as a whole word"] = False,
    case: Annotated[bool | None, YES_NO, "capitals matter; they do where the text has some"] = None,
    at: Annotated[str, Choice("place", ("start", "end")), "only at the start or end of the line"] = "",
    regex: Annotated[bool, YES_NO, "it is a regular expression"] = False,
) -> Table | Text:
    """The lines that hold a text: of a text, or of files with path and line number."""
    wanted = pattern(pattern_, regex=regex, word=word, case=case, at=at)
    if isinstance(given, Text):
        return Text((line for line in given.lines if bool(wanted.search(line)) != invert), given.sources)

    def hits() -> Iterator[tuple[str, int, str]]:
        for entry, lines in told(given.items, place):
            try:
                yield from ((entry.path, n, line) for n, line in enumerate(lines, 1) if bool(wanted.search(line)) != invert)
            except OSError:
                continue

    return Table(("path", "line", "text"), hits())


def _measure(given: Files | Text, place: Place, name: str, of_line: Callable[[str], int]) -> Table | Number:
    if isinstance(given, Text):
        return Number(sum(map(of_line, given.lines)))
    return Table(("path", name), ((entry.path, sum(map(of_line, lines))) for entry, lines in told(given.items, place)))


@tool(named=True, flow={Text: Number, Files: Table})
def lines(given: Files | Text, place: Place) -> Table | Number:
    """How many lines there are, in each file or in a text."""
    return _measure(given, place, "lines", lambda line: 1)


@tool(named=True, flow={Text: Number, Files: Table})
def words(given: Files | Text, place: Place) -> Table | Number:
    """How many words there are, in each file or in a text."""
    return _measure(given, place, "words", lambda line: len(line.split()))


@tool(named=True, flow={Text: Number, Files: Table})
def characters(given: Files | Text, place: Place) -> Table | Number:
    """How many characters there are, line ends counted, in each file or in a text."""
    return _measure(given, place, "characters", lambda line: len(line) + 1)


@tool(named=True, flow={Files: Table, Text: Table})
def csv(given: Files | Text, by: Annotated[str, Chars("text"), "what parts the columns; found out if left out"] = "") -> Table:
    """A table of a CSV file: its first row names the columns."""
    if len(by) > 1:
        raise LlmosError(f"columns are parted by one character, not by {by!r}", hint="csv data.csv by=semicolon")
    paths = tuple(readable(e) for e in given.items) if isinstance(given, Files) else ()
    texts = [list(lines_of(path)) for path in paths] if isinstance(given, Files) else [list(given.lines)]
    heads: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for text in texts:
        try:
            found = [tuple(row) for row in csvmodule.reader(_whole_lines(text), delimiter=by or _delimiter(text), skipinitialspace=True)]
        except csvmodule.Error as error:
            raise LlmosError(f"it cannot be read as a table: {error}") from error
        found = [row for row in found if any(row)]
        if found and heads and [h.strip() for h in found[0]] != [h.strip() for h in heads]:
            raise LlmosError("the files have different columns", hint="read them one at a time")
        heads = heads or (found[0] if found else ())
        rows += found[1:]
    if not heads:
        raise LlmosError("the table is empty")
    width = max(map(len, [heads, *rows]))
    heads = tuple(name.strip() or f"column {i}" for i, name in enumerate((*heads, *[""] * (width - len(heads))), 1))
    return Table(heads, tuple((*row, *[None] * (width - len(row))) for row in rows))


def _whole_lines(text: list[str]) -> Iterator[str]:
    return (line + "\n" for line in text)  # a quoted cell may hold line ends


def _delimiter(text: list[str]) -> str:
    head = next((line for line in text if line.strip()), "")
    return max(",;\t|", key=re.sub(r'"[^"]*"', "", head).count)


@tool(named=True, flow={Files: Text, Text: Text})
def json(given: Files | Text, field: Annotated[str, Literal("text"), "a field, with dots for those inside: server.port"] = "") -> Text:
    """A JSON file laid out for reading, or one field of it."""
    sources = tuple(readable(e) for e in given.items) if isinstance(given, Files) else given.sources
    text = "\n".join(itertools.chain.from_iterable(map(lines_of, sources)) if isinstance(given, Files) else given.lines)
    if len(text) > MAX_JSON:
        raise LlmosError("the JSON is too large to read at once")
    try:
        data = jsonmodule.loads(text)
        for part in filter(None, field.split(".")):
            data = _field(data, part)
        out = data if isinstance(data, str) else jsonmodule.dumps(data, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise LlmosError(f"it is not JSON that I can read: {error}") from error
    return Text(tuple(re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", out).splitlines()), sources)


def _field(data: Any, part: str) -> Any:
    if isinstance(data, list):
        return data[int(part)] if part.isdecimal() and int(part) < len(data) else [_field(item, part) for item in data]
    if isinstance(data, dict) and part in data:
        return data[part]
    known = ", ".join(map(str, data)) if isinstance(data, dict) else "none"
    raise LlmosError(f"there is no field {part!r}", hint=f"the fields are {known}")


@tool(named=True)
def compare(
    given: Files,
    place: Place,
    show: Annotated[str, Choice("lines", ("diff", "first", "second", "common")), "a diff if left out, or only the lines of one"] = "diff",
) -> Text:
    """How two text files differ: a diff, or the lines that only the first, only the second, or both have."""
    entries = tuple(given.items)
    if len(entries) != 2:
        raise LlmosError(f"two files are compared, not {len(entries)}", hint="compare a.txt,b.txt")
    one, two = (list(lines_in(entry, place)) for entry in entries)
    if show == "diff":
        return Text(tuple(line.rstrip("\n") for line in difflib.unified_diff(one, two, entries[0].name, entries[1].name, lineterm="")))
    mine, other = (two, set(one)) if show == "second" else (one, set(two))
    return Text(tuple(line for line in mine if (line in other) == (show == "common")))


@tool()
def upper(given: Text) -> Text:
    """In capitals."""
    return Text((line.upper() for line in given.lines), given.sources)


@tool()
def lower(given: Text) -> Text:
    """In small letters."""
    return Text((line.lower() for line in given.lines), given.sources)


def titled(text: str) -> str:
    """`don't stop` → `Don't Stop`."""
    return re.sub(r"[^\W\d_]+(['’][^\W\d_]+)*", lambda m: m[0][:1].title() + m[0][1:].lower(), text)


@tool()
def title(given: Text) -> Text:
    """Each Word With a Capital."""
    return Text((titled(line) for line in given.lines), given.sources)


@tool()
def trim(given: Text) -> Text:
    """Without white space at the ends of lines, and without empty lines."""
    return Text((line.strip() for line in given.lines if line.strip()), given.sources)


@tool()
def split(given: Text, by: Annotated[str, Chars("text"), "where to part the lines; white space if left out"] = "") -> Text:
    """Each part of a line on a line of its own."""
    return Text((part.strip() for line in given.lines for part in (line.split(by) if by else line.split())), given.sources)


@tool()
def join(given: Text, by: Annotated[str, Chars("text"), "what to put between the lines; a space if left out"] = " ") -> Text:
    """All lines in one."""
    return Text((by.join(given.lines),), given.sources)


@tool()
def number(given: Text) -> Text:
    """Each line with its number before it."""
    return Text((f"{i}  {line}" for i, line in enumerate(given.lines, 1)), given.sources)
