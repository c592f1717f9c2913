"""A shell in a terminal of its own, driven by keys, its screen read as a person reads it."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

START = {
    "bash": (["--norc", "--noprofile", "-i"], "PS1='READY> '"),
    "zsh": (["-f", "-i"], "PROMPT='READY> '; RPROMPT=; unsetopt zle_bracketed_paste 2>/dev/null"),
    "fish": (["--no-config", "-i"], "function fish_prompt; printf 'READY> '; end; function fish_right_prompt; end; set -g fish_greeting"),
}


class Terminal:
    def __init__(self, shell: str, folder: Path, env: dict[str, str], rows: int = 50) -> None:
        program = shutil.which(shell)
        if program is None:
            assert shell != "bash", "bash is everywhere: these tests must not all be passed over"
            pytest.skip(f"{shell} is not installed")
        flags, start = START[shell]
        self.pid, self._number = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(program, [shell, *flags], {**env, "TERM": "xterm", "COLUMNS": "200", "HISTFILE": "", "SHELL": program})
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self._number, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 200, 0, 0))
        self._raw, self._seen = b"", 0
        self.run(start)

    @property
    def shown(self) -> str:
        """All that has been printed, without what moves the cursor and colours."""
        text = self._raw.decode(errors="replace")
        return re.sub(r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78M])", "", text)

    def type(self, keys: str) -> None:
        os.write(self._number, keys.encode())

    def wait(self, text: str, seconds: float = 20) -> str:
        """What has been shown since the last wait, once `text` is in it."""
        import select

        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            at = self.shown.find(text, self._seen)
            if at >= 0:
                before, self._seen = self._seen, at + len(text)
                return self.shown[before : self._seen]
            if select.select([self._number], [], [], 0.2)[0]:
                try:
                    self._raw += os.read(self._number, 65536)
                except OSError:
                    break
        raise AssertionError(f"{text!r} was not shown: {self.shown[self._seen :]!r}")

    def run(self, line: str) -> None:
        """A line of set-up, until the prompt after it."""
        self.type(f"{line}; echo DO''NE\r")
        self.wait("DONE")
        self.wait("READY> ")

    def close(self) -> None:
        os.close(self._number)
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
