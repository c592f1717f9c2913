"""Whether a batch can be taken back, or done again: tried out in mind, so a refusal changes nothing."""

from __future__ import annotations

from dataclasses import replace

from llmos_cli.errors import LlmosError
from llmos_cli.policy.apply import Batch
from llmos_cli.policy.disk import MADE_FOLDER
from llmos_cli.policy.operations import Operation
from llmos_cli.policy.world import Node, World, mode_of, seal


class Trial:
    """`kept` are the batch's folders in the vaults, which the person need not know by name."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._world = World()
        self._kept = tuple(f"{folder}/" for folder in batch.kept)
        self._owned: dict[int, tuple[int, ...]] = {}

    def undo(self) -> Batch:
        """The batch, its marks as the things are now. Raises LlmosError where the world has changed since."""
        steps = [self._undone(step) for step in reversed(self._batch.operations)]
        return replace(self._batch, operations=tuple(reversed(steps)))

    def redo(self) -> Batch:
        """The batch, its marks as the things are now. Raises LlmosError where the world has changed since."""
        steps = [self._redone(step) for step in self._batch.operations]
        return replace(self._batch, operations=tuple(steps))

    def _undone(self, step: Operation) -> Operation:
        if step.do == "rename":
            return self._rename(step, step.path, step.origin)
        if step.do == "mkdir":
            made = self._world.find(step.path)
            if made.kind == "folder" and not any(made.inside()):
                self._world.remove(made)
            return step
        return self._change(step, step.after, step.before)

    def _redone(self, step: Operation) -> Operation:
        if step.do == "rename":
            return self._rename(step, step.origin, step.path)
        if step.do == "mkdir":
            self._make(step.path)
            return step
        return self._change(step, step.before, step.after)

    def _rename(self, step: Operation, source: str, target: str) -> Operation:
        node = self._found(source, step)
        self._expect_unchanged(node, step, source)
        free = self._world.find(target)
        if free.kind:
            raise LlmosError(f"{target} is taken by something else now")
        if free.parent is None or free.parent.kind != "folder" or free.path != target:
            gone = free.parent.path if free.parent is not None else target
            raise LlmosError(f"the folder {gone} is not there any more", hint=f"mkdir -p {gone}")
        self._world.move(node, free)
        return _marked(step, node)

    def _found(self, path: str, step: Operation) -> Node:
        node = self._world.find(path)
        if node.kind and node.path == path:
            return node
        if path.startswith(self._kept):
            other = step.origin if path == step.path else step.path
            raise LlmosError(f"what was kept of {other} is gone")
        raise LlmosError(f"{path} is not there any more")

    def _expect_unchanged(self, node: Node, step: Operation, shown: str) -> None:
        if node.stat is None or not step.mark.unchanged(node.stat):
            if node.kind == "folder" and node.kind == step.mark.kind:
                return  # one that this batch makes, and that is only thought of yet
            raise LlmosError(f"{shown} was changed since")
        if step.seal and seal(node) != step.seal:
            raise LlmosError(f"something in {shown} was changed since")

    def _make(self, path: str) -> None:
        made = self._world.find(path)
        if made.kind and made.kind != "folder":
            raise LlmosError(f"{path} is taken by something else now")
        if not made.kind:
            if made.parent is None or made.parent.kind != "folder":
                raise LlmosError(f"the folder of {path} is not there any more")
            made.kind, made.place, made.source = "folder", "", ""

    def _change(self, step: Operation, now: tuple[int, ...], then: tuple[int, ...]) -> Operation:
        node = self._found(step.path, step)
        if node.stat is None:
            return _marked(step, node)  # made by this batch
        own = (node.stat.st_uid, node.stat.st_gid, mode_of(node.stat))
        held = self._owned.get(id(node), own)
        if held[-len(now) :] != now:
            what = "permissions" if step.do == "mode" else "owner"
            raise LlmosError(f"the {what} of {step.path} were changed since")
        self._owned[id(node)] = (*held[: -len(then)], *then)
        return _marked(step, node)


def _marked(step: Operation, node: Node) -> Operation:
    """With the inode that the thing has now: a folder made again, or a disk mounted again, has another than before."""
    if node.stat is None:
        return replace(step, mark=MADE_FOLDER)
    ino = node.stat.st_ino if step.mark.ino or step.mark == MADE_FOLDER else 0
    return replace(step, mark=replace(step.mark, ino=ino, links=node.stat.st_nlink))
