"""What was typed before, and in which folder; kept in the data folder for this person only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from llmos_cli.paths import Paths, private

FILE, CHAT = "typed", "typed-chat"  # what was typed in the shell, and in a conversation
READ = 1024 * 1024  # bytes at the end of the file that are read


@dataclass(frozen=True)
class Typed:
    """`folder` is a mark of it, not its name: so what is forgotten elsewhere is not written here."""

    text: str
    folder: str


def mark(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


class Past:
    """Lines in the order in which they were typed. One that begins with a space is not kept, as in other shells; where the folder cannot
    be written, they are kept for this shell only. Of former ones the last `most` are known; with 0, nothing is read or written."""

    def __init__(self, paths: Paths, folder: Callable[[], Path], name: str = FILE, most: int = 10_000) -> None:
        self._file: Path | None = None
        self._folder, self._most = folder, most
        self.lines: list[Typed] = []
        if not most:
            return
        try:
            file = private(paths.data) / name
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
            os.chmod(file, 0o600)
            self.lines = list(_read(file))[-most:]
            self._file = file
        except OSError:
            pass

    def reload(self) -> None:
        """The lines as the file has them now: some may have been forgotten."""
        if self._file is not None:
            self.lines = list(_read(self._file))[-self._most :]

    def add(self, text: str) -> None:
        """Keep it, unless it is the same as the last one here."""
        typed = Typed(text, mark(self._folder()))
        if not text.strip() or text.startswith(" ") or (self.lines and self.lines[-1] == typed):
            return
        self.lines.append(typed)
        entry = f"\n# {datetime.now():%Y-%m-%d %H:%M:%S} {typed.folder}\n" + "".join(f"+{line}\n" for line in text.split("\n"))
        try:
            if self._file is not None:
                with open(os.open(self._file, os.O_WRONLY | os.O_APPEND), "ab") as file:
                    file.write(entry.encode(errors="surrogateescape"))
        except OSError:  # a disk that takes nothing does not end the shell
            pass

    def suggestion(self, start: str) -> str:
        """The rest of the line that was typed last with this beginning: in this folder, or else anywhere; '' for none."""
        if not start.strip():
            return ""
        here, elsewhere = mark(self._folder()), ""
        for typed in reversed(self.lines):
            if typed.text.startswith(start) and len(typed.text) > len(start) and "\n" not in typed.text:
                if typed.folder == here:
                    return typed.text[len(start) :]
                elsewhere = elsewhere or typed.text[len(start) :]
        return elsewhere


def _read(file: Path) -> Iterable[Typed]:
    """The entries at the end of the file: `# date time mark`, then each line of the text after a `+`."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - READ, 0))
        lines = stream.read().decode(errors="surrogateescape").split("\n")
    folder, text = "", list[str]()
    for line in [*lines, ""]:
        if line.startswith("+"):
            text.append(line[1:])
            continue
        if text:
            yield Typed("\n".join(text), folder)
            text = []
        if line.startswith("# "):
            folder = line.split(" ", 3)[3] if line.count(" ") >= 3 else ""
