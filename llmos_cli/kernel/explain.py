"""Why a request became its plan: `llmos explain`. The planner is asked once more; it always answers the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmos_cli import plan as plans
from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.kernel.near import names_near
from llmos_cli.memory.turns import Turn
from llmos_cli.plan import Plan
from llmos_cli.planner.reasons import Reason, reasons
from llmos_cli.planner.request import read
from llmos_cli.tools import TOOLS

if TYPE_CHECKING:
    from llmos_cli.kernel.kernel import Kernel
    from llmos_cli.planner.planner import Proposal

CONTEXTS = ("none", "files", "text", "table", "number", "change")


@dataclass(frozen=True)
class Source:
    """A literal of the plan: the step's number from 1, the argument, its value in the plan, the words of the request, '' for fixed ones."""

    step: int
    argument: str
    value: str
    words: str


@dataclass(frozen=True)
class Explanation:
    """`origin`: plan (typed as one), taught, planner, or model (a general one); only the planner's have `choices` and `others` (plans with
    their confidence)."""

    request: str
    plan: Plan
    text: str
    origin: str
    confidence: float
    sources: tuple[Source, ...] = ()
    choices: tuple[Reason, ...] = ()
    others: tuple[tuple[str, float], ...] = ()


def explain(kernel: Kernel) -> Explanation:
    """Of the last turn of this session that has a plan. Raises NotFound where there is none."""
    session = kernel.current_session()
    turns = [turn for turn in kernel.turns.recent(30, session.id) if turn.plan] if session else []
    if not turns:
        raise NotFound("there is no plan to explain yet", hint='llmos ask "the five largest files here"')
    turn = turns[0]
    plan = plans.parse(turn.plan, TOOLS)
    if (taught := kernel.taught_plan(turn.request)) is not None and plans.show(taught.plan, TOOLS) == turn.plan:
        return Explanation(turn.request, plan, turn.plan, "taught", 1.0, tuple(_sources(taught.plan, taught.sources, turn.request)))
    for found in _planned(kernel, turn, turns[1:]):
        first = next(p for p in found if plans.show(p.plan, TOOLS) == turn.plan)
        others = tuple((plans.show(p.plan, TOOLS), p.confidence) for p in found if p is not first)
        return Explanation(
            turn.request, plan, turn.plan, "planner", first.confidence, tuple(_sources(first.plan, first.sources, turn.request)),
            reasons(first.choices, kernel.planner.vocabulary, read(turn.request)), others[:4],
        )  # fmt: skip
    return Explanation(turn.request, plan, turn.plan, "plan" if turn.confidence else "model", turn.confidence)


def _planned(kernel: Kernel, turn: Turn, before: Sequence[Turn]) -> Iterator[list[Proposal]]:
    """The planner's proposals for the turn's request, where its plan is among them: in the context that it most likely had."""
    likely = [t.context for t in before if t.context != "none"][:1]
    names = names_near(kernel.place(), kernel.memory.places())
    for context in dict.fromkeys((*likely, "none", *CONTEXTS)):
        try:
            found = list(kernel.planner.candidates(turn.request, context, names))
        except LlmosError:
            return
        if any(plans.show(p.plan, TOOLS) == turn.plan for p in found):
            yield found


def _sources(plan: Plan, sources: object, request: str) -> Iterator[Source]:
    spans = dict(sources)  # type: ignore[call-overload]
    number = 0
    for p, pipeline in enumerate(plan.pipelines):
        for s, step in enumerate(pipeline):
            number += 1
            for name, items in step.args.items():
                words = " … ".join(request[a:b] for a, b in spans.get((p, s, name), ()))
                yield Source(number, name, ",".join(items), words)
