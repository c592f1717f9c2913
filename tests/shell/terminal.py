"""A process on a terminal of its own, and a person who types at it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# the terminal is made its own, so that Ctrl-C is a signal
START = "import fcntl, termios, sys; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from llmos_cli.main import main; sys.argv[0] = 'llmos'; main()"
PROMPT = " > "
READING = 0.5  # seconds that a person needs to read a question: what comes sooner is no answer
_OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\]0;[^\x07]*\x07")


class Terminal:
    """`raw` is all that has been shown, with its escape sequences."""

    def __init__(self, home: Path, *args: str, rows: int = 24, columns: int = 80, cwd: Path | None = None, **env: str) -> None:
        self._parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "SHELL": "/bin/sh", "PROMPT_TOOLKIT_NO_CPR": "1"}
        env = {**kept, "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "TERM": "xterm-256color", **env}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *args],
            cwd=cwd or home, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True,
        )  # fmt: skip
        os.close(child)
        self.raw = ""
        self._at = 0

    def wait(self, *texts: str, seconds: float = 8, again: str = "") -> str:
        """What has come since the last wait, once all of `texts` are in it, one after the other.

        `again` is typed every second meanwhile: a key that came between two programs may have reached neither.
        """
        ends, next_press = time.monotonic() + seconds, time.monotonic() + 1
        while True:
            if again and time.monotonic() > next_press:
                self.type(again)
                next_press += 1
            shown, at = _OURS.sub("", self.raw[self._at :]), 0
            for text in texts:
                at = shown.find(text, at) + len(text) if text in shown[at:] else len(shown) + 1
            if at <= len(shown):
                self._at = len(self.raw)
                return shown
            assert time.monotonic() < ends, f"{texts} did not come: {shown!r}"
            if select.select([self._parent], [], [], 0.2)[0]:
                try:
                    self.raw += os.read(self._parent, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"it ended: {shown!r}") from None

    def type(self, text: str) -> None:
        os.write(self._parent, text.encode())

    def do(self, line: str, *texts: str) -> str:
        """Type a line and wait for what it shows, and for the next prompt."""
        self.type(line + "\r")
        return self.wait(*texts, PROMPT)

    def enter(self) -> None:
        """Answer a question with Enter, after reading it."""
        time.sleep(READING)
        self.type("\r")

    def leave(self) -> int:
        self.type("\x04")
        return self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._parent)
