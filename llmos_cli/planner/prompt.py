"""What the planner's model reads: the kind of the last result, then each word's view with its index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmos_cli.planner import wire
from llmos_cli.planner.request import Request

Tokenize = Callable[[str], Sequence[int]]


def prompt(request: Request, context: str, ids: dict[str, int], tokenize: Tokenize) -> list[int]:
    """Token ids: `<none> the <1> three <2> newest <3> pdf s <4> <plan>`; a unit's own text never becomes a plan token."""
    out = [ids[f"<{context}>"]]
    for unit in request.units:
        out += tokenize(unit.view)
        if unit.index:
            out.append(ids[wire.index(unit.index)])
    return [*out, ids[wire.PLAN]]
