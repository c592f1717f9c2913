"""Taught phrases: a request that is one, or nearly one, becomes its plan.

Nearly means the same words with other literals in the places where the plan's literals stood. Capitals, punctuation and courtesies
make no difference. What is put into the plan is the new request's own text; what the person wrote into the taught plan stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmos_cli import plan as plans
from llmos_cli.errors import LlmosError
from llmos_cli.kinds import kind_of
from llmos_cli.literals import Amount, Choice, During, Ext, Glob, Literal, PathName, Size, When, Whole
from llmos_cli.memory.taught import Phrase
from llmos_cli.plan import Plan, Tools, Words
from llmos_cli.planner import wire
from llmos_cli.planner.request import MAX_UNITS, Request, Unit, read
from llmos_cli.planner.variants import Sentence

MOST_WORDS = 6  # of a date or a size
STRICT = (Amount, During, Size, When, Whole)  # types that say themselves whether words are theirs
COURTESIES = frozenset(
    "please pls plz kindly could can would will you just hey hi hello thanks thank thx now llmos 请 麻 烦 帮 我 吧 一 下 谢 你 您".split()
)
# words that mean something only in their sentence: never the new name in the place of an old one
NO_NAMES = frozenset(
    "a an the my your our his her their its this that these those all any some every each no none it them they everything anything "
    "something here there and or not but of in on at to from into with without for by as is are was were be do does which what who where "
    "when how many much more most less least new newer old older big bigger large larger small smaller last first next same other "
    "files file folders folder 的 了 在 和 所 有 这 那 个 把".split()
)
Key = tuple[int, int, str]
Span = tuple[int, int]  # indexes of the first and last word, from 0


@dataclass(frozen=True)
class Slot:
    """Words of the taught request that literals of its plan came from: `keys` are (pipeline, step, argument, place in its list)."""

    span: Span
    keys: tuple[tuple[Key, int], ...]


@dataclass(frozen=True)
class Match:
    """The plan for a request, where each of its literals stands in it, and the phrase that it is made from."""

    plan: Plan
    sources: Mapping[Key, tuple[tuple[int, int], ...]]
    phrase: Phrase
    exact: bool


def match(request: str, phrases: Sequence[Phrase], tools: Tools) -> Match | None:
    """The phrase that the request is, or is nearly, the most alike and then the newest first; None where there is none."""
    asked = read(request)
    if not 0 < len(asked.words) <= MAX_UNITS:
        return None
    best: tuple[bool, int, Match] | None = None
    for phrase in phrases:
        found = _matched(asked, phrase, tools)
        if found is not None:
            rank = (found.exact, len(read(phrase.words).words))
            if best is None or rank > best[:2]:
                best = (*rank, found)
    return best[2] if best else None


def _matched(asked: Request, phrase: Phrase, tools: Tools) -> Match | None:
    try:
        plan = plans.parse(phrase.plan, tools)
    except LlmosError:
        return None  # a tool that is no longer there
    said = read(phrase.words)
    slots = _slots(said, plan, tools)
    for exact in (True, False):
        spans = _aligned(said.words, asked.words, slots, plan, tools, exact=exact)
        if spans is not None:
            return _filled(asked, phrase, plan, dict(zip(slots, spans, strict=True)), tools, exact)
    return None


def as_said(phrase: Phrase, tools: Tools) -> Sentence | None:
    """The phrase as the planner can learn it, each literal of its plan as it stands in the words; None where one is not said in them."""
    said = read(phrase.words)
    if not 0 < len(said.words) <= MAX_UNITS:
        return None
    try:
        plan = plans.parse(phrase.plan, tools)
        keys = ((p, s, name) for p, steps in enumerate(plan.pipelines) for s, step in enumerate(steps) for name in step.args)
        args = {key: [_word_for(item, _type(key, plan, tools), said) for item in _items(key, plan)] for key in keys}
        sentence = Sentence(phrase.words, Plan(tuple(_pipelines(plan, args, tools))), "taught")
        back = wire.decode(sentence.encoded(tools)[:-1], said, tools).plan
    except (LlmosError, ValueError):
        return None
    return sentence if plans.show(back, tools) == plans.show(plan, tools) else None


def _word_for(item: str, type: Literal, said: Request) -> str:
    """The literal as the words have it; the literal itself where that is in them, or is a fixed word, or is not said."""
    core = item.strip("*")
    if item in type.fixed or wire.find_span(item, said) or (core != item and wire.find_span(core, said)):
        return item
    if core and core != item and wire.find_span(f"{core}s", said):  # a star makes one of many: invoices, *invoice*
        return item.replace(core, f"{core}s")
    span = _origin(item, type, said, shortest=True)  # `five`, not `the five`
    return said.span(span[0] + 1, span[1] + 1) if span else item


# ---- where the taught plan's literals came from ------------------------------------------------------------


def _slots(said: Request, plan: Plan, tools: Tools) -> list[Slot]:
    """In the order of their words. Where the words of two literals overlap in part, neither can be told from the other, and both stay."""
    found: dict[Span, list[tuple[Key, int]]] = {}
    for p, pipeline in enumerate(plan.pipelines):
        for s, step in enumerate(pipeline):
            for name, items in step.args.items():
                type = tools[step.tool].params[name].type
                for i, item in enumerate(items):
                    if span := _origin(item, type, said):
                        found.setdefault(span, []).append(((p, s, name), i))
    spans = sorted(found)
    alone = [a for a in spans if not any(a != b and a[0] <= b[1] and b[0] <= a[1] for b in spans)]
    return [Slot(span, tuple(found[span])) for span in alone]


def _origin(item: str, type: Literal, said: Request, *, shortest: bool = False) -> Span | None:
    """The words that a literal was made of, the longest if there are several, or the shortest; None for what was not said."""
    if isinstance(type, Choice):
        return None
    count = len(said.words)
    longest = MOST_WORDS if isinstance(type, STRICT) else count
    sizes = range(1, min(longest, count) + 1)
    for size in sizes if shortest else reversed(sizes):
        for first in range(count - size + 1):
            if _literal(said.span(first + 1, first + size), type, item) == item:
                return first, first + size - 1
    return None


def _literal(text: str, type: Literal, like: str) -> str | None:
    """What the words say as a literal of that type, its stars where `like` has them; None where they say none."""
    if isinstance(type, PathName):
        text = text.strip("/") if len(text) > 1 and not text.startswith(("/", "~")) else text
    try:
        text = type.canon(text)
    except ValueError:
        return None
    if isinstance(type, Glob) and "*" in like and "*" not in text:
        text = f"{'*' * like.startswith('*')}{text}{'*' * like.endswith('*')}"
    return text


# ---- the request beside the taught words -----------------------------------------------------------------------


def _aligned(
    said: Sequence[Unit], asked: Sequence[Unit], slots: Sequence[Slot], plan: Plan, tools: Tools, *, exact: bool
) -> list[Span] | None:
    """The words of `asked` that stand where each slot's words stand in `said`; None where the other words differ."""
    starts = {slot.span[0]: slot for slot in slots}

    def follow(i: int, j: int) -> list[Span] | None:
        while True:
            if i in starts:
                return into(starts[i], j)
            if i < len(said) and j < len(asked) and _folded(said[i]) == _folded(asked[j]):
                i, j = i + 1, j + 1
            elif j < len(asked) and _means_nothing(asked[j]):
                j += 1
            elif i < len(said) and _means_nothing(said[i]):
                i += 1
            else:
                return [] if i == len(said) and j == len(asked) else None

    def into(slot: Slot, j: int) -> list[Span] | None:
        old = said[slot.span[0] : slot.span[1] + 1]
        for size in _sizes(slot, len(old), plan, tools):
            new = asked[j : j + size]
            if len(new) < size or not (_same(old, new) if exact else _fits(slot, old, new, plan, tools)):
                continue
            rest = follow(slot.span[1] + 1, j + size)
            if rest is not None:
                return [(j, j + size - 1), *rest]
        if j < len(asked) and _means_nothing(asked[j]):
            return into(slot, j + 1)
        return None

    return follow(0, 0)


