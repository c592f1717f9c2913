"""Commands of the person's own shell, and what is kept of them."""

from __future__ import annotations

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.shell.run import plain_lines, run
from tests.shell.terminal import PROMPT, Terminal


@pytest.mark.parametrize(("output", "lines"), [
    (b"", ()),
    (b"one\r\ntwo\r\n", ("one", "two")),
    (b"no end", ("no end",)),
    (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07name\x1b(B\n", ("red name",)),
    (b"10 %\r50 %\r100 %\n", ("100 %",)),
    (b"bad \xff\n", ("bad �",)),
    (b"before\n\x1b[?1049h a whole screen \x1b[?1049l", ()),
])  # fmt: skip
def test_what_is_kept_is_what_was_read(output, lines):
    assert plain_lines(output) == lines


def test_a_shell_that_is_not_there_is_an_error(make):
    host = make().host
    object.__setattr__(host, "env", {**host.env, "SHELL": "/nowhere/sh"})
    with pytest.raises(LlmosError, match="/nowhere/sh"):
        run("true", host)


def test_programs_have_a_terminal_of_the_right_size_and_get_their_keys(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "old.txt").touch()
    shell = Terminal(home, rows=31, columns=77)
    try:
        shell.wait(PROMPT)
        shell.do("!stty size; tty | grep -c /dev/", "31 77\r\n", "1\r\n")
        shell.type("!echo ask; read line; echo got $line\r")
        shell.wait("ask\r\n")
        shell.type("some words\r")
        shell.wait("got some words\r\n", PROMPT)
        shell.do("@last", "some words\r\n", "got some words\r\n")
        shell.do("!cd ..; pwd", f"{tmp_path}\r\n")
        shell.do("!cd ..", tmp_path.name[-12:])
        shell.type(f"!(sleep 0.3; touch {home}/late.txt) & echo at once\r")
        shell.wait("at once\r\n", PROMPT)
        shell.do("!sleep 0.6; ls home", "late.txt  old.txt")  # what goes on in the background outlives its terminal
    finally:
        shell.close()
