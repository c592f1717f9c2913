"""What Tab offers: slash commands, tools, their arguments and fixed words, known folders and paths."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from llmos_cli.host import Host
from llmos_cli.literals import Ext, PathName
from llmos_cli.places import Place
from llmos_cli.plan import Tools
from llmos_cli.shell.lines import is_slash, masked
from llmos_cli.shell.slash import COMMANDS
from llmos_cli.tool import Param, Tool

MAX_PATHS, MAX_LOOKED_AT = 300, 2000
USUAL = {  # by the name of a type: what one would begin with
    "size": ("100KB", "1MB", "10MB", "100MB", "1GB"),
    "when": ("1d", "7d", "30d", "1y", "today", "yesterday"),
    "period": ("today", "yesterday", "last week", "last month", "last year"),
}
KNOWN = ("downloads", "desktop", "documents", "pictures", "music", "videos")
Values = Callable[[str], Sequence[str]]
_NEEDS_QUOTES = re.compile(r'[\s|;,="\\]')


@dataclass(frozen=True)
class Offer:
    """`text` takes the place of the last `replaces` letters."""

    text: str
    replaces: int
    shown: str = ""
    help: str = ""


class LineCompleter(Completer):
    def __init__(self, tools: Tools, host: Callable[[], Host], values: Values = lambda name: ()) -> None:
        self._tools, self._host, self._values = tools, host, values

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for offer in offers(document.text_before_cursor, self._tools, self._host().place(), self._values):
            yield Completion(offer.text, -offer.replaces, display=offer.shown or offer.text, display_meta=offer.help)


def offers(text: str, tools: Tools, place: Place, values: Values = lambda name: ()) -> Iterator[Offer]:
    """What may stand at the end of `text`; `values` gives what may follow a slash command."""
    text = text.lstrip()
    name, space, rest = text.partition(" ")
    if text.startswith("!"):
        word = re.split(r"\s", text[1:])[-1]
        yield from _paths(word, place, quoted=shlex.quote)
    elif name in ("cd", "/cd") and space:
        yield from _paths(rest.lstrip(), place, folders=True)
    elif name == "/tools" and space:
        yield from (Offer(tool.name, len(rest), help=_first(tool)) for tool in tools.values() if tool.name.startswith(rest))
    elif is_slash(text) and space:
        yield from (Offer(value, len(rest)) for value in values(name[1:]) if value.startswith(rest))
        if name in ("/open", "/add"):
            yield from _paths(rest, place)
    elif is_slash(text) and not space:
        yield from (
            Offer(f"/{c.name}", len(text), f"/{c.name} {c.takes}", c.help) for c in COMMANDS.values() if c.name.startswith(text[1:])
        )
    else:
        yield from _in_words(text, tools, place)


def _in_words(text: str, tools: Tools, place: Place) -> Iterator[Offer]:
    """In a plan or a request: the step being written is what comes after the last bar."""
    hidden = masked(text)
    begin = max(hidden.rfind("|"), hidden.rfind(";")) + 1
    first = begin == 0 or hidden[begin - 1] == ";"
    start = max([begin, *(match.end() for match in re.finditer(r"\s", hidden))])
    word, before = text[start:], text[begin:start].split()
    if not before:
        fit = (tool for tool in tools.values() if tool.name.startswith(word) and (None in tool.flow or not first))
        yield from (Offer(tool.name, len(word), help=_first(tool)) for tool in fit if first or set(tool.flow) != {None})
    elif before[0] in tools:
        yield from _argument(tools[before[0]], word, hidden[begin:start], first, place)
    else:
        yield from _paths(word, place)


def _argument(tool: Tool, word: str, before: str, first: bool, place: Place) -> Iterator[Offer]:
    key, equals, value = word.partition("=")
    if equals and key in tool.params:
        yield from _values(tool.params[key], value, place)
        return
    bare = tool.bare(first)
    if bare is not None and word:
        yield from _values(bare, word, place)
    for param in tool.params.values():
        if param.name.startswith(word) and (first or param.name != "files") and f" {param.name}=" not in before:
            yield Offer(f"{param.name}=", len(word), help=param.help)


def _values(param: Param, text: str, place: Place) -> Iterator[Offer]:
    """Fixed words first; of a list, the last item."""
    item = text.rpartition(",")[2] if param.many and '"' not in text else text
    usual = USUAL.get(param.type.name, ()) if not param.type.fixed else ()
    yield from (Offer(_in_quotes(word), len(item)) for word in (*param.type.fixed, *usual) if word.startswith(item))
    if isinstance(param.type, Ext):
        yield from (Offer(ext, len(item), help="here") for ext in _endings(place) if ext.startswith(item.lower()))
    if isinstance(param.type, PathName):
        yield from (Offer(word, len(item), help="folder") for word in KNOWN if word.startswith(item.lower()) and place.known_folder(word))
        yield from _paths(item, place, folders=param.type.folder, quoted=_in_quotes)


def _endings(place: Place) -> list[str]:
    """The endings of files in the current folder, those of most files first."""
    try:
        with os.scandir(place.cwd) as scan:
            found = Counter(os.path.splitext(entry.name)[1][1:].lower() for entry in islice(scan, MAX_LOOKED_AT))
    except OSError:
        return []
    return [ext for ext, _ in found.most_common(20) if ext.isalnum()]


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if _NEEDS_QUOTES.search(text) else text


def _paths(text: str, place: Place, *, folders: bool = False, quoted: Callable[[str], str] = str) -> Iterator[Offer]:
    """Files and folders that begin so. Names that could act on a terminal are not offered."""
    said = text.lstrip("\"'")
    folder, slash, start = said.rpartition("/")
    base = os.path.join(place.cwd, f"{place.home}{folder[1:]}" if folder == "~" or folder.startswith("~/") else folder + slash)
    try:
        with os.scandir(base) as scan:
            found = [entry for entry in scan if entry.name.startswith(start) and entry.name.startswith(".") <= start.startswith(".")]
            kept = [(entry.name, entry.is_dir()) for entry in found if entry.name.isprintable()]
    except OSError:
        return
    for name, is_folder in sorted(kept)[:MAX_PATHS]:
        if is_folder or not folders:
            end = "/" if is_folder else ""
            yield Offer(quoted(f"{folder}{slash}{name}{end}"), len(text), f"{name}{end}")


def _first(tool: Tool) -> str:
    return tool.summary.splitlines()[0]
