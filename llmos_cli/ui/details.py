"""Each effect as lines: old → new, and what is inside: the changed lines of a file, the members of an archive."""

from __future__ import annotations

import difflib
import os
import stat as statmodule
from collections.abc import Iterator

from llmos_cli.effects import Copy, Effect, Link, Mail, MakeFolder, Move, Pack, Remove, SetMode, SetOwner, Trash, Unpack, Write
from llmos_cli.ui import letters
from llmos_cli.ui.names import Names
from llmos_cli.ui.safe import safe, safe_line
from llmos_cli.ui.words import size

COMPARED = 1024 * 1024  # bytes; larger files are not shown as changed lines
COMPARED_LINES = 2000  # of what differs between start and end; more is shown as all replaced


_VERBS = {MakeFolder.op: "make", Remove.op: "delete for ever", Write.op: "write", SetMode.op: "set", SetOwner.op: "give"}


def line(effect: Effect, names: Names, *, with_verb: bool = False) -> str:
    """The effect on one line; `with_verb` where it stands among effects of other sorts."""
    return f"{verb(effect)} {_about(effect, names)}" if with_verb else _about(effect, names)


def verb(effect: Effect) -> str:
    """`move`, `delete for ever`: what is done, in a word or a few."""
    return safe(_VERBS.get(effect.op, effect.op))


def _about(effect: Effect, names: Names) -> str:
    path = names.shown(effect.path)
    if isinstance(effect, Move | Copy):
        return f"{_thing(effect.path, names)} → {_target(effect, names)}{_replaces(effect)}"
    if isinstance(effect, MakeFolder):
        return names.folder(effect.path)
    if isinstance(effect, Trash | Remove):
        return _thing(effect.path, names)
    if isinstance(effect, Write):
        old = _size_of(effect.path) if effect.overwrite else None
        return f"{path} ({size(len(effect.data))}{'' if old is None else f', was {size(old)}'})"
    if isinstance(effect, Link):
        return f"{path} -> {names.shown(effect.to)}{' (same file)' if effect.hard else ''}"
    if isinstance(effect, SetMode):
        return f"{_thing(effect.path, names)} {_mode_of(effect.path)} → {mode_words(effect.mode)}"
    if isinstance(effect, SetOwner):
        return f"{_thing(effect.path, names)} → {owner_words(effect)}"
    if isinstance(effect, Pack):
        return f"{path}{_replaces(effect)}"
    if isinstance(effect, Unpack):
        return f"{path} → {names.folder(effect.into)}"
    if isinstance(effect, Mail):
        return letters.what((effect,))
    rest = " ".join(f"{safe(key)}={safe(str(value))}" for key, value in effect.as_json().items() if key not in ("op", "path"))
    return f"{safe(effect.path)} {rest}".rstrip()


def inside(effect: Effect, names: Names) -> Iterator[str]:
    """What one line does not say: `+` and `-` lines of a file that is written, the members of an archive."""
    if isinstance(effect, Write):
        yield from _changed_lines(effect)
    elif isinstance(effect, Pack):
        for path, name in effect.members:
            same = os.path.basename(path.rstrip("/")) == name
            yield _thing(path, names) if same else f"{_thing(path, names)} → {safe(name)}"
    elif isinstance(effect, Unpack):
        yield from (names.shown(os.path.join(effect.into, name)) for name in effect.members)
    elif isinstance(effect, Mail):
        yield from (*letters.about(effect), *letters.text(effect))


def mode_words(mode: int) -> str:
    """`rw-r--r-- (644)`."""
    return f"{statmodule.filemode(mode)[1:]} ({mode & 0o7777:o})"


def owner_words(effect: SetOwner) -> str:
    """`ana`, `ana:staff`, `:staff`; numbers where the system knows no name."""
    user = "" if effect.uid == -1 else _user(effect.uid)
    return safe(user if effect.gid == -1 else f"{user}:{_group(effect.gid)}")


def _user(number: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError, OverflowError):
        return str(number)


def _group(number: int) -> str:
    try:
        import grp

        return grp.getgrgid(number).gr_name
    except (ImportError, KeyError, OverflowError):
        return str(number)


def _thing(path: str, names: Names) -> str:
    return names.folder(path) if os.path.isdir(path) and not os.path.islink(path) else names.shown(path)


def _target(effect: Move | Copy, names: Names) -> str:
    """The new name where only that changes, the folder where only that does, else all of it."""
    (old_folder, old), (folder, name) = os.path.split(effect.path), os.path.split(effect.to)
    if old == name:
        return names.folder(folder)
    return names.shown(name) if old_folder == folder else names.shown(effect.to)


def _replaces(effect: Move | Copy | Pack) -> str:
    return " (replaces what is there)" if effect.overwrite and os.path.lexists(str(effect.result)) else ""


def _size_of(path: str) -> int | None:
    try:
        return os.lstat(path).st_size
    except (OSError, ValueError):
        return None


def _mode_of(path: str) -> str:
    try:
        return statmodule.filemode(os.lstat(path).st_mode)[1:]
    except (OSError, ValueError):
        return "?"


def _changed_lines(effect: Write) -> Iterator[str]:
    old = _lines_at(effect.path) if effect.overwrite else []
    new = _lines(effect.data)
    if old is None or new is None:
        return
    same = _same_at_start(old, new)
    old, new = old[same:], new[same:]
    same = _same_at_start(old[::-1], new[::-1])
    old, new = old[: len(old) - same], new[: len(new) - same]
    if len(old) + len(new) > COMPARED_LINES:
        matches = [difflib.Match(len(old), len(new), 0)]
    else:
        matches = difflib.SequenceMatcher(None, old, new).get_matching_blocks()
    a = b = 0
    for match in matches:
        yield from (f"- {safe_line(text)}" for text in old[a : match.a])
        yield from (f"+ {safe_line(text)}" for text in new[b : match.b])
        a, b = match.a + match.size, match.b + match.size


def _same_at_start(old: list[str], new: list[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _lines_at(path: str) -> list[str] | None:
    """The lines of the file that is there; None where it is no text, too large, or cannot be read."""
    if not os.path.isfile(path) or (_size_of(path) or 0) > COMPARED:
        return None
    try:
        with open(path, "rb") as file:
            return _lines(file.read())
    except OSError:
        return None


def _lines(data: bytes) -> list[str] | None:
    if len(data) > COMPARED or b"\0" in data:
        return None
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return lines[:-1] if not lines[-1] else lines
