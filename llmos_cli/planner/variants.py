"""Requests made of others: other literals in them, slips of the fingers, and a made-up disk that they are said on.

Swapping works on the sentence and its plan together: another name, number, size or date of the same sort takes the place of a literal in
both. Plans are written with their literals as they stand in the sentence.
"""

from __future__ import annotations

import random
import re
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from llmos_cli.literals import Chars, Choice, During, Ext, Glob, Literal, PathName, Size, When, Whole
from llmos_cli.places import KNOWN_WORDS
from llmos_cli.plan import Plan, Tools, Words, step
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.planner.marks import Names
from llmos_cli.tool import Param

OPENERS = (
    "please", "can you", "could you", "could you please", "hey,", "ok", "ok,", "I need you to", "I'd like to", "i want to", "now", "hi,",
    "quick one:", "would you kindly", "so", "let's", "help me", "pls", "right,", "next:", "time to", "go ahead and", "just", "llmos,",
)  # fmt: skip
CLOSERS = (
    "please",
    "thanks",
    "thank you",
    "pls",
    "ok?",
    "if you can",
    "for me",
    "thx",
    "right away",
    "when you have a second",
    "cheers",
    "!",
)


@dataclass(frozen=True)
class Sentence:
    """What somebody said, and the plan that it means. `voice`: who said it; `after`: what the turn before showed."""

    say: str
    plan: Plan
    voice: str = ""
    after: str = "none"

    @cached_property
    def request(self) -> requests.Request:
        return requests.read(self.say)

    def encoded(self, tools: Tools) -> list[str]:
        """The plan's wire form. Raises ValueError where a literal is not in the sentence."""
        return wire.encode(self.plan, self.request, tools)


Some = TypeVar("Some", bound=Sentence)


# ---- what is there ---


def near(row: Sentence, rng: random.Random, tools: Tools) -> Names:
    """The names of a made-up disk: most of what is acted on is there, and now and then a word that means something else names a folder
    too. A fifth of the rows see nothing of the disk."""
    if rng.random() < 0.2:
        return Names()
    found: dict[str, set[str]] = {wire.FOLDER: set(), wire.FILE: set()}
    if rng.random() < 0.85:
        found[wire.FOLDER] |= set(KNOWN_WORDS)
    for word in row.request.words:
        chance = rng.random()
        if len(word.text) > 2 and chance < 0.015:
            found[wire.FOLDER if chance < 0.012 else wire.FILE].add(word.text.lower())
    for param, text in literals(row.plan, tools):
        parts = text.split("/") if isinstance(param.type, PathName) else [text]
        for i, part in enumerate(parts):
            chance, mark = _there(param, part, last=i == len(parts) - 1)
            if mark and part and rng.random() < chance:
                found[mark].add(part.lower())
    return Names(frozenset(found[wire.FOLDER]), frozenset(found[wire.FILE]))


def _there(param: Param, text: str, *, last: bool) -> tuple[float, str]:
    """(how often something of that name is there, its mark)."""
    named = bool(re.search(r"\w\.\w", text))
    if isinstance(param.type, PathName):
        if not last or param.type.folder:
            return (0.8, wire.FOLDER) if param.name != "into" else (0.6, wire.FOLDER)
        if param.name in ("to", "path"):
            return 0.04, wire.FILE if named else wire.FOLDER
        return (0.85, wire.FILE) if named else (0.7, wire.FOLDER)
    if isinstance(param.type, Glob) and param.name == "name":
        return (0.6, wire.FILE) if named and "*" not in text else (0.05, wire.FOLDER)
    return 0.0, ""


# ---- swapping literals -----------------------------------------------------------------------------------


def literals(plan: Plan, tools: Tools) -> Iterator[tuple[Param, str]]:
    """Each literal with the argument that it stands for."""
    for one in plan.steps:
        for name, items in one.args.items():
            for item in items:
                yield tools[one.tool].params[name], item


def sort_of(param: Param, text: str) -> str:
    """What a literal may be swapped with: the type, and for names their look. '' for what stays."""
    kind = param.type
    if isinstance(kind, Choice) or text in kind.fixed or text in (*wire.PLACES, "home"):
        return ""
    if isinstance(kind, Glob | PathName):
        stem, dot, ext = text.strip("*").rpartition(".")
        if dot and stem and ext.isalnum():
            return f"file.{ext.lower()}"
        return "" if not text.strip("*") else "folder" if isinstance(kind, PathName) and kind.folder else f"name{'*' in text}"
    if isinstance(kind, Size | When | During | Ext | Whole):
        numeric = "1" if text[:1].isdigit() else "w"
        return f"{kind.name}{numeric}" + (text.strip("0123456789., ") if isinstance(kind, Whole) else "")
    return f"{kind.name}.{param.name}" if isinstance(kind, Chars | Literal) else ""


