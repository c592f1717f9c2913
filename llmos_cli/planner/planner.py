"""The bundled planner: a request in plain words → a plan, with how sure it is of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from llmos_cli.engine.decode import Choice, greedy
from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.plan import Plan, Tools
from llmos_cli.planner import prompt, wire
from llmos_cli.planner.grammar import PlanGrammar, last_kind
from llmos_cli.planner.request import MAX_UNITS, Request, read

MAX_CHARACTERS = 4000
MAX_TOKENS = 120
CONTEXT = 1024
MAX_BRANCHES, LEAST_BRANCH = 8, 0.02
VOCABULARY_KEY, CALIBRATION_KEY = "llmos.vocabulary", "llmos.calibration"


@dataclass(frozen=True)
class Proposal:
    """A plan, the probability that it is right (calibrated on requests of people held out of training), the offsets in the request
    that its literals came from, and the choices that were made."""

    plan: Plan
    confidence: float
    sources: dict[tuple[int, int, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


class Engine(Protocol):
    """What the planner needs of `engine.llama.Llama`."""

    vocabulary: int

    def tokenize(self, text: str) -> list[int]: ...
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
        self._calibration = (0.0, 1.0, 0.0)

    @staticmethod
    def bundled(path: Path, tools: Tools) -> Planner:
        def open() -> Engine:
            from llmos_cli.engine.llama import Llama

            return Llama.open(path, context=CONTEXT)

        return Planner(open, tools)

    def plan(self, text: str, context: str = "none") -> Proposal:
        """The likeliest plan. Raises as `candidates` does."""
        return next(self.candidates(text, context))

    def candidates(self, text: str, context: str = "none") -> Iterator[Proposal]:
        """Plans, the likeliest first, then those that differ from it at one choice: for where the first one cannot be carried out.

        `context` is what the last turn showed: none, files, text, table, number, change. Raises NotUnderstood where the request is empty
        of words or too long, LlmosError where the model cannot be loaded.
        """
        if len(text) > MAX_CHARACTERS:
            raise NotUnderstood("That is too long for a request.", hint="give long text on standard input: llmos ask REQUEST < FILE")
        request = read(text)
        if not request.words:
            raise NotUnderstood("There are no words in that request.", hint='llmos ask "the five largest files here"')
        if len(request.words) > MAX_UNITS:
            raise NotUnderstood("That is too long for a request.", hint=f"say it in at most {MAX_UNITS} words")
        return self._search(request, context)

    def _search(self, request: Request, context: str) -> Iterator[Proposal]:
        engine = self._loaded()
        tokens = prompt.prompt(request, context, self._ids, engine.tokenize)
        engine.rewind(0)
        first = self._written(engine, request, context, tokens, ())
        yield self._proposal(first, request)
        seen = {tuple(choice.token for choice in first)}
        for prefix in branches(first)[:MAX_BRANCHES]:
            engine.rewind(len(tokens) - 1)
            other = self._written(engine, request, context, tokens[-1:], prefix)
            if tuple(choice.token for choice in other) not in seen:
                seen.add(tuple(choice.token for choice in other))
                try:
                    yield self._proposal(other, request)
                except NotUnderstood:
                    continue

    def _written(self, engine: Engine, request: Request, context: str, tokens: list[int], prefix: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """The choices of a plan that begins with `prefix` and goes on with what is likeliest."""
        grammar = PlanGrammar(request, self._tools, last_kind(context), self._ids)
        for choice in prefix:
            grammar.accept(choice.token)
        begun = [*tokens, *(choice.token for choice in prefix)]
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
        return Proposal(traced.plan, self.confidence(choices), dict(traced.sources), choices)

    def confidence(self, choices: tuple[Choice, ...]) -> float:
        """0 to 1: a logistic function of the plan's log-probability and of its least likely choice, fitted on held-out requests."""
        whole, least = features(choices)
        a, b, c = self._calibration
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, a + b * whole + c * least))))

    def _loaded(self) -> Engine:
        if self._engine is None:
            engine = self._open()
            tokens = (engine.metadata(VOCABULARY_KEY) or "").split("\n")
            if wire.PLAN not in tokens:
                raise LlmosError("this model is not a planner of ours", hint="make model, or install llmos again")
            self._ids = {token: i for i, token in enumerate(tokens)}
            if calibration := engine.metadata(CALIBRATION_KEY):
                a, b, c = map(float, calibration.split(","))
                self._calibration = a, b, c
            self._engine = engine
        return self._engine


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


def features(choices: tuple[Choice, ...]) -> tuple[float, float]:
    """(sum, least) of the log-probabilities of the choices, each with the mass that the model gave to what was allowed."""
    logprobs = [c.logprob + (math.log(max(c.mass, 1e-6)) if not math.isnan(c.mass) else 0.0) for c in choices] or [0.0]
    return sum(logprobs), min(logprobs)

