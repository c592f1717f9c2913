"""The reversible steps that effects are made of: rename without replacing, make a folder, set mode, set owner.

Everything new is made in a vault first and then renamed into its place, and everything that goes is renamed into a
vault, so a step is done or not done and the disk itself shows which: no note has to be taken while they run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from llmos_cli.policy.disk import Mark, look, rename_new
from llmos_cli.policy.world import mode_of


@dataclass(frozen=True)
class Operation:
    """`do` is rename (from `origin` to `path`), mkdir (with the mode `after`, if any), mode or owner (of `path`, from `before` to `after`).

    `seal` is set for what an entry made: what lay in it then, so that undo does not take away what was added later.
    """

    do: str
    path: str
    mark: Mark
    origin: str = ""
    seal: str = ""
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    def as_json(self) -> list[Any]:
        return list(astuple(self))

    @staticmethod
    def from_json(row: list[Any]) -> Operation:
        do, path, mark, origin, seal, before, after = row
        return Operation(do, path, Mark(*mark), origin, seal, tuple(before), tuple(after))

    def is_done(self) -> bool:
        """As the disk shows it."""
        there = look(self.path)
        if self.do == "rename":
            return self.mark.fits(there) and not self.mark.fits(look(self.origin))
        if there is None or self.do == "mkdir":
            return there is not None
        now = (there.st_uid, there.st_gid, mode_of(there))
        return now[2:] == self.after if self.do == "mode" else now == self.after

    def carry_out(self) -> None:
        """Raises OSError; then nothing happened."""
        if self.do == "rename":
            rename_new(self.origin, self.path)
        elif self.do == "mkdir":
            os.mkdir(self.path, *self.after)
        elif self.do == "mode":
            os.chmod(self.path, self.after[0])
        else:
            self._own(*self.after)

    def take_back(self, strangers: set[int]) -> None:
        """Undo it if it was done; a folder stays if something is in it or if it is one of `strangers` (inodes).

        Raises OSError; then nothing happened.
        """
        there = look(self.path)
        if self.do == "rename":
            if not self.mark.fits(there):
                return
            at_origin = look(self.origin)
            if self.mark.fits(at_origin):
                if there is not None and there.st_nlink == self.mark.links + 1:
                    os.unlink(self.path)  # a rename in steps, cut off between its two steps
                return
            rename_new(self.path, self.origin)
        elif there is None:
            return
        elif self.do == "mkdir":
            if there.st_ino not in strangers:
                _remove_if_empty(self.path)
        elif self.mark.fits(there):
            if self.do == "mode" and mode_of(there) != self.before[0]:
                os.chmod(self.path, self.before[0])
            elif self.do == "owner":
                self._own(*self.before)

    def _own(self, uid: int, gid: int, mode: int) -> None:
        stat = os.lstat(self.path)
        if (stat.st_uid, stat.st_gid) != (uid, gid):
            os.chown(self.path, uid, gid, follow_symlinks=False)
        if self.mark.kind != "link" and mode_of(os.lstat(self.path)) != mode:
            os.chmod(self.path, mode)  # changing the owner clears the set-uid bits


def unwind(operations: Sequence[Operation]) -> list[OSError]:
    """Take back all that was done, last first, going on past what cannot be: those reasons are returned.

    How far the operations had got is read from the disk. What was not done is passed over.
    """
    strangers = _strangers(operations)
    problems = []
    for operation in reversed(operations):
        try:
            operation.take_back(strangers)
        except OSError as error:
            problems.append(error)
    return problems


def unwind_whole(operations: Sequence[Operation]) -> None:
    """Take back all of them, which were all done; or, where one cannot be or something interrupts, none: then raises that."""
    strangers = _strangers(operations)
    at = len(operations)
    try:
        for at in range(len(operations) - 1, -1, -1):
            operations[at].take_back(strangers)
    except BaseException:
        wind(operations[at:])
        raise


def _strangers(operations: Sequence[Operation]) -> set[int]:
    """The inodes of the folders that it found, and did not make."""
    marks = [operation.mark for operation in operations if operation.mark.kind == "folder"]
    return {mark.ino for mark in marks if mark.size >= 0}


def wind(operations: Sequence[Operation]) -> None:
    """Carry out operations that are not done, save perhaps the first; nothing but the very thing that was meant is moved.

    Raises OSError at the first that cannot be. What is nowhere to be found is passed over: ask `all_done` afterwards.
    """
    for operation in operations:
        if operation.do == "rename":
            waits = operation.mark.fits(look(operation.origin))
            if waits and not operation.mark.fits(look(operation.path)):
                operation.carry_out()
        elif operation.do != "mkdir" or not os.path.isdir(operation.path):
            operation.carry_out()


def all_done(operations: Sequence[Operation]) -> bool:
    """Whether the disk shows every step, as far as later ones do not hide it."""
    moved: set[str] = set()
    changed: set[str] = set()
    for operation in reversed(operations):
        structural = operation.do in ("rename", "mkdir")
        hidden = _is_hidden(operation.path, moved)
        if operation.do == "rename" and not hidden and _is_hidden(operation.origin, moved):
            hidden = operation.mark.fits(look(operation.path))  # another may be at its old place
        hidden = hidden or (not structural and operation.path in changed)
        if not hidden and not operation.is_done():
            return False
        (moved if structural else changed).update({operation.path, operation.origin} - {""})
    return True


def _is_hidden(path: str, moved: set[str]) -> bool:
    """Whether a later step moves what is there, or a folder above it."""
    while path not in moved:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def _remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        if not os.path.isdir(folder) or os.listdir(folder):
            return  # no longer ours to take away
        raise
