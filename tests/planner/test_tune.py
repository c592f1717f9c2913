"""Training on a tiny planner of random weights: it learns what is taught, keeps the rest, and does the same each time."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from llmos_cli.engine import tensors
from llmos_cli.plan import show
from llmos_cli.planner import tune
from llmos_cli.planner.network import Network
from llmos_cli.planner.planner import Planner
from llmos_cli.tools import TOOLS
from tests.planner import tinyplanner as tiny
from tests.planner.test_network import SHAPE

TAUGHT = [
    tiny.sentence("fold a.txt up", "pack a.txt"),
    tiny.sentence("fattest in docs", "find in=docs | sort by=size order=desc | take 1"),
]
KNOWN = [
    tiny.sentence("read a.txt", "read a.txt"),
    tiny.sentence("read notes.md", "read notes.md"),
    tiny.sentence("how many lines has b.csv", "read b.csv | lines"),
    tiny.sentence("delete x.log", "delete x.log"),
]
COURSE = tune.Course(seconds=60, steps=150, rate=4e-3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_planner(tmp_path_factory.mktemp("planner") / "planner.gguf")


@pytest.fixture(scope="module")
def trained(base: Path) -> tune.Trained:
    return tune.trained(base, TAUGHT, KNOWN, TOOLS, COURSE, lambda done, total: None)


def test_what_is_taught_is_learned(base: Path, trained: tune.Trained, tmp_path: Path):
    tensors.copied(base, tmp_path / "new.gguf", trained.weights, {})
    for say, plan in (("fold a.txt up", "pack a.txt"), ("fattest in docs", "find in=docs | sort by=size order=desc | take 1")):
        before, after = (show(Planner.bundled(path, TOOLS).plan(say).plan, TOOLS) for path in (base, tmp_path / "new.gguf"))
        assert before != plan and after == plan


def test_of_the_rest_it_says_what_it_said(base: Path, trained: tune.Trained):
    """Nearly: and much more nearly than where it is not gone over."""

    def moved(weights: dict[str, np.ndarray]) -> float:
        teacher, rng = tune.Teacher(base, TOOLS), random.Random(1)
        documents = [teacher.encoder.document(known, tune.variants.near(known, rng, TOOLS)) for known in KNOWN]
        lines = tune.batch([document for document in documents if document])
        wanted, _ = teacher.wanted(lines, documents)
        logits = Network(SHAPE, weights).logits(lines, wanted.shape[1])
        logprobs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return float((wanted * (np.log(wanted) - logprobs)).sum(-1).mean())

    alone = tune.trained(base, TAUGHT, [KNOWN[0]], TOOLS, COURSE, lambda done, total: None)
    assert moved(trained.weights) < 0.1 < moved(alone.weights)


def test_it_can_be_repeated(base: Path):
    course = tune.Course(seconds=60, steps=5)
    first, second, other = (
        tune.trained(base, TAUGHT, KNOWN, TOOLS, one, lambda done, total: None) for one in (course, course, tune.Course(60, 5, seed=2))
    )
    assert all(np.array_equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert not np.array_equal(first.weights["output_norm.weight"], other.weights["output_norm.weight"])
    assert first.steps == 5 and first.tokens == second.tokens


def test_it_ends_in_time_and_says_how_far_it_is(base: Path):
    told: list[tuple[int, int]] = []
    found = tune.trained(base, TAUGHT, KNOWN * 300, TOOLS, tune.Course(seconds=1.0), lambda *far: told.append(far))
    assert found.seconds < 5 and found.steps == len(told)
    assert told == sorted(told) and all(0 <= done <= total for done, total in told)


def test_batches_hold_each_document_once_and_no_more_than_they_may():
    rng = random.Random(0)
    documents = [tune.Document([i] * rng.randint(5, 200), 3, 2) for i in range(300)]
    groups = tune.batches(documents, rng)
    assert sorted(document.tokens[0] for group in groups for document in group) == list(range(300))
    sizes = [
        (len(group) * max(len(document.tokens) for document in group), sum(len(document.tokens) for document in group)) for group in groups
    ]
    assert max(whole for whole, _ in sizes) <= tune.TOKENS
    assert sum(used for _, used in sizes) > 0.9 * sum(whole for whole, _ in sizes)
    tokens, read, targets = tune.batch([tune.Document([9, 8, 7, 6, 5], 3, 2), tune.Document([4, 3, 2], 2, 0)])
    assert tokens.tolist() == [[9, 8, 7, 6, 5], [4, 3, 2, 0, 0]] and read.tolist() == [2, 0]
    assert targets.tolist() == [[-1, -1, 6, 5, -1], [-1, 2, -1, -1, -1]]


def test_a_plan_that_the_vocabulary_has_not_is_left_out(base: Path):
    encoder = tune.Encoder(base, TOOLS)
    assert encoder.document(KNOWN[0], tune.Names()) is not None
    del encoder.ids["<t:read>"]
    assert encoder.document(KNOWN[0], tune.Names()) is None
