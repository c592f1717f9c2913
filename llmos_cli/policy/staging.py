"""What is made in a vault before anything happens: copies, new files, links, archives, unpacked trees."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Protocol

from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import copy_attributes, copy_file, copy_link
from llmos_cli.policy.world import Node, mode_of


class Job(Protocol):
    """`run` makes what will lie at `place`, at most `size` bytes, and returns the paths it wrote."""

    @property
    def place(self) -> str: ...
    @property
    def size(self) -> int: ...
    def run(self) -> list[str]: ...


@dataclass(frozen=True)
class NewFile:
    """A file of `data`; with the mode, owner and attributes of `like`, or in the group of its folder; `private` is 0600."""

    place: str
    data: bytes
    like: Node | None = None
    group: int | None = None
    private: bool = False

    @property
    def size(self) -> int:
        return len(self.data)

    def run(self) -> list[str]:
        with open(self.place, "xb") as file:
            if self.private:
                os.fchmod(file.fileno(), 0o600)
            if self.like is None:
                file.write(self.data)
                join_group(file.fileno(), self.group)
                return [self.place]
            file.flush()
            if self.like.stat is not None:
                copy_attributes(self.like.source, self.place)
            file.write(self.data)
        os.utime(self.place)
        return [self.place]


@dataclass(frozen=True)
class NewLink:
    place: str
    to: str
    size: int = 0

    def run(self) -> list[str]:
        os.symlink(self.to, self.place)
        return []


@dataclass(frozen=True)
class SecondName:
    """A hard link to the file that lies at `of` when the staging begins."""

    place: str
    of: str
    size: int = 0

    def run(self) -> list[str]:
        os.link(self.of, self.place, follow_symlinks=False)
        return []


@dataclass
class CopyTree:
    """A copy of `source`, a node of its own that later effects do not change."""

    place: str
    source: Node
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(node.size for _, node in walk(self.source))

    def run(self) -> list[str]:
        folders = []
        written = []
        for name, node in walk(self.source):
            target = f"{self.place}/{name}" if name else self.place
            written.append(target)
            if node.kind == "folder":
                os.mkdir(target, 0o700)
                folders.append((node, target))
            elif node.kind == "link":
                copy_link(node.source, target)
            else:
                copy_file(node.source, target)
        for node, target in reversed(folders):  # last, as filling a folder changes its times
            if node.source:
                copy_attributes(node.source, target)
            else:
                os.chmod(target, 0o777 & ~_umask(target))
        if folders and needs_unlocking(self.source):
            os.chmod(self.place, mode_of(os.lstat(self.place)) | 0o300)
        return written


def needs_unlocking(folder: Node) -> bool:
    """Whether it cannot be moved by its owner, who may not write it: its copy gets its mode after it is in its place."""
    locked = folder.stat is not None and folder.stat.st_mode & 0o300 != 0o300
    return locked and folder.kind == "folder" and os.geteuid() != 0


def walk(top: Node) -> list[tuple[str, Node]]:
    """What is in the tree, itself ('') first, folders before what is in them. Raises LlmosError for pipes and devices."""
    found = [("", top)]
    for name, node in found:  # grows while it is gone through
        if node.kind == "folder":
            prefix = f"{name}/" if name else ""
            found.extend((prefix + below.name, below) for below in node.inside())
        elif node.kind not in ("file", "link"):
            raise LlmosError(f"{node.source} is a pipe, socket or device, which cannot be copied")
    return found


def join_group(handle: int, group: int | None) -> None:
    """In a folder whose group is inherited, what is new belongs to that group."""
    if group is not None and os.fstat(handle).st_gid != group:
        try:
            os.fchown(handle, -1, group)
        except PermissionError:
            pass  # as for a file made there by someone who is not in the group


def _umask(folder: str) -> int:
    """The umask, seen at a folder made and taken away: asking for it would change it for all threads."""
    probe = f"{folder}/.umask"
    os.mkdir(probe)
    mode = mode_of(os.lstat(probe))
    os.rmdir(probe)
    return 0o777 & ~mode
