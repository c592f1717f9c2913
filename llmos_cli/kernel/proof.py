"""The proof that words are forgotten: the bytes of all of llmos's own files are searched for them."""

from __future__ import annotations

import json
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmos_cli.db import schema
from llmos_cli.memory.words import segmented

PIECE = 4 * 1024 * 1024
MOST_TEXTS = 400  # texts that are searched for; of more, the longest
SHORTEST = 4  # characters; shorter texts stand by chance in any file
DATABASE = b"SQLite format 3\0"
WEIGHTS = b"GGUF"  # models: they are not written to


@dataclass(frozen=True)
class Proof:
    """How many files were searched, for how many texts, and those that still hold one; files that could not be read are among them."""

    searched: int
    texts: int
    holding: tuple[str, ...]


def prove(folders: Sequence[Path], texts: Sequence[str]) -> Proof:
    """Search every file below the folders for the texts, capitals of ASCII no matter, in each way that they are written in."""
    wanted = sorted({text for text in texts if len(text) >= SHORTEST or not text.isascii()}, key=lambda text: (-len(text), text))[
        :MOST_TEXTS
    ]
    needles = tuple(dict.fromkeys(needle for text in wanted for needle in _written(text)))
    searched, holding = 0, []
    for path, inside in _files(folders):
        try:
            held = _holds(path, inside, needles)
        except OSError:
            held = True
        if held is not None:
            searched += 1
            if held:
                holding.append(path)
    return Proof(searched, len(wanted), tuple(holding))


def _written(text: str) -> Iterator[bytes]:
    """The bytes of a text as our files have them: UTF-8, both ways to write é, JSON with escapes, and as the index takes it."""
    for form in {text, text.lower(), text.upper(), text.title(), unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)}:
        for written in (form, json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1], segmented(form)):
            yield written.encode("utf-8", "surrogateescape").lower()


def _files(folders: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """(path, path below the folder)."""
    seen = set[str]()
    for folder in folders:
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(base, name)
                if path not in seen:
                    seen.add(path)
                    yield path, os.path.relpath(path, folder)


def _holds(path: str, inside: str, needles: Sequence[bytes]) -> bool | None:
    """Whether the file, or its name below the folder, has one of them; None for a link, a socket, a model's weights.

    The names that a database has for its own tables and columns are ours, and do not count.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    name = os.fsencode(inside).lower()
    if any(needle in name for needle in needles):
        return True
    overlap = max((len(needle) for needle in needles), default=1)
    with open(path, "rb") as file:
        before, ours = b"", list[bytes]()
        while piece := file.read(PIECE):
            if not before and piece.startswith(WEIGHTS):
                return None
            if not before and piece.startswith(DATABASE):
                ours = [sql.encode().lower() for sql in schema(Path(path))]
            both = before + piece.lower()
            for text in ours:
                both = both.replace(text, b"")
            if any(needle in both for needle in needles):
                return True
            before = both[-overlap:]
    return False
