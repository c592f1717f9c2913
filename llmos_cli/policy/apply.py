"""Carries out a batch of operations: all of them, or none. Takes one back, or does it again."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmos_cli.policy.disk import look, sync
from llmos_cli.policy.draft import Touched
from llmos_cli.policy.operations import Operation, all_done, unwind, unwind_whole, wind


@dataclass(frozen=True)
class Batch:
    """What one entry does. `kept` are its folders in the vaults: what it replaced or deleted, and after undo what it made."""

    operations: tuple[Operation, ...]
    touched: tuple[Touched, ...]
    kept: tuple[str, ...]

    def as_json(self) -> list[Any]:
        touched = [[t.before, t.after, t.mtime, t.mtime_after] for t in self.touched]
        return [[operation.as_json() for operation in self.operations], touched, list(self.kept)]

    @staticmethod
    def from_json(row: list[Any]) -> Batch:
        operations, touched, kept = row
        return Batch(
            tuple(Operation.from_json(operation) for operation in operations),
            tuple(Touched(*folder) for folder in touched),
            tuple(kept),
        )


def carry_out(batch: Batch) -> Batch:
    """Do it all; the batch with the mtimes of its folders afterwards. Raises OSError: then only some was done."""
    for operation in batch.operations:
        operation.carry_out()
    return _completed(batch)


def repeat(batch: Batch) -> Batch:
    """Do again what was taken back. Raises OSError: then only some was done."""
    touched = tuple(replace(t, mtime=_mtime(t.before) or t.mtime) for t in batch.touched)
    wind(batch.operations)
    if not all_done(batch.operations):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), batch.operations[0].path)
    return _completed(replace(batch, touched=touched))


def take_back(batch: Batch) -> list[OSError]:
    """Undo what was done of it, as far as that can be; its folders get the mtimes that they had before.

    What was in the way is returned. It may have been carried out in full, in part, or not at all.
    """
    problems = unwind(batch.operations)
    _restore_mtimes(batch.touched)
    _sync_folders(batch.operations)
    return problems


def take_back_whole(batch: Batch) -> None:
    """Undo all of it. Raises OSError, or what interrupted it; then it is as if undo had not been asked for.

    A folder in which something else came or went since keeps the mtime that it has.
    """
    quiet = [t for t in batch.touched if _mtime(t.after) == t.mtime_after]
    unwind_whole(batch.operations)
    _restore_mtimes(quiet)
    _sync_folders(batch.operations)


def _completed(batch: Batch) -> Batch:
    _sync_folders(batch.operations)
    touched = tuple(replace(t, mtime_after=_mtime(t.after)) for t in batch.touched)
    return replace(batch, touched=touched)


def completed(batch: Batch) -> Batch:
    """A batch that a killed process had done in full."""
    return _completed(batch)


def _sync_folders(operations: Sequence[Operation]) -> None:
    names = {operation.path for operation in operations}
    names |= {operation.origin for operation in operations if operation.origin}
    sync({os.path.dirname(name) for name in names})


def _mtime(path: str) -> int:
    stat = look(path)
    return stat.st_mtime_ns if stat else 0


def _restore_mtimes(touched: Sequence[Touched]) -> None:
    for folder in touched:
        stat = look(folder.before)
        if stat is not None and stat.st_mtime_ns != folder.mtime:
            try:
                os.utime(folder.before, ns=(stat.st_atime_ns, folder.mtime), follow_symlinks=False)
            except PermissionError:
                pass  # someone else's folder that we may write: its times are not ours to set