def pools(rows: Sequence[Sentence], tools: Tools) -> dict[str, list[str]]:
    """The literals of all rows, by their sort."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for param, text in literals(row.plan, tools):
            if (sort := sort_of(param, text)) and "/" not in text:
                found[sort].add(text.strip("*"))
    return {sort: sorted(texts) for sort, texts in found.items()}


def varied(row: Some, pool: Mapping[str, Sequence[str]], rng: random.Random, tools: Tools, share: float = 0.5) -> Some:
    """The row with some literals swapped, a wrapper or a typo; the row itself where that did not come out right."""
    new = _swapped(row, pool, rng, tools, share)
    return _sound(replace(new, say=_noised(new, rng, tools)), row, tools)


def swapped(row: Some, pool: Mapping[str, Sequence[str]], rng: random.Random, tools: Tools) -> Some:
    """The row with other literals and the same words; the row itself where there are none, or it did not come out right."""
    return _sound(_swapped(row, pool, rng, tools, 1.0), row, tools)


def _sound(new: Some, row: Some, tools: Tools) -> Some:
    try:
        return new if new.encoded(tools) else row
    except ValueError:
        return row


def _swapped(row: Some, pool: Mapping[str, Sequence[str]], rng: random.Random, tools: Tools, share: float) -> Some:
    say, changes = row.say, dict[str, str]()
    texts = {text.strip("*"): sort_of(param, text) for param, text in literals(row.plan, tools)}
    for old, sort in texts.items():
        if not sort or "/" in old or rng.random() > share or len(pool.get(sort, ())) < 4:
            continue
        new = rng.choice(pool[sort])
        taken = {*texts, *changes.values()}
        if any(new.lower() in other.lower() or other.lower() in new.lower() for other in taken):
            continue
        changed = _said_instead(say, old, new)
        if changed != say:
            say, changes[old] = changed, new
    if not changes:
        return row
    return replace(row, say=say, plan=_with(row.plan, changes, tools))


def _said_instead(say: str, old: str, new: str) -> str:
    """`say` with every `old` that stands as whole words put as `new`."""
    parts, at = [], 0
    while (found := say.find(old, at)) >= 0:
        end = found + len(old)
        whole = not (found and _in_word(say[found - 1]) and _in_word(old[0])) and not (
            say[end : end + 1] and _in_word(say[end]) and _in_word(old[-1])
        )
        parts += [say[at:found], new if whole else old]
        at = end
    return "".join([*parts, say[at:]])


def _in_word(character: str) -> bool:
    """A letter of a script that has spaces between words."""
    return (character.isalnum() or character == "_") and character < "\u2e80"


def _with(plan: Plan, changes: Mapping[str, str], tools: Tools) -> Plan:
    def changed(item: str) -> str:
        core = item.strip("*")
        if core in changes:
            return item.replace(core, changes[core])
        return "/".join(changes.get(part, part) for part in item.split("/"))

    def words(items: Words) -> Words:
        return tuple(changed(item) for item in items)

    pipelines = tuple(tuple(step(tools[s.tool], {k: words(v) for k, v in s.args.items()}) for s in pipeline) for pipeline in plan.pipelines)
    return Plan(pipelines)


def _noised(row: Sentence, rng: random.Random, tools: Tools) -> str:
    say = row.say
    if rng.random() < 0.10:
        say = f"{rng.choice(OPENERS)} {say}"
    if rng.random() < 0.06:
        say = f"{say.rstrip('.?! ')} {rng.choice(CLOSERS)}"
    if rng.random() < 0.15:
        say = say.rstrip(".?!")
    return _misspelt(say, row, rng, tools) if rng.random() < 0.12 else say


def _misspelt(say: str, row: Sentence, rng: random.Random, tools: Tools) -> str:
    """One ordinary word with a slip of the fingers; no literal is touched."""
    said = " ".join(text.lower() for _, text in literals(row.plan, tools))
    words = [m for m in re.finditer(r"[a-zA-Z]{4,}", say) if m[0].lower() not in said]
    if not words:
        return say
    match = rng.choice(words)
    word, at = match[0], rng.randrange(1, len(match[0]) - 1)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + rng.choice(string.ascii_lowercase) + word[at + 1 :],
    )
    return say[: match.start()] + rng.choice(slips) + say[match.end() :]