def _sizes(slot: Slot, before: int, plan: Plan, tools: Tools) -> Sequence[int]:
    """How many words may stand there: as many as before; for what says itself where it ends, others too."""
    strict = all(isinstance(_type(key, plan, tools), STRICT) for key, _ in slot.keys)
    return sorted(range(1, MOST_WORDS + 1), key=lambda n: (n != before, -n)) if strict else (before,)


def _fits(slot: Slot, old: Sequence[Unit], new: Sequence[Unit], plan: Plan, tools: Tools) -> bool:
    """Whether the new words may stand in the place of the old ones."""
    if _same(old, new):
        return True
    if any(_folded(unit) in NO_NAMES and all(_folded(unit) != _folded(o) for o in old) for unit in new):
        return False
    text = " ".join(unit.text for unit in new)
    if _shape(text) != _shape(" ".join(unit.text for unit in old)):
        return False
    for key, i in slot.keys:
        type = _type(key, plan, tools)
        made = _literal(text, type, _items(key, plan)[i])
        if made is None or (isinstance(type, Ext) and kind_of(made) == "other" and not text.startswith(".")):
            return False
    return True


def _shape(text: str) -> tuple[bool, bool]:
    """Whether it is an address, and whether it is a file's name or a path: one sort does not stand for another."""
    return "@" in text, re.search(r"\w[./]\w|^[~/]", text) is not None


