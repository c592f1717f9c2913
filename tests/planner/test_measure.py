"""How sentences are counted as right, and how sure a planner may be."""

from __future__ import annotations

from llmos_cli.kernel.planners import bundled
from llmos_cli.plan import show
from llmos_cli.planner import variants, wire
from llmos_cli.planner.measure import Result, calibrated, measured, other_words
from llmos_cli.planner.planner import Planner, likelihood
from llmos_cli.planner.replay import replay
from llmos_cli.tools import TOOLS
from tests.planner.tinyplanner import sentence

SAMPLE = replay(TOOLS)


def test_a_plan_is_right_where_it_is_the_same_plan():
    planner, told = Planner.bundled(bundled(), TOOLS), list[tuple[int, int]]()
    asked = [
        sentence("the five largest pdfs in Downloads", "find ext=pdfs in=Downloads | sort by=size order=desc | take five"),
        sentence("the five largest pdfs in Downloads", "find ext=pdfs in=Downloads | sort by=size order=asc | take five"),
        sentence("，。", "find"),
    ]
    found = measured(planner, asked, TOOLS, lambda *far: told.append(far))
    assert [result.right for result in found] == [True, False, False]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_confidence_is_moved_to_what_is_right_on_the_whole():
    results = [Result(i % 4 == 0, (-0.1 * (i % 7), 0.0)) for i in range(400)]
    fitted = calibrated(results, (5.0, 2.0, 0.1))
    assert fitted[1:] == (2.0, 0.1)
    said = sum(likelihood(features, fitted) for _, features in results) / 400
    assert abs(said - 0.25) < 0.01
    for all_right in (True, False):
        a, _, _ = calibrated([Result(all_right, (0.0, 0.0))] * 10, (1.0, 1.0, 0.0))
        assert abs(likelihood((0.0, 0.0), (a, 1.0, 0.0)) - all_right) < 0.1


def test_other_words_have_other_literals_of_the_same_sort():
    taught = sentence("stash the 5 fattest of Downloads in attic", "find in=Downloads | sort by=size order=desc | take 5 | move into=attic")
    others = list(other_words([taught], SAMPLE.held, TOOLS, 6))
    assert others[0] == taught and len({other.say for other in others}) == 7
    for other in others[1:]:
        plan = show(wire.decode(other.encoded(TOOLS)[:-1], other.request, TOOLS).plan, TOOLS)
        assert plan.startswith("find in=") and " | move into=" in plan and other.say.startswith("stash the ")
        assert all(text in other.say or text in ("size", "desc") for _, text in variants.literals(other.plan, TOOLS))
    still = sentence("empty my trash of everything", "duplicates")
    assert list(other_words([still], SAMPLE.held, TOOLS)) == [still]
