"""The written sentences: reading them, holding voices out, and multiplying them by swapping literals, typos and wrappers.

Swapping works on the sentence and its plan together: another name, number, size or date of the same sort takes the place of a literal in
both. A row whose literals no longer stand in its sentence as whole words is dropped.
"""

from __future__ import annotations

import json
import random
import re
import string
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from llmos_cli.literals import Chars, Choice, During, Ext, Glob, Literal, PathName, Size, When, Whole
from llmos_cli.places import KNOWN_WORDS
from llmos_cli.plan import Plan, Words, parse, step
from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.planner.marks import Names
from llmos_cli.tool import Param
from llmos_cli.tools import TOOLS
from training.check import problem

DATA = Path(__file__).parent / "data"
HELD_OUT = ("journalist", "busy_parent", "hobbyist", "zh_elder")  # whole voices, never trained on
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
class Row:
    say: str
    plan: Plan
    voice: str
    after: str = "none"

    @cached_property
    def request(self) -> requests.Request:
        return requests.read(self.say)

    @cached_property
    def tokens(self) -> list[str]:
        """The wire form. Raises ValueError where a literal is not in the sentence."""
        return wire.encode(self.plan, self.request, TOOLS)


@cache
def row_of(line: str) -> Row | None:
    """The row of a line, None where it is not good: the plan does not parse, or says what the sentence does not."""
    try:
        row = json.loads(line)
    except ValueError:  # a line that is just being written
        return None
    if problem(row):
        return None
    return Row(row["say"], parse(row["plan"], TOOLS, raw=True), row["voice"], row.get("after", "none"))


def load(files: Sequence[Path] | None = None) -> list[Row]:
    """All good rows of the data files, in order. A line is read once, however often this is called."""
    lines = [line for file in files or sorted(DATA.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [row for line in lines if (row := row_of(line)) is not None]


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """(to train on, held out): whole voices are held out, never single rows."""
    return [r for r in rows if r.voice not in HELD_OUT], [r for r in rows if r.voice in HELD_OUT]


# ---- what is there ---


def near(row: Row, rng: random.Random) -> Names:
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
    for param, text in literals(row.plan):
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


def literals(plan: Plan) -> Iterator[tuple[Param, str]]:
    for one in plan.steps:
        for name, items in one.args.items():
            for item in items:
                yield TOOLS[one.tool].params[name], item


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


def pools(rows: Sequence[Row]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for param, text in literals(row.plan):
            if (sort := sort_of(param, text)) and "/" not in text:
                found[sort].add(text.strip("*"))
    return {sort: sorted(texts) for sort, texts in found.items()}


def varied(row: Row, pool: dict[str, list[str]], rng: random.Random, share: float = 0.5) -> Row:
    """The row with some literals swapped, a wrapper or a typo; the row itself where that did not come out right."""
    new = _swapped(row, pool, rng, share)
    new = replace(new, say=_noised(new, rng))
    try:
        return new if new.tokens else row
    except ValueError:
        return row


def _swapped(row: Row, pool: dict[str, list[str]], rng: random.Random, share: float) -> Row:
    say, changes = row.say, dict[str, str]()
    texts = {text.strip("*"): sort_of(param, text) for param, text in literals(row.plan)}
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
    return replace(row, say=say, plan=_with(row.plan, changes))


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


def _with(plan: Plan, changes: dict[str, str]) -> Plan:
    def changed(item: str) -> str:
        core = item.strip("*")
        if core in changes:
            return item.replace(core, changes[core])
        return "/".join(changes.get(part, part) for part in item.split("/"))

    def words(items: Words) -> Words:
        return tuple(changed(item) for item in items)

    pipelines = tuple(tuple(step(TOOLS[s.tool], {k: words(v) for k, v in s.args.items()}) for s in pipeline) for pipeline in plan.pipelines)
    return Plan(pipelines)


def _noised(row: Row, rng: random.Random) -> str:
    say = row.say
    if rng.random() < 0.10:
        say = f"{rng.choice(OPENERS)} {say}"
    if rng.random() < 0.06:
        say = f"{say.rstrip('.?! ')} {rng.choice(CLOSERS)}"
    if rng.random() < 0.15:
        say = say.rstrip(".?!")
    return _misspelt(say, row, rng) if rng.random() < 0.12 else say


def _misspelt(say: str, row: Row, rng: random.Random) -> str:
    """One ordinary word with a slip of the fingers; no literal is touched."""
    said = " ".join(text.lower() for _, text in literals(row.plan))
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
