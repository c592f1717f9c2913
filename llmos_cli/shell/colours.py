"""The four kinds of line, each with its colour while it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from llmos_cli.plan import Tools
from llmos_cli.shell.lines import Kind, read

STYLE = Style.from_dict(
    {
        "slash": "ansimagenta",
        "shell": "ansiyellow",
        "tool": "ansicyan bold",
        "key": "ansigreen",
        "mark": "bold",
        "prompt": "ansiblue bold",
        "bottom-toolbar": "noreverse fg:ansibrightblack",
        "bottom-toolbar.text": "noreverse fg:ansibrightblack",
    }
)
_PLAN = re.compile(r'(?P<mark>[|;])|(?P<key>\b[a-z_]+=)|(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<word>[^\s|;="]+)|(?P<other>\s+|.)', re.DOTALL)


class LineLexer(Lexer):
    def __init__(self, tools: Tools, *, plan: bool = False) -> None:
        self._tools, self._plan = tools, plan

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines = list(split_lines(self._styled(document.text)))
        return lambda number: lines[number] if number < len(lines) else []

    def _styled(self, text: str) -> StyleAndTextTuples:
        kind = Kind.PLAN if self._plan else read(text, self._tools).kind
        if kind is Kind.PLAN:
            return plan_styled(text)
        return [({Kind.SLASH: "class:slash", Kind.SHELL: "class:shell"}.get(kind, ""), text)]


def plan_styled(text: str) -> StyleAndTextTuples:
    """Tools, keys and bars; values stay as they are."""
    found: StyleAndTextTuples = []
    begins = True
    for match in _PLAN.finditer(text):
        part = match.lastgroup or ""
        style = "class:tool" if part == "word" and begins else {"mark": "class:mark", "key": "class:key"}.get(part, "")
        found.append((style, match[0]))
        begins = part == "mark" or (begins and part == "other")
    return found
