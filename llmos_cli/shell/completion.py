"""What Tab offers: slash commands, tools, their arguments and fixed words, known folders and paths."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from llmos_cli.host import Host
from llmos_cli.literals import PathName
from llmos_cli.places import Place
from llmos_cli.plan import Tools
from llmos_cli.shell.lines import is_slash, masked
from llmos_cli.shell.slash import COMMANDS
from llmos_cli.tool import Param, Tool

MAX_PATHS = 300
KNOWN = ("downloads", "desktop", "documents", "pictures", "music", "videos")
_NEEDS_QUOTES = re.compile(r'[\s|;,="\\]')


@dataclass(frozen=True)
class Offer:
    """`text` takes the place of the last `replaces` letters."""

    text: str
    replaces: int
    shown: str = ""
    help: str = ""


class LineCompleter(Completer):
    def __init__(self, tools: Tools, host: Callable[[], Host]) -> None:
        self._tools, self._host = tools, host

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for offer in offers(document.text_before_cursor, self._tools, self._host().place()):
            yield Completion(offer.text, -offer.replaces, display=offer.shown or offer.text, display_meta=offer.help)


def offers(text: str, tools: Tools, place: Place) -> Iterator[Offer]:
    """What may stand at the end of `text`."""
    text = text.lstrip()
    name, space, rest = text.partition(" ")
    if text.startswith("!"):
        word = re.split(r"\s", text[1:])[-1]
        yield from _paths(word, place, quoted=shlex.quote)
    elif name in ("cd", "/cd") and space:
        yield from _paths(rest.lstrip(), place, folders=True)
    elif name == "/tools" and space:
        yield from (Offer(tool.name, len(rest), help=_first(tool)) for tool in tools.values() if tool.name.startswith(rest))
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
    yield from (Offer(fixed, len(item)) for fixed in param.type.fixed if fixed.startswith(item))
    if isinstance(param.type, PathName):
        yield from (Offer(word, len(item), help="folder") for word in KNOWN if word.startswith(item.lower()) and place.known_folder(word))
        yield from _paths(item, place, folders=param.type.folder, quoted=_in_quotes)


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
