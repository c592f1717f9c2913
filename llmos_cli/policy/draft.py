"""A batch in the making: the operations planned so far, what must be staged for them, and the room that takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import MADE_FOLDER, Mark, sync
from llmos_cli.policy.operations import Operation
from llmos_cli.policy.staging import Job
from llmos_cli.policy.trash import Can, can_for, fitting
from llmos_cli.policy.volumes import Volumes
from llmos_cli.policy.world import Node, World, mode_of, seal

PENDING = Mark("", 0, 0, 0, 0)  # not known before what is staged is there


@dataclass
class Step:
    """An operation whose thing, `node`, may not be on disk yet. `made` is for what the entry itself makes."""

    operation: Operation
    node: Node
    made: bool = False
    loose: bool = False  # its contents may change meanwhile: they are another file's too


@dataclass(frozen=True)
class Touched:
    """A folder in which names come or go: where it is before and after, and its mtimes in ns then (0: not known yet)."""

    before: str
    after: str
    mtime: int
    mtime_after: int = 0


@dataclass
class Draft:
    """`entry` names the folder in each vault that is this batch's own."""

    entry: str
    volumes: Volumes
    env: Mapping[str, str]
    when: float
    world: World = field(default_factory=World)
    steps: list[Step] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    vaults: set[str] = field(default_factory=set)
    cans: dict[str, Can] = field(default_factory=dict)
    _touched: dict[int, tuple[Node, int]] = field(default_factory=dict)
    _places: int = 0

    # ---- places -------------------------------------------------------------------------------------

    def home_of(self, node: Node) -> str:
        """The folder on disk, as it is now, that decides on which volume `node` is or will be."""
        if node.kind and node.place:
            return os.path.dirname(node.place)
        above = node.parent
        while above is not None and not above.place:
            above = above.parent
        return above.place if above is not None else "/"

    def place_beside(self, node: Node) -> str:
        """A free place in the vault of the volume on which `node` is or will be."""
        vault = self.volumes.vault(self.home_of(node))
        self.vaults.add(vault)
        self._places += 1
        return f"{vault}/{self.entry}/{self._places}"

    def one_volume(self, source: Node, target: Node) -> bool:
        return self.volumes.of(self.home_of(source)) == self.volumes.of(self.home_of(target))

    def can(self, node: Node) -> Can:
        folder = self.home_of(node)
        if folder not in self.cans:
            self.cans[folder] = can_for(folder, self.volumes, self.env)
        return self.cans[folder]

    # ---- planning -----------------------------------------------------------------------------------

    def touch(self, folder: Node) -> None:
        """Names will come or go in it. Raises LlmosError where they may not."""
        if id(folder) in self._touched or not folder.place or folder.stat is None:
            return
        if folder.place == folder.source and not os.access(folder.place, os.W_OK | os.X_OK):
            raise LlmosError(f"{folder.path} may not be changed", hint=f"ls -ld {folder.path}")
        self._touched[id(folder)] = (folder, folder.stat.st_mtime_ns)

    def rename(self, node: Node, target: Node, *, made: bool = False, loose: bool = False) -> None:
        """`node`, in the world or staged, will be at `target`."""
        origin = node.path if node.parent is not None else node.place
        for name in (node, target):
            if name.parent is not None:
                self.touch(name.parent)
        self.world.move(node, target)
        step = Operation("rename", node.path, PENDING, origin)
        self.steps.append(Step(step, node, made, loose))

    def make_folder(self, target: Node, mode: tuple[int, ...] = ()) -> None:
        assert target.parent is not None, "the root is there"
        self.touch(target.parent)
        target.kind, target.place, target.source = "folder", "", ""
        self.steps.append(Step(Operation("mkdir", target.path, MADE_FOLDER, after=mode), target, made=True))

    def change(self, do: str, node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        change = Operation(do, node.path, PENDING, before=before, after=after)
        self.steps.append(Step(change, node))

    def stage(self, job: Job, kind: str) -> Node:
        """A node for what `job` will make, to be renamed into its place."""
        self.jobs.append(job)
        node = Node("", None, kind, job.place)
        node.size = job.size
        return node

    def stash(self, node: Node) -> None:
        """`node` goes to the vault."""
        place = self.place_beside(node)
        if place.startswith(node.path + "/"):
            raise LlmosError(f"{node.path} holds llmos's own files, so it has to stay")
        self.rename(node, self.world.find(place))

    # ---- carrying out -------------------------------------------------------------------------------

    def check_room(self) -> None:
        """Raises LlmosError where what is staged does not fit."""
        needed: dict[str, int] = {}
        for job in self.jobs:
            vault = os.path.dirname(os.path.dirname(job.place))
            needed[vault] = needed.get(vault, 0) + job.size
        for vault, size in needed.items():
            volume = self.volumes.of(vault)
            if size and size > (room := volume.room()):
                raise LlmosError(
                    f"this needs {in_words(size)}, but {volume.top} has only {in_words(room)} free",
                    hint="llmos run 'disks'",
                )

    def stage_all(self) -> None:
        """Make what is new, and see that it is on the disk. Raises OSError, LlmosError."""
        for vault in self.vaults:
            self.volumes.make_vault(vault, self.entry)
        for can in set(self.cans.values()):
            can.make()
        written = [path for job in self.jobs for path in job.run()]
        if self.vaults:
            sync([*written, *self.own_folders(), *self.vaults])

    def own_folders(self) -> list[str]:
        return [f"{vault}/{self.entry}" for vault in sorted(self.vaults)]

    def operations(self) -> tuple[Operation, ...]:
        """After staging: with the marks by which each thing will be known again."""
        known: dict[int, Mark] = {}
        return tuple(self._finished(step, known) for step in self.steps)

    def touched(self) -> tuple[Touched, ...]:
        own = tuple(f"{vault}/" for vault in self.vaults)
        return tuple(
            Touched(node.place, node.path, mtime) for node, mtime in self._touched.values() if not f"{node.place}/".startswith(own)
        )

    def _finished(self, step: Step, known: dict[int, Mark]) -> Operation:
        node, operation = step.node, step.operation
        if operation.mark is not PENDING:
            return operation
        if id(node) not in known:
            steady = self.volumes.of(os.path.dirname(node.place) or "/").steady
            known[id(node)] = node.mark(steady=steady)
        mark = known[id(node)]
        if step.loose:
            mark = replace(mark, size=-1)
        sealed = ""
        if step.made and mark.kind == "folder":
            staged = Node("", None, "", node.place)
            staged.read()
            sealed = seal(staged)
        return replace(operation, mark=mark, seal=sealed)


def trash_spot(draft: Draft, node: Node) -> tuple[Can, Node | None, Node]:
    """The trash for `node`, and two free names in it: the info file's (None where there is none) and the thing's."""
    can = draft.can(node)
    for attempt in range(100):
        spot = can.spot(fitting(node.name, fresh=attempt > 0))
        info = draft.world.folder(os.path.dirname(spot.info)).child(os.path.basename(spot.info)) if spot.info else None
        files = draft.world.folder(os.path.dirname(spot.files)).child(os.path.basename(spot.files))
        if not files.kind and (info is None or not info.kind):
            return can, info, files
    raise LlmosError(f"the trash {can.root} has no free name for {node.name}")


def current(node: Node, changed: Mapping[int, tuple[int, int, int]]) -> tuple[int, int, int]:
    """Owner, group and mode as they will be after the changes planned so far; of what is staged they are not known."""
    if id(node) in changed:
        return changed[id(node)]
    if node.stat is None:
        raise LlmosError(f"{node.path} is made by the same request: set its mode or owner after that")
    return node.stat.st_uid, node.stat.st_gid, mode_of(node.stat)


def in_words(size: int) -> str:
    units = ["B", "kB", "MB", "GB", "TB"]
    amount = float(size)
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:.{1 if amount < 10 and units[0] != 'B' else 0}f} {units[0]}"
