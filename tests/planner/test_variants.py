"""Requests made of others: the plan changes with the words, and nothing is in a plan that is not said."""

from __future__ import annotations

import random

from llmos_cli.plan import show
from llmos_cli.planner import variants, wire
from llmos_cli.planner.marks import marks
from llmos_cli.planner.replay import replay
from llmos_cli.tools import TOOLS
from tests.planner.tinyplanner import sentence

SENTENCES = replay(TOOLS).train[::20]
POOL = variants.pools(SENTENCES, TOOLS)
MOVE = sentence("move report.pdf and notes.txt into Old stuff, 3 of them", 'move report.pdf,notes.txt into="Old stuff"')


def test_literals_change_in_the_sentence_and_its_plan_together():
    rng, said = random.Random(1), set()
    for _ in range(30):
        new = variants.swapped(MOVE, POOL, rng, TOOLS)
        step = new.plan.steps[0]
        said.add(new.say)
        assert new.say.startswith("move ") and new.say.endswith(", 3 of them")
        assert all(name in new.say for name in (*step.args["files"], *step.args["into"]))
        assert [name.rpartition(".")[2] for name in step.args["files"]] == ["pdf", "txt"]  # of the same sort
    assert len(said) > 20


def test_what_comes_out_can_be_learned():
    rng, changed = random.Random(2), 0
    for one in SENTENCES:
        new = variants.varied(one, POOL, rng, TOOLS)
        back = wire.decode(new.encoded(TOOLS)[:-1], new.request, TOOLS).plan
        assert [step.tool for step in back.steps] == [step.tool for step in new.plan.steps], show(back, TOOLS)
        changed += new.say != one.say
    assert changed > len(SENTENCES) / 2


def test_most_of_what_is_spoken_of_is_there():
    rng, seen = random.Random(3), 0
    for _ in range(100):
        seen += bool(marks(MOVE.request, variants.near(MOVE, rng, TOOLS)))
    assert 60 < seen < 100
