"""Looking for files: by name, place, kind, size, time, contents, permissions. They stream in the order of the walk, names sorted."""

import fnmatch
import os
import re
import stat as st
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from llmos_cli.kinds import KINDS
from llmos_cli.literals import Choice, During, Ext, Flag, Glob, Literal, Mode, PathName, Size, When, Whole
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.content import containing, pattern
from llmos_cli.values import Entry, Files

Test = Callable[[Entry], bool]
Exts = tuple[tuple[str, ...], ...]
YES_NO = Flag("flag", ("yes", "no"))
TYPES = Choice("type", ("file", "folder", "link", "any"))
KIND = Choice("kind", tuple(KINDS))


@tool()
def find(
    given: Files | None,
    place: Place,
    name: Annotated[tuple[str, ...], Glob("glob"), "names with * for anything; any of a list"] = (),
    not_name: Annotated[tuple[str, ...], Glob("glob"), "names to leave out"] = (),
    in_: Annotated[tuple[Path, ...], PathName("path", folder=True), "folders to look in, at any depth; here if left out"] = (),
    not_in: Annotated[tuple[str, ...], Glob("folder"), "folders to leave out, by name or path"] = (),
    ext: Annotated[Exts, Ext("extension"), "file name endings: pdf, jpg, tar.gz"] = (),
    not_ext: Annotated[Exts, Ext("extension"), "endings to leave out"] = (),
    type: Annotated[str, TYPES, "files if left out"] = "",
    kind: Annotated[tuple[str, ...], KIND, "sorts of file"] = (),
    not_kind: Annotated[tuple[str, ...], KIND, "sorts of file to leave out"] = (),
    larger: Annotated[int | None, Size("size"), "more than this size"] = None,
    smaller: Annotated[int | None, Size("size"), "less than this size"] = None,
    newer: Annotated[float | None, When("when"), "since an age, a date, or a file's own time"] = None,
    older: Annotated[float | None, When("when"), "before an age, a date, or a file's own time"] = None,
    during: Annotated[tuple[float, float] | None, During("period"), "within a day, week, month or year"] = None,
    time: Annotated[str, Choice("time", ("modified", "accessed", "created")), "which time; modified if left out"] = "modified",
    depth: Annotated[int | None, Whole("number", ("1",)), "how deep to look; 1 is directly in the folder"] = None,
    min_depth: Annotated[int, Whole("number", ("1",)), "not nearer than this depth"] = 1,
    path: Annotated[tuple[str, ...], Glob("glob"), "the whole path matches"] = (),
    not_path: Annotated[tuple[str, ...], Glob("glob"), "the whole path does not match"] = (),
    contains: Annotated[tuple[str, ...], Literal("text"), "text inside the file; any of a list"] = (),
    lacks: Annotated[tuple[str, ...], Literal("text"), "text that is not inside the file"] = (),
    owner: Annotated[str, Literal("word"), "the owner's name"] = "",
    mode: Annotated[str, Mode("mode"), "exactly these permissions"] = "",
    executable: Annotated[bool | None, YES_NO, "may be run"] = None,
    writable: Annotated[bool | None, YES_NO, "may be written"] = None,
    empty: Annotated[bool | None, YES_NO, "has nothing in it"] = None,
    hidden: Annotated[str, Choice("hidden", ("yes", "no", "only")), "names that start with a dot; found unless no"] = "yes",
    broken: Annotated[bool | None, YES_NO, "links that lead nowhere"] = None,
    case: Annotated[bool, YES_NO, "names match with their capitals"] = False,
    regex: Annotated[bool, YES_NO, "the names are regular expressions"] = False,
) -> Files:
    """Files by name, place, kind, size, time or contents; with files from the pipe, those of them that match."""
    if broken and not type:
        type = "link"
    type = type or ("any" if given is not None else "file")
    names = [*_names(name, not_name, ext, not_ext, case, regex), *_kinds(kind, not_kind)]
    if hidden != "yes":
        names.append(lambda e, only=hidden == "only": e.name.startswith(".") == only)  # type: ignore[misc]
    whole = [*_paths(path, not_path, not_in, case, place), *_stats(larger, smaller, newer, older, during, time, owner, mode)]
    whole += _flags(executable, writable, empty, broken)
    if given is not None:
        inside = tuple(str(folder) + os.sep for folder in in_)
        tests = [_of_type(type), *names, *whole, *([lambda e: e.path.startswith(inside)] if inside else [])]
        found = (e for e in given.items if _holds(e, tests))
    else:
        roots = [str(folder) for folder in in_ or (place.cwd,)]
        found = (e for root in roots for e in walk(root, type, names, depth, min_depth, hidden == "no") if _holds(e, whole))
    return Files(containing(found, contains, lacks) if contains or lacks else found)


