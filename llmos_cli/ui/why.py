"""An explanation of a plan as lines: its steps in words, where its literals come from, what was chosen and what else there was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from llmos_cli.plan import Plan, Tools, show
from llmos_cli.ui.describe import describe


class Source(Protocol):
    """`words` of the request that an argument's value comes from, '' for a fixed one."""

    @property
    def step(self) -> int: ...
    @property
    def argument(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def words(self) -> str: ...


class Reason(Protocol):
    @property
    def chosen(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def others(self) -> tuple[tuple[str, float], ...]: ...


class Explained(Protocol):
    """What this page needs of the kernel's Explanation."""

    @property
    def request(self) -> str: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def text(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def sources(self) -> tuple[Any, ...]: ...
    @property
    def choices(self) -> tuple[Any, ...]: ...
    @property
    def others(self) -> tuple[tuple[str, float], ...]: ...


ORIGINS = {"plan": "typed as a plan", "taught": "taught by you", "planner": "from the planner", "model": "planned by a general model"}
CERTAIN = 0.995  # a choice as likely as this needs no words


def explanation(found: Explained, tools: Tools) -> Iterator[str]:
    """Lines, not yet made safe to print."""
    yield f"request   {found.request}"
    yield f"plan      {found.text}"
    sure = f", {found.confidence:.0%} sure" if found.origin == "planner" else ""
    yield f"origin    {ORIGINS[found.origin]}{sure}"
    steps = [step for pipeline in found.plan.pipelines for step in pipeline]
    for number, (step, words) in enumerate(zip(steps, describe(found.plan, tools), strict=True), 1):
        yield ""
        yield f"{number}. {words}"
        yield f"   {show(Plan(((step,),)), tools)}"
        for source in found.sources:
            if source.step == number:
                yield f"     {source.argument}={source.value}  ← " + (f'"{source.words}"' if source.words else "one of a fixed list")
    unsure = [reason for reason in found.choices if reason.probability < CERTAIN]
    if found.choices:
        yield ""
        yield f"choices   {len(found.choices)} in all, {len(found.choices) - len(unsure)} of them certain" + (
            "; the others:" if unsure else ""
        )
        for reason in unsure:
            others = ", ".join(f"{name} {share:.0%}" for name, share in reason.others)
            yield f"     {reason.chosen} {reason.probability:.0%}" + (f"   or {others}" if others else "")
    if found.others:
        yield ""
        yield "other plans that were thought of"
        for text, confidence in found.others:
            yield f"     {confidence:4.0%}  {text}"
