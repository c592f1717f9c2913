"""The four kinds of line, each with its colour while it is typed; in a plan, what is wrong is marked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from llmos_cli.check import check
from llmos_cli.errors import PlanError
from llmos_cli.plan import Tools, parse
from llmos_cli.shell.lines import Kind, read

STYLE = Style.from_dict(
    {
        "slash": "ansimagenta",
        "shell": "ansiyellow",
        "tool": "ansicyan bold",
        "key": "ansigreen",
        "mark": "bold",
        "wrong": "ansired underline",
        "prompt": "ansiblue bold",
        "bottom-toolbar": "noreverse fg:ansibrightblack",
        "bottom-toolbar.text": "noreverse fg:ansibrightblack",
        "validation-toolbar": "noreverse fg:ansired",
    }
)
_PLAN = re.compile(r'(?P<mark>[|;])|(?P<key>\b[a-z_]+=)|(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<word>[^\s|;="]+)|(?P<other>\s+|.)', re.DOTALL)


class LineLexer(Lexer):
    """`plan` says that every line is one; `folder` gives the current one, whose files make `delete notes.txt` a plan."""

    def __init__(self, tools: Tools, *, plan: bool = False, folder: Callable[[], Path | None] = lambda: None) -> None:
        self._tools, self._plan, self._folder = tools, plan, folder

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines = list(split_lines(self._styled(document)))
        return lambda number: lines[number] if number < len(lines) else []

    def _styled(self, document: Document) -> StyleAndTextTuples:
        text = document.text
        kind = Kind.PLAN if self._plan else read(text, self._tools, self._folder()).kind
        if kind is Kind.PLAN:
            return plan_styled(text, wrong_at(text, self._tools, document.cursor_position))
        return [({Kind.SLASH: "class:slash", Kind.SHELL: "class:shell"}.get(kind, ""), text)]


def wrong_at(text: str, tools: Tools, cursor: int = -1) -> int:
    """Where a plan is wrong, -1 where it is not, or where the place is not known; what is still being typed at the cursor is not."""
    try:
        check(parse(text, tools), tools)
    except PlanError as error:
        end = error.at + len(re.split(r"[\s|;]", text[error.at :], maxsplit=1)[0])
        known = error.text == text and 0 <= error.at < len(text)
        return error.at if known and not error.at <= cursor <= end else -1
    return -1


def plan_styled(text: str, wrong: int = -1) -> StyleAndTextTuples:
    """Tools, keys and bars; values stay as they are. The word at `wrong` is marked."""
    found: StyleAndTextTuples = []
    begins, marking = True, False
    for match in _PLAN.finditer(text):
        part = match.lastgroup or ""
        style = "class:tool" if part == "word" and begins else {"mark": "class:mark", "key": "class:key"}.get(part, "")
        marking = match.start() == wrong or (marking and match.start() > wrong >= 0 and part not in ("other", "mark"))
        found.append(("class:wrong" if marking and wrong >= 0 else style, match[0]))
        begins = part == "mark" or (begins and part == "other")
    return found
