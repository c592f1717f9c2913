"""From tokens to text that can be shown: whole characters only, and nothing past a stop text."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Writer:
    """Takes the bytes of one answer; gives text as soon as no stop text can begin in it any more."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def add(self, piece: bytes) -> str:
        """The text that has become sure. After a stop text nothing more comes, and `stopped` is true."""
        return self._sure(self._decoder.decode(piece))

    def end(self) -> str:
        """What is left; bytes that make no character become U+FFFD."""
        text = self._sure(self._decoder.decode(b"", final=True)) + self._held
        self._held = ""
        return text

    def _sure(self, text: str) -> str:
        if self.stopped or not self._stops:
            return "" if self.stopped else text
        self._held += text
        at = min((found for stop in self._stops if (found := self._held.find(stop)) >= 0), default=-1)
        if at >= 0:
            sure, self._held, self.stopped = self._held[:at], "", True
            return sure
        keep = max(partly(self._held, stop) for stop in self._stops)
        sure, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return sure


def partly(text: str, mark: str) -> int:
    """How many characters at the end of `text` could be the start of `mark`."""
    longest = min(len(text), len(mark) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(mark[:size])), 0)
