"""The bundled planner: a request in plain words → a plan, with how sure it is of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from llmos_cli.engine.decode import Choice, greedy
from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.plan import Plan, Tools
from llmos_cli.planner import prompt, wire
from llmos_cli.planner.grammar import PlanGrammar, last_kind
from llmos_cli.planner.marks import NOTHING, Names, marks
from llmos_cli.planner.request import MAX_UNITS, Request, read

MAX_CHARACTERS = 4000
MAX_TOKENS = 120
CONTEXT = 1024
MAX_BRANCHES, LEAST_BRANCH = 8, 0.02
SURE, SHORT = -0.01, 3  # a plan worth this much is not compared with others; short plans are not favoured beyond this many tokens
UNUSED_COSTS, MOST_UNUSED = 1.0, 3  # nats for a telling word that is not used
REPEATED_COSTS = 4.0  # nats for what is said twice where none of 31,000 written plans does
VOCABULARY_KEY, CALIBRATION_KEY, ATTENTION_KEY = "llmos.vocabulary", "llmos.confidence", "llmos.attention"
CERTAIN = 0.1  # nats that separate a sure plan from a certain one
Features = tuple[float, float]
Weights = tuple[float, float, float]


@dataclass(frozen=True)
class Proposal:
    """A plan, the probability that it is right (calibrated on requests of people held out of training), the offsets in the request
    that its literals came from, the choices that were made, and the features that the probability was told from."""

    plan: Plan
    confidence: float
    sources: dict[tuple[int, int, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    features: Features = (0.0, 0.0)


class Engine(Protocol):
    """What the planner needs of `engine.llama.Llama`."""

    vocabulary: int

    def tokenize(self, text: str) -> list[int]: ...
    def decode(self, tokens: Sequence[int], *, both_ways: bool = False) -> None: ...
    def rewind(self, position: int) -> None: ...
    def metadata(self, key: str) -> str | None: ...


class Planner:
    """Plans with one model, which `open` loads when the first request comes.

    The model's file says which tokens of the wire form it knows. Tools and arguments that came after it was trained are not planned with;
    those that have gone are never allowed.
    """

    def __init__(self, open: Callable[[], Engine], tools: Tools) -> None:
        self._open, self._tools = open, tools
        self._engine: Engine | None = None
        self._ids: dict[str, int] = {}
        self._calibration: Weights = (0.0, 1.0, 0.0)
        self._both_ways = False

    @staticmethod
    def bundled(path: Path, tools: Tools) -> Planner:
        def open() -> Engine:
            from llmos_cli.engine.llama import Llama

            return Llama.open(path, context=CONTEXT)

        return Planner(open, tools)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The tokens of the wire form that the model knows, by id."""
        self._loaded()
        return tuple(self._ids)

    def plan(self, text: str, context: str = "none", names: Names = NOTHING) -> Proposal:
        """The likeliest plan. Raises as `candidates` does."""
        return next(self.candidates(text, context, names))

    def candidates(self, text: str, context: str = "none", names: Names = NOTHING) -> Iterator[Proposal]:
        """Plans, the likeliest first for their length: the greedy one and, where it is not sure, those that differ from it at one choice.

        `context` is what the last turn showed: none, files, text, table, number, change; `names` what is there. Raises
        NotUnderstood where the request is empty of words or too long, LlmosError where the model cannot be loaded.
        """
        if len(text) > MAX_CHARACTERS:
            raise NotUnderstood("That is too long for a request.", hint="give long text on standard input: llmos ask REQUEST < FILE")
        request = read(text)
        if not request.words:
            raise NotUnderstood("There are no words in that request.", hint='llmos ask "the five largest files here"')
        if len(request.words) > MAX_UNITS:
            raise NotUnderstood("That is too long for a request.", hint=f"say it in at most {MAX_UNITS} words")
        return self._search(request, context, marks(request, names))

    def _search(self, request: Request, context: str, marked: Mapping[int, str]) -> Iterator[Proposal]:
        engine = self._loaded()
        *asked, begin = prompt.prompt(request, context, marked, self._ids, engine.tokenize)
        engine.rewind(0)
        engine.decode(asked, both_ways=self._both_ways)
        first = self._written(engine, request, context, begin, ())
        found = {tuple(choice.token for choice in first): first}
        for prefix in branches(first)[:MAX_BRANCHES] if self._worth(first, request) < SURE else ():
            engine.rewind(len(asked))
            other = self._written(engine, request, context, begin, prefix)
            found.setdefault(tuple(choice.token for choice in other), other)
        refused: NotUnderstood | None = None
        some = False
        for choices in sorted(found.values(), key=lambda c: -self._worth(c, request)):
            try:
                proposal = self._proposal(choices, request)
            except NotUnderstood as error:
                refused = refused or error
                continue
            some = True
            yield proposal
        if refused and not some:
            raise refused

    def _written(self, engine: Engine, request: Request, context: str, begin: int, prefix: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """The choices of a plan that begins with `prefix` and goes on with what is likeliest."""
        grammar = PlanGrammar(request, self._tools, last_kind(context), self._ids)
        for choice in prefix:
            grammar.accept(choice.token)
        begun = [begin, *(choice.token for choice in prefix)]
        rest = greedy(engine, begun, grammar, limit=MAX_TOKENS, block=range(len(self._ids)))  # type: ignore[arg-type]
        return (*prefix, *rest)

    def _proposal(self, choices: tuple[Choice, ...], request: Request) -> Proposal:
        names = list(self._ids)
        if names[choices[-1].token] != wire.END:
            raise NotUnderstood("I did not understand that.", hint="say it in fewer words")
        try:
            traced = wire.decode([names[choice.token] for choice in choices[:-1]], request, self._tools)
        except (ValueError, LlmosError) as error:
            raise NotUnderstood("I did not understand that.", hint="say it in other words") from error
        return Proposal(traced.plan, self.confidence(choices, request), dict(traced.sources), choices, self.features(choices, request))

    def features(self, choices: tuple[Choice, ...], request: Request) -> Features:
        """(log-probability of the choices with the mass that the model gave to what was allowed, less what it costs to say things twice;
        telling words left unused, negative)."""
        whole = sum(c.logprob + (math.log(max(c.mass, 1e-6)) if not math.isnan(c.mass) else 0.0) for c in choices)
        names = list(self._ids)
        tokens = [names[c.token] for c in choices]
        whole -= REPEATED_COSTS * wire.repeated(tokens[: tokens.index(wire.END)] if wire.END in tokens else tokens)
        unused = request.telling() - wire.pointed_at(tokens)
        return whole, -float(min(len(unused), MOST_UNUSED))

    def _worth(self, choices: tuple[Choice, ...], request: Request) -> float:
        whole, unused = self.features(choices, request)
        return (whole + UNUSED_COSTS * unused) / (len(choices) + SHORT)

    def confidence(self, choices: tuple[Choice, ...], request: Request) -> float:
        """0 to 1, fitted on held-out requests."""
        return likelihood(self.features(choices, request), self._calibration)

    def _loaded(self) -> Engine:
        if self._engine is None:
            engine = self._open()
            tokens = (engine.metadata(VOCABULARY_KEY) or "").split("\n")
            if wire.PLAN not in tokens:
                raise LlmosError("this model is not a planner of ours", hint="make model, or install llmos again")
            self._ids = {token: i for i, token in enumerate(tokens)}
            self._both_ways = engine.metadata(ATTENTION_KEY) == "prefix"
            if calibration := engine.metadata(CALIBRATION_KEY):
                self._calibration = weights_of(calibration)
            self._engine = engine
        return self._engine


def likelihood(features: Features, weights: Weights) -> float:
    """0 to 1: a logistic function of the logarithm of what a plan lacks to be certain, in nats, and of the words that it leaves out."""
    whole, unused = features
    a, b, c = weights
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, a - b * math.log(CERTAIN - min(whole, 0.0)) + c * unused))))


def weights_of(text: str) -> Weights:
    """The weights as a model's file has them."""
    a, b, c = map(float, text.split(","))
    return a, b, c


def branches(choices: tuple[Choice, ...]) -> list[tuple[Choice, ...]]:
    """The beginnings of other plans: the choices up to one of them, and a runner-up in its place; the likeliest beginning first."""
    found, whole = [], 0.0
    for i, choice in enumerate(choices):
        for token, logprob in choice.runners_up:
            if logprob > math.log(LEAST_BRANCH):
                other = Choice(token, logprob, choice.free, (), choice.mass)
                found.append((whole + logprob, (*choices[:i], other)))
        whole += choice.logprob
    return [beginning for _, beginning in sorted(found, key=lambda pair: -pair[0])]
