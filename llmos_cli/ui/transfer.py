"""How far a download has come: a line at the bottom of a terminal with bar, bytes, speed and time left, and nothing anywhere else."""

from __future__ import annotations

import time

from llmos_cli.host import Host
from llmos_cli.ui.cells import columns, cut, width
from llmos_cli.ui.out import Out
from llmos_cli.ui.safe import safe
from llmos_cli.ui.words import size

EVERY = 0.1  # seconds between two pictures of it
SPAN = 3.0  # seconds over which the speed is taken
WIDEST = 24


class Transfer:
    """Call it with what is done, the bytes so far, and of how many; where that is all, the line goes away."""

    def __init__(self, host: Host) -> None:
        self._out, self._room = Out(host.stderr, host.clock), columns(host) - 1
        self._moves = host.talk_goes_to_terminal and host.env.get("TERM", "") not in ("", "dumb") and not host.plain
        self._fine = (getattr(host.stderr, "encoding", None) or "").lower().replace("-", "") == "utf8"
        self._what, self._drawn, self._over = "", 0.0, 0
        self._marks: list[tuple[float, int]] = []  # (time, bytes) within the last `SPAN` seconds

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total > 0:
            self.clear()
            return
        if not self._moves or (now - self._drawn < EVERY and what == self._what):
            return
        if what != self._what:
            self._what, self._marks = what, []
        self._drawn = now
        self._marks = [mark for mark in self._marks if now - mark[0] <= SPAN] + [(now, done)]
        text = self._text(done, total)
        self._out.write("\r" + text + " " * (self._over - width(text)))
        self._out.flush()
        self._over = width(text)

    def clear(self) -> None:
        """Take it away, before something else is printed."""
        if self._over:
            self._out.write("\r" + " " * self._over + "\r")
            self._out.flush()
            self._over = 0

    def _text(self, done: int, total: int) -> str:
        (then, before), (now, _) = self._marks[0], self._marks[-1]
        speed = (done - before) / (now - then) if now - then >= 0.3 else 0.0
        said = f" {size(done)} of {size(total)}" if total else f" {size(done)}"
        if speed > 0:
            left = max(total - done, 0) / speed
            said += f", {size(speed)}/s" + (f", {_time(left)} left" if left >= 1 else "")
        name = cut(safe(self._what), max(self._room - width(said) - 10, 12))
        wide = min(WIDEST, self._room - width(name) - width(said) - 1)
        full = min(wide, wide * done // total) if total else 0
        on, off = "█░" if self._fine else "#."
        return cut(f"{name} {on * full + off * (wide - full) if wide > 4 else ''}{said}", self._room)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
