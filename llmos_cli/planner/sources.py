"""Where the literals of a plan that another engine has written come from: the person's own words, or a fixed list. All else is invented.

A general model writes letters, so it can write a name that nobody said. Each literal is looked for in the request, and what is found is put
into the plan as the person wrote it, byte for byte: `Report.PDF` where the model has `report.pdf`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmos_cli.errors import LlmosError
from llmos_cli.literals import LAST, Amount, Choice, During, Glob, Literal, PathName, Size, When, Whole
from llmos_cli.places import KNOWN_WORDS, Place
from llmos_cli.plan import Plan, Step, Tools, Words, step
from llmos_cli.planner.request import MAX_UNITS, Request, read
from llmos_cli.planner.wire import FIXED_ONE, PLACES
from llmos_cli.tool import Param

MOST_WORDS = 6  # of a date or a size
MEANT = (Amount, During, Size, When)  # types of which two texts may mean the same
Key = tuple[int, int, str]
Span = tuple[int, int]  # offsets in the request
_NOON = 1_700_000_000.0  # any moment: two texts that mean the same then, do


@dataclass(frozen=True)
class Traced:
    """The plan with its literals in the person's own letters, where each stands in the request, and those that nobody said (`to=x.txt`)."""

    plan: Plan
    sources: dict[Key, tuple[Span, ...]] = field(default_factory=dict)
    invented: tuple[str, ...] = ()


def trace(plan: Plan, request: str, tools: Tools, before: Sequence[str] = ()) -> Traced:
    """`before` are earlier requests of the conversation, which literals may come from too."""
    texts = [read(text) for text in (request, *before)]
    texts = [text for text in texts if len(text.words) <= MAX_UNITS]
    sources: dict[Key, tuple[Span, ...]] = {}
    invented: list[str] = []
    pipelines = []
    for p, pipeline in enumerate(plan.pipelines):
        steps: list[Step] = []
        for s, one in enumerate(pipeline):
            args: dict[str, Words] = {}
            for name, items in one.args.items():
                found = [_found(item, tools[one.tool].params[name], texts) for item in items]
                invented += [f"{name}={item}" for item, own in zip(items, found, strict=True) if own is None]
                args[name] = tuple(own[0] if own else item for item, own in zip(items, found, strict=True))
                if spans := tuple(span for own in found if own for at, span in own[1] if at == 0):
                    sources[p, s, name] = spans
            steps.append(step(tools[one.tool], args))
        pipelines.append(tuple(steps))
    return Traced(Plan(tuple(pipelines)), sources, tuple(invented))


Found = tuple[str, list[tuple[int, Span]]]  # the literal in the person's letters; (which text, where in it) of each part


def _found(item: str, param: Param, texts: Sequence[Request]) -> Found | None:
    kind = param.type
    if item == "" or item in kind.fixed or (isinstance(kind, Choice) and not kind.open):
        return item, []
    if (isinstance(kind, PathName) and item in PLACES) or (isinstance(kind, Whole) and item == FIXED_ONE) or item == LAST:
        return item, []
    if whole := _whole(item, kind, texts):
        return whole
    if isinstance(kind, PathName):
        return _path(item, texts)
    if isinstance(kind, Glob):
        return _parts(item, re.split(r"([*?]+)", item), texts, lambda part: part.strip("*?") == "")
    return None


def _whole(item: str, kind: Literal, texts: Sequence[Request]) -> Found | None:
    """The words that are it, or that mean it."""
    for at, text in enumerate(texts):
        if span := _said(item, text):
            own = text.text[slice(*span)]
            return (own if _canon(own, kind) == own else item), [(at, span)]
    if type(kind) is Literal:
        return None
    for at, text in enumerate(texts):
        for span in _spans(text):
            if _means(text.text[slice(*span)], item, kind):
                return item, [(at, span)]
    return None


def _path(item: str, texts: Sequence[Request]) -> Found | None:
    """A path whose parts were said; `~/Downloads` is what the person calls downloads."""
    parts = re.split(r"(/)", item)
    if parts[0] == "~" and len(parts) > 2 and parts[2].lower() in KNOWN_WORDS and not any("~" in text.text for text in texts):
        parts = parts[2:]
    if item.startswith("/"):  # whole, or not at all: `/etc` is no part of anything said
        return None
    return _parts(item, parts, texts, lambda part: part in ("/", "", ".", "~"))


def _parts(item: str, parts: Sequence[str], texts: Sequence[Request], is_fixed: object) -> Found | None:
    said, places = "", list[tuple[int, Span]]()
    for part in parts:
        if is_fixed(part):  # type: ignore[operator]
            said += part
            continue
        found = next(((at, span) for at, text in enumerate(texts) if (span := _said(part, text) or _said(f"{part}s", text))), None)
        if found is None:
            return None
        own = texts[found[0]].text[slice(*found[1])]
        said += own if own.lower() == part.lower() else part
        places.append(found)
    return (said, places) if places else None


def _said(item: str, text: Request) -> Span | None:
    """Where the whole words stand that are `item`, if need be but for capitals: the last such place, since people correct themselves."""
    starts, ends = {unit.start for unit in text.words}, {unit.end for unit in text.words}
    ends |= {unit.end - 1 for unit in text.words if unit.text.endswith("/")}
    for whole, wanted in ((text.text, item), (text.text.lower(), item.lower())):
        at = whole.rfind(wanted) if len(whole) == len(text.text) else -1
        while at >= 0:
            if at in starts and at + len(wanted) in ends:
                return at, at + len(wanted)
            at = whole.rfind(wanted, 0, at + len(wanted) - 1)
    return None


def _spans(text: Request) -> Iterator[Span]:
    """Runs of a few words, the shortest first."""
    words = text.words
    for size in range(1, min(MOST_WORDS, len(words)) + 1):
        for first in range(len(words) - size + 1):
            yield words[first].start, words[first + size - 1].end


def _means(text: str, item: str, kind: Literal) -> bool:
    said = _canon(text, kind)
    if said is None:
        return False
    if said == item:
        return True
    return isinstance(kind, MEANT) and (meant := _bound(said, kind)) is not None and meant == _bound(item, kind)


def _canon(text: str, kind: Literal) -> str | None:
    try:
        return kind.canon(text)
    except ValueError:
        return None


def _bound(text: str, kind: Literal) -> object:
    nowhere = Path("/nonexistent")
    try:
        return kind.bind(text, Place(nowhere, nowhere, _NOON, reach="said"))
    except (LlmosError, OSError, ValueError):
        return None
