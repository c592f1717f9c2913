"""Files drawn as a tree, from the folder that holds them all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from llmos_cli.ui.words import plural, size
from llmos_cli.values import Entry, Text


def tree(entries: Sequence[Entry]) -> Text:
    """The files below the deepest folder that they share; names as they are: whoever prints the text makes them safe."""
    root = os.path.commonpath([os.path.dirname(entry.path) for entry in entries]) if entries else ""
    inside: dict[str, Any] = {}
    for entry in entries:
        *folders, name = os.path.relpath(entry.path, root).split("/")
        here = inside
        for folder in folders:
            here = here.setdefault(f"{folder}/", {})
        here.setdefault(name, entry)
    return Text((root, *_drawn(inside, "")), (root,))


def _drawn(inside: dict[str, Any], indent: str) -> Iterator[str]:
    for i, (name, what) in enumerate(inside.items(), 1):
        is_last = i == len(inside)
        yield f"{indent}{'└── ' if is_last else '├── '}{_labelled(name, what)}"
        if isinstance(what, dict):
            yield from _drawn(what, indent + ("    " if is_last else "│   "))


def _labelled(name: str, what: Any) -> str:
    if isinstance(what, dict):
        files = sum(1 for below in _entries(what))
        return f"{name}" if files == 1 else f"{name}  ({plural(files, 'file')})"
    try:
        return f"{name}/" if what.is_folder else f"{name}  ({size(what.stat.st_size)})"
    except OSError:
        return str(name)


def _entries(inside: dict[str, Any]) -> Iterator[Entry]:
    for what in inside.values():
        if isinstance(what, dict):
            yield from _entries(what)
        else:
            yield what
