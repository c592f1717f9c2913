"""Effects become operations: what each needs is checked here, before anything happens, with one sentence where it fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmos_cli.effects import (
    Copy,
    Effect,
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
)  # fmt: skip
from llmos_cli.errors import LlmosError
from llmos_cli.policy.draft import Draft, current, trash_spot
from llmos_cli.policy.staging import (
    CopyTree,
    NewFile,
    NewLink,
    SecondName,
    needs_unlocking,
    walk,
)  # fmt: skip
from llmos_cli.policy.world import Node, mode_of

if TYPE_CHECKING:
    from llmos_cli.archives import Member

ANOTHER_NAME = "choose another name, or say that it may be replaced"


@dataclass
class Expansion:
    """The effects seen so far, in `draft`; `changed` holds owner, group and mode where they were set, `taken` the names given."""

    draft: Draft
    changed: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def add(self, effect: Effect) -> None:
        """Raises LlmosError where it cannot be done, OSError where the disk does not let us look."""
        if type(effect) not in EXPANDERS:
            raise LlmosError(f"{effect.op} is not a change of files")
        for path in _paths(effect):
            if not path.startswith("/") or not _is_name(path):
                raise LlmosError(f"{path!r} is not an absolute path")
        if isinstance(effect, Link) and not (effect.to and _is_name(effect.to)):
            raise LlmosError(f"{effect.to!r} is nothing that a link can point to")
        EXPANDERS[type(effect)](self, effect)

    # ---- what most need -----------------------------------------------------------------------------

    def existing(self, path: str) -> Node:
        node = self.draft.world.find(path)
        if not node.kind:
            raise LlmosError(f"{path} does not exist")
        if node.parent is None:
            raise LlmosError("the root folder cannot be changed")
        return node

    def cleared(self, path: str, *, overwrite: bool, kind: str, source: Node | None = None) -> Node:
        """The free name at `path`, its parents made, and what was there put into the vault if it may be replaced."""
        draft = self.draft
        target = draft.world.find(path)
        if target.parent is None:
            raise LlmosError("the root folder cannot be replaced")
        if target.kind:
            if not overwrite:
                raise LlmosError(f"{path} exists already", hint=ANOTHER_NAME)
            if (target.kind == "folder") != (kind == "folder"):
                a, b = _noun(kind), _noun(target.kind)
                raise LlmosError(f"{path} is {b} and cannot be replaced by {a}", hint=ANOTHER_NAME)
            if source is not None and source.within(target):
                raise LlmosError(f"{source.path} lies in {path}, which it would replace")
            if target.path in self.taken and source is not None:
                raise LlmosError(f"two files would both become {path}", hint=ANOTHER_NAME)
            draft.stash(target)
            self.taken.add(target.path)
            return draft.world.find(path)
        self.taken.add(target.path)
        self.make_parents(target)
        return target

    def make_parents(self, target: Node, mode: tuple[int, ...] = ()) -> None:
        missing = []
        above = target.parent
        while above is not None and not above.kind:
            missing.append(above)
            above = above.parent
        if above is not None and above.kind != "folder":
            raise LlmosError(f"{above.path} is {_noun(above.kind)}, not a folder")
        for folder in reversed(missing):
            self.draft.make_folder(folder, mode)

    def group_of(self, path: str) -> int | None:
        """The group that new things in the folder of `path` belong to, where the folder decides that."""
        above = self.draft.world.find(path).parent
        stat = above.stat if above is not None else None
        return stat.st_gid if stat is not None and stat.st_mode & 0o2000 else None

    def copy_of(self, source: Node, target: Node) -> Node:
        """A staged copy of `source` for `target`, and what lies in it."""
        place = self.draft.place_beside(target)
        copy = source.clone(place)
        self.draft.jobs.append(CopyTree(place, source.clone(place)))
        return copy

    # ---- the effects --------------------------------------------------------------------------------

    def move(self, effect: Move) -> None:
        draft = self.draft
        source, target = self.existing(effect.path), draft.world.find(effect.to)
        if target is source:
            raise LlmosError(f"{effect.path} is already there")
        if target.within(source):
            raise LlmosError(f"{effect.path} cannot be moved into itself")
        if _is_other_case(source, target):
            aside = draft.world.find(draft.place_beside(source))
            parent, name = target.parent, target.name
            draft.rename(source, aside)
            assert parent is not None, "it is the source's own folder"
            parent.children[name] = free = Node(name, parent)
            draft.rename(source, free)
            return
        target = self.cleared(effect.to, overwrite=effect.overwrite, kind=source.kind, source=source)
        if draft.one_volume(source, target):
            draft.rename(source, target)
        else:
            copy = self.copy_of(source, target)
            self.place_copy(copy, target)
            draft.stash(source)

    def copy(self, effect: Copy) -> None:
        source, target = self.existing(effect.path), self.draft.world.find(effect.to)
        if target is source:
            raise LlmosError(f"{effect.path} cannot be copied onto itself")
        if target.within(source):
            raise LlmosError(f"{effect.path} cannot be copied into itself")
        copied = source.clone("")  # before what it may replace is taken away
        target = self.cleared(effect.to, overwrite=effect.overwrite, kind=source.kind, source=source)
        self.place_copy(self.copy_of(copied, target), target)

    def place_copy(self, copy: Node, target: Node) -> None:
        self.draft.rename(copy, target, made=True)
        if needs_unlocking(copy) and copy.stat is not None:
            mode = mode_of(copy.stat)
            self.draft.change("mode", copy, (mode | 0o300,), (mode,))

    def trash(self, effect: Trash) -> None:
        draft, node = self.draft, self.existing(effect.path)
        can, info, files = trash_spot(draft, node)
        if files.path.startswith(node.path + "/"):
            raise LlmosError(f"{effect.path} holds the trash, so it has to stay")
        if info is not None:
            about = NewFile(draft.place_beside(info), can.about(node.path, draft.when))
            draft.rename(draft.stage(about, "file"), info)
        if draft.one_volume(node, files):
            draft.rename(node, files)
        else:
            self.place_copy(self.copy_of(node, files), files)
            draft.stash(node)

    def remove(self, effect: Remove) -> None:
        self.draft.stash(self.existing(effect.path))

    def make_folder(self, effect: MakeFolder) -> None:
        target = self.draft.world.folder(effect.path)
        if target.kind == "folder":
            return
        if target.kind:
            raise LlmosError(f"{effect.path} exists already, and is {_noun(target.kind)}")
        self.make_parents(target)
        self.draft.make_folder(target)

    def write(self, effect: Write) -> None:
        old = self.draft.world.find(effect.path)
        if old.kind == "link":
            to = os.path.realpath(effect.path)
            raise LlmosError(f"{effect.path} is a link", hint=f"write to {to} instead")
        if old.kind and old.kind != "file":
            raise LlmosError(f"{effect.path} is {_noun(old.kind)}, not a file")
        if effect.seen is not None and (old.stat is None or effect.seen != (old.stat.st_size, old.stat.st_mtime_ns)):
            raise LlmosError(f"{effect.path} was changed in the meantime", hint="ask again: the new text is then kept")
        like = old.clone(old.place) if old.kind else None
        group = self.group_of(effect.path)
        target = self.cleared(effect.path, overwrite=effect.overwrite, kind="file")
        job = NewFile(self.draft.place_beside(target), effect.data, like, group)
        self.draft.rename(self.draft.stage(job, "file"), target, made=True)

    def mail(self, effect: Mail) -> None:
        """A new file in a Maildir, which is made where it is missing; the draft that it takes the place of goes into the vault."""
        if effect.replaces:
            old = self.existing(effect.replaces)
            if old.stat is None or effect.seen != (old.stat.st_size, old.stat.st_mtime_ns):
                raise LlmosError("the draft was changed in the meantime", hint="ask again: it is then shown as it is now")
            self.draft.stash(old)
        maildir = os.path.dirname(os.path.dirname(effect.path))
        for name in ("tmp", "new", "cur"):
            self.make_parents(self.draft.world.find(f"{maildir}/{name}/_"), mode=(0o700,))
        target = self.cleared(effect.path, overwrite=False, kind="file")
        job = NewFile(self.draft.place_beside(target), effect.data, private=True)
        self.draft.rename(self.draft.stage(job, "file"), target, made=True)

    def link(self, effect: Link) -> None:
        draft = self.draft
        if not effect.hard:
            target = self.cleared(effect.path, overwrite=False, kind="link")
            job = NewLink(draft.place_beside(target), effect.to)
            draft.rename(draft.stage(job, "link"), target, made=True)
            return
        source = self.existing(effect.to)
        if source.kind != "file":
            raise LlmosError(f"{effect.to} is {_noun(source.kind)}: only a file can have two names")
        target = self.cleared(effect.path, overwrite=False, kind="file")
        if not draft.one_volume(source, target):
            raise LlmosError(f"{effect.path} is on another disk than {effect.to}", hint="make a symbolic link")
        second = SecondName(draft.place_beside(target), source.place)
        draft.rename(draft.stage(second, "file"), target, made=True, loose=True)

    def set_mode(self, effect: SetMode) -> None:
        node = self.existing(effect.path)
        if node.kind == "link":
            raise LlmosError(f"{effect.path} is a link, which has no permissions of its own")
        if not 0 <= effect.mode <= 0o7777:
            raise LlmosError(f"{effect.mode:o} is not a file mode", hint="0644 or 0755")
        uid, gid, mode = current(node, self.changed)
        if mode != effect.mode:
            self.draft.change("mode", node, (mode,), (effect.mode,))
            self.changed[id(node)] = (uid, gid, effect.mode)

    def set_owner(self, effect: SetOwner) -> None:
        node = self.existing(effect.path)
        uid, gid, mode = before = current(node, self.changed)
        owner = (uid if effect.uid < 0 else effect.uid, gid if effect.gid < 0 else effect.gid)
        if owner != (uid, gid):
            kept = mode & 0o777 if node.kind == "file" else mode  # set-uid for another is not meant
            self.draft.change("owner", node, before, (*owner, kept))
            self.changed[id(node)] = (*owner, kept)

    def pack(self, effect: Pack) -> None:
        from llmos_cli.archives import clean  # zipfile and tarfile: 10 ms that only archives need
        from llmos_cli.policy.packing import FORMATS, NewArchive

        if effect.format not in FORMATS:
            raise LlmosError(f"{effect.format} is not a format llmos can write", hint=", ".join(FORMATS))
        items: dict[str, Node] = {}
        for path, name in effect.members:
            top = self.existing(path)
            for below, node in walk(top.clone("")):
                inside = clean(effect.path, f"{name}/{below}" if below else name)
                if not inside or inside in items:
                    raise LlmosError(f"{inside or path} would be in the archive twice")
                items[inside] = node
        group = self.group_of(effect.path)
        target = self.cleared(effect.path, overwrite=effect.overwrite, kind="file")
        place = self.draft.place_beside(target)
        job = NewArchive(place, effect.format, tuple(items.items()), group)
        self.draft.rename(self.draft.stage(job, "file"), target, made=True)

    def unpack(self, effect: Unpack) -> None:
        from llmos_cli import archives
        from llmos_cli.policy.packing import Unpacked

        archive = self.existing(effect.path)
        if archive.kind != "file":
            raise LlmosError(f"{effect.path} is {_noun(archive.kind)}, not an archive")
        with archives.open_archive(archive.source) as opened:
            members = opened.members
        if [m.name for m in members] != list(effect.members):
            raise LlmosError(f"{effect.path} was changed since its contents were listed")
        into = self.draft.world.folder(effect.into)
        if not into.kind:
            self.make_parents(into)
            self.draft.make_folder(into)
        elif into.kind != "folder":
            raise LlmosError(f"{effect.into} is {_noun(into.kind)}, not a folder")
        place = self.draft.place_beside(Node("", into))
        limit = archives.allowance(archive.source)
        job = Unpacked(place, archive.source, members, limit)
        self.draft.jobs.append(job)
        for node in list(_unpacked(place, members).children.values()):
            self._merge(node, into.child(node.name), effect)

    def _merge(self, node: Node, target: Node, effect: Unpack) -> None:
        """Put what was unpacked where nothing is; a folder that is there already takes what is in it."""
        if not target.kind:
            node.parent = None  # staged, and not yet anywhere in the world
            self.draft.rename(node, target, made=True)
        elif target.kind == node.kind == "folder":
            for below in list(node.children.values()):
                self._merge(below, target.child(below.name), effect)
        else:
            raise LlmosError(f"{target.path} exists already", hint="unpack into another folder")


EXPANDERS: Mapping[type[Effect], Callable[[Expansion, Any], None]] = {
    Move: Expansion.move,
    Copy: Expansion.copy,
    Trash: Expansion.trash,
    Remove: Expansion.remove,
    MakeFolder: Expansion.make_folder,
    Write: Expansion.write,
    Link: Expansion.link,
    SetMode: Expansion.set_mode,
    SetOwner: Expansion.set_owner,
    Pack: Expansion.pack,
    Unpack: Expansion.unpack,
    Mail: Expansion.mail,
    Remember: lambda expansion, effect: None,  # memory keeps it; the journal only says so
    Send: Expansion.mail,
}


def expand(effects: Sequence[Effect], draft: Draft) -> None:
    """Work the effects out into `draft`, each on the world that the ones before it leave. Nothing happens yet."""
    expansion = Expansion(draft)
    for effect in effects:
        expansion.add(effect)
    draft.check_room()


def _paths(effect: Effect) -> list[str]:
    """Those that have to be absolute."""
    if isinstance(effect, Move | Copy) or (isinstance(effect, Link) and effect.hard):
        return [effect.path, effect.to]
    if isinstance(effect, Unpack):
        return [effect.path, effect.into]
    if isinstance(effect, Pack):
        return [effect.path, *(path for path, _ in effect.members)]
    return [effect.path]


def _is_name(path: str) -> bool:
    """Whether the system can be asked for it at all."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _is_other_case(source: Node, target: Node) -> bool:
    """Whether it is the same name in other letters, on a disk for which they are the same."""
    if source.stat is None or target.stat is None or source.parent is not target.parent:
        return False
    same = (source.stat.st_ino, source.stat.st_dev) == (target.stat.st_ino, target.stat.st_dev)
    return same and source.name.casefold() == target.name.casefold()


def _unpacked(place: str, members: Sequence[Member]) -> Node:
    """The tree that the members will be, at `place`."""
    top = Node("", None, "folder", place)
    top.source = ""
    for member in members:
        node = top
        for part in member.name.split("/"):
            if part not in node.children:
                below = Node(part, node, "folder", f"{node.place}/{part}")
                below.source = ""
                node.children[part] = below
            node = node.children[part]
        node.kind, node.size = member.kind, member.size
        node.source = "" if member.kind == "folder" else node.place
    return top


def _noun(kind: str) -> str:
    return {"file": "a file", "folder": "a folder", "link": "a link"}.get(kind, "a device")
