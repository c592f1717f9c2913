"""Standard input beside a request: it is meant where the plan that takes it is the surer one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmos_cli import plan as plans
from llmos_cli.kernel import offered
from llmos_cli.planner.marks import NOTHING, Names
from llmos_cli.planner.planner import Proposal
from llmos_cli.tools import TOOLS


class Planner:
    """Answers by context: (plan, confidence), the likeliest first."""

    def __init__(self, **answers: list[tuple[str, float]]) -> None:
        self.answers = answers

    def candidates(self, text: str, context: str = "none", names: Names = NOTHING) -> Iterator[Proposal]:
        for plan, confidence in self.answers[context]:
            yield Proposal(plans.parse(plan, TOOLS), confidence, {}, (0.0, 0.0))


@pytest.mark.parametrize(("alone", "given", "chosen"), [
    (("clarify which", 0.9), ("@last | count", 0.4), "@last | count"),  # a question is no plan
    (("read b.txt | words", 0.77), ("@last | words", 0.69), "read b.txt | words"),
    (("find | count", 0.2), ("@last | count", 0.76), "@last | count"),
    (("list", 0.6), ("list", 0.6), "list"),
])  # fmt: skip
def test_the_surer_one_is_taken(alone: tuple[str, float], given: tuple[str, float], chosen: str) -> None:
    planner = Planner(none=[alone, ("list", 0.1)], text=[given, ("disks", 0.1)])
    found = [plans.show(proposal.plan, TOOLS) for proposal in offered.candidates(planner, "x", NOTHING)]  # type: ignore[arg-type]
    assert found[0] == chosen and found[1] == ("list" if chosen == alone[0] else "disks")
