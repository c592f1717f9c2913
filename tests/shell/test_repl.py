"""The shell as it is used: a process on a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from llmos_cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[2]
# the terminal is made its own, so that Ctrl-C is a signal
ON_ITS_TERMINAL = [sys.executable, "-c", "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);" + COMMAND[2]]
PROMPT = " > "
_OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\]0;[^\x07]*\x07")


class Terminal:
    """A person at the shell: types, and waits for what is shown."""

    def __init__(self, home: Path, **env: str) -> None:
        self._parent, child = pty.openpty()
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "SHELL": "/bin/sh", "PROMPT_TOOLKIT_NO_CPR": "1"}
        env = {**kept, "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "TERM": "xterm-256color", **env}
        self.process = subprocess.Popen(ON_ITS_TERMINAL, cwd=home, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True)
        os.close(child)
        self.raw = ""
        self._at = 0
        self._pause = 0.3 if env["TERM"] == "dumb" else 0  # there the prompt is written before keys are taken one by one

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
        time.sleep(self._pause)
        os.write(self._parent, text.encode())

    def do(self, line: str, *texts: str) -> str:
        """Type a line and wait for what it shows, and for the next prompt."""
        self.type(line + "\r")
        return self.wait(*texts, PROMPT)

    def leave(self) -> int:
        self.type("\x04")
        return self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._parent)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("Downloads/a.pdf", "Downloads/b.pdf", "notes/todo.txt", "evil\x1b[2J\x07.txt"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return home


@pytest.fixture(params=["xterm-256color", "dumb"])
def shell(home: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    shell = Terminal(home, TERM=request.param)
    try:
        shell.wait(PROMPT)
        yield shell
    finally:
        shell.close()


def test_a_day_in_the_shell(shell, home):
    shell.do("find ext=pdf | count", "2")
    shell.do("cd Downloads", "~/Downloads")
    shell.type("delete files=a.pdf\r")
    shell.wait("to the trash", "Enter: yes) ")
    assert (home / "Downloads/a.pdf").exists()
    shell.type("y\r")
    shell.wait("Done:", PROMPT)
    assert not (home / "Downloads/a.pdf").exists()
    shell.do("/undo", "Undone:")
    assert (home / "Downloads/a.pdf").exists()
    shell.do("!echo hi; exit 3", "hi\r\n", "exit status 3")
    assert shell.leave() == 0


def test_ctrl_c_stops_what_runs_and_keeps_the_shell(shell):
    shell.type("abandoned\x03")
    shell.wait("abandoned", PROMPT)
    shell.type("!echo begun; sleep 60\r")
    shell.wait("begun\r\n")
    shell.type("\x03")
    shell.wait("SIGINT", PROMPT, again="\x03")
    shell.type("delete files=Downloads/a.pdf\r")
    shell.wait("Enter: yes) ")
    shell.type("\x03")
    shell.wait("Interrupted.", PROMPT, again="\x03")
    shell.do("find ext=pdf | count", "2")
    assert shell.leave() == 0


def test_a_name_cannot_act_on_the_terminal(shell):
    shell.do("find name=evil*", "evil\\x1b[2J\\x07.txt")
    assert "\x1b[2J" not in shell.raw and "\x07" not in shell.raw


def test_a_pasted_text_does_not_run_by_itself_and_a_request_is_planned(home):
    shell = Terminal(home)
    try:
        shell.wait(PROMPT)
        shell.type("\x1b[200~find ext=pdf\n| count\n\x1b[201~")
        shell.wait("count")
        time.sleep(0.5)
        assert "\n2\r" not in shell.wait("")
        shell.do("", "2")
        shell.do("the two largest files in downloads", "find in=downloads", "a.pdf")
        assert shell.leave() == 0
    finally:
        shell.close()


def test_without_a_terminal_it_says_how_it_is_used(home):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos")}
    done = subprocess.run(COMMAND, env=env, input=b"", capture_output=True, timeout=30, check=False)
    assert done.returncode == 2 and b"Usage: llmos" in done.stdout + done.stderr
