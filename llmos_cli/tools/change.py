"""Changing the tree: copy, move, rename, delete, make. They return effects and change nothing themselves."""

import os
import stat as st
from pathlib import Path
from typing import Annotated

from llmos_cli.effects import Copy, Effect, Link, MakeFolder, Move, Remove, SetMode, SetOwner, Trash, Write
from llmos_cli.errors import LlmosError
from llmos_cli.kinds import parted
from llmos_cli.literals import MODES, Chars, Choice, Ext, Literal, Mode, PathName
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.facts import YES_NO
from llmos_cli.tools.find import walk
from llmos_cli.tools.keys import file_key
from llmos_cli.tools.read import titled
from llmos_cli.values import Entry, Files

INTO = PathName("path", new=True, folder=True, found=True)
NAME = PathName("path", new=True, loose=True)
Into = Annotated[Path | None, INTO, "the folder to put them in; made if missing"]
To = Annotated[Path | str | None, NAME, "the new name or path, for one file"]
Overwrite = Annotated[bool, YES_NO, "replace what is there; it is kept for undo"]


def target(entry: Entry, into: Path | None, to: Path | str | None, only: bool) -> str:
    """Where a file goes: into a folder under its own name, or to a name beside it or a path. Raises LlmosError."""
    if (into is None) == (to is None):
        raise LlmosError("say where to: a folder with into=, or a new name with to=")
    if into is not None:
        return str(into / entry.name)
    assert to is not None
    place = Path(entry.path).parent / to
    if place.is_dir() and not place.is_symlink() and not _same(place, entry):
        return str(place / entry.name)
    if not only:
        raise LlmosError(f"several files cannot all be called {os.path.basename(to)}", hint="put them in a folder with into=")
    return str(place)


def _same(place: Path, entry: Entry) -> bool:
    """One thing under two names: where capitals do not matter, `Docs` is there already when `docs` is to be called so."""
    return os.path.samestat(place.lstat(), entry.stat)


def outermost(given: Files) -> list[Entry]:
    """The files, without those that lie in a folder that is among them too."""
    entries = list(dict.fromkeys(given.items))
    folders = {e.path for e in entries if e.is_folder}
    return [e for e in entries if not folders or not any(str(p) in folders for p in Path(e.path).parents)]


@tool(named=True, one_of=("into", "to"))
def copy(given: Files, into: Into = None, to: To = None, overwrite: Overwrite = False) -> tuple[Effect, ...]:
    """Copy files and folders into a folder, or one to a new name."""
    entries = outermost(given)
    return tuple(Copy(e.path, target(e, into, to, len(entries) == 1), overwrite) for e in entries)


@tool(named=True, one_of=("into", "to"))
def move(given: Files, into: Into = None, to: To = None, overwrite: Overwrite = False) -> tuple[Effect, ...]:
    """Move files and folders into a folder, or one to a new name or path."""
    entries = outermost(given)
    pairs = [(e.path, target(e, into, to, len(entries) == 1)) for e in entries]
    return tuple(Move(a, b, overwrite) for a, b in pairs if a != b)


@tool(named=True, one_of=("to", "ext", "old", "prefix", "suffix", "case", "number"))
def rename(
    given: Files,
    to: Annotated[str, Literal("name"), "the new name, for one file"] = "",
    ext: Annotated[str, Ext("extension", exact=True), "a new ending in place of the old one"] = "",
    old: Annotated[str, Chars("text"), "a part of the names to replace"] = "",
    new: Annotated[str, Chars("text"), "what to put in its place; nothing if left out"] = "",
    prefix: Annotated[str, Literal("text"), "to put before the names"] = "",
    suffix: Annotated[str, Literal("text"), "to put after the names, before the ending"] = "",
    case: Annotated[str, Choice("case", ("lower", "upper", "title")), "how to write the names"] = "",
    number: Annotated[bool, YES_NO, "put 01, 02 … before the names"] = False,
) -> tuple[Effect, ...]:
    """Give new names: to one file, or to many by a pattern."""
    entries = outermost(given)
    if to and len(entries) != 1:
        raise LlmosError(f"{len(entries)} files cannot all be called {to}", hint="rename one file, or use old= and new=")
    width = max(2, len(str(len(entries))))
    effects = []
    for i, entry in enumerate(entries, 1):
        name = to or _replaced(entry, old, new)
        stem, dot = _parted(name, entry)
        stem = f"{prefix}{_cased(stem, case)}{suffix}"
        name = (f"{i:0{width}d} " if number else "") + stem + (f".{ext[0]}" if ext else dot.lower() if case == "lower" else dot)
        path = os.path.join(os.path.dirname(entry.path), name)
        if "/" in name or name in ("", ".", ".."):
            raise LlmosError(f"{name!r} is not a file name", hint="move puts a file into another folder")
        if path != entry.path:
            effects.append(Move(entry.path, path))
    return tuple(effects)


