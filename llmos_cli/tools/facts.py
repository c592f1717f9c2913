"""What is known of files: all about one, the space they take, equal ones, checksums, the folders they lie in."""

import hashlib
import itertools
import os
import shutil
import stat as st
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from llmos_cli.errors import LlmosError
from llmos_cli.kinds import parted
from llmos_cli.literals import Choice, Flag, PathName, Whole
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.find import walk
from llmos_cli.tools.keys import owner, size_below
from llmos_cli.values import Entry, Files, Table, Text

YES_NO = Flag("flag", ("yes", "no"))


@tool(named=True)
def stat(given: Files) -> Table:
    """All about a file: size, dates, owner, permissions."""

    def row(entry: Entry) -> tuple[str, str, int, str, str, str]:
        type = "folder" if entry.is_folder else "link" if entry.is_link else "file"
        return entry.path, type, entry.stat.st_size, _iso(entry.stat.st_mtime), st.filemode(entry.stat.st_mode), owner(entry)

    return Table(("path", "type", "size", "modified", "mode", "owner"), (row(e) for e in given.items))


def _iso(seconds: float) -> str:
    """A moment in ISO 8601, UTC; '' for one that no calendar has."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (ValueError, OverflowError, OSError):
        return ""


@tool(named=True)
def sizes(given: Files) -> Table:
    """The bytes that each file or folder takes, with all that is in it."""
    return Table(("path", "size"), ((e.path, size_below(e.path)) for e in given.items))


@tool()
def disks() -> Table:
    """The disks, and how much of each is free."""
    rows = []
    for mount in _mounts():
        try:
            usage = shutil.disk_usage(mount)
        except OSError:
            continue
        if usage.total:
            rows.append((mount, usage.total, usage.used, usage.free))
    return Table(("path", "size", "used", "free"), tuple(rows))


def _mounts() -> Iterable[str]:
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ["/"]
    seen = {line.split()[0]: line.split()[1].replace("\\040", " ") for line in reversed(lines) if line.startswith("/dev/")}
    return dict.fromkeys(["/", *sorted(m for m in seen.values() if os.path.isdir(m))])


@tool()
def tree(
    place: Place,
    in_: Annotated[Path | None, PathName("path", folder=True), "the folder; here if left out"] = None,
    depth: Annotated[int | None, Whole("number", ("1",)), "how deep to look"] = None,
) -> Text:
    """The folder and what lies below it, as a drawing."""
    root = str(in_ or place.cwd)
    if not os.path.isdir(root):
        raise LlmosError(f"{root} is not a folder", hint=f"stat {root}")
    return Text(itertools.chain([os.path.basename(root) or root], _draw(root, depth)), (root,))


def _draw(root: str, depth: int | None) -> Iterator[str]:
    levels = [("", _reversed(root))]  # for each open folder, its indent and what of it is still to draw
    while levels:
        indent, entries = levels[-1]
        if not entries:
            levels.pop()
            continue
        entry = entries.pop()
        yield f"{indent}{'├── ' if entries else '└── '}{entry.name}{'/' if entry.is_folder else ''}"
        if entry.is_folder and (depth is None or len(levels) < depth):
            levels.append((indent + ("│   " if entries else "    "), _reversed(entry.path)))


def _reversed(folder: str) -> list[Entry]:
    return list(walk(folder, depth=1))[::-1]


@tool(named=True)
def parents(given: Files) -> Files:
    """The folders that files lie in, each once."""
    return Files(Entry(path) for path in dict.fromkeys(os.path.dirname(e.path) for e in given.items))


@tool(named=True)
def names(given: Files, stem: Annotated[bool, YES_NO, "without the extension"] = False) -> Text:
    """The bare names of files."""
    return Text(parted(e.name)[0] if stem and not e.is_folder else e.name for e in given.items)


def digest(path: str, algorithm: str) -> str:
    """The checksum of a file in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


@tool(named=True)
def checksum(
    given: Files,
    algorithm: Annotated[str, Choice("algorithm", ("md5", "sha1", "sha256", "sha512")), "sha256 if left out"] = "sha256",
) -> Table:
    """The checksum of each file."""
    return Table(("path", algorithm), ((e.path, digest(e.path, algorithm)) for e in given.items if e.is_file))


@tool(named=True)
def duplicates(
    given: Files,
    of: Annotated[tuple[Path, ...], PathName("path", folder=True), "keep those that have an equal file in these folders"] = (),
    extra: Annotated[bool, YES_NO, "all but one of each set, the oldest being kept"] = False,
) -> Files:
    """Files with the same contents as another one; equal ones stand together."""
    files = _files_of(given.items)
    if of:
        theirs = {e.path: e for folder in of for e in walk(str(folder), "file")}
        mine = {e.path for e in files}
        sets = _equal([*files, *(e for path, e in theirs.items() if path not in mine)])
        return Files(tuple(e for same in sets for e in same if e.path in mine and any(o.path in theirs and o != e for o in same)))
    sets = _equal(files)
    if extra:  # empty files are equal by chance, and names of one file free nothing
        sets = [list({e.stat.st_ino: e for e in same}.values()) for same in sets if same[0].stat.st_size]
        sets = [sorted(same, key=lambda e: (e.stat.st_mtime, len(e.name), e.path))[1:] for same in sets]
    return Files(tuple(e for same in sets for e in same))


def _files_of(given: Iterable[Entry]) -> list[Entry]:
    """The files, and those in the folders, each path once: a file is not its own duplicate."""
    found: dict[str, Entry] = {}
    for entry in given:
        if entry.is_folder:
            found |= {e.path: e for e in walk(entry.path, "file")}
        elif entry.is_file:
            found[entry.path] = entry
    return list(found.values())


def _equal(files: list[Entry]) -> list[list[Entry]]:
    """Sets of two and more files with the same bytes: first by size, then by checksum."""
    by_size: dict[int, list[Entry]] = {}
    for entry in files:
        try:
            by_size.setdefault(entry.stat.st_size, []).append(entry)
        except OSError:
            continue
    sets: dict[tuple[int, str], list[Entry]] = {}
    for size, same in by_size.items():
        for entry in same if len(same) > 1 else []:
            try:
                sets.setdefault((size, digest(entry.path, "sha256")), []).append(entry)
            except OSError:
                continue
    return [same for same in sets.values() if len(same) > 1]
