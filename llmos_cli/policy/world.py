"""The disk as it will be: what is there now, changed in mind by the operations planned so far.

So an effect can be worked out that depends on an earlier one of the same list, and an undo can be tried out before
anything is touched. Nothing here changes the disk.
"""

from __future__ import annotations

import os
import stat as statmodule
from collections.abc import Iterator

from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import MADE_FOLDER, Mark, kind_of, look

MAX_LINKS = 40  # as in Linux


class Node:
    """A name in a folder and what will be there.

    `kind` is '' where nothing is. `place` is where the thing lies on disk before the first operation ('' for a folder
    that an operation makes), `source` where it can be looked at meanwhile: a copy not made yet is looked at in its
    original. They differ only for copies.
    """

    __slots__ = ("children", "kind", "name", "parent", "place", "size", "source", "stat")

    def __init__(self, name: str, parent: Node | None, kind: str = "", place: str = "") -> None:
        self.name = name
        self.parent = parent
        self.kind = kind
        self.place = place
        self.source = place
        self.stat: os.stat_result | None = None
        self.size = 0
        self.children: dict[str, Node] = {}

    @property
    def path(self) -> str:
        """Where it will be, links in its parents resolved."""
        names = []
        node: Node | None = self
        while node is not None:
            names.append(node.name)
            node = node.parent
        return "/".join(reversed(names)) or "/"

    def child(self, name: str) -> Node:
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = Node(name, self)
            if self.kind == "folder" and self.source:
                found.source = f"{self.source.rstrip('/')}/{name}"
                found.place = f"{self.place.rstrip('/')}/{name}"
                found.read()
        return found

    def read(self) -> None:
        """Look at the disk."""
        self.stat = look(self.source)
        self.kind = kind_of(self.stat) if self.stat else ""
        self.size = self.stat.st_size if self.stat and self.kind == "file" else 0

    def inside(self) -> Iterator[Node]:
        """What will be directly in this folder, by name. Raises OSError where it cannot be read."""
        names = {name for name, node in self.children.items() if node.kind}
        if self.source and (self.stat is not None or not self.children):
            gone = {name for name, node in self.children.items() if not node.kind}
            names |= set(os.listdir(self.source)) - gone
        return (self.child(name) for name in sorted(names))

    def within(self, other: Node) -> bool:
        """Whether it is `other` or lies below it."""
        node: Node | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is other

    def mark(self, *, steady: bool = True) -> Mark:
        """By what it is known again. For what is staged, only once that is done."""
        return Mark.of(os.lstat(self.place), steady=steady) if self.place else MADE_FOLDER

    def clone(self, place: str) -> Node:
        """What a copy made now into `place` would be: not moved by what happens to this one later."""
        twin = Node(self.name, None, self.kind, place)
        twin.source, twin.stat, twin.size = self.source, self.stat, self.size
        for name, node in self.children.items():
            below = node.clone(f"{place}/{name}") if node.kind else Node(name, twin)
            below.parent = twin
            twin.children[name] = below
        return twin


class World:
    def __init__(self) -> None:
        self.root = Node("", None, "folder", "/")
        self.root.stat = os.lstat("/")

    def find(self, path: str) -> Node:
        """What will be at the absolute `path`; links in its parents are followed, in its last name not."""
        node, links = self.root, 0
        todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        while todo:
            part = todo.pop()
            if part == "..":
                node = node.parent or node
                continue
            child = node.child(part)
            if child.kind == "link" and todo:
                links += 1
                if links > MAX_LINKS:
                    raise LlmosError(f"{path} leads through links that go in a circle")
                target = os.readlink(child.source)
                node = self.root if target.startswith("/") else node
                todo.extend(p for p in reversed(target.split("/")) if p not in ("", "."))
            else:
                node = child
        return node

    def folder(self, path: str) -> Node:
        """As `find`, but a link in the last name is followed too."""
        node = self.find(path)
        for _ in range(MAX_LINKS):
            if node.kind != "link" or node.parent is None:
                break
            node = self.find(os.path.join(node.parent.path, os.readlink(node.source)))
        return node

    def move(self, node: Node, target: Node) -> None:
        """`node` will be where `target` is: a name at which nothing was to be."""
        self.remove(node)
        self.put(node, target)

    def remove(self, node: Node) -> None:
        if node.parent is not None:
            node.parent.children[node.name] = Node(node.name, node.parent)

    def put(self, node: Node, target: Node) -> None:
        assert target.parent is not None, "the root has no free name"
        node.parent, node.name = target.parent, target.name
        target.parent.children[target.name] = node


def seal(node: Node) -> str:
    """What lies in a folder, as one hash: names, kinds, sizes, mtimes, to see later whether anything changed there."""
    import hashlib

    found = hashlib.blake2b(digest_size=16)
    todo = [("", node)]
    while todo:
        name, folder = todo.pop()
        for below in folder.inside():
            if below.stat is None:
                below.read()
            path = f"{name}/{below.name}"
            if below.kind == "folder":
                todo.append((path, below))
                found.update(f"{path}/\0".encode("utf-8", "surrogateescape"))
            elif below.stat is not None:
                about = f"{path}\0{below.kind}\0{below.stat.st_size}\0{below.stat.st_mtime_ns}\0"
                found.update(about.encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def mode_of(stat: os.stat_result) -> int:
    return statmodule.S_IMODE(stat.st_mode)
