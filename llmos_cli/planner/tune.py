"""Goes on training the planner's network for some minutes: taught phrases among sentences that it knows, so that it keeps those."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from llmos_cli.engine import gguf, tensors
from llmos_cli.errors import LlmosError
from llmos_cli.plan import Tools
from llmos_cli.planner import prompt, variants, wire
from llmos_cli.planner.marks import Names, marks
from llmos_cli.planner.network import Array, Batch, Network, Shape
from llmos_cli.planner.planner import ATTENTION_KEY, VOCABULARY_KEY
from llmos_cli.planner.request import MAX_UNITS
from llmos_cli.planner.variants import Sentence

TOKENS = 1000  # in a batch; twice as many make half the steps, and less is learned in the same time
LONGEST = 256  # tokens; longer documents are left out
TIMES = 48  # how often each taught phrase is gone over, each time with other literals
MOST_TAUGHT = 0.5  # of the documents that are gone over are taught phrases, at most
RATE, WARM_UP = 3e-4, 10  # Adam's step; steps in which it grows to that, after which it falls to nothing
POINTER, SMOOTHING, LONGEST_STEP = 2.0, 0.02, 1.0  # as in training: the weight of indexes, label smoothing, the gradient's norm
Progress = Callable[[int, int], None]  # steps done, and of how many


class Document(NamedTuple):
    tokens: list[int]
    start: int  # where the plan begins
    read: int  # how many tokens see each other both ways
    new: bool = False  # to be learned, not to be kept


class Trained(NamedTuple):
    weights: dict[str, Array]
    steps: int
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Course:
    """How long to train: `seconds` at most; `steps`, where it is not 0, are done whatever they take, and repeatable."""

    seconds: float = 240.0
    steps: int = 0
    rate: float = RATE
    seed: int = 1


class Encoder:
    """Sentences to what the network reads, with the vocabulary and the tokenizer of a planner's file."""

    def __init__(self, path: Path, tools: Tools) -> None:
        from llmos_cli.engine.llama import Llama

        self._engine, self._tools = Llama.open(path, context=64), tools
        self.ids = {token: i for i, token in enumerate((self._engine.metadata(VOCABULARY_KEY) or "").split("\n"))}
        self._both_ways = self._engine.metadata(ATTENTION_KEY) == "prefix"
        self._pieces: dict[str, list[int]] = {}

    def document(self, sentence: Sentence, names: Names) -> Document | None:
        """None where the planner's vocabulary has no such plan, or it is too long."""
        plan = sentence.encoded(self._tools)
        if not all(token in self.ids for token in plan):
            return None
        start = prompt.prompt(sentence.request, sentence.after, marks(sentence.request, names), self.ids, self._tokenize)
        whole = [*start, *(self.ids[token] for token in plan)]
        return Document(whole, len(start), len(start) - 1 if self._both_ways else 0) if len(whole) <= LONGEST else None

    def _tokenize(self, text: str) -> list[int]:
        if text not in self._pieces:
            self._pieces[text] = self._engine.tokenize(text)
        return self._pieces[text]


def trained(
    base: Path, taught: Sequence[Sentence], replay: Sequence[Sentence], tools: Tools, course: Course, progress: Progress
) -> Trained:
    """The network of `base`, gone on with. Raises LlmosError for a file that it cannot be done with."""
    began, rng = time.monotonic(), random.Random(course.seed)
    teacher = Teacher(base, tools)
    network = Network(teacher.network.shape, {name: weight.copy() for name, weight in teacher.network.weights.items()})
    adam, done, seen, total = Adam(network.weights), 0, 0, course.steps
    while not total or done < total:
        lesson = batches(_lesson(teacher.encoder, taught, replay, tools, rng), rng)
        total = total or len(lesson)
        for documents in lesson[: total - done]:
            spent = time.monotonic() - began
            left = 1 - (done / total if course.steps else max(done / total, spent / course.seconds))
            if left <= 0:
                return Trained(network.weights, done, seen, spent)
            lines = batch(documents)
            adam.step(network.loss(lines, *teacher.wanted(lines, documents))[1], course.rate * min(left, (done + 1) / WARM_UP))
            done, seen = done + 1, seen + sum(len(document.tokens) for document in documents)
            progress(round(total * (1 - left)), total)
    return Trained(network.weights, done, seen, time.monotonic() - began)


