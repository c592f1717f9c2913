"""Answers and turns as JSON. Sizes are bytes, times ISO 8601 in UTC; names that are not UTF-8 keep their surrogate escapes."""

from __future__ import annotations

import json
import math
import stat as statmodule
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmos_cli.effects import Effects
from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.events import Answered, Applied, Event, Finished, Noted, Planned, Proposed
from llmos_cli.ui.words import iso
from llmos_cli.values import Cell, Entry, Files, Hit, Number, Table, Text, Value

NOTHING: dict[str, Any] = {"kind": "none"}


def dumps(data: Any) -> str:
    """One line of ASCII, so that no name in it can do anything to a terminal."""
    return json.dumps(data, allow_nan=False).replace("\x7f", "\\u007f")


def value_as_json(value: Value | None) -> dict[str, Any]:
    """The whole value: `{"kind": "files", "items": […]}` and so on; it is gone through once."""
    if value is None:
        return dict(NOTHING)
    head, items = parts(value)
    if isinstance(value, Files):
        return {**head, "items": list(items)}
    if isinstance(value, Table):
        return {**head, "rows": [item["row"] for item in items]}
    if isinstance(value, Text):
        return {**head, "text": "\n".join(item["text"] for item in items)}
    return head


def parts(value: Value) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """What is known at once (the kind, columns, a number), and the items, made as they are asked for."""
    if isinstance(value, Files):
        return {"kind": "files"}, (entry_as_json(entry) for entry in value.items)
    if isinstance(value, Table):
        return {"kind": "table", "columns": list(value.columns)}, ({"row": [_cell(c) for c in row]} for row in value.rows)
    if isinstance(value, Text):
        return {"kind": "text"}, ({"text": line} for line in value.lines)
    return _number(value), iter(())


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Path, type, size and time; these are null for what cannot be looked at. What was searched for has a snippet, and its line."""
    found = _snippet(entry) if isinstance(entry, Hit) else {}
    try:
        stat = entry.stat
    except (OSError, ValueError):
        return {"path": entry.path, "type": None, "size": None, "modified": None, **found}
    return {"path": entry.path, "type": _type(stat.st_mode), "size": stat.st_size, "modified": iso(stat.st_mtime), **found}


def _snippet(hit: Hit) -> dict[str, Any]:
    excerpt = hit.excerpt
    if excerpt is None:
        return {"snippet": None}
    return {"snippet": excerpt.text, **({} if excerpt.line is None else {"line": excerpt.line})}


def _type(mode: int) -> str:
    if statmodule.S_ISDIR(mode):
        return "folder"
    if statmodule.S_ISLNK(mode):
        return "link"
    return "file" if statmodule.S_ISREG(mode) else "other"


def _number(value: Number) -> dict[str, Any]:
    return {"kind": "number", "value": _cell(value.value), **({"unit": value.unit} if value.unit else {})}


def _cell(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def error_as_json(error: LlmosError) -> dict[str, Any]:
    return {"message": error.message, "hint": error.hint or None}


@dataclass
class Record:
    """Takes the events of a turn and gives the one object of `ask --json`.

    `effects` are those that were carried out; where none were, those that were proposed. `results` has one for each pipeline that
    answers, `result` is the last of them. `notes` is there only where there is something to note.
    """

    plan: str | None = None
    confidence: float | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    undo: str | None = None
    finished: Finished | None = None
    notes: list[str] = field(default_factory=list)
    _proposed: list[Effects] = field(default_factory=list)
    _applied: list[Effects] = field(default_factory=list)

    def event(self, event: Event) -> None:
        """An answer's items are gone through here, and held."""
        if isinstance(event, Planned):
            self.plan, self.confidence = event.text, None if event.origin == "model" else round(event.confidence, 4)
        elif isinstance(event, Proposed):
            self._proposed.append(event.effects)
        elif isinstance(event, Applied):
            self._applied.append(event.effects)
            self.undo = event.entry or self.undo
        elif isinstance(event, Answered):
            self.results.append(value_as_json(event.value))
        elif isinstance(event, Noted):
            self.notes.append(event.text)
        elif isinstance(event, Finished):
            self.finished, self.undo = event, event.undo or self.undo

    def as_json(self) -> dict[str, Any]:
        """The object so far; a turn that has not finished has failed."""
        error = self.finished.error if self.finished else None
        question = error if isinstance(error, NotUnderstood) else None
        return {
            "outcome": self.finished.outcome if self.finished else "failed",
            "plan": self.plan,
            "confidence": self.confidence,
            "result": self.results[-1] if self.results else dict(NOTHING),
            "results": self.results,
            "effects": [effect.as_json() for effects in self._applied or self._proposed for effect in effects],
            "undo": self.undo,
            "question": question.message if question else None,
            "choices": list(question.choices) if question else [],
            "error": error_as_json(error) if error and not question else None,
            **({"notes": self.notes} if self.notes else {}),
        }