def _replaced(entry: Entry, old: str, new: str) -> str:
    """The name with `old` replaced: before its ending, unless `old` reaches into that (`.jpeg`, but not a lone dot)."""
    if not old:
        return entry.name
    if "." in old and old != ".":
        return entry.name.replace(old, new)
    stem, dot = _parted(entry.name, entry)
    return stem.replace(old, new) + dot


def _parted(name: str, entry: Entry) -> tuple[str, str]:
    """A folder's name has no ending."""
    return (name, "") if entry.is_folder else parted(name)


def _cased(stem: str, case: str) -> str:
    return {"lower": stem.lower(), "upper": stem.upper(), "title": titled(stem)}.get(case, stem)


@tool(named=True)
def delete(given: Files, forever: Annotated[bool, YES_NO, "not to the trash: this cannot be undone"] = False) -> tuple[Effect, ...]:
    """Delete files and folders: to the trash, unless for ever is said."""
    return tuple(Remove(e.path) if forever else Trash(e.path) for e in outermost(given))


NewPaths = Annotated[tuple[Path, ...], PathName("path", new=True), "the new path"]


@tool()
def mkdir(path: NewPaths) -> tuple[Effect, ...]:
    """Make a folder."""
    for one in path:
        if os.path.lexists(one):
            raise LlmosError(f"{one.name} is there already")
    return tuple(MakeFolder(str(one)) for one in path)


@tool()
def touch(path: NewPaths) -> tuple[Effect, ...]:
    """Make an empty file."""
    return tuple(Write(str(one), b"") for one in path)


@tool(named=True, one_of=("into", "to"))
def link(
    given: Files, into: Into = None, to: To = None, hard: Annotated[bool, YES_NO, "a second name for the same file"] = False
) -> tuple[Effect, ...]:
    """Make links to files: in a folder, or one with a name."""
    entries = list(given.items)
    if hard and (folder := next((e for e in entries if e.is_folder), None)):
        raise LlmosError(f"{folder.name} is a folder, and a folder cannot have a second name", hint="leave hard= out")
    return tuple(Link(target(e, into, to, len(entries) == 1), e.path, hard) for e in entries)


@tool(named=True)
def mode(
    given: Files, set: Annotated[str, Mode("mode", tuple(MODES)), "such as 644, or executable, readonly, writable, private"]
) -> tuple[Effect, ...]:
    """Set the permissions."""
    return tuple(SetMode(e.path, bits) for e in given.items if not e.is_link and (bits := _bits(e, set)) != st.S_IMODE(e.stat.st_mode))


def _bits(entry: Entry, wanted: str) -> int:
    now = st.S_IMODE(entry.stat.st_mode)
    if wanted not in MODES:
        return int(wanted, 8)
    if wanted == "private":
        return now & 0o700
    return {"executable": now | 0o111, "readonly": now & ~0o222, "writable": now | 0o200}[wanted]


@tool(named=True, one_of=("user", "group"))
def owner(
    given: Files,
    user: Annotated[str, Literal("word"), "the new owner's name"] = "",
    group: Annotated[str, Literal("word"), "the new group's name"] = "",
) -> tuple[Effect, ...]:
    """Give files another owner or group."""
    import grp
    import pwd

    try:
        uid = (int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid) if user else -1
        gid = (int(group) if group.isdigit() else grp.getgrnam(group).gr_gid) if group else -1
    except KeyError as error:
        raise LlmosError(f"there is no user or group {user or group!r} on this machine") from error
    return tuple(SetOwner(e.path, uid, gid) for e in given.items)


@tool(named=True)
def organize(
    given: Files,
    place: Place,
    by: Annotated[str, Choice("key", ("ext", "kind", "year", "month", "day")), "what the folders are named after"],
    into: Into = None,
) -> tuple[Effect, ...]:
    """Sort files into folders by extension, kind or date, beside them or in another folder."""
    key, effects = file_key(by), []
    entries = list(given.items)
    if all(os.path.isdir(e.path) for e in entries):  # folders alone: what lies directly in them
        entries = [file for e in entries for file in walk(e.path, "file", [lambda name: not name.startswith(".")], depth=1)]
    for entry in entries:
        label = str(key(entry)) or "other"
        base = str(into) if into else os.path.dirname(entry.path)
        if entry.is_file and (into or os.path.basename(base) != label):
            effects.append(Move(entry.path, os.path.join(base, label, entry.name)))
    return tuple(effects)
