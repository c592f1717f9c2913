"""Which token comes next: llama.cpp's samplers over all tokens, or over those that a constraint lets through."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from llmos_cli.engine.decode import Choice, best_of_all
from llmos_cli.engine.network import Network
from llmos_cli.errors import LlmosError

REMEMBERED = 512  # tokens back that a penalty looks


@dataclass(frozen=True)
class Sampling:
    """Temperature 0 is the likeliest token; `top_k` 0, `top_p` 1 and `min_p` 0 leave all in.

    `presence` and `frequency` are OpenAI's penalties, in nats; `bias` adds to the logits of tokens.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.02
    seed: int = 0
    presence: float = 0.0
    frequency: float = 0.0
    bias: tuple[tuple[int, float], ...] = ()


class Constraint(Protocol):
    """Lets through what a schema or grammar allows. Belongs to one answer; not thread-safe."""

    @property
    def finished(self) -> bool:
        """Nothing more may come."""

    def choose(self, chain: Chain, network: Network, row: int) -> int:
        """The next token. Raises LlmosError where nothing may come."""

    def accept(self, token: int) -> None: ...


class Chain:
    """llama.cpp's samplers for one answer."""

    def __init__(self, c: Any, sampling: Sampling) -> None:
        self._c = c
        self.pointer = chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
        if sampling.temperature <= 0:
            parts = [c.llama_sampler_init_greedy()]
        else:
            parts = [c.llama_sampler_init_top_k(sampling.top_k)] if sampling.top_k > 0 else []
            parts += [c.llama_sampler_init_top_p(sampling.top_p, 1)] if sampling.top_p < 1 else []
            parts += [c.llama_sampler_init_min_p(sampling.min_p, 1)] if sampling.min_p > 0 else []
            parts += [c.llama_sampler_init_temp(sampling.temperature), c.llama_sampler_init_dist(sampling.seed)]
        for part in parts:
            c.llama_sampler_chain_add(chain, part)
        self.close = weakref.finalize(self, c.llama_sampler_free, chain)
        self.close.atexit = False

    def among(self, logits: Any, ids: Any) -> int:
        """One of `ids`, a numpy array of int32, by `logits`, a ctypes pointer to the floats of all tokens."""
        import numpy as np

        if len(ids) == 1:
            return int(ids[0])
        rows = np.zeros(len(ids), dtype=[("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        rows["id"] = ids
        rows["logit"] = np.ctypeslib.as_array(logits, (int(ids[-1]) + 1,))[ids]
        if not np.isfinite(rows["logit"]).any():
            raise LlmosError("the model computes nothing: its file is damaged", hint="llmos models verify")
        data = ctypes.cast(rows.ctypes.data, self._c.llama_token_data_p)
        candidates = self._c.llama_token_data_array(data, len(rows), -1, False)
        self._c.llama_sampler_apply(self.pointer, ctypes.byref(candidates))
        return int(candidates.data[candidates.selected].id)


class Chooser:
    """Chooses the tokens of one answer, one after the other."""

    def __init__(self, c: Any, sampling: Sampling, constraint: Constraint | None, *, logprobs: bool = False) -> None:
        self._chain = Chain(c, sampling)
        self._sampling = sampling
        self._constraint = constraint
        self._logprobs = logprobs
        self._penalised = bool(sampling.presence or sampling.frequency)
        self._seen: list[int] = []

    def choose(self, network: Network, row: int) -> Choice:
        """The next token; its log-probability is nan unless asked for. Raises LlmosError."""
        logits = network.logits(row)
        best = best_of_all(logits, network.weights.vocabulary) if self._logprobs else None
        self._weigh(logits)
        if self._constraint is None:
            token = network.sample(self._chain.pointer, row)
        else:
            token = self._constraint.choose(self._chain, network, row)
            self._constraint.accept(token)
        if self._penalised:
            self._seen = [*self._seen[1 - REMEMBERED :], token]
        if best is None:
            return Choice(token, math.nan, free=True)
        return _with_logprob(best, token, logits)

    @property
    def finished(self) -> bool:
        return self._constraint is not None and self._constraint.finished

    def _weigh(self, logits: Any) -> None:
        """Add the bias and take the penalties off, in llama.cpp's own buffer, which the next decode fills anew."""
        for token, bias in self._sampling.bias:
            logits[token] += bias
        if self._penalised:
            for token, count in Counter(self._seen).items():
                logits[token] -= self._sampling.presence + count * self._sampling.frequency


def _with_logprob(best: Choice, token: int, logits: Any) -> Choice:
    """`best`, told of the token that was chosen in fact; its others, with the best among them, stay the runners-up."""
    if token == best.token:
        return best
    others = ((best.token, best.logprob), *best.runners_up)
    known = dict(others).get(token)
    logprob = best.logprob + float(logits[token]) - float(logits[best.token]) if known is None else known
    return Choice(token, logprob, free=True, runners_up=others)
