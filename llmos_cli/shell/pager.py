"""Long answers: the first screenful is printed as it comes, and once there is more, all of it goes to the person's pager."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from llmos_cli.host import Host
from llmos_cli.ui.cells import columns, width
from llmos_cli.ui.out import Out

KEPT_ROWS = 3  # of the screen: for the request, its plan and the next prompt
_OURS = re.compile(r"\x1b\[[0-9;]*m")
_PICTURE = ("\x1b_", "\x1bP")


def command(host: Host) -> str:
    """The pager's command line: the setting, PAGER or less; '' where there is none, or `cat`, or a terminal that it could not use."""
    if host.plain or host.env.get("TERM", "") in ("", "dumb"):
        return ""
    said = host.settings["pager"] or host.env.get("PAGER")
    if said is None:
        said = next((name for name in ("less", "more") if shutil.which(name, path=host.env.get("PATH"))), "")
    line = str(said).strip()
    program = line.split()[0] if line else "off"
    is_there = "=" in program or shutil.which(program, path=host.env.get("PATH")) is not None
    return line if is_there and line not in ("cat", "off") else ""


def rows(host: Host) -> int:
    try:
        return os.get_terminal_size(host.stdout.fileno()).lines
    except (OSError, ValueError):
        return 0


class Paged(Out):
    """A stream for answers. Within `answer()` it counts what has been printed."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], before: Callable[[], None], host: Host) -> None:
        super().__init__(stream, clock, before)
        self._host, self._columns = host, columns(host)
        self._limit = max(rows(host) - KEPT_ROWS, 0)
        self._counting = self._gone = False
        self._held: list[str] = []
        self._taken = self._count = 0
        self._pager: subprocess.Popen[bytes] | None = None

    @property
    def open(self) -> bool:
        """Whether the pager has the terminal now."""
        return self._pager is not None

    @contextmanager
    def answer(self) -> Iterator[None]:
        """Around one answer; at its end the pager, if there is one, is waited for."""
        self._held, self._taken, self._count, self._gone = [], 0, 0, False
        self._counting = self._limit > 0
        before = signal.getsignal(signal.SIGINT)
        try:
            yield
        finally:
            self._counting = False
            if self._pager is not None:
                self._wait(self._pager)
                signal.signal(signal.SIGINT, before)

    def line(self, text: str, end: str = "\n") -> None:
        if self._pager is not None:
            self._count += 1
            self._send(text + end)
            return
        super().line(text, end)
        if self._counting:
            self._count += 1
            self._held.append(text + end)
            self._taken += sum(max(-(-width(_OURS.sub("", part)) // self._columns), 1) for part in text.split("\n"))
            if self._taken > self._limit and not text.startswith(_PICTURE):
                self._begin()

    def flush(self) -> None:
        if not getattr(self, "_pager", None):
            super().flush()

    def _begin(self) -> None:
        """Start the pager with all that has been printed so far. Where that does not work, things are printed as before."""
        self._counting = False
        line = command(self._host)
        if not line:
            return
        env = {**self._host.env, "LESS": f"{self._host.env.get('LESS', '')} -R".strip()}
        try:
            self._pager = subprocess.Popen(["/bin/sh", "-c", line], stdin=subprocess.PIPE, env=env, cwd=self._host.cwd)
        except OSError:
            return
        signal.signal(signal.SIGINT, lambda *_: self._let_go())  # Ctrl-C is for the pager; what it shows is complete enough then
        held, self._held = self._held, []
        for text in held:
            self._send(text)

    def _let_go(self) -> None:
        self._gone = True

    def _send(self, text: str) -> None:
        """What comes after the pager was left is passed over, but gone through: `those` means all of them."""
        if self._gone or self._pager is None or self._pager.stdin is None:
            return
        try:
            self._pager.stdin.write(self._encoded(text))
        except OSError:
            self._gone = True

    def _wait(self, pager: subprocess.Popen[bytes]) -> None:
        try:
            if pager.stdin is not None:
                pager.stdin.close()
        except OSError:
            pass
        while True:
            try:
                pager.wait()
                break
            except KeyboardInterrupt:
                continue
        self._pager = None
        super().line(f"… {self._count:,} lines; /last shows them again")
        super().flush()
