"""Which words of a request name a folder or a file that is there: what a person who sees the folder takes for granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmos_cli.planner import wire
from llmos_cli.planner.request import Request


@dataclass(frozen=True)
class Names:
    """The names of folders and files near the person, in lower case, also as paths like `documents/thesis`."""

    folders: frozenset[str] = field(default_factory=frozenset)
    files: frozenset[str] = field(default_factory=frozenset)


NOTHING = Names()


def marks(request: Request, names: Names) -> Mapping[int, str]:
    """`wire.FOLDER` or `wire.FILE` for each word, by its index, that is a name or a part of one; the longest name counts."""
    text = request.text.lower()
    if len(text) != len(request.text):  # a few letters change their length: then offsets tell nothing
        return {}
    kinds = ((wire.FOLDER, names.folders), (wire.FILE, names.files))
    said = [(name, mark) for mark, some in kinds for name in some if name and name in text]
    if not said:
        return {}
    starts = {unit.start: unit.index for unit in request.words}
    ends = {unit.end: unit.index for unit in request.words}
    ends |= {unit.end - 1: unit.index for unit in request.words if unit.text.endswith("/")}
    found: dict[int, str] = {}
    for name, mark in sorted(said, key=lambda pair: -len(pair[0])):
        at = text.find(name)
        while at >= 0:
            if at in starts and at + len(name) in ends:
                inside = range(starts[at], ends[at + len(name)] + 1)
                if not any(i in found for i in inside):
                    found |= dict.fromkeys(inside, mark)
            at = text.find(name, at + 1)
    return found
