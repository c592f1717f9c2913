"""How far many things have come: a bar on the last line of a terminal, and nothing anywhere else."""

from __future__ import annotations

import time

from llmos_cli.host import Host
from llmos_cli.ui.cells import columns
from llmos_cli.ui.out import Out
from llmos_cli.ui.words import number, plural

EVERY = 0.1  # seconds between two pictures of it
AFTER = 0.3  # seconds before there is a first: what is quick needs none
WIDEST = 30


class Bar:
    def __init__(self, host: Host, total: int) -> None:
        self._out, self._room, self._total = Out(host.stderr, host.clock), columns(host) - 1, total
        self._moves = host.talk_goes_to_terminal and host.env.get("TERM", "") not in ("", "dumb") and not host.plain
        self._fine = getattr(host.stderr, "encoding", "").lower().replace("-", "") == "utf8"
        self._began = time.monotonic()
        self._drawn = self._began + AFTER - EVERY
        self._over = 0

    def to(self, done: int, failed: int) -> None:
        if self._moves and time.monotonic() - self._drawn >= EVERY:
            self._drawn = time.monotonic()
            text = self._text(done, failed)
            self._out.write("\r" + text + " " * (self._over - len(text)))
            self._out.flush()
            self._over = len(text)

    def clear(self) -> None:
        """Take it away, before something else is printed."""
        if self._over:
            self._out.write("\r" + " " * self._over + "\r")
            self._out.flush()
            self._over = 0

    def _text(self, done: int, failed: int) -> str:
        seconds = time.monotonic() - self._began
        left = seconds / done * (self._total - done) if done else 0
        text = f" {number(done)} of {number(self._total)}"
        text += f", {plural(failed, 'failure')}" if failed else ""
        text += f", about {left:.0f} s left" if left >= 1 else ""
        wide = min(WIDEST, self._room - len(text))
        full = wide * done // max(self._total, 1)
        on, off = "█░" if self._fine else "#."
        return (on * full + off * (wide - full) if wide > 4 else "") + text[: self._room]
