"""How many sentences a planner gets exactly right, through the shipped engine and its grammar; and how sure it may be of its plans."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from llmos_cli.errors import Interrupted, LlmosError
from llmos_cli.plan import Tools, show
from llmos_cli.planner import variants, wire
from llmos_cli.planner.planner import Features, Planner, Weights, likelihood
from llmos_cli.planner.variants import Sentence

NO_PLAN: Features = (-50.0, -3.0)  # the features of a sentence without one


class Result(NamedTuple):
    right: bool
    features: Features


def meant(sentence: Sentence, tools: Tools) -> str:
    """The canonical text of the sentence's plan."""
    return show(wire.decode(sentence.encoded(tools)[:-1], sentence.request, tools).plan, tools)


def measured(planner: Planner, sentences: Sequence[Sentence], tools: Tools, progress: Callable[[int, int], None]) -> list[Result]:
    """One for each sentence, on the same made-up disks each time. A plan is right where it is the same plan: the texts are equal."""
    found, rng = list[Result](), random.Random(0)
    for sentence in sentences:
        names = variants.near(sentence, rng, tools)
        try:
            proposal = planner.plan(sentence.say, sentence.after, names)
            found.append(Result(show(proposal.plan, tools) == meant(sentence, tools), proposal.features))
        except Interrupted:
            raise
        except LlmosError:
            found.append(Result(False, NO_PLAN))
        progress(len(found), len(sentences))
    return found


def calibrated(results: Sequence[Result], weights: Weights) -> Weights:
    """The weights of the planner's confidence, moved so that it is as often right as it says it is on the whole: a sum that grows with the
    first weight, halved until it fits."""
    _, b, c = weights
    right = sum(result.right for result in results) + 0.5  # never all or none
    share = right / (len(results) + 1)
    low, high = -30.0, 30.0
    for _ in range(50):
        a = (low + high) / 2
        said = sum(likelihood(features, (a, b, c)) for _, features in results) / max(len(results), 1)
        low, high = (a, high) if said < share else (low, a)
    return (low + high) / 2, b, c


def other_words(sentences: Sequence[Sentence], others: Sequence[Sentence], tools: Tools, most: int = 10) -> Iterator[Sentence]:
    """Each sentence, and up to `most` of it with literals that `others` have."""
    rng, pool = random.Random(0), variants.pools(others, tools)
    for sentence in sentences:
        found = {sentence.say: sentence}
        for _ in range(4 * most):
            if len(found) > most:
                break
            new = variants.swapped(sentence, pool, rng, tools)
            found.setdefault(new.say, new)
        yield from found.values()
