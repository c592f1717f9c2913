"""The shell as it is used: a process on a terminal of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmos_cli.ui.cells import width
from tests.shell.terminal import PROMPT, ROOT, Terminal

COMMAND = [sys.executable, "-c", "from llmos_cli.main import main; main()"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("Downloads/a.pdf", "Downloads/b.pdf", "notes/todo.txt", "evil\x1b[2J\x07.txt", "报告 🎉.txt"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return home


@contextmanager
def opened(home: Path, *args: str, columns: int = 80, rows: int = 24, **env: str) -> Iterator[Terminal]:
    shell = Terminal(home, *args, columns=columns, rows=rows, **env)
    try:
        shell.wait(PROMPT)
        yield shell
    finally:
        shell.close()


@pytest.fixture(params=["xterm-256color", "dumb"])
def shell(home: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with opened(home, TERM=request.param) as shell:
        yield shell


def test_from_the_first_request_to_the_next_day(home, tmp_path):
    """Ask, edit the plan, run it, speak of what was shown, open it, undo, search memory, leave, go on."""
    (tmp_path / "bin").mkdir()
    opener = tmp_path / "bin/xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    with opened(home, PATH=f"{tmp_path}/bin:{os.environ['PATH']}", DISPLAY=":9") as shell:
        shell.do("the two largest files in downloads", "find in=downloads", "  1  Downloads/")
        shell.type("delete files=Downloads/a.pdf\r")
        shell.wait("Move Downloads/a.pdf", "Enter: yes)")
        shell.type("e")
        shell.wait("edit > ")
        shell.type("\x7f" * len("a.pdf") + "nothing.pdf |")
        shell.wait("a step is empty")  # it is checked while it is typed
        shell.type("\x7f" * len("nothing.pdf |") + "b.pdf\r")
        shell.wait("Move Downloads/b.pdf", "Enter: yes)")
        shell.enter()
        shell.wait("Done: moved Downloads/b.pdf", "`/undo`", PROMPT)
        assert os.listdir(home / "Downloads") == ["a.pdf"]
        shell.do("/undo", "Undone: delete")
        assert sorted(os.listdir(home / "Downloads")) == ["a.pdf", "b.pdf"]
        shell.do("list in=Downloads | sort by=name", "  1  Downloads/a.pdf", "  2  Downloads/b.pdf")
        shell.do("/open the second one", "Opened Downloads/b.pdf with xdg-open")
        assert (tmp_path / "opened").read_text() == f"{home}/Downloads/b.pdf\n"
        shell.do("@last | pick second", "  1  Downloads/b.pdf")
        shell.do("/memory largest", "the two largest files in downloads")
        shell.do("cd notes", "~/notes")
        assert shell.leave() == 0
    with opened(home, "-c") as shell:
        assert "Going on with “the two largest files in downloads”" in shell.raw
        shell.do("@last", "Downloads/b.pdf")
        shell.do("/sessions", "→ the two largest files")
        assert shell.leave() == 0


def test_a_day_in_the_shell(shell, home):
    shell.do("find ext=pdf | count", "2")
    shell.do("cd Downloads", "~/Downloads")
    shell.type("delete files=a.pdf\r")
    shell.wait("to the trash", "Enter: yes)")
    assert (home / "Downloads/a.pdf").exists()
    shell.type("y\r")
    shell.wait("Done:", PROMPT)
    assert not (home / "Downloads/a.pdf").exists()
    shell.do("/undo", "Undone:")
    assert (home / "Downloads/a.pdf").exists()
    shell.do("!printf 'one\\ntwo\\n'; test -t 1 && exit 3", "one\r\n", "two\r\n", "exit status 3")
    shell.do("@last | grep two | count", "1\r\n")
    shell.do("cd")
    shell.do("find name=evil*", "evil\\x1b[2J\\x07.txt")
    shell.do("find name=报*", "报告 🎉.txt")
    assert "\x1b[2J" not in shell.raw and "\x07" not in shell.raw
    assert shell.leave() == 0


def test_ctrl_c_stops_what_runs_and_keeps_the_shell(shell):
    shell.type("abandoned")
    shell.wait("abandoned")
    shell.type("\x03")
    shell.wait(PROMPT, again="\x03")
    shell.type("!echo begun; sleep 60\r")
    shell.wait("begun\r\n")
    shell.type("\x03")
    shell.wait("SIGINT", PROMPT, again="\x03")
    shell.type("delete files=Downloads/a.pdf\r")
    shell.wait("Enter: yes)")
    shell.type("\x03")
    shell.wait("Interrupted.", PROMPT, again="\x03")
    shell.do("find ext=pdf | count", "2")
    assert shell.leave() == 0


def test_what_answers_a_question(home):
    """No Enter from before it was read, no arrow, no pasted text; a rule made there spares the next one."""
    with opened(home) as shell:
        shell.type("delete files=Downloads/a.pdf\r\r\r")
        shell.wait("Enter: yes)")
        shell.type("\r")
        time.sleep(0.2)
        assert (home / "Downloads/a.pdf").exists() and "Done" not in shell.wait("")
        shell.type("\x1b[A")  # an arrow, and a text that was pasted, are none either
        shell.type("echo y\ny\n")
        time.sleep(0.1)
        assert (home / "Downloads/a.pdf").exists()
        shell.type("d")
        shell.wait("Delete Downloads/a.pdf.", "Enter: yes)")
        shell.type("n")
        shell.wait("not approved", PROMPT)
        shell.type("rename Downloads/a.pdf to=c.pdf\r")
        shell.wait("al[w]ays", "Enter: yes)")
        shell.type("w")
        shell.wait("[f] changes inside Downloads", "[t] what the tool rename does", "(Enter: no)")
        shell.type("f")
        shell.wait("Done: renamed", PROMPT)
        shell.do("rename Downloads/c.pdf to=d.pdf", "Done: renamed Downloads/c.pdf to d.pdf")
        shell.do("/policy", "you let pass: changes inside", "Downloads")
        shell.do("/policy remove 1", "Taken away:")
        shell.type("rename Downloads/d.pdf to=a.pdf\r")
        shell.wait("Enter: yes)")
        shell.type("n")
        shell.wait(PROMPT)
        assert sorted(os.listdir(home / "Downloads")) == ["b.pdf", "d.pdf"]


def test_a_long_answer_goes_to_the_pager_and_all_of_it_can_be_spoken_of(home):
    for i in range(100):
        (home / f"notes/{i:03}.txt").touch()
    with opened(home, PAGER="less") as shell:
        shell.type("find in=notes name=0*\r")
        shell.wait("notes/021.txt", ":")  # the pager's own prompt, at the bottom
        shell.type("q")
        shell.wait("100 lines; /last shows them again", PROMPT)
        shell.do("@last | count", "100\r\n")
        shell.do("find in=notes name=00*", "10  notes/009.txt")


def test_for_a_screen_reader_nothing_moves_and_nothing_is_drawn(home):
    with opened(home, "--plain") as shell:
        begun = len(shell.raw)
        shell.do("find in=Downloads", "1. Downloads/a.pdf, 15 bytes, just now")
        shell.do("find | group by=ext", "pdf, 2")
        shell.do("tree", "  a.pdf")
        shell.type("delete files=Downloads/a.pdf\r")
        shell.wait("Enter: yes)")
        shell.type("describe\r")
        shell.wait("Delete Downloads/a.pdf.", "Enter: yes)")
        shell.type("no\r")
        shell.wait("Refused", PROMPT)
        shell.type("find ext\tpdf | cou\t\r")  # Tab completes here too
        shell.wait("2\r\n", PROMPT)
        rest = shell.raw[begun:].replace("\x1b[?2004h", "").replace("\x1b[?2004l", "")
        assert "\x1b[" not in rest.replace("\x1b[K", "").replace("\x1b[C", "") and "─" not in rest
        assert shell.leave() == 0


def test_forty_columns_without_colour(home):
    with opened(home, columns=40, rows=200, NO_COLOR="1") as shell:
        for line in ("find", "/help", "/policy", "sizes Downloads,notes", "find ext=pdf | group by=year", "/plan"):
            shell.type(line + "\r")
            shown = shell.wait("\r\r\n", "~ >").split("\r\n", 1)[1].rpartition("\r\n")[0]
            assert all(width(part) <= 40 for part in shown.split("\r\n")), shown
        assert "报告 🎉.txt" in shell.raw
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shell.raw) and "\x1b[1m" not in shell.raw
        shell.type("delete files=Downloads/a.pdf\r")
        shell.wait("al[w]ays (Enter:")
        shell.type("n")
        shell.wait("Refused", "~ >")


def test_what_was_typed_is_suggested_found_and_typed_again(home):
    with opened(home) as shell:
        shell.type("\x1b[200~find ext=pdf\n| count\n\x1b[201~")  # a pasted text does not run by itself
        shell.wait("count")
        time.sleep(0.2)
        assert "\n2\r" not in shell.wait("")
        shell.do("", "2")
        shell.do("find ext=pdf | count", "2\r\n")
        shell.do("find name=todo*", "todo.txt")
        shell.type("find e")
        shell.wait("xt=pdf | count")  # the grey suggestion
        shell.type("\x1b[C\r")  # Right takes it
        shell.wait("2\r\n", PROMPT)
    with opened(home, LLMOS_KEYS="vi") as shell:
        shell.type("\x12todo")  # Ctrl-R
        shell.wait("find name=todo*")
        shell.type("\r")
        time.sleep(0.2)
        shell.type("\r")
        shell.wait("notes/todo.txt", PROMPT)
        shell.type("find ext=txx\x1b")
        time.sleep(0.6)  # Escape alone
        shell.type("xat | count\x1b\r")
        shell.wait("3\r\n", PROMPT)


def test_keys_are_taken_at_once_and_never_wait_for_a_model(home):
    """The prompt stands while all else is loaded; what is typed meanwhile is echoed at once and not lost."""
    began = time.monotonic()
    with opened(home) as shell:
        prompt = time.monotonic() - began
        delays = []
        for letter in "find ext=pdf | count":
            pressed = time.monotonic()
            shell.type(letter)
            shell.wait(letter if letter != " " else "")
            delays.append(time.monotonic() - pressed)
            time.sleep(0.01)
        print(f"prompt after {1000 * prompt:.0f} ms, slowest key {1000 * max(delays):.0f} ms")
        shell.do("", "2\r\n")
        assert prompt < 2 and max(delays) < 1  # on a machine that does much else; benchmarks/start.py measures it


def test_without_a_terminal_it_says_how_it_is_used(home):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos")}
    done = subprocess.run(COMMAND, env=env, input=b"", capture_output=True, timeout=30, check=False)
    assert done.returncode == 2 and b"Usage: llmos" in done.stdout + done.stderr
