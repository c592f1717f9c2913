"""What flows along the pipe: files, tables, text, numbers. Items stream: each is iterated once, as it is made."""

from __future__ import annotations

import os
import stat as statmodule
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

Cell = str | int | float | None


class Entry:
    """A file, folder or link: its absolute path, and its `lstat`, taken when first asked for."""

    __slots__ = ("_stat", "path")

    def __init__(self, path: str, stat: os.stat_result | None = None) -> None:
        self.path = path
        self._stat = stat

    def __repr__(self) -> str:
        return f"Entry({self.path!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def stat(self) -> os.stat_result:
        """Of the thing itself, never of what a link points to. Raises OSError where it is gone."""
        if self._stat is None:
            self._stat = os.lstat(self.path)
        return self._stat

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def ext(self) -> str:
        """The extension without its dot, in lower case; '' where there is none."""
        return os.path.splitext(self.name)[1][1:].lower()

    @property
    def is_folder(self) -> bool:
        return statmodule.S_ISDIR(self.stat.st_mode)

    @property
    def is_link(self) -> bool:
        return statmodule.S_ISLNK(self.stat.st_mode)

    @property
    def is_file(self) -> bool:
        return statmodule.S_ISREG(self.stat.st_mode)


@dataclass(frozen=True)
class Excerpt:
    """The text around a hit, in pieces of which some are hits; and the line where it stands, from 1, None where there are no lines."""

    pieces: tuple[tuple[str, bool], ...]
    line: int | None = None

    @property
    def text(self) -> str:
        return "".join(piece for piece, _ in self.pieces)


class Hit(Entry):
    """A file that was found by what it says. `look` gives the text around the hit, and is called when that is first asked for."""

    __slots__ = ("_excerpt", "_look")

    def __init__(self, path: str, look: Callable[[], Excerpt | None]) -> None:
        super().__init__(path)
        self._look: Callable[[], Excerpt | None] | None = look
        self._excerpt: Excerpt | None = None

    @property
    def excerpt(self) -> Excerpt | None:
        """None where nothing but its name is a hit."""
        if self._look is not None:
            self._excerpt = self._look()
            self._look = None
        return self._excerpt


@dataclass(frozen=True)
class Files:
    items: Iterable[Entry]

    def held(self) -> Files:
        """The same files, all in memory, so that they can be gone through again."""
        return self if isinstance(self.items, tuple) else Files(tuple(self.items))

    @staticmethod
    def at(paths: Iterable[str]) -> Files:
        return Files(tuple(Entry(path) for path in paths))


@dataclass(frozen=True)
class Table:
    """Rows of cells. A column of files or folders is called `path` and holds absolute paths; a column in bytes is called `size`.
    `by` is the model that has written it, '' where none has."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]
    by: str = field(default="", compare=False)

    def held(self) -> Table:
        return self if isinstance(self.rows, tuple) else replace(self, rows=tuple(tuple(row) for row in self.rows))


class Flowing:
    """Lines that are being written: gone through once, as lines, or as `pieces` that come as soon as they are there."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces

    def pieces(self) -> Iterator[str]:
        return self._pieces

    def __iter__(self) -> Iterator[str]:
        held: list[str] = []
        for piece in self._pieces:
            first, *more = piece.split("\n")
            held.append(first)
            for line in more:
                yield "".join(held)
                held = [line]
        if last := "".join(held):
            yield last

    def seen(self, kept: list[str], most: int) -> Flowing:
        """The same, and the first `most` of its lines are put into `kept` as they go by."""

        def passing() -> Iterator[str]:
            line = ""
            for piece in self._pieces:
                yield piece
                if len(kept) < most:
                    *whole, line = (line + piece).split("\n")
                    kept.extend(whole[: most - len(kept)])
            if line and len(kept) < most:
                kept.append(line)

        return Flowing(passing())


@dataclass(frozen=True)
class Text:
    """Lines without their line ends, and the absolute paths of the files that they were read from. `by` is the model that writes
    them, '' where none does; they are then `Flowing` as long as nothing else is done with them."""

    lines: Iterable[str]
    sources: tuple[str, ...] = field(default=(), compare=False)
    by: str = field(default="", compare=False)

    def held(self) -> Text:
        return self if isinstance(self.lines, tuple) else replace(self, lines=tuple(self.lines))


@dataclass(frozen=True)
class Number:
    """A count or a sum; `unit` is 'bytes' or ''."""

    value: int | float
    unit: str = ""

    def held(self) -> Number:
        return self


Value = Files | Table | Text | Number


def word_for(kind: type | None) -> str:
    """How a kind of value is called in a sentence; None is nothing."""
    words: dict[type | None, str] = {None: "nothing", Files: "files", Table: "a table", Text: "text", Number: "a number"}
    return words[kind]
