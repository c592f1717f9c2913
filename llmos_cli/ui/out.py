"""A stream to print to: takes any text, shows first lines at once, and ends quietly where nobody reads on."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, TextIO

from llmos_cli.errors import LlmosError

AT_ONCE = 20  # lines that are sent one by one; later ones together
SECONDS = 0.05  # but none waits longer, as long as more come
_INSTEAD = str.maketrans({"…": "...", "→": "->", "–": "-"})


class Out:
    """Names that are not UTF-8 come out as the bytes they were. BrokenPipeError is raised on; afterwards all goes nowhere.

    `before` is called before anything is written: what stands in the way on the same terminal is taken away.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float], before: Callable[[], None] = lambda: None) -> None:
        self._stream, self._clock, self._before = stream, clock, before
        self._bytes: BinaryIO | None = getattr(stream, "buffer", None)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._lines, self._sent = 0, clock()
        self._guard = _Guard(stream)
        self.flush()

    def line(self, text: str, end: str = "\n") -> None:
        self.write(text + end)
        self._lines += 1
        if self._lines <= AT_ONCE or not 0 <= self._clock() - self._sent < SECONDS:
            self.flush()

    def write(self, text: str) -> None:
        """Raises BrokenPipeError where nobody reads, LlmosError where it cannot be written."""
        self._before()
        with self._guard:
            if self._bytes is None:
                self._stream.write(text)
            else:
                self._bytes.write(self._encoded(text))

    def flush(self) -> None:
        """Raises as `write`."""
        self._sent = self._clock()
        with self._guard:
            self._stream.flush()

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self._encoding, "surrogateescape")
        except UnicodeEncodeError:
            return text.translate(_INSTEAD).encode(self._encoding, "backslashreplace")


class _Guard:
    """Around writing: where it fails, what is still held goes nowhere, so that the interpreter has no complaint when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not isinstance(error, OSError):
            return
        self._let_go()
        if not isinstance(error, BrokenPipeError):
            raise LlmosError(f"the answer cannot be written: {(error.strerror or str(error)).lower()}") from error

    def _let_go(self) -> None:
        try:
            number = self._stream.fileno()
        except (OSError, ValueError, AttributeError):  # no file behind it
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
