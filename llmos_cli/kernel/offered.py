"""Standard input stands beside a request, and nobody has said whether it is meant: in a pipe it is, in a script's loop it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmos_cli.planner.marks import Names

if TYPE_CHECKING:
    from llmos_cli.planner.planner import Planner, Proposal

QUESTIONS = ("clarify", "escalate")


def candidates(planner: Planner, request: str, names: Names) -> Iterator[Proposal]:
    """The plans for the request by itself, or those that take the text, whichever begin with the surer one; a question is no plan."""
    alone = next(planner.candidates(request, "none", names), None)
    given = next(planner.candidates(request, "text", names), None)
    is_plan = alone is not None and alone.plan.steps[0].tool not in QUESTIONS
    meant = not is_plan or alone is None or given is None or given.confidence > alone.confidence
    first = given if meant else alone
    if first is not None:
        yield first
        rest = planner.candidates(request, "text" if meant else "none", names)  # anew: the planner works on one request at a time
        next(rest, None)
        yield from rest
