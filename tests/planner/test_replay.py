"""The sample of sentences that comes with llmos: whole, small, and its held-out voices apart."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

from llmos_cli.planner.replay import NAME, replay
from llmos_cli.tools import TOOLS
from training.check import problem
from training.rows import HELD_OUT

RAW = (files("llmos_cli") / "data" / NAME).read_bytes()
LINES = [json.loads(line) for line in gzip.decompress(RAW).decode().splitlines()]


SAMPLE = replay(TOOLS)


def test_every_sentence_is_good():
    wrong = [(row, why) for row in LINES if (why := problem({key: row[key] for key in row if key != "held"}))]
    assert wrong == []
    assert len(SAMPLE.train) + len(SAMPLE.held) == len(LINES)
    assert len(SAMPLE.train) >= 3000 and len(SAMPLE.held) >= 350


def test_held_out_voices_are_never_trained_on():
    assert {sentence.voice for sentence in SAMPLE.held} == set(HELD_OUT)
    assert {sentence.voice for sentence in SAMPLE.train}.isdisjoint(HELD_OUT)
    said = {sentence.say.lower() for sentence in SAMPLE.train}
    assert sum(sentence.say.lower() in said for sentence in SAMPLE.held) <= 4  # two people may say one thing


def test_it_is_small_and_diverse():
    assert len(RAW) < 400_000
    tools = {step.tool for sentence in SAMPLE.train for step in sentence.plan.steps}
    assert len(tools) >= 70 and sum(sentence.voice.startswith("zh_") for sentence in SAMPLE.train) >= 400
