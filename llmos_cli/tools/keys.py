"""What things are ordered and grouped by."""

from __future__ import annotations

import os
import re
import stat as st
from collections.abc import Callable
from datetime import datetime
from typing import Any

from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.kinds import kind_of
from llmos_cli.numerals import number as read_number
from llmos_cli.tools.find import walk
from llmos_cli.values import Cell, Entry, Files, Table, Text


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which `a2` comes before `a10`, capitals no matter."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text.casefold()) if part)


def key_of(given: Files | Table | Text, by: str) -> Callable[[Any], Any]:
    """The sort key for the items of `given`. Raises LlmosError for a key that they do not have."""
    if isinstance(given, Files):
        return _file_order(by)
    if isinstance(given, Text):
        return {"length": len, "number": _first_number, "size": len}.get(by, str.casefold)
    aliases = {"number": given.columns[-1], "count": given.columns[-1], "text": given.columns[0], "name": given.columns[0]}
    at = column_index(given, by if by in given.columns else aliases.get(by, by))

    def cell_key(row: Any) -> tuple[int, float, str]:
        cell = row[at] if at < len(row) else None
        value = as_number(cell)
        return (1, 0.0, str(cell).casefold()) if value is None else (0, value, "")

    return cell_key


def _first_number(line: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?", line)
    return float(found[0]) if found else float("inf")


def _file_order(by: str) -> Callable[[Entry], Any]:
    keys: dict[str, Callable[[Entry], Any]] = {
        "name": lambda e: (natural(e.name), e.path),
        "path": lambda e: e.path,
        "size": lambda e: size_below(e.path) if e.is_folder else e.stat.st_size,
        "modified": lambda e: e.stat.st_mtime_ns,
        "accessed": lambda e: e.stat.st_atime_ns,
        "created": lambda e: getattr(e.stat, "st_birthtime", e.stat.st_ctime),
        "ext": lambda e: (e.ext, natural(e.name)),
        "text": lambda e: natural(e.name),
        "length": lambda e: len(e.name),
        "number": lambda e: _first_number(e.name),
    }
    if by not in keys:
        raise LlmosError(f"files cannot be sorted by {by!r}", hint="by name, size, modified, created, accessed, ext, path or length")
    return keys[by]


def file_key(by: str) -> Callable[[Entry], Cell]:
    """The label that a file is grouped under. Raises LlmosError for a key that files do not have."""
    keys: dict[str, Callable[[Entry], Cell]] = {
        "ext": lambda e: e.ext,
        "kind": lambda e: "folder" if e.is_folder else kind_of(e.ext),
        "type": lambda e: "folder" if e.is_folder else "link" if e.is_link else "file",
        "folder": lambda e: os.path.dirname(e.path),
        "year": lambda e: _time(e)[:4],
        "month": lambda e: _time(e)[:7],
        "day": _time,
        "owner": owner,
    }
    if by not in keys:
        raise LlmosError(f"files cannot be grouped by {by!r}", hint="by ext, kind, type, folder, year, month, day or owner")
    return keys[by]


def _time(entry: Entry) -> str:
    """The day on which it was changed, in local time; '' for one that no calendar has."""
    try:
        return datetime.fromtimestamp(entry.stat.st_mtime).strftime("%Y-%m-%d").rjust(10, "0")
    except (ValueError, OverflowError, OSError):
        return ""


def owner(entry: Entry) -> str:
    """The owner's name, or number where nobody has it."""
    import pwd

    try:
        return pwd.getpwuid(entry.stat.st_uid).pw_name
    except KeyError:
        return str(entry.stat.st_uid)


def size_below(path: str) -> int:
    """Bytes in a file, or in all files below a folder, each hard-linked file once."""
    entry, seen, total = Entry(path), set[tuple[int, int]](), 0
    for found in walk(path) if entry.is_folder else [entry]:
        try:
            info = found.stat
        except OSError:
            continue
        if st.S_ISREG(info.st_mode) and not (info.st_nlink > 1 and (info.st_dev, info.st_ino) in seen):
            seen.add((info.st_dev, info.st_ino))
            total += info.st_size
    return total


def as_number(cell: Cell) -> float | None:
    """A cell's number, also from text such as `-1,234.50` or `12 EUR`; None where it holds none."""
    if isinstance(cell, int | float):
        return cell
    text = (cell or "").strip()
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    digits = text.lstrip("$€£¥ ").split(" ")[0].rstrip("%€$£¥")
    value = read_number(digits) if digits[:1].isdecimal() or digits[:1] == "." else None
    return None if value is None else sign * value


def column_index(table: Table, column: str) -> int:
    """The place of a column that is named, or numbered from 1 (`second`, `last`). Raises LlmosError with what there is."""
    names = [name.lower().strip() for name in table.columns]
    wanted = column.lower().strip()
    for form in (wanted, wanted.removesuffix("s"), wanted + "s", wanted.replace(" ", "_")):
        if form in names:
            return names.index(form)
    if wanted == "last":
        return len(names) - 1
    place = read_number(wanted)
    if place is not None and 1 <= place <= len(names):
        return int(place) - 1
    near = [i for i, name in enumerate(names) if wanted and wanted in name]
    if len(near) == 1:
        return near[0]
    raise NotFound(f"there is no column {column!r}", hint=f"the columns are {', '.join(table.columns)}")
