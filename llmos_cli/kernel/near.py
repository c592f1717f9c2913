"""The names that a person has before their eyes: what the planner's marks are made from."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping

from llmos_cli.places import KNOWN_WORDS, Place
from llmos_cli.planner.marks import Names

MAX_NAMES, MAX_IN_ONE, MAX_DEPTH = 3000, 400, 3


def names_near(place: Place, aliases: Mapping[str, str] | None = None) -> Names:
    """Folders and files below the current folder and the home, the nearest first and a bounded number of them, by name and by path from
    there; the known folders that exist by all their words; and the person's own names for places (`aliases`)."""
    folders = {word for word in KNOWN_WORDS if place.known_folder(word)} | {name.lower() for name in aliases or ()}
    files = set[str]()
    for root in dict.fromkeys((str(place.cwd), str(place.home))):
        _gather(root, folders, files)
    return Names(frozenset(folders), frozenset(files))


def _gather(root: str, folders: set[str], files: set[str]) -> None:
    left = MAX_NAMES
    waiting = deque([(root, "", 1)])
    while waiting and left > 0:
        folder, path, depth = waiting.popleft()
        try:
            with os.scandir(folder) as entries:
                for _, entry in zip(range(min(left, MAX_IN_ONE)), entries, strict=False):
                    left -= 1
                    name = entry.name.lower()
                    inside = f"{path}{name}"
                    if entry.is_dir(follow_symlinks=False):
                        folders |= {name, inside}
                        if depth < MAX_DEPTH and not name.startswith("."):
                            waiting.append((entry.path, f"{inside}/", depth + 1))
                    else:
                        files |= {name, inside}
        except OSError:
            continue
