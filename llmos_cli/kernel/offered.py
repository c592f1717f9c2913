"""Standard input stands beside a request, and nobody has said whether it is meant: in a pipe it is, in a script's loop it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmos_cli import plan as plans
from llmos_cli.check import check
from llmos_cli.errors import PlanError
from llmos_cli.literals import LAST
from llmos_cli.plan import Plan
from llmos_cli.planner.marks import Names
from llmos_cli.tools import TOOLS
from llmos_cli.values import Value

if TYPE_CHECKING:
    from llmos_cli.planner.planner import Planner, Proposal

QUESTIONS = ("clarify", "escalate")
WITH_OR_WITHOUT = ("answer", "code")  # these can stand first; where there is material, it is what they are about


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


def taking(plan: Plan, material: Value) -> Plan:
    """A typed plan, with the material going into its first step where that waits for something: `summarize` → `@last | summarize`."""
    first, *rest = plan.pipelines[0]
    tool = TOOLS[first.tool]
    waits = None not in tool.flow or (tool.named and "files" not in first.args) or tool.name in WITH_OR_WITHOUT
    if not waits or type(material) not in tool.flow:
        return plan
    return Plan(((plans.step(TOOLS[LAST], {}), first, *rest), *plan.pipelines[1:]))


def as_typed_of_material(request: str, material: Value) -> Plan | None:
    """As `check.as_typed`, for a plan that works on the material: one word, or one that has `=` or `|`; None for plain words."""
    if len(request.split()) != 1 and not ("=" in request or "|" in request):
        return None
    try:
        plan = taking(plans.parse(request, TOOLS), material)
        check(plan, TOOLS, type(material))
    except PlanError:
        return None
    return plan
