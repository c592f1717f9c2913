"""Paths as people and programs write them, seen from the current folder. Text only: nothing is looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmos_cli.host import Host
from llmos_cli.ui.safe import safe

_MISLEADING = re.compile(r'^\s|\s$|\s\s|→|->|…|"| \(')  # could be taken for words of ours where it stands in a sentence


@dataclass(frozen=True)
class Names:
    cwd: str
    home: str

    @staticmethod
    def of(host: Host) -> Names:
        return Names(str(host.cwd), str(host.home))

    def short(self, path: str) -> str:
        """As `Place.short`: relative to the current folder, or from `~`."""
        if (inside := _below(path, self.cwd)) is not None:
            return inside or "."
        if (inside := _below(path, self.home)) is not None:
            return f"~/{inside}" if inside else "~"
        return path

    def usable(self, path: str) -> str:
        """For programs: relative where it lies below the current folder, else absolute; never read as `~` or as an option."""
        inside = _below(path, self.cwd)
        if inside is None:
            return path
        return f"./{inside}" if inside.startswith(("-", "~")) else inside or "."

    def shown(self, path: str) -> str:
        """For a sentence: short, safe, and in quotes where it could be taken for words of the sentence."""
        if path == self.cwd:
            return "this folder"
        text = safe(self.short(path))
        return f'"{text}"' if _MISLEADING.search(text) else text

    def folder(self, path: str) -> str:
        """As `shown`, with a slash at its end."""
        if path == self.cwd:
            return "./"
        text = self.shown(path)
        return text if text.endswith("/") else f'{text[:-1]}/"' if text.endswith('"') else f"{text}/"


def _below(path: str, folder: str) -> str | None:
    """What is left of `path` below `folder`, '' for the folder itself, None for elsewhere."""
    if path == folder:
        return ""
    start = folder if folder.endswith("/") else f"{folder}/"
    return path[len(start) :] if path.startswith(start) else None
