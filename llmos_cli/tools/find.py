"""Looking for files: by name, place, kind, size, time, contents, permissions. They stream in the order of the walk, names sorted."""

import fnmatch
import os
import re
import stat as st
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Annotated

from llmos_cli.errors import LlmosError
from llmos_cli.kinds import KINDS
from llmos_cli.literals import Choice, During, Ext, Flag, Glob, Literal, Mode, PathName, Size, When, Whole
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.content import containing, pattern
from llmos_cli.values import Entry, Files

Test = Callable[[Entry], bool]
NameTest = Callable[[str], bool]
_NAME = attrgetter("name")
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
    type: Annotated[str, TYPES, "files if left out, anything where a name is given in full"] = "",
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
    in_full = bool(name) and not any(c in glob for glob in name for c in "*?") and not regex  # a name in full may be a folder's
    type = type or ("any" if given is not None or in_full else "file")
    names = [*_names(name, not_name, ext, not_ext, case, regex), *_kinds(kind, not_kind)]
    if hidden != "yes":
        names.append(lambda n: n.startswith(".") == (hidden == "only"))
    whole = [*_paths(path, not_path, case, place), *_stats(larger, smaller, newer, older, during, time, owner, mode)]
    whole += _flags(executable, writable, empty, broken)
    left_out = _left_out(not_in, place) if not_in else None
    if given is not None:
        tests = [_of_type(type), lambda e: all(test(e.name) for test in names), *whole, *_within(in_, left_out, depth, min_depth, place)]
        found = _holding(given.items, tests)
    else:
        roots = _roots(in_ or (place.cwd,))
        walks = (walk(root, type, names, depth, min_depth, hidden == "no", left_out) for root in roots)
        found = _holding(_each_once(walks, roots), whole)
    return Files(containing(found, contains, lacks, place) if contains or lacks else found)


def _roots(folders: tuple[Path, ...]) -> list[str]:
    """Links followed, each once. Raises LlmosError for what cannot be looked into: a folder that was named must not be passed over."""
    for folder in folders:
        if not folder.is_dir():
            raise LlmosError(f"{folder} is not a folder", hint=f"find in={folder.parent}")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise LlmosError(f"{folder} may not be looked into", hint=f"ls -ld {folder}")
    return list(dict.fromkeys(os.path.realpath(folder) if folder.is_symlink() else str(folder) for folder in folders))


def _each_once(walks: Iterable[Iterator[Entry]], roots: list[str]) -> Iterator[Entry]:
    """What is found, where one root lies in another only once."""
    found = (entry for walk in walks for entry in walk)
    if not any(root != other and Path(root).is_relative_to(other) for root in roots for other in roots):
        return found
    seen: set[str] = set()
    return (entry for entry in found if not (entry.path in seen or seen.add(entry.path)))  # type: ignore[func-returns-value]


def walk(
    root: str,
    type: str = "any",
    names: Sequence[NameTest] = (),
    depth: int | None = None,
    min_depth: int = 1,
    skip_hidden: bool = False,
    left_out: NameTest | None = None,
) -> Iterator[Entry]:
    """What lies below a folder: parents before children, names sorted, links not followed, unreadable folders passed over.

    `names` are tried on the name of each entry of the type (file, folder, link, any), before anything is asked of the disk; folders
    whose path is `left_out` are not entered.
    """
    stack: list[tuple[str, int]] = [(os.path.realpath(root) if os.path.islink(root) else root, 1)]
    while stack:
        folder, level = stack.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=_NAME)
        except OSError:
            continue
        deeper, here, below = depth is None or level < depth, level >= min_depth, []
        for item in entries:
            is_folder = item.is_dir(follow_symlinks=False)
            if is_folder:
                if left_out is not None and left_out(item.path):
                    continue
                if deeper and not (skip_hidden and item.name.startswith(".")):
                    below.append((item.path, level + 1))
            if here and (type == "any" or type == ("folder" if is_folder else "link" if item.is_symlink() else "file")):
                name = item.name
                for test in names:
                    if not test(name):
                        break
                else:
                    yield Entry(item.path)
        stack += reversed(below)


def _of_type(type: str) -> Test:
    if type == "any":
        return lambda e: True
    return lambda e: {"file": e.is_file, "folder": e.is_folder, "link": e.is_link}[type]


def _holding(entries: Iterable[Entry], tests: Sequence[Test]) -> Iterator[Entry]:
    """Those for which all tests hold; one that went away, or may not be looked at, is passed over."""
    for entry in entries:
        try:
            for test in tests:
                if not test(entry):
                    break
            else:
                yield entry
        except OSError:
            continue


