"""Answers at a question: single keys on a terminal, lines elsewhere. What was typed before the question was seen does not answer it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from llmos_cli.host import Host

READING = 0.4  # seconds in which nobody has read the question yet, or in which Enter still belongs to the key before it
END = "\x04"


class Keys:
    """Gives what is answered, in lower case: a key, a word that came at once with its Enter, '' for Enter alone, None for the end."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._terminal = _raw_capable(host)
        self._deaf_until = 0.0

    def answer(self, show: Callable[[str], None]) -> str | None:
        """The next answer; `show` is told what to echo. Raises KeyboardInterrupt for Ctrl-C."""
        if self._terminal < 0:
            said = self._host.stdin.readline()
            return said.strip().lower() if said else None
        self._deaf_until = max(self._deaf_until, time.monotonic() + READING)
        with _unbuffered(self._terminal):
            while True:
                text = os.read(self._terminal, 1024).decode(errors="replace")
                understood = self._understood(text)
                if understood is not None:
                    break
        show(understood if understood != END else "")
        self._deaf_until = time.monotonic() + READING
        return None if understood == END else understood

    def _understood(self, text: str) -> str | None:
        """What came at once as an answer; None for what is none: arrows, a pasted text, an Enter that was not meant for this question."""
        if not text or END in text or text == "\x1b":
            return END
        said = text.strip().lower()
        if not said:
            return "" if time.monotonic() >= self._deaf_until else None
        return said if said.isalpha() and len(said) <= 4 else None


def forget_typed_ahead(host: Host) -> None:
    """Drop what was typed before a question was seen: it must not answer it."""
    import termios

    try:
        termios.tcflush(host.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, ValueError, termios.error):
        pass


def _raw_capable(host: Host) -> int:
    """The terminal's number where keys can be taken one by one; -1 where lines are read: no terminal, a screen reader, TERM=dumb."""
    if host.plain or host.env.get("TERM", "") in ("", "dumb"):
        return -1
    try:
        number = host.stdin.fileno()
    except (OSError, ValueError):
        return -1
    return number if os.isatty(number) else -1


@contextmanager
def _unbuffered(terminal: int) -> Iterator[None]:
    """Keys come one by one and are not echoed; Ctrl-C is a signal as before."""
    import termios
    import tty

    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
