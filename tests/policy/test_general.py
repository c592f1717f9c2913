"""What a general model has planned, as policy sees it."""

import pytest

from llmos_cli.effects import Decision, Verdict
from llmos_cli.policy.general import OUTSIDE, PLANNED, for_model

ALLOWED = Verdict(Decision.ALLOW, "trusted folder", "you trust it")
QUIET = Verdict(Decision.ASK, "own files", "files of yours are changed")
LOUD = Verdict(Decision.ASK, "final", "deleted for ever", True)
DENIED = Verdict(Decision.DENY, "system folder", "it belongs to the system", True)


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("unattended", [False, True])
@pytest.mark.parametrize("verdict", [ALLOWED, QUIET, LOUD, DENIED])
def test_nothing_of_a_models_is_done_without_a_question(verdict, outside, unattended):
    found = for_model(verdict, outside=outside, unattended=unattended)
    assert found.decision is (Decision.DENY if verdict is DENIED else Decision.ASK)
    if verdict is not DENIED:
        assert found.in_person == (outside or not unattended)
        assert found.loud == (verdict.loud or outside)


def test_the_rule_that_is_named_is_the_stricter_one():
    assert for_model(QUIET, outside=False, unattended=False).rule == PLANNED
    assert for_model(ALLOWED, outside=True, unattended=True).rule == OUTSIDE
    assert for_model(LOUD, outside=True, unattended=True).rule == "final"