def _within(in_: tuple[Path, ...], left_out: NameTest | None, depth: int | None, min_depth: int, place: Place) -> Iterator[Test]:
    """For files from the pipe, what the walk does for others. Depth is counted from the folders named, or from the current one."""
    roots = [str(folder).rstrip("/") + "/" for folder in in_ or (place.cwd,)]
    if in_:
        inside = tuple(roots)
        yield lambda e: e.path.startswith(inside)
    if depth is not None or min_depth > 1:
        most = float("inf") if depth is None else depth
        yield lambda e: any(e.path.startswith(r) and min_depth <= e.path[len(r) :].count("/") + 1 <= most for r in roots)
    if left_out is not None:
        bases = [*(Path(root) for root in roots), place.home, Path("/")]

        def outside(entry: Entry) -> bool:
            path = Path(entry.path)
            base = next(b for b in bases if path.is_relative_to(b))
            folders = [p for p in path.parents if p != base and p.is_relative_to(base)]
            return not any(left_out(str(folder)) for folder in (folders if not entry.is_folder else [path, *folders]))

        yield outside


def matcher(globs: tuple[str, ...], case: bool) -> NameTest:
    """Whether a name matches any of the globs; `[` is itself, unlike in a shell, and é is é in either way to write it."""
    patterns = [fnmatch.translate(_composed(glob).replace("[", "[[]")) for glob in globs]
    match = re.compile("|".join(patterns), 0 if case else re.IGNORECASE).match
    return lambda text: match(text if text.isascii() else _composed(text)) is not None


def names_matcher(globs: tuple[str, ...], case: bool) -> NameTest:
    """As `matcher`, the way people speak of names: with stars, a space is any character (`*site report*` finds site_report.pdf), and
    a glob without a dot may match the name without its ending (`*_old` finds budget_old.xls)."""
    loose = [re.sub(r"(?<=\w) (?=\w)", "?", glob) if "*" in glob else glob for glob in globs]
    found = matcher(tuple(loose), case)
    without = tuple(glob for glob in loose if "." not in glob and any(c in glob for c in "*?"))
    if not without:
        return found
    stem_found = matcher(without, case)
    return lambda name: found(name) or stem_found(os.path.splitext(name)[0])


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _expression(patterns: tuple[str, ...], case: bool) -> NameTest:
    search = pattern(patterns, regex=True, case=case).search
    return lambda text: search(text) is not None


def _names(name: tuple[str, ...], not_name: tuple[str, ...], ext: Exts, not_ext: Exts, case: bool, regex: bool) -> Iterator[NameTest]:
    make = _expression if regex else names_matcher
    if name:
        yield make(name, case)
    if not_name:
        leave = make(not_name, case)
        yield lambda n: not leave(n)
    if ext:
        endings = tuple("." + word for words in ext for word in words)
        yield lambda n: n.lower().endswith(endings)
    if not_ext:
        others = tuple("." + word for words in not_ext for word in words)
        yield lambda n: not n.lower().endswith(others)


def _kinds(kind: tuple[str, ...], not_kind: tuple[str, ...]) -> Iterator[NameTest]:
    if kind:
        wanted = frozenset[str]().union(*(KINDS[k] for k in kind))
        yield lambda n: os.path.splitext(n)[1][1:].lower() in wanted
    if not_kind:
        others = frozenset[str]().union(*(KINDS[k] for k in not_kind))
        yield lambda n: os.path.splitext(n)[1][1:].lower() not in others


def _paths(path: tuple[str, ...], not_path: tuple[str, ...], case: bool, place: Place) -> Iterator[Test]:
    def matching(globs: tuple[str, ...]) -> NameTest:
        said = [f"{place.home}{g[1:]}" if g.startswith("~/") else g.removeprefix("./") for g in globs]
        return matcher(tuple(g if g.startswith(("/", "*")) else f"*/{g}" for g in said), case)

    if path:
        match = matching(path)
        yield lambda e: match(e.path)
    if not_path:
        leave = matching(not_path)
        yield lambda e: not leave(e.path)


def _left_out(folders: tuple[str, ...], place: Place) -> NameTest:
    """Whether a folder's path is one to leave out: by its name or its last names, or as a known folder (downloads)."""
    known = {str(folder) for word in folders if (folder := place.known_folder(word)) is not None}
    globs = []
    for word in folders:
        word = word.rstrip("/") or word
        word = f"{place.home}{word[1:]}" if word.startswith("~/") else word.removeprefix("./")
        globs.append(word if word.startswith("/") else f"*/{word}")
    match = matcher(tuple(globs), case=False)
    return lambda path: path in known or match(path)


def _stats(
    larger: int | None, smaller: int | None, newer: float | None, older: float | None,
    during: tuple[float, float] | None, time: str, owner: str, mode: str,
) -> Iterator[Test]:  # fmt: skip
    created = "st_birthtime" if hasattr(os.stat_result, "st_birthtime") else "st_ctime"
    field = {"modified": "st_mtime", "accessed": "st_atime", "created": created}[time]
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
        if owner.lower() in ("me", "myself", "i", "mine"):
            return os.getuid()
        if owner.isdecimal():
            return int(owner)
        raise LlmosError(f"there is no user {owner!r} on this machine", hint="ls -l shows who owns what") from None


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
    names: list[NameTest] = [] if hidden == "yes" else [lambda n: n.startswith(".") == (hidden == "only")]
    return Files(e for root in _roots(in_ or (place.cwd,)) for e in walk(root, type, names, 1))
