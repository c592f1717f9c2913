"""What the person's files say, for the tools: the search index, loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.values import Hit

if TYPE_CHECKING:
    from llmos_cli.search.library import Library
    from llmos_cli.search.store import Tell


def unheard(what: str, done: int, total: int) -> None:
    """Nobody hears how far the work has come."""


@dataclass(frozen=True)
class Books:
    """A library as words only, so that it can go to another process. The fields are those of `Library`."""

    folder: Path
    home: Path
    own: tuple[Path, ...]
    roots: tuple[Path, ...]
    tell: Tell = unheard

    @staticmethod
    def of(host: Host, tell: Tell = unheard) -> Books:
        paths, home = host.paths, host.home
        roots, ignored = ([home / item.removeprefix("~/") for item in host.settings[f"search.{name}"]] for name in ("roots", "ignore"))
        return Books(paths.cache / "search", home, (paths.config, paths.data, paths.state, paths.cache, *ignored), tuple(roots), tell)

    def search(self, words: str, folders: Sequence[Path] = ()) -> Iterable[Hit]:
        return self._library.search(words, folders or self.roots)

    def texts(self, paths: Iterable[str]) -> Iterator[str | LlmosError]:
        paths = tuple(paths)
        return self._library.texts(paths) if paths else iter(())

    @cached_property
    def _library(self) -> Library:
        from llmos_cli.search.library import Library

        return Library(self.folder, self.home, self.own, self.tell)
