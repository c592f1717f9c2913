"""Changing what is in files: write, append, replace, take lines out; and archives."""

import csv as csvmodule
import io
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from llmos_cli.effects import Effect, Pack, Unpack, Write
from llmos_cli.errors import LlmosError
from llmos_cli.kinds import parted
from llmos_cli.literals import Chars, Choice, Literal, PathName
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.change import Into, Overwrite, outermost
from llmos_cli.tools.facts import YES_NO
from llmos_cli.tools.find import walk
from llmos_cli.tools.read import readable
from llmos_cli.values import Entry, Files, Table, Text

Lines = Annotated[tuple[str, ...], Literal("text"), "the text; a list for several lines; left out where it comes from the pipe"]
NEW = PathName("path", new=True)
OLD = PathName("path", new=True, found=True)
Given = Files | Table | Text | None


def text_of(given: Given, said: tuple[str, ...]) -> str:
    """What is to be written: the lines said, or what came from the pipe (of files, their paths; of a table, CSV).

    Raises LlmosError for neither and for both.
    """
    if given is not None and said:
        raise LlmosError("the text comes from the pipe here, and is said too", hint="leave one of the two out")
    if isinstance(given, Text):
        lines: Iterable[str] = given.lines
    elif isinstance(given, Files):
        lines = (e.path for e in given.items)
    elif isinstance(given, Table):
        out = io.StringIO()
        csvmodule.writer(out, lineterminator="\n").writerows([given.columns, *given.rows])
        return out.getvalue()
    elif said:
        lines = said
    else:
        raise LlmosError("say what to write")
    return "".join(f"{line}\n" for line in lines)


def content(path: Path) -> tuple[bytes, tuple[int, int] | None]:
    """What is in a file, and its mark (`Write.seen`); b'' and None where there is none. Raises LlmosError for a folder."""
    if path.is_dir():
        raise LlmosError(f"{path.name} is a folder")
    if path.exists() and not path.is_file():
        raise LlmosError(f"{path.name} is not a file")
    if not path.exists():
        return b"", None
    mark = path.stat()
    return path.read_bytes(), (mark.st_size, mark.st_mtime_ns)


@tool()
def write(
    given: Given,
    text: Lines = (),
    *,
    to: Annotated[Path, NEW, "the file"],
    overwrite: Overwrite = False,
) -> tuple[Effect, ...]:
    """Write a text, or what comes from the pipe, into a new file."""
    return (Write(str(to), text_of(given, text).encode(errors="surrogateescape"), overwrite),)


@tool()
def append(given: Given, text: Lines = (), *, to: Annotated[Path, OLD, "the file"]) -> tuple[Effect, ...]:
    """Put lines at the end of a file."""
    before, seen = content(to)
    end = b"\r\n" if b"\r\n" in before else b"\n"
    added = text_of(given, text).encode(errors="surrogateescape").replace(b"\n", end)
    return (Write(str(to), before + (end if before and not before.endswith(b"\n") else b"") + added, to.exists(), seen),)


@tool()
def prepend(given: Given, text: Lines = (), *, to: Annotated[Path, OLD, "the file"]) -> tuple[Effect, ...]:
    """Put lines at the start of a file."""
    before, seen = content(to)
    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""  # that it is UTF-8 is said first
    added = text_of(given, text).encode(errors="surrogateescape").replace(b"\n", b"\r\n" if b"\r\n" in before else b"\n")
    return (Write(str(to), mark + added + before.removeprefix(mark), to.exists(), seen),)


@tool(named=True)
def clear(given: Files) -> tuple[Effect, ...]:
    """Empty files: they stay, with nothing in them."""
    return tuple(Write(_file(e), b"", True) for e in given.items if os.path.getsize(_file(e)))


def _file(entry: Entry) -> str:
    """The path of a file, or of the one that a link leads to."""
    if not os.path.isfile(entry.path):
        raise LlmosError(f"{entry.name} is not a file")
    return os.path.realpath(entry.path) if entry.is_link else entry.path


