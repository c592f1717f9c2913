"""Taking words out of the journal: what was asked, planned and shown. What undo needs stays, unless it is to go too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from llmos_cli.policy.entries import Entries
from llmos_cli.policy.volumes import discard

GONE = "(forgotten)"


@dataclass(frozen=True)
class Emptied:
    """Ids of the entries whose words are gone; of these, those that can still be undone, and the folders where what that needs lies."""

    entries: tuple[str, ...] = ()
    undoable: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def mentioning(entries: Entries, says: Callable[[str], bool], turns: frozenset[str] = frozenset()) -> list[str]:
    """The ids of entries of these turns, or that have the words: in what is shown of them or in what undo needs."""
    found = []
    for row in entries.rows():
        about = json.loads(row["about"])
        shown = (about["note"], about["plan"], *(str(value) for effect in about["effects"] for key, value in effect.items() if key != "op"))
        batch = entries.batch(row["id"])
        needed = (*(p for o in batch.operations for p in (o.path, o.origin)), *(p for t in batch.touched for p in (t.before, t.after)))
        if about.get("turn") in turns or any(says(text) for text in (*shown, *needed)):
            found.append(row["id"])
    return found


def empty(entries: Entries, ids: list[str], *, undo_too: bool) -> Emptied:
    """Take the words out of these entries; with `undo_too`, drop the entries and what the vaults keep. The caller holds the lock."""
    undoable, kept = list[str](), list[str]()
    for id in ids:
        entry, batch = entries.named(id), entries.batch(id)
        if entry is None:
            continue
        if undo_too and entry.state in ("applied", "undone", "failed"):
            for folder in batch.kept:
                discard(folder)
            entries.forget(id)
            continue
        entries.blank(entry, GONE)
        if batch.operations:
            undoable.append(id)
            kept += batch.kept
    entries.shrink()
    return Emptied(tuple(ids), tuple(undoable), tuple(kept))
