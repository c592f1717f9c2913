"""Volumes: on which one a folder lies, how much room it has, and where on it llmos keeps what it needs for undo.

A rename never leaves a volume, so each volume that is touched has a vault of its own: the person's data folder holds
the main one, other volumes a hidden folder at their top, or as near to it as may be written.
"""

from __future__ import annotations

import os
import re
import stat as statmodule
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import delete_tree

VAULT = ".llmos-vault-"
RESERVE = 32 << 20  # bytes that are always left free
UNSTEADY = {"vfat", "exfat", "msdos", "ntfs", "ntfs3", "9p", "cifs", "smb3", "fuseblk"}


@dataclass(frozen=True)
class Volume:
    top: str  # the folder where it is mounted
    device: int
    type: str = ""

    @property
    def steady(self) -> bool:
        """Whether a file keeps its inode number when the volume is mounted again."""
        return self.type not in UNSTEADY and not self.type.startswith("fuse.")

    def room(self) -> int:
        """Bytes that may still be written to it; a reserve is kept."""
        space = os.statvfs(self.top)
        total, free = space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize
        return max(0, free - min(RESERVE, total // 50))


@dataclass
class Volumes:
    """The volumes as they are mounted now, and the vaults on them. `main` is the vault in the person's data folder."""

    main: str
    uid: int = field(default_factory=lambda: os.getuid() if hasattr(os, "getuid") else 0)
    _of: dict[str, Volume] = field(default_factory=dict)
    _vaults: dict[Volume, str] = field(default_factory=dict)

    def of(self, folder: str) -> Volume:
        """The volume on which things directly in `folder` lie; a folder that is not there yet will be on its parent's."""
        known = self._of.get(folder)
        if known is None:
            here = folder
            while True:
                try:
                    device = os.stat(here).st_dev
                    break
                except (FileNotFoundError, NotADirectoryError):
                    here = os.path.dirname(here)
            known = self._of[folder] = self._find(os.path.realpath(here), device)
        return known

    def vault(self, folder: str) -> str:
        """The vault of the volume of `folder`: a path, made only by `make_vault`. Raises LlmosError where none can be."""
        volume = self.of(folder)
        if volume not in self._vaults:
            if self.of(self.main) == volume:
                self._vaults[volume] = self.main
            else:
                self._vaults[volume] = self._other_vault(volume, folder)
        return self._vaults[volume]

    def make_vault(self, vault: str, entry: str) -> None:
        """The folder for `entry` in a vault, private; the folder around the vault keeps its mtime."""
        parent = os.path.dirname(vault)
        if not os.path.isdir(vault):
            os.makedirs(parent, mode=0o700, exist_ok=True)
            before = os.stat(parent)
            os.mkdir(vault, 0o700)
            os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.makedirs(os.path.join(vault, entry), mode=0o700, exist_ok=True)

    def _other_vault(self, volume: Volume, folder: str) -> str:
        name = f"{VAULT}{self.uid}"
        for place in _down(volume.top, os.path.realpath(folder)):
            vault = os.path.join(place, name)
            if self._is_mine(vault) or (not os.path.lexists(vault) and os.access(place, os.W_OK)):
                return vault
        raise LlmosError(f"{folder} may not be written", hint=f"ls -ld {folder}")

    def _is_mine(self, vault: str) -> bool:
        try:
            stat = os.lstat(vault)
        except OSError:
            return False
        private = statmodule.S_ISDIR(stat.st_mode) and not stat.st_mode & 0o077
        return private and stat.st_uid == self.uid and os.access(vault, os.W_OK)

    def _find(self, folder: str, device: int) -> Volume:
        here = folder
        while here not in self._mounts and here != "/":
            here = os.path.dirname(here)
        if self._mounts:
            return Volume(here, device, self._mounts.get(here, ""))
        while (above := os.path.dirname(folder)) != folder and os.stat(above).st_dev == device:
            folder = above
        return Volume(folder, device)

    @cached_property
    def _mounts(self) -> dict[str, str]:
        """Where something is mounted, and the type of its file system; empty where the system does not say (not Linux).

        Asked of /proc/self/mountinfo and not of st_dev: a bind mount has its source's number, but no rename leaves it.
        """
        try:
            with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
                lines = [line.split() for line in file]
        except OSError:
            return {}
        return {_unescaped(line[4]): line[line.index("-") + 1] for line in lines}


def discard(folder: str) -> None:
    """Delete an entry's folder in a vault; and the vault itself, if it is a volume's own and now empty."""
    delete_tree(folder)
    vault = os.path.dirname(folder)
    if os.path.basename(vault).startswith(VAULT):
        before = os.stat(os.path.dirname(vault))
        try:
            os.rmdir(vault)
        except OSError:
            return  # other entries have something there
        os.utime(os.path.dirname(vault), ns=(before.st_atime_ns, before.st_mtime_ns))


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


def _down(top: str, folder: str) -> Iterator[str]:
    """`top`, and each folder on the way from it down to `folder` that is there."""
    yield top
    for part in os.path.relpath(folder, top).split(os.sep):
        top = os.path.normpath(os.path.join(top, part))
        if part != "." and os.path.isdir(top):
            yield top