def _edit(given: Files, change: Callable[[str], str]) -> tuple[Effect, ...]:
    """The writes that `change` makes in the files' texts; files that stay as they are have none."""
    effects = []
    for entry in given.items:
        path = _file(Entry(readable(entry)))
        data, seen = content(Path(path))
        before = data.decode("utf-8", "surrogateescape")
        after = change(before)
        if after != before:
            effects.append(Write(path, after.encode("utf-8", "surrogateescape"), True, seen))
    return tuple(effects)


@tool(named=True, flow={Files: Files, Text: Text})
def replace(
    given: Files | Text,
    old: Annotated[str, Chars("text"), "the text to replace"],
    new: Annotated[str, Chars("text"), "what to put in its place; nothing if left out"] = "",
    regex: Annotated[bool, YES_NO, "it is a regular expression"] = False,
) -> tuple[Effect, ...] | Text:
    """Replace a text everywhere in files, or in a text that flows by."""
    if not old:
        raise LlmosError("say which text to replace", hint="replace notes.txt old=teh new=the")
    try:
        wanted = re.compile(old if regex else re.escape(old), re.MULTILINE)
        wanted.sub(new if regex else "", "")  # `\\1` is what a group found
    except (re.error, IndexError) as error:
        raise LlmosError(f"{old!r} is not a regular expression for {new!r}: {error}") from error
    put: str | Callable[[re.Match[str]], str] = new if regex else lambda match: new
    if isinstance(given, Text):
        return Text((wanted.sub(put, line) for line in given.lines), given.sources)
    return _edit(given, lambda text: wanted.sub(put, text))


@tool(named=True, one_of=("contains", "blank"))
def remove_lines(
    given: Files,
    contains: Annotated[tuple[str, ...], Literal("text"), "lines that hold this text; any of a list"] = (),
    blank: Annotated[bool, YES_NO, "empty lines"] = False,
) -> tuple[Effect, ...]:
    """Take lines out of files."""

    if "" in contains:
        raise LlmosError("every line holds nothing", hint="remove_lines notes.txt blank=yes takes out empty lines")

    def goes(line: str) -> bool:
        return any(text in line for text in contains) or (blank and not line.strip())

    return _edit(given, lambda text: "".join(line for line in io.StringIO(text, newline="") if not goes(line)))


FORMATS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")
_ENDINGS = {".tgz": "tar.gz", ".tbz": "tar.bz2", ".txz": "tar.xz", **{f".{f}": f for f in FORMATS}}


@tool(named=True)
def pack(
    given: Files,
    place: Place,
    to: Annotated[Path | str | None, PathName("path", new=True, loose=True), "the archive's name or path"] = None,
    into: Into = None,
    format: Annotated[str, Choice("format", FORMATS), "by the name's ending if left out, or else zip"] = "",
    flat: Annotated[bool, YES_NO, "no folders inside"] = False,
) -> tuple[Effect, ...]:
    """Pack files and folders into an archive."""
    entries = outermost(given)
    if flat:
        entries = [file for e in entries for file in (walk(e.path, "file") if e.is_folder else [e])]
    if not entries:
        raise LlmosError("there is nothing to pack")
    name = os.path.basename(to) if to else _archive_name(entries)
    ending = next((e for e in sorted(_ENDINGS, key=len, reverse=True) if name.lower().endswith(e)), "")
    format = _ENDINGS[ending] if ending else format or "zip"
    folder = into or (to.parent if isinstance(to, Path) else Path(entries[0].path).parent if len(entries) == 1 and not to else place.cwd)
    base = os.path.commonpath([os.path.dirname(e.path) for e in entries])
    members = tuple((e.path, e.name if flat else os.path.relpath(e.path, base)) for e in entries)
    if len({inner for _, inner in members}) < len(members):
        raise LlmosError("two of the files have the same name", hint="leave flat out, so that the folders stay apart")
    return (Pack(str(folder / (name if ending else f"{name}.{format}")), members, format),)


def _archive_name(entries: list[Entry]) -> str:
    if len(entries) == 1:
        return entries[0].name if entries[0].is_folder else parted(entries[0].name)[0]
    return "archive"


@tool(named=True)
def unpack(given: Files, place: Place, into: Into = None) -> tuple[Effect, ...]:
    """Unpack archives, into a folder or the current one."""
    from llmos_cli.archives import list_members

    return tuple(Unpack(e.path, str(into or place.cwd), list_members(Path(e.path))) for e in given.items)
