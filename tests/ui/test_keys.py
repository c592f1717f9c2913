"""Single keys at a question, on a terminal."""

from __future__ import annotations

import os
import pty
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.host import Host
from llmos_cli.ui.ask import confirmed
from llmos_cli.ui.keys import READING, Keys
from tests.ui.fakes import said, terminal


@pytest.fixture
def keyboard(work: Path) -> Iterator[tuple[Host, int]]:
    """A host whose keys come from a terminal, and the other side of that."""
    parent, child = pty.openpty()
    with open(child, encoding="utf-8") as stdin:
        yield replace(terminal(work), stdin=stdin), parent
    os.close(parent)


def pressed(parent: int, *parts: tuple[float, bytes]) -> None:
    def press() -> None:
        for pause, data in parts:
            time.sleep(pause)
            os.write(parent, data)

    threading.Thread(target=press).start()


@pytest.mark.parametrize(("parts", "answer"), [
    ([(0.05, b"y")], "y"),
    ([(0.05, b"Y\r")], "y"),
    ([(0.05, b"yes\n")], "yes"),
    ([(READING + 0.1, b"\n")], ""),
    ([(0.05, b"\n"), (0.05, b"n")], "n"),  # an Enter that was typed before the question was read
    ([(0.05, b"\x1b[A"), (0.05, b"delete it all\ny\n"), (0.05, b"e")], "e"),  # an arrow, a pasted text
    ([(0.05, b"\x1b")], None),
    ([(0.05, b"\x04")], None),
])  # fmt: skip
def test_answers(keyboard, parts, answer):
    host, parent = keyboard
    pressed(parent, *parts)
    assert Keys(host).answer(lambda said: None) == answer


def test_an_enter_that_belongs_to_a_letter_does_not_answer_the_next_question(keyboard):
    host, parent = keyboard
    keys = Keys(host)
    pressed(parent, (0.05, b"d"), (0.1, b"\r"), (0.05, b"n"))
    assert [keys.answer(lambda said: None), keys.answer(lambda said: None)] == ["d", "n"]


def test_the_terminal_is_left_as_it_was(keyboard):
    host, parent = keyboard
    before = termios.tcgetattr(host.stdin)
    pressed(parent, (0.05, b"y"))
    assert confirmed(host, "Really?\x1b[2J")
    assert termios.tcgetattr(host.stdin) == before and said(host) == "Really?\\x1b[2J [y]es / [n]o (Enter: no) y\n"


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"LLMOS_PLAIN": "1"}])
def test_lines_where_keys_cannot_be_taken_one_by_one(keyboard, env):
    host, parent = keyboard
    host = replace(host, env={**host.env, **env})
    pressed(parent, (0.05, b"de"), (0.1, b"scribe\n"))
    assert Keys(host).answer(lambda said: None) == "describe"
