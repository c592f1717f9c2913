"""What a line is: a slash command, a shell command, a plan, or a request in plain words. Told at once, without a model."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from llmos_cli.check import as_typed
from llmos_cli.literals import LAST
from llmos_cli.plan import Tools
from llmos_cli.shell.positions import positions


class Kind(StrEnum):
    EMPTY = "empty"
    SLASH = "command"
    SHELL = "shell"
    PLAN = "plan"
    REQUEST = "request"


@dataclass(frozen=True)
class Line:
    """`text` is what is to be done: of a slash command its name, with what it is given in `rest`; of a shell command all after `!`."""

    kind: Kind
    text: str = ""
    rest: str = ""


BARE = {"quit": "quit", "exit": "quit", "undo": "undo", "redo": "redo", "history": "history", "help": "help"}
_KEY = re.compile(r"""(?:^|\s)([a-z_]+)=""")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_SPEAKS = re.compile(
    r"\b(those|them|they|it|its|these|this|that|there|same|ones?|now|only|just|instead|also|again|first|second|third|last|rest|others?)\b",
    re.IGNORECASE,
)


def read(text: str, tools: Tools, folder: Path | None = None) -> Line:
    """The line that was typed. A line that begins as a plan is one even where it is wrong, so that the mistake is marked; a tool and names
    of files in `folder` are one too."""
    text = text.strip()
    if not text:
        return Line(Kind.EMPTY)
    if text.startswith("!"):
        return Line(Kind.SHELL, text[1:].strip())
    if is_slash(text):
        name, _, rest = text[1:].partition(" ")
        return Line(Kind.SLASH, name, rest.strip())
    word, _, rest = text.partition(" ")
    if word == "cd":
        return Line(Kind.SLASH, "cd", rest.strip())
    if word == "open" and positions(rest):
        return Line(Kind.SLASH, "open", rest.strip())
    if text in BARE:
        return Line(Kind.SLASH, BARE[text])
    if word == "llmos":
        return _unwrapped(text, tools)
    plan = begins_as_plan(text, tools) or as_typed(text, tools, folder) is not None
    return Line(Kind.PLAN if plan else Kind.REQUEST, text)


def is_slash(text: str) -> bool:
    """`/undo`, `/tools find`, `/`; not a path such as `/etc/hosts`."""
    return text.startswith("/") and "/" not in text[1:].partition(" ")[0]


def begins_as_plan(text: str, tools: Tools) -> bool:
    """Whether the first word is a tool, and one of that tool's own arguments is written as `key=`, or it is `@last`."""
    words = masked(text).split(None, 1)
    if not words or words[0] not in tools:
        return False
    if words[0] == LAST:
        return len(words) == 1 or words[1][0] in "|;"
    first_step = re.split(r"[|;]", words[1])[0] if len(words) > 1 else ""
    return any(key in tools[words[0]].params for key in _KEY.findall(first_step))


def masked(text: str) -> str:
    """`text` with what is in quotes blotted out, each letter by one, so that offsets stay."""
    return _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text)


def speaks_of_last(text: str) -> bool:
    """Whether a request seems to speak of what was shown before.

    Words alone cannot tell `the first three` from `the first three files in docs`. The planner's own issue (4) replaces this: a planner
    that is told of the last turn and says itself whether the request goes on from it.
    """
    return _SPEAKS.search(text) is not None


_OWN: Mapping[str, Kind] = {"run": Kind.PLAN, "ask": Kind.REQUEST}


def _unwrapped(text: str, tools: Tools) -> Line:
    """`llmos undo`, `llmos run 'PLAN'`, as hints say them, mean the same here as in another shell."""
    try:
        words = shlex.split(text)[1:]
    except ValueError:
        words = []
    if len(words) > 1 and words[0] in _OWN and not words[1].startswith("-"):
        return Line(_OWN[words[0]], " ".join(words[1:]))
    if words and words[0] in ("undo", "redo", "history", "tools", "doctor", "help") and not any(word.startswith("-") for word in words):
        return Line(Kind.SLASH, words[0], " ".join(words[1:]))
    return Line(Kind.SHELL, text)
