"""The decode loop: at each step the likeliest token that a constraint allows, and how likely.

Where a constraint names the ids that may come next, only their logits are read: a step then costs
the model's own time and a few microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, overload

from llmos_cli.errors import Bug, LlmosError

if TYPE_CHECKING:
    from llmos_cli.engine.llama import Llama

RUNNERS_UP = 3
NEGLIGIBLE = 30.0  # nats below the best: 150,000 such tokens together weigh less than 1e-7


class Logits(Protocol):
    """Floats by token id: a ctypes pointer, or a list."""

    @overload
    def __getitem__(self, at: int, /) -> float: ...
    @overload
    def __getitem__(self, at: slice, /) -> list[float]: ...


class Model(Protocol):
    """What the loop needs of `llama.Llama`; `scripted.Scripted` is the fake."""

    vocabulary: int

    def decode(self, tokens: Sequence[int]) -> None: ...
    def logits(self) -> Logits: ...
    def is_end(self, token: int) -> bool: ...


class Constraint(Protocol):
    """Says which tokens may come next, and is told which one did."""

    @property
    def finished(self) -> bool:
        """Nothing more may come."""

    def allowed(self) -> Sequence[int] | None:
        """Distinct ids that may come next, None for any; empty only when finished."""

    def accept(self, token: int) -> None: ...


@dataclass(frozen=True)
class Choice:
    """One token that was chosen.

    `logprob`: natural log of its probability among the allowed tokens, 0.0 where there was only
    one. `free`: there was more than one. `runners_up`: the best others with theirs, at most three.
    `mass`: the probability that the model, unconstrained, gives to all allowed tokens together,
    taken over the block of ids given to `greedy` and the allowed ones outside it; 1.0 where any
    token was allowed, nan where no block was given.
    """

    token: int
    logprob: float
    free: bool
    runners_up: tuple[tuple[int, float], ...] = ()
    mass: float = math.nan


def greedy(
    model: Model,
    prompt: Sequence[int],
    constraint: Constraint | Grammar | None,
    *,
    limit: int,
    block: range | None = None,
) -> Iterator[Choice]:
    """Append `prompt` to the model's sequence, then choose up to `limit` tokens greedily.

    Ends after an end token, when the constraint is finished, or at the limit. The last token is not
    decoded: the sequence ends before it. `block`, without gaps, is where `Choice.mass` is taken.
    Raises what `decode` raises (context full, Interrupted), and LlmosError where the constraint
    allows nothing or the logits are no numbers; Bug for ids that the model does not have.
    """
    if block is not None:
        _within(model, block.start, block.stop - 1)
    pending = prompt
    for _ in range(limit):
        if constraint is not None and constraint.finished:
            return
        model.decode(pending)
        choice = _choose(model, constraint, block)
        if constraint is not None:
            constraint.accept(choice.token)
        yield choice
        if model.is_end(choice.token):
            return
        pending = [choice.token]


def _choose(model: Model, constraint: Constraint | Grammar | None, block: range | None) -> Choice:
    logits = model.logits()
    if isinstance(constraint, Grammar):
        return constraint.choose(logits)
    allowed = None if constraint is None else constraint.allowed()
    if allowed is None:
        return best_of_all(logits, model.vocabulary)
    if allowed:  # past the end of the logits lies other memory
        _within(model, min(allowed), max(allowed))
    return best_of(logits, allowed, block)


def _within(model: Model, first: int, last: int) -> None:
    if first < 0 or last >= model.vocabulary:
        raise Bug(f"ids {first} to {last} are not all among the model's {model.vocabulary}")


def best_of(logits: Logits, allowed: Sequence[int], block: range | None = None) -> Choice:
    """The likeliest of the `allowed` ids, the first of equal ones.

    LlmosError if none is allowed.
    """
    if not allowed:
        raise LlmosError("nothing may come next, but the answer is not finished")
    row = [logits[token] for token in allowed]
    best, weight = _weigh(row)
    mass = math.nan
    if block is not None:
        around = logits[block.start : block.stop]
        around += [logit for logit, token in zip(row, allowed, strict=True) if token not in block]
        peak, whole = _weigh(around)
        mass = min(1.0, math.exp(best - peak) * weight / whole)
    top = [(allowed[at], logprob) for at, logprob in _top(row, best + math.log(weight))]
    return Choice(*top[0], free=len(row) > 1, runners_up=tuple(top[1:]), mass=mass)


def best_of_all(logits: Logits, vocabulary: int) -> Choice:
    """The likeliest of all ids: passes over the whole vocabulary, about 1 ms for 8,000 ids."""
    row = logits[0:vocabulary]
    best, weight = _weigh(row)
    top = _top(row, best + math.log(weight))
    return Choice(*top[0], free=True, runners_up=tuple(top[1:]), mass=1.0)


def _weigh(row: Sequence[float]) -> tuple[float, float]:
    """The best logit, and the sum of exp(logit - best).

    LlmosError where they are no finite numbers.
    """
    best = max(row)
    floor = best - NEGLIGIBLE
    weight = sum([math.exp(logit - best) for logit in row if not logit < floor])
    if not math.isfinite(weight) or not math.isfinite(best):
        raise LlmosError("the model computes nothing: its file is damaged", hint="llmos doctor")
    return best, weight


def _top(row: list[float], norm: float) -> list[tuple[int, float]]:
    """Places and log-probabilities of the best in order; `norm` is the log of the sum of all exp.

    Spoils `row`.
    """
    found = []
    for _ in range(min(len(row), 1 + RUNNERS_UP)):
        best = max(row)
        if best == -math.inf:
            break
        at = row.index(best)
        found.append((at, best - norm))
        row[at] = -math.inf
    return found


class Grammar:
    """A GBNF grammar. Tried on the best token alone; only where that does not fit, on all.

    All take llama.cpp 25 to 70 ms with 150,000 tokens, one takes 30 µs. Close it, or use `with`.
    """

    def __init__(self, model: Llama, text: str, root: str = "root") -> None:
        """Raises LlmosError for a grammar that llama.cpp would not take, or that would crash it."""
        self.finished = False
        self._model = model
        self._sampler = model.grammar(text, root)

    def choose(self, logits: Logits) -> Choice:
        """The likeliest token that fits; an end token fits where the grammar may end.

        Where the best token of all fits, `logprob` and the runners-up are among all tokens, and
        `mass` is nan: what else would fit is not known. Otherwise all are among those that fit.
        LlmosError where none does.
        """
        choice = best_of_all(logits, self._model.vocabulary)
        if self._sampler.allows(choice.token):
            return replace(choice, mass=math.nan)
        row = self._sampler.masked(logits)
        allowed = [token for token, logit in enumerate(row) if logit > -math.inf]
        if not allowed:
            raise LlmosError("the grammar allows nothing here, not even the end")
        return best_of(logits, allowed, range(self._model.vocabulary))

    def accept(self, token: int) -> None:
        """Go on by one token.

        Raises Bug for one that does not fit: llama.cpp would end the process.
        """
        if not self._sampler.allows(token):
            raise Bug(f"the grammar does not allow token {token} here")
        if self._model.is_end(token):
            self.finished = True
        else:
            self._sampler.accept(token)

    def close(self) -> None:
        self._sampler.close()

    def __enter__(self) -> Grammar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