def walk(
    root: str, type: str = "any", tests: list[Test] | None = None, depth: int | None = None, min_depth: int = 1, skip_hidden: bool = False
) -> Iterator[Entry]:
    """What lies below a folder: parents before children, names sorted, links not followed, unreadable folders passed over.

    `tests` are tried on each entry of the type (file, folder, link, any); they should not need a stat.
    """
    tests = tests or []
    stack: list[tuple[str, int]] = [(os.path.realpath(root) if os.path.islink(root) else root, 1)]
    while stack:
        folder, level = stack.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda e: e.name)
        except OSError:
            continue
        below = []
        for item in entries:
            is_folder = item.is_dir(follow_symlinks=False)
            if is_folder and (depth is None or level < depth) and not (skip_hidden and item.name.startswith(".")):
                below.append((item.path, level + 1))
            if level >= min_depth and (type == "any" or _type_of(item, is_folder) == type):
                entry = Entry(item.path)
                if all(test(entry) for test in tests):
                    yield entry
        stack += reversed(below)


def _type_of(item: "os.DirEntry[str]", is_folder: bool) -> str:
    return "folder" if is_folder else "link" if item.is_symlink() else "file"


def _of_type(type: str) -> Test:
    if type == "any":
        return lambda e: True
    return lambda e: {"file": e.is_file, "folder": e.is_folder, "link": e.is_link}[type]


def _holds(entry: Entry, tests: list[Test]) -> bool:
    try:
        return all(test(entry) for test in tests)
    except OSError:  # it went away, or may not be looked at
        return False


