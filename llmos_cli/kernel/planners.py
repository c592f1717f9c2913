"""Which planner plans: the bundled one, or the person's own copy of it that `llmos planner train` has made.

The copy lies in the data folder, with a card that says what it was made from. It counts as long as the bundled planner is the one that it
was made from; after an upgrade that brings another, that one plans, and it is said once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli.errors import LlmosError
from llmos_cli.paths import Paths, private
from llmos_cli.tools import TOOLS

if TYPE_CHECKING:
    from llmos_cli.planner.planner import Engine, Planner

FILE, CARD, TOLD = "planner.gguf", "planner.json", "told"
OUTDATED = (
    "llmos has come with a new planner, so your own copy is not used any more: "
    "`llmos planner train` makes it anew, `llmos planner reset` deletes it."
)
DAMAGED = "Your own copy of the planner cannot be used, so the bundled one plans ({}): `llmos planner train` makes it anew."
Phrases = Collection[tuple[int, float]]  # the number of a taught phrase, and when it was taught: numbers are given again


def bundled() -> Path:
    return Path(str(resources("llmos_cli") / "data" / FILE))


def checksum(path: Path) -> str:
    """Its sha256. Raises OSError."""
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Own:
    """The person's own copy in `folder`, which need not be there."""

    folder: Path

    @staticmethod
    def of(paths: Paths) -> Own:
        return Own(paths.data / "planner")

    @property
    def file(self) -> Path:
        return self.folder / FILE

    @cached_property
    def card(self) -> dict[str, Any]:
        """What it was made from; empty where there is none that can be read."""
        try:
            found = json.loads((self.folder / CARD).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and self.file.is_file() else {}

    @property
    def is_there(self) -> bool:
        return bool(self.card)

    @property
    def counts(self) -> bool:
        """Whether it is there, and made from the planner that is bundled now."""
        return self.is_there and self.card.get("bundled_sha256") == checksum(bundled())

    @property
    def phrases(self) -> list[tuple[int, float]]:
        return [(int(id), float(time)) for id, time in self.card.get("phrases", ())]

    def keep(self, new: Path, card: dict[str, Any]) -> None:
        """`new`, a file in the folder, becomes the copy. Raises OSError."""
        temporary = self.folder / f"{CARD}.new"
        with open(temporary, "w", opener=_private) as file:
            json.dump(card, file, indent=1)
        os.replace(new, self.file)
        os.replace(temporary, self.folder / CARD)

    def delete(self) -> bool:
        """Whether there was anything of it. Raises OSError."""
        found = [path for path in (self.folder / CARD, self.file, self.folder / TOLD) if path.exists()]
        for path in found:
            path.unlink()
        return any(path.name == FILE for path in found)

    def forget(self, phrases: Phrases) -> bool:
        """Delete it where it has learned one of these taught phrases; whether that was so."""
        return not set(phrases).isdisjoint(self.phrases) and self.delete()

    def said_once(self) -> bool:
        """Whether it is to be said now that it does not count any more; the next time it is not."""
        told, now = self.folder / TOLD, checksum(bundled())
        try:
            if told.read_text() == now:
                return False
        except OSError:
            pass
        try:
            with open(told, "w", opener=_private) as file:
                file.write(now)
        except OSError:
            pass  # then it is said again
        return True


def planner(paths: Paths, tell: Callable[[str], None]) -> Planner:
    """The one that counts; `tell` takes a sentence where that is not the person's own copy although there is one."""
    from llmos_cli.planner.planner import CONTEXT, Planner

    own = Own.of(paths)
    if not own.counts:
        if own.is_there and own.said_once():
            tell(OUTDATED)
        return Planner.bundled(bundled(), TOOLS)

    def open() -> Engine:
        from llmos_cli.engine.llama import Llama

        try:
            return Llama.open(own.file, context=CONTEXT)
        except LlmosError as error:
            tell(DAMAGED.format(error.message))
            return Llama.open(bundled(), context=CONTEXT)

    return Planner(open, TOOLS)


def folder(paths: Paths) -> Path:
    """Where the copy belongs, made where it is missing. Raises OSError."""
    return private(Own.of(paths).folder)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, 0o600)
