"""Running a checked plan: pipelines in order, steps in order, effects gathered into stages.

A stage ends where a step needs what an earlier one changes: at a step that takes the files a change has made, and at the next pipeline.
Its effects are proposed, approved and applied together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from llmos_cli.check import Call, bind
from llmos_cli.effects import Effect, Effects, Mail, Unpack, Write
from llmos_cli.literals import LAST
from llmos_cli.memory.turns import MAX_ITEMS
from llmos_cli.places import Place
from llmos_cli.plan import Plan, Tools
from llmos_cli.values import Entry, Files, Flowing, Number, Table, Text, Value

MAX_KEPT = MAX_ITEMS + 1  # one more than is remembered tells that there were more
Item = TypeVar("Item")


@dataclass
class Focus:
    """What `@last` will mean after this turn: the value that was shown, or the files that were counted, summed or changed."""

    context: str = "none"
    value: Value | None = None
    seen: list[Entry] = field(default_factory=list)
    passed: int = 0  # files that have gone by, in all steps
    work: tuple[str, int, int] | None = None  # what a tool is busy with, as it tells
    notes: list[str] = field(default_factory=list)  # what tools have said, and nobody has heard yet
    stops: list[Callable[[], None]] = field(default_factory=list)

    def tell(self, what: str, done: int, total: int) -> None:
        """What a tool is busy with, how far it has come, and of how much (0: not known); '' when it is through."""
        self.work = (what, done, total) if what else None

    def note(self, text: str) -> None:
        """A sentence of a tool's that the person should see, once."""
        if text not in self.notes:
            self.notes.append(text)

    def at_end(self, stop: Callable[[], None]) -> None:
        """`stop` is called when the turn is over, however it ends."""
        self.stops.append(stop)

    def heard(self) -> list[str]:
        """The notes since this was last asked."""
        notes, self.notes = self.notes, []
        return notes

    def stop(self) -> None:
        """What is still going on for this turn ends."""
        while self.stops:
            self.stops.pop()()

    def watch(self, files: Files) -> Files:
        """The same files, of which the first are remembered as they go by."""
        self.seen, passing = _watched(files.items)

        def counted() -> Iterator[Entry]:
            for entry in passing:
                self.passed += 1
                yield entry

        return Files(counted())


@dataclass(frozen=True)
class Change:
    """Effects that a step has worked out; nothing has happened yet. `tool` is the step's."""

    effects: Effects
    tool: str = ""


@dataclass(frozen=True)
class Result:
    value: Value


def run(plan: Plan, tools: Tools, place: Place, last: Value | None, focus: Focus) -> Iterator[Change | Result]:
    """Yield each change before the plan goes on (whoever takes it applies it), and each pipeline's value at its end.

    Raises LlmosError where a step cannot be carried out.
    """
    for pipeline in plan.pipelines:
        value: Value | None = None
        for step in pipeline:
            if step.tool == LAST:
                value = last
                continue
            before = value
            if isinstance(value, Files):
                value = focus.watch(value)
            found = call(bind(step, tools[step.tool], place), value, place)
            by = value.by if isinstance(value, Text | Table) else ""
            if isinstance(found, tuple):
                found = tuple(replace(effect, by=by) if by and isinstance(effect, Write | Mail) else effect for effect in found)
                yield Change(found, step.tool)
                value = Files.at(path for effect in found for path in made(effect))
                focus.context, focus.value = "change", value
            else:
                value = replace(found, by=by) if by and isinstance(found, Text | Table) and not found.by else found
                _remember(focus, before, value)
        if value is not None and (focus.context != "change" or not tools[pipeline[-1].tool].changes):
            held = _peeked(value, focus)
            yield Result(held)


def foresee(plan: Plan, tools: Tools, place: Place) -> None:
    """Raises LlmosError where a later pipeline names what is not there, and nothing before it speaks of: it would stop half-way."""
    said: set[str] = set()
    for p, pipeline in enumerate(plan.pipelines):
        for step in pipeline:
            words = {os.path.basename(word.rstrip("/")) for items in step.args.values() for word in items}
            if p and LAST not in words and not words & said:
                bind(step, tools[step.tool], place)
            said |= words


def call(bound: Call, value: Value | None, place: Place) -> Any:
    """What the tool gives: a value, or a tuple of effects."""
    if bound.files:
        value = Files.at(str(path) for path in bound.files)
    kwargs: dict[str, Any] = dict(bound.args)
    if takes_given(bound):
        kwargs["given"] = value
    if "place" in bound.tool.needs:
        kwargs["place"] = place
    return bound.tool.run(**kwargs)


def takes_given(bound: Call) -> bool:
    """Whether the tool's function has a first parameter for what the pipe brings."""
    return any(kind is not None for kind in bound.tool.flow)


def made(effect: Effect) -> tuple[str, ...]:
    """The paths that are there after an effect and because of it."""
    if isinstance(effect, Unpack):
        return tuple(os.path.join(effect.into, name) for name in effect.members if not name.endswith("/"))
    return (effect.result,) if effect.result is not None else ()


def _remember(focus: Focus, before: Value | None, value: Value) -> None:
    """A number, or a table made of files, leaves the files behind it as what was spoken of."""
    focus.context = {Files: "files", Table: "table", Text: "text", Number: "number"}[type(value)]
    if not isinstance(value, Number):
        focus.value = value
    elif isinstance(before, Files):
        focus.value = Files(tuple(focus.seen))
    elif isinstance(before, Text | Table):
        focus.value = Text((), before.sources) if isinstance(before, Text) else None


def _peeked(value: Value, focus: Focus) -> Value:
    """The value with its first items remembered; the rest streams."""
    if isinstance(value, Files):
        value = focus.watch(value)
        focus.value = Files(focus.seen)  # filled while the answer is gone through
    elif isinstance(value, Table):
        rows, passing = _watched(value.rows)
        focus.value, value = replace(value, rows=rows), replace(value, rows=passing)
    elif isinstance(value, Text) and isinstance(value.lines, Flowing):
        kept: list[str] = []
        focus.value, value = replace(value, lines=kept), replace(value, lines=value.lines.seen(kept, MAX_KEPT))
    elif isinstance(value, Text):
        lines, going = _watched(value.lines)
        focus.value, value = replace(value, lines=lines), replace(value, lines=going)
    return value


def _watched(items: Iterable[Item]) -> tuple[list[Item], Iterable[Item]]:
    """(the first items, a list that fills while the rest is gone through; all items)."""
    kept: list[Item] = []

    def passing() -> Iterator[Item]:
        for item in items:
            if len(kept) < MAX_KEPT:
                kept.append(item)
            yield item

    return kept, passing()


def paths_of(value: Value | None) -> tuple[str, ...]:
    """The files that `@last` means as an argument: its files, those that a text was read from, or a table's column of paths."""
    if isinstance(value, Files):
        return tuple(entry.path for entry in value.items)
    if isinstance(value, Text):
        return value.sources
    if isinstance(value, Table) and "path" in value.columns:
        at = value.columns.index("path")
        return tuple(dict.fromkeys(str(row[at]) for row in value.rows))
    return ()
