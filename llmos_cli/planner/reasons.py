"""What the planner chose for a plan, how likely each choice was, and what else it might have chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llmos_cli.engine.decode import Choice
from llmos_cli.planner import wire
from llmos_cli.planner.request import Request

_MARKS = {wire.END: "end", wire.PIPE: "|", wire.NEXT: ";", wire.COMMA: ",", wire.SLASH: "/", wire.STAR: "*"}
LEAST = 0.005  # a runner-up less likely than this tells nothing


@dataclass(frozen=True)
class Reason:
    """`chosen` as it reads in the plan, or the request's word that was pointed at, in quotes; its probability among what was allowed
    there; the runners-up with theirs, the likeliest first."""

    chosen: str
    probability: float
    others: tuple[tuple[str, float], ...] = ()


def reasons(choices: Sequence[Choice], vocabulary: Sequence[str], request: Request) -> tuple[Reason, ...]:
    """A reason for each choice at which more than one token was allowed."""

    def label(token: int) -> str:
        name = vocabulary[token]
        if at := wire.index_of(name):
            return f'"{request.words[at - 1].text}"'
        return _MARKS.get(name) or name.strip("<>").removeprefix("t:").removeprefix("w:")

    return tuple(
        Reason(
            label(choice.token),
            math.exp(choice.logprob),
            tuple((label(token), math.exp(logprob)) for token, logprob in choice.runners_up if logprob > math.log(LEAST)),
        )
        for choice in choices
        if choice.free
    )