def matcher(globs: tuple[str, ...], case: bool) -> Callable[[str], bool]:
    """Whether a name matches any of the globs; `[` is itself, unlike in a shell."""
    patterns = [fnmatch.translate(g.replace("[", "[[]")) for g in globs]
    compiled = re.compile("|".join(patterns), 0 if case else re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


def _expression(patterns: tuple[str, ...], case: bool) -> Callable[[str], bool]:
    wanted = pattern(patterns, regex=True, case=case)
    return lambda text: wanted.search(text) is not None


def _names(name: tuple[str, ...], not_name: tuple[str, ...], ext: Exts, not_ext: Exts, case: bool, regex: bool) -> Iterator[Test]:
    make = _expression if regex else matcher
    if name:
        match = make(name, case)
        yield lambda e: match(e.name)
    if not_name:
        leave = make(not_name, case)
        yield lambda e: not leave(e.name)
    if ext:
        endings = tuple("." + word for words in ext for word in words)
        yield lambda e: e.name.lower().endswith(endings)
    if not_ext:
        others = tuple("." + word for words in not_ext for word in words)
        yield lambda e: not e.name.lower().endswith(others)


def _kinds(kind: tuple[str, ...], not_kind: tuple[str, ...]) -> Iterator[Test]:
    if kind:
        wanted = frozenset[str]().union(*(KINDS[k] for k in kind))
        yield lambda e: e.ext in wanted
    if not_kind:
        others = frozenset[str]().union(*(KINDS[k] for k in not_kind))
        yield lambda e: e.ext not in others


def _paths(path: tuple[str, ...], not_path: tuple[str, ...], not_in: tuple[str, ...], case: bool, place: Place) -> Iterator[Test]:
    def matching(globs: tuple[str, ...]) -> Test:
        match = matcher(tuple(g if g.startswith(("/", "*")) else f"*/{g}" for g in globs), case)
        return lambda e: match(e.path)

    if path:
        yield matching(path)
    if not_path:
        leave = matching(not_path)
        yield lambda e: not leave(e)
    if not_in:
        outside = _outside(not_in, place)
        yield outside


def _outside(folders: tuple[str, ...], place: Place) -> Test:
    """Not inside any folder of these names; a known folder's word (downloads) means that folder."""
    known = [place.known_folder(word) for word in folders]
    roots = tuple(str(folder) + os.sep for folder in known if folder is not None)
    parts = tuple(os.sep + word.strip("/").removeprefix("~/").lower() + os.sep for word in folders)
    return lambda e: not (e.path.startswith(roots) or any(part in e.path.lower() for part in parts))


def _stats(
    larger: int | None, smaller: int | None, newer: float | None, older: float | None,
    during: tuple[float, float] | None, time: str, owner: str, mode: str,
) -> Iterator[Test]:  # fmt: skip
    field = {"modified": "st_mtime", "accessed": "st_atime", "created": "st_ctime"}[time]
    if larger is not None:
        yield lambda e: e.stat.st_size > larger
    if smaller is not None:
        yield lambda e: e.stat.st_size < smaller
    if newer is not None:
        yield lambda e: getattr(e.stat, field) > newer
    if older is not None:
        yield lambda e: getattr(e.stat, field) < older
    if during is not None:
        yield lambda e: during[0] <= getattr(e.stat, field) < during[1]
    if owner:
        uid = _uid(owner)
        yield lambda e: e.stat.st_uid == uid
    if mode:
        yield _has_mode(mode)


def _uid(owner: str) -> int:
    import pwd

    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        return int(owner) if owner.isdigit() else os.getuid() if owner.lower() in ("me", "myself", "i", "mine") else -1


def _has_mode(mode: str) -> Test:
    bits = {"executable": 0o111, "writable": 0o200, "private": 0o077, "readonly": 0o222}
    if mode in ("private", "readonly"):
        return lambda e: not st.S_IMODE(e.stat.st_mode) & bits[mode]
    if mode in bits:
        return lambda e: bool(st.S_IMODE(e.stat.st_mode) & bits[mode])
    return lambda e: st.S_IMODE(e.stat.st_mode) == int(mode, 8)


def _flags(executable: bool | None, writable: bool | None, empty: bool | None, broken: bool | None) -> Iterator[Test]:
    if executable is not None:
        yield lambda e: bool(e.stat.st_mode & 0o111) == executable
    if writable is not None:
        yield lambda e: os.access(e.path, os.W_OK) == writable
    if empty is not None:
        yield lambda e: _is_empty(e) == empty
    if broken is not None:
        yield lambda e: (e.is_link and not os.path.exists(e.path)) == broken


def _is_empty(entry: Entry) -> bool:
    if not entry.is_folder:
        return entry.is_file and entry.stat.st_size == 0
    with os.scandir(entry.path) as scan:
        return next(scan, None) is None


@tool()
def list_(
    place: Place,
    in_: Annotated[tuple[Path, ...], PathName("path", folder=True), "the folder; here if left out"] = (),
    type: Annotated[str, TYPES, "any if left out"] = "any",
    hidden: Annotated[str, Choice("hidden", ("yes", "no", "only")), "names that start with a dot; listed unless no"] = "yes",
) -> Files:
    """What lies directly in a folder."""
    tests: list[Test] = [] if hidden == "yes" else [lambda e: e.name.startswith(".") == (hidden == "only")]
    return Files(e for folder in in_ or (place.cwd,) for e in walk(str(folder), type, tests, 1))
