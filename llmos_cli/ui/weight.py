"""What effects are about, in numbers: how many files and folders, how many bytes."""

from __future__ import annotations

import os
import stat as statmodule
from collections.abc import Iterable
from dataclasses import dataclass

from llmos_cli.ui.words import joined, plural, size

ENOUGH = 20_000  # things looked at; what lies beyond makes it "more than"


@dataclass
class Weight:
    """Of some paths: `inside` counts the files in their folders, `bytes` all of it, `more` says that not all was looked at."""

    files: int = 0
    folders: int = 0
    links: int = 0
    others: int = 0  # gone, or not to be looked at
    inside: int = 0
    bytes: int = 0
    more: bool = False
    _left: int = ENOUGH

    def add(self, path: str) -> None:
        """Look at what lies there now; links are not followed."""
        if self._left <= 0:
            self.more, self.others = True, self.others + 1
            return
        self._left -= 1
        try:
            stat = os.lstat(path)
        except (OSError, ValueError):
            self.others += 1
            return
        if statmodule.S_ISDIR(stat.st_mode):
            self.folders += 1
            self._add_inside(path)
        elif statmodule.S_ISLNK(stat.st_mode):
            self.links += 1
        else:
            self.files, self.bytes = self.files + 1, self.bytes + stat.st_size

    def _add_inside(self, folder: str) -> None:
        todo = [folder]
        while todo:
            try:
                entries = list(os.scandir(todo.pop()))
            except OSError:
                continue
            for entry in entries:
                if self._left <= 0:
                    self.more = True
                    return
                self._left -= 1
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                    continue
                self.inside += 1
                try:
                    self.bytes += entry.stat(follow_symlinks=False).st_size
                except OSError:
                    continue

    @property
    def count(self) -> str:
        """`12 files`, `3 folders and 1 link`; things that could not be looked at make all of it `items`."""
        if self.others:
            return plural(self.files + self.folders + self.links + self.others, "item")
        kinds = ((self.files, "file"), (self.folders, "folder"), (self.links, "link"))
        return joined([plural(n, noun) for n, noun in kinds if n])

    @property
    def size(self) -> str:
        """` (34 MB)`, ` (3.2 GB in 1,204 files)`; '' where nothing is known of it."""
        if not self.files and not self.folders:
            return ""
        if self.folders and not self.bytes and not self.files + self.inside:
            return " (empty)"
        inside = f" in {plural(self.files + self.inside, 'file')}" if self.inside else ""
        return f" ({'more than ' if self.more else ''}{size(self.bytes)}{inside})"


def weigh(paths: Iterable[str]) -> Weight:
    weight = Weight()
    for path in paths:
        weight.add(path)
    return weight
