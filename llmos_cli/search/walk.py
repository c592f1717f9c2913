"""Going through folders: which files are there, each with a stamp that changes when the file does.

A folder's print is made of the names and stamps in it. Where it is as it was, none of its files needs to be looked up: that is what
makes asking again quick.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import NamedTuple

from llmos_cli.search.rules import ENDINGS, MARKERS, SPECIAL, Rules, never

STAMP = struct.Struct("<QqQI")  # modified (ns), size, inode, mode
_NAMES = sys.getfilesystemencoding()
_LONG = 2**64 - 1  # some files are from the year 2600, or from before 1970


def stamped(about: os.stat_result) -> bytes:
    """A file's stamp."""
    return STAMP.pack(about.st_mtime_ns & _LONG, about.st_size, about.st_ino, about.st_mode)


class Folder(NamedTuple):
    """`files` are (name, stamp); none of them is hidden or left out."""

    path: bytes
    print: bytes
    files: list[tuple[bytes, bytes]]


class Walk(NamedTuple):
    """Where to go: `home` is the person's, `own` are llmos's folders; `without` says which others are left out by their path."""

    home: bytes
    own: frozenset[bytes]
    without: Callable[[bytes], bool] | None = None

    def reach(self, root: bytes, start: bytes) -> Rules | None:
        """The rules that hold in `start` where a walk of `root` comes by; None where it does not."""
        rules, folder = Rules(), root
        below = start[len(root) :].strip(b"/")
        for name in below.split(b"/") if below else ():
            inside = self.entered(root, folder, rules)
            folder = os.path.join(folder, name)
            if inside is None or never(name, folder, self.own) or inside.leave_out(folder, True):
                return None
            rules = inside
        return rules

    def entered(self, root: bytes, folder: bytes, rules: Rules) -> Rules | None:
        """The rules for what lies in a folder, given those that hold there; None for a cache."""
        special = [n for n in (*SPECIAL, *MARKERS) if os.path.lexists(os.path.join(folder, n))]
        return None if folder != root and MARKERS.intersection(special) else rules.inside(folder, special, self.home)

    def folders(self, start: bytes, rules: Rules) -> Iterator[Folder]:
        """All folders with files in them, links not followed, unreadable ones passed over. Raises OSError for `start` alone."""
        stack = [(start, rules)]
        while stack:
            path, rules = stack.pop()
            try:
                files, below, special = self._scanned(path)
            except OSError:
                if path == start:
                    raise
                continue
            if path != start and MARKERS.intersection(special):
                continue
            rules = rules.inside(path, special, self.home)
            if rules.rules or rules.above is not None:
                base = path.rstrip(b"/") + b"/"
                files = [file for file in files if not rules.leave_out(base + file[0], False)]
                below = [folder for folder in below if not rules.leave_out(folder, True)]
            stack += ((folder, rules) for folder in below if self.without is None or not self.without(folder))
            if files:
                yield Folder(path, hashlib.blake2b(b"\0".join(chain.from_iterable(files)), digest_size=16).digest(), files)

    def _scanned(self, path: bytes) -> tuple[list[tuple[bytes, bytes]], list[bytes], Collection[bytes]]:
        """Files with their stamps, folders, and the special names among them. What is in a folder that is open is asked for quickest."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return self._sorted(path, handle)
        finally:
            os.close(handle)

    def _sorted(self, path: bytes, handle: int) -> tuple[list[tuple[bytes, bytes]], list[bytes], Collection[bytes]]:
        files, below, special = [], [], []
        base, pack = path.rstrip(b"/") + b"/", STAMP.pack
        with os.scandir(handle) as scan:
            for entry in scan:
                name = entry.name.encode(_NAMES, "surrogateescape")
                if name[0] == 46:  # a dot
                    if name in SPECIAL:
                        special.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    if not never(name, base + name, self.own):
                        below.append(base + name)
                elif not name.endswith(ENDINGS):
                    if name in MARKERS:
                        special.append(name)
                    try:
                        about = entry.stat(follow_symlinks=False)
                    except OSError:  # it has just gone
                        continue
                    mode = about.st_mode
                    if mode & 0o170000 == 0o100000:  # a regular file; asked so, and packed here, it costs least
                        files.append((name, pack(about.st_mtime_ns & _LONG, about.st_size, about.st_ino, mode)))
        return files, below, special