def _type(key: Key, plan: Plan, tools: Tools) -> Literal:
    p, s, name = key
    return tools[plan.pipelines[p][s].tool].params[name].type


def _items(key: Key, plan: Plan) -> Words:
    p, s, name = key
    return plan.pipelines[p][s].args[name]


def _same(old: Sequence[Unit], new: Sequence[Unit]) -> bool:
    return [_folded(unit) for unit in old] == [_folded(unit) for unit in new]


def _means_nothing(unit: Unit) -> bool:
    return _folded(unit) in COURTESIES or re.fullmatch(r"[!?.,;:…。！？，；：、]+", unit.text) is not None


def _folded(unit: Unit) -> str:
    text = unicodedata.normalize("NFKC", unit.text).casefold().replace("’", "'")
    return re.sub(r"(?<=\w)'(?:s|re|m|d|ll|ve)$", "", text)


# ---- the new plan ------------------------------------------------------------------------------------------------


def _filled(asked: Request, phrase: Phrase, plan: Plan, spans: Mapping[Slot, Span], tools: Tools, exact: bool) -> Match | None:
    args: dict[Key, list[str]] = {}
    sources: dict[Key, tuple[tuple[int, int], ...]] = {}
    for slot, (first, last) in spans.items():
        text = asked.span(first + 1, last + 1)
        for key, i in slot.keys:
            old = _items(key, plan)
            made = _literal(text, _type(key, plan, tools), old[i])
            if made is None:
                return None
            args.setdefault(key, list(old))[i] = made
            at = (asked.words[first].start, asked.words[last].end)
            sources[key] = (*sources.get(key, ()), at)
    return Match(Plan(tuple(_pipelines(plan, args, tools))), sources, phrase, exact)


def _pipelines(plan: Plan, args: Mapping[Key, Sequence[str]], tools: Tools) -> Iterator[tuple[plans.Step, ...]]:
    for p, pipeline in enumerate(plan.pipelines):
        steps = []
        for s, one in enumerate(pipeline):
            new: dict[str, Words] = {name: tuple(args.get((p, s, name), items)) for name, items in one.args.items()}
            steps.append(plans.step(tools[one.tool], new))
        yield tuple(steps)
