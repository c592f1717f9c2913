"""What the planner's model reads: the kind of the last result, then each word's view, whether it names something here, and its index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmos_cli.planner import wire
from llmos_cli.planner.request import Request

Tokenize = Callable[[str], Sequence[int]]


def prompt(request: Request, context: str, marks: Mapping[int, str], ids: Mapping[str, int], tokenize: Tokenize) -> list[int]:
    """Token ids: `<none> the <1> three <2> newest <3> in <4> taxes <folder> <5> <plan>`; a unit's own text never becomes a plan token.

    `marks`: an index to `wire.FOLDER` or `wire.FILE`, for words that name one here; left out for a model that does not know them.
    """
    out = [ids[f"<{context}>"]]
    for unit in request.units:
        out += tokenize(unit.view)
        if (mark := marks.get(unit.index, "")) in ids:
            out.append(ids[mark])
        if unit.index:
            out.append(ids[wire.index(unit.index)])
    return [*out, ids[wire.PLAN]]