class Teacher:
    """The network as it was. Of what was taught it is said what should follow; of all else what should follow is what it would say itself,
    so that only what is new has anything to teach."""

    def __init__(self, base: Path, tools: Tools) -> None:
        self.encoder = Encoder(base, tools)
        if wire.PLAN not in self.encoder.ids:
            raise LlmosError(f"{base} is not a planner of ours", hint="llmos planner reset")
        self.network = Network(Shape.of(gguf.read_metadata(base)), tensors.read(base))
        first = self.encoder.ids[wire.index(1)]
        self._counts = np.ones(len(self.encoder.ids), np.float32)
        self._counts[first : first + MAX_UNITS] = POINTER

    def wanted(self, lines: Batch, documents: Sequence[Document]) -> tuple[Array, Array]:
        """(the probability that each token should have: [targets, outputs], what each target counts: [targets])."""
        outputs, (rows, at) = len(self.encoder.ids), np.nonzero(lines.targets >= 0)
        right = lines.targets[rows, at]
        wanted = self.network.logits(lines, outputs)
        wanted -= wanted.max(-1, keepdims=True)
        np.exp(wanted, out=wanted)
        wanted /= wanted.sum(-1, keepdims=True)
        new = np.flatnonzero(np.array([document.new for document in documents])[rows])
        wanted[new] = SMOOTHING / outputs
        wanted[new, right[new]] += 1 - SMOOTHING
        return wanted, self._counts[right]


def _lesson(encoder: Encoder, taught: Sequence[Sentence], replay: Sequence[Sentence], tools: Tools, rng: random.Random) -> list[Document]:
    """Each sentence of the replay once, and each taught one some times, with other literals, wrappers and disks."""
    times = min(TIMES, round(len(replay) * MOST_TAUGHT / (1 - MOST_TAUGHT) / max(len(taught), 1)))
    pool = variants.pools(replay, tools)
    said = [*replay, *(sentence for sentence in taught for _ in range(max(times, 1)))]
    varied = (variants.varied(sentence, pool, rng, tools) for sentence in said)
    documents = (encoder.document(sentence, variants.near(sentence, rng, tools)) for sentence in varied)
    return [document._replace(new=i >= len(replay)) for i, document in enumerate(documents) if document]


def batches(documents: Sequence[Document], rng: random.Random) -> list[list[Document]]:
    """Documents of about one length together, at most TOKENS with what fills them up; in random order."""
    groups: list[list[Document]] = [[]]
    for document in sorted(rng.sample(documents, len(documents)), key=lambda d: len(d.tokens)):
        if (len(groups[-1]) + 1) * len(document.tokens) > TOKENS:
            groups.append([])
        groups[-1].append(document)
    rng.shuffle(groups)
    return [group for group in groups if group]


def batch(documents: Sequence[Document]) -> Batch:
    """Rows as long as the longest of them; the plan's first token and all before it are no targets."""
    length = max(len(document.tokens) for document in documents)
    tokens = np.zeros((len(documents), length), np.int64)
    targets = np.full_like(tokens, -1)
    for row, (ids, start, *_) in enumerate(documents):
        tokens[row, : len(ids)] = ids
        targets[row, start - 1 : len(ids) - 1] = ids[start:]
    return Batch(tokens, np.array([document.read for document in documents]), targets)


class Adam:
    """Kingma and Ba 2015, on gradients whose norm is cut to LONGEST_STEP. It changes the weights in place."""

    def __init__(self, weights: dict[str, Array], betas: tuple[float, float] = (0.9, 0.98), eps: float = 1e-8) -> None:
        self._weights, self._betas, self._eps, self._steps = weights, betas, eps, 0
        self._means = {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in weights.items()}

    def step(self, grads: Mapping[str, Array], rate: float) -> None:
        self._steps += 1
        norm = float(np.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads.values())))
        cut = min(1.0, LONGEST_STEP / max(norm, 1e-12))
        a, b = self._betas
        long, short = 1 - b**self._steps, 1 - a**self._steps
        for name, grad in grads.items():
            mean, square = self._means[name]
            grad *= cut
            mean *= a
            mean += (1 - a) * grad
            grad *= grad
            square *= b
            square += (1 - b) * grad
            np.sqrt(square, out=grad)
            grad *= long**-0.5
            grad += self._eps
            np.divide(mean, grad, out=grad)
            grad *= rate / short
            self._weights[name] -= grad
