"""Text with its colours: programs by their language, changes by their signs, trees by what is a folder. What is said stays the same."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from llmos_cli.kinds import KINDS
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import ZWJ, ZWNJ, safe_block, safe_line
from llmos_cli.values import Text

MOST_LINES, MOST_LETTERS = 3000, 200_000  # of what is coloured; the rest comes as it is
LANGUAGES = KINDS["code"] | {"json", "yaml", "yml", "toml", "ini", "cfg", "xml", "md", "tex"}
NAMES = {"makefile", "dockerfile", "cmakelists.txt", "pkgbuild", "gemfile", "rakefile", "jenkinsfile"}
_BRANCH = re.compile(r"((?:│   |    )*[├└]── )(.*)", re.DOTALL)
_STYLES = (  # the first that a token's kind is below
    ("Token.Comment", "dim"),
    ("Token.Keyword", "word"),
    ("Token.Operator.Word", "word"),
    ("Token.Literal.String", "text"),
    ("Token.Literal.Number", "tool"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "name"),
    ("Token.Name.Tag", "word"),
    ("Token.Name.Attribute", "name"),
    ("Token.Name.Decorator", "name"),
    ("Token.Generic.Heading", "strong"),
    ("Token.Generic.Subheading", "strong"),
)


def shown(value: Text, paint: Paint, *, drawn: bool = True) -> Iterator[str]:
    """The lines, safe, as they come; `drawn=False` puts plain indents in the place of a tree's branches."""
    lines = iter(value.lines)
    source = value.sources[0] if len(value.sources) == 1 and not value.by else ""  # what a model writes about a program is none
    if source and os.path.isdir(source):
        yield from (_branch(line, paint, drawn) for line in lines)
    elif source and paint.on and is_code(source):
        yield from _coloured(lines, source, paint)
    elif paint.on and not source:
        yield from _perhaps_changes(lines, paint)
    else:
        yield from map(safe_line, lines)


def pieces(coming: Iterable[str]) -> Iterator[str]:
    """Pieces of a text, made safe as they come; what hangs on the letter after it waits for that."""
    before = held = ""
    for piece in coming:
        held += piece
        ready = held.rstrip(f"{ZWJ}{ZWNJ}\r")
        if ready:
            held = held[len(ready) :]
            yield safe_block(before + ready)[len(safe_block(before)) :]
            before = ready[-1]
    if held:
        yield safe_block(held)


def is_code(path: str) -> bool:
    name = os.path.basename(path).lower()
    return name in NAMES or name.rpartition(".")[2] in LANGUAGES


def _branch(line: str, paint: Paint, drawn: bool) -> str:
    match = _BRANCH.fullmatch(line)
    if match is None:
        return paint(safe_line(line), "folder")
    name = safe_line(match[2])
    lead = paint(match[1], "dim") if drawn else "  " * (len(match[1]) // 4)
    return lead + (paint(name, "folder") if name.endswith("/") else name)


def _perhaps_changes(lines: Iterator[str], paint: Paint) -> Iterator[str]:
    """A diff, which begins with `--- ` and `+++ `, in its colours; other text as it is."""
    first = list(islice(lines, 1))
    if first and first[0].startswith("--- "):
        first += islice(lines, 1)
    is_diff = len(first) == 2 and first[1].startswith("+++ ")
    for line in chain(first, lines):
        yield _changed(line, paint) if is_diff else safe_line(line)


def _changed(line: str, paint: Paint) -> str:
    style = {"+": "added", "-": "removed", "@": "tool"}.get(line[:1], "")
    return paint(safe_line(line), "strong" if line.startswith(("--- ", "+++ ")) else style)


def _coloured(lines: Iterator[str], path: str, paint: Paint) -> Iterator[str]:
    """The first lines are coloured together, since a comment or a string may go over several."""
    held, letters = [], 0
    for line in islice(lines, MOST_LINES):
        held.append(line)
        letters += len(line)
        if letters > MOST_LETTERS:
            break
    yield from _by_language(held, path, paint) if letters <= MOST_LETTERS else map(safe_line, held)
    yield from map(safe_line, lines)


def _by_language(lines: list[str], path: str, paint: Paint) -> Iterable[str]:
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(os.path.basename(path), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return map(safe_line, lines)
    shown = [""]
    for _, kind, text in lexer.get_tokens_unprocessed("\n".join(lines)):
        name = str(kind)
        style = next((style for start, style in _STYLES if name.startswith(start)), "")
        for i, part in enumerate(text.split("\n")):
            if i:
                shown.append("")
            shown[-1] += paint(safe_line(part), style)
    return shown if lines else []
