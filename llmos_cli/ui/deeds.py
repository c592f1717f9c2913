"""Effects in words: one sentence for all of them, and a line or more for each. Nothing that will happen is left unsaid.

Made before the effects are carried out, since what goes away can be counted only then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from llmos_cli.effects import (
    Copy,
    Effect,
    Effects,
    Link,
    Mail,
    MakeFolder,
    Move,
    Pack,
    Remember,
    Remove,
    Send,
    SetMode,
    SetOwner,
    Trash,
    Unpack,
    Write,
)
from llmos_cli.ui import letters
from llmos_cli.ui.details import mode_words, owner_words
from llmos_cli.ui.names import Names
from llmos_cli.ui.safe import safe
from llmos_cli.ui.weight import weigh
from llmos_cli.ui.words import plural, size

Group = Sequence[Effect]


@dataclass(frozen=True)
class Deed:
    """Effects of one sort: the verb, its object, and the rest: `move` and `moved`, `12 files`, ` into ~/archive`; `then` is said after."""

    do: str
    did: str
    what: str
    how: str = ""
    then: str = ""


@dataclass(frozen=True)
class Deeds:
    """All effects of a stage, in the order of their first of each sort."""

    effects: Effects
    deeds: tuple[Deed, ...]

    @staticmethod
    def of(effects: Effects, names: Names) -> Deeds:
        groups: dict[str, list[Effect]] = {}
        for effect in effects:
            groups.setdefault(_sort(effect), []).append(effect)
        return Deeds(effects, tuple(_SORTS.get(sort, _other)(group, names) for sort, group in groups.items()))

    @property
    def proposal(self) -> str:
        """`Make 2 folders, move 12 files (34 MB) into ~/archive`."""
        text = ", ".join(f"{deed.do} {deed.what}{deed.how}" for deed in self.deeds)
        return text[:1].upper() + text[1:]

    @property
    def done(self) -> str:
        """`made 2 folders, moved 12 files (34 MB) into ~/archive`."""
        return ", ".join(f"{deed.did} {deed.what}{deed.how}{deed.then}" for deed in self.deeds)


def _sort(effect: Effect) -> str:
    if isinstance(effect, Move) and os.path.dirname(effect.path) == os.path.dirname(effect.to):
        return "rename"
    if isinstance(effect, Write) and effect.overwrite and os.path.lexists(effect.path):
        return "change"
    return effect.op


def _things(paths: Sequence[str], names: Names, *, sized: bool = True) -> str:
    """One by its name, several by their number; with their size."""
    weight = weigh(paths)
    one = names.folder if weight.folders else names.shown
    return (one(paths[0]) if len(paths) == 1 else weight.count) + (weight.size if sized else "")


def _paths(group: Group) -> list[str]:
    """What to weigh: the thing itself, or where it is by now."""
    return [str(e.result) if isinstance(e, Move) and not os.path.lexists(e.path) else e.path for e in group]


def _move(group: Group, names: Names) -> Deed:
    return Deed("move", "moved", _things(_paths(group), names), _where(group, names))


def _copy(group: Group, names: Names) -> Deed:
    return Deed("copy", "copied", _things(_paths(group), names), _where(group, names))


def _where(group: Group, names: Names) -> str:
    targets = [str(effect.result) for effect in group]
    folders = {os.path.dirname(target) for target in targets}
    if len(group) == 1 and os.path.basename(targets[0]) != os.path.basename(group[0].path):
        return f" to {names.shown(targets[0])}"
    return f" into {names.shown(folders.pop())}" if len(folders) == 1 else f" into {plural(len(folders), 'folder')}"


def _rename(group: Group, names: Names) -> Deed:
    how = f" to {names.shown(os.path.basename(cast(Move, group[0]).to))}" if len(group) == 1 else ""
    return Deed("rename", "renamed", _things(_paths(group), names, sized=False), how)


def _simple(do: str, did: str, how: str, group: Group, names: Names) -> Deed:
    return Deed(do, did, _things(_paths(group), names), how)


def _mkdir(group: Group, names: Names) -> Deed:
    return Deed("make", "made", f"the folder {names.shown(group[0].path)}" if len(group) == 1 else plural(len(group), "folder"))


def _write(group: Group, names: Names) -> Deed:
    bytes = sum(len(cast(Write, effect).data) for effect in group)
    what = names.shown(group[0].path) if len(group) == 1 else plural(len(group), "file")
    return Deed("write", "wrote", f"{what} ({size(bytes)})", _by(group))


def _change(group: Group, names: Names) -> Deed:
    return Deed("change", "changed", names.shown(group[0].path) if len(group) == 1 else plural(len(group), "file"), _by(group))


def _by(group: Group) -> str:
    """Who wrote what is in it, where that is not the person: `, text written by qwen3-4b`."""
    writers = dict.fromkeys(effect.by for effect in cast(Sequence[Write], group) if effect.by)
    return f", text written by {safe(' and '.join(writers))}" if writers else ""


def _link(group: Group, names: Names) -> Deed:
    return Deed("make", "made", f"the link {names.shown(group[0].path)}" if len(group) == 1 else plural(len(group), "link"))


def _mode(group: Group, names: Names) -> Deed:
    modes = {cast(SetMode, effect).mode for effect in group}
    how = f" to {mode_words(modes.pop())}" if len(modes) == 1 else ""
    return Deed("set the permissions of", "set the permissions of", _things(_paths(group), names, sized=False), how)


def _owner(group: Group, names: Names) -> Deed:
    owners = {owner_words(cast(SetOwner, effect)) for effect in group}
    how = f" to {owners.pop()}" if len(owners) == 1 else ""
    return Deed("set the owner of", "set the owner of", _things(_paths(group), names, sized=False), how)


def _pack(group: Group, names: Names) -> Deed:
    members = [path for effect in group for path, _ in cast(Pack, effect).members]
    into = f" into {names.shown(group[0].path)}" if len(group) == 1 else f" into {plural(len(group), 'archive')}"
    return Deed("pack", "packed", _things(members, names) if members else "nothing", into)


def _unpack(group: Group, names: Names) -> Deed:
    count = plural(sum(len(cast(Unpack, effect).members) for effect in group), "item")
    what = names.shown(group[0].path) if len(group) == 1 else plural(len(group), "archive")
    folders = {cast(Unpack, effect).into for effect in group}
    into = names.shown(folders.pop()) if len(folders) == 1 else plural(len(folders), "folder")
    return Deed("unpack", "unpacked", f"{what} ({count})", f" into {into}")


def _draft(group: Group, names: Names) -> Deed:
    mails = cast(Sequence[Mail], group)
    changed = any(mail.replaces for mail in mails)
    return Deed("change" if changed else "make", "changed" if changed else "made", letters.what(mails))


def _send(group: Group, names: Names) -> Deed:
    return Deed("send", "put", letters.what(cast(Sequence[Mail], group)), then=letters.WAITS)


def _remember(group: Group, names: Names) -> Deed:
    facts = [cast(Remember, effect) for effect in group]
    called = [f" ({safe(fact.name)} = {safe(fact.target)})" for fact in facts if fact.target not in ("", fact.text)]
    return Deed("keep", "kept", "; ".join(f"“{safe(fact.text)}”" for fact in facts), "".join(called))


def _other(group: Group, names: Names) -> Deed:
    """An effect that has no words of its own here: its name stands for the verb."""
    op = safe(group[0].op)
    return Deed(op, f"{op}:", names.shown(group[0].path) if len(group) == 1 else plural(len(group), "time"))


_SORTS: dict[str, Callable[[Group, Names], Deed]] = {
    Move.op: _move,
    "rename": _rename,
    Copy.op: _copy,
    Trash.op: partial(_simple, "move", "moved", " to the trash"),
    Remove.op: partial(_simple, "delete", "deleted", " for ever"),
    MakeFolder.op: _mkdir,
    Write.op: _write,
    "change": _change,
    Link.op: _link,
    SetMode.op: _mode,
    SetOwner.op: _owner,
    Pack.op: _pack,
    Unpack.op: _unpack,
    Remember.op: _remember,
    Mail.op: _draft,
    Send.op: _send,
}
