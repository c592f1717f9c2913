"""What happens in a turn, as it happens. REPL, one-shot, JSON and servers are consumers of one stream of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmos_cli.effects import Effects, Verdict
from llmos_cli.errors import LlmosError
from llmos_cli.plan import Plan
from llmos_cli.values import Value


@dataclass(frozen=True)
class Planned:
    """A plan was made. `confidence` is 0 to 1, and 0 where nobody knows; `origin` says by whom: plan (typed), taught, planner, model;
    `sources` are the offsets in the request that each literal came from, by (pipeline, step, argument); `unused` counts quoted words, names
    and numbers that it leaves out."""

    plan: Plan
    text: str
    confidence: float
    origin: str
    sources: Mapping[tuple[int, int, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    unused: int = 0


@dataclass(frozen=True)
class Progress:
    """A step takes long: how many items have gone through so far, and of how many where that is known."""

    step: str
    items: int
    seconds: float
    total: int = 0


@dataclass(frozen=True)
class Proposed:
    """Effects were worked out and judged; nothing has happened yet. `tool` is that of the step that they come from."""

    effects: Effects
    verdict: Verdict
    tool: str = ""


@dataclass(frozen=True)
class Applied:
    """Effects were carried out, all of them. `entry` is their id in the journal, '' where they cannot be undone."""

    effects: Effects
    entry: str


@dataclass(frozen=True)
class Answered:
    """What the plan found. Items may stream: the value is gone through once, by whoever takes the event."""

    value: Value


@dataclass(frozen=True)
class Mapped:
    """One of many lines has been worked out: what its plan found and would change, what there is to note of it, or why it could not be."""

    number: int
    line: str
    values: tuple[Value, ...] = ()
    effects: Effects = ()
    tool: str = ""
    error: LlmosError | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Noted:
    """A sentence that the person should see, and that changes nothing."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The end of a turn: outcome is done, partial, failed, refused, clarify or no_model; `error` says what went wrong, if anything."""

    outcome: str
    exit_code: int
    error: LlmosError | None = None
    undo: str = ""


Event = Planned | Progress | Proposed | Applied | Answered | Mapped | Noted | Finished
Approve = Callable[[Effects, Verdict], bool]


def as_json(event: Event) -> dict[str, Any]:
    """The event as one JSON object with its `event` name; an answer's items are not in it, since they stream."""
    name = type(event).__name__.lower()
    if isinstance(event, Planned):
        sure = None if event.origin == "model" else round(event.confidence, 4)
        return {"event": name, "plan": event.text, "confidence": sure, "origin": event.origin}
    if isinstance(event, Progress):
        return {"event": name, "step": event.step, "items": event.items, "total": event.total or None, "seconds": round(event.seconds, 2)}
    if isinstance(event, Proposed):
        verdict = {"decision": str(event.verdict.decision), "rule": event.verdict.rule, "reason": event.verdict.reason}
        return {"event": name, "effects": [effect.as_json() for effect in event.effects], "verdict": verdict}
    if isinstance(event, Applied):
        return {"event": name, "effects": [effect.as_json() for effect in event.effects], "undo": event.entry or None}
    if isinstance(event, Finished):
        error = {"message": event.error.message, "hint": event.error.hint or None} if event.error else None
        return {"event": name, "outcome": event.outcome, "exit_code": event.exit_code, "error": error, "undo": event.undo or None}
    return {"event": name, "text": event.text} if isinstance(event, Noted) else {"event": name}
