"""Ctrl-C during a change."""

from __future__ import annotations

import os
import signal
import time

import pytest

from llmos_cli.shell.interrupts import WAITING, Guard
from tests.shell.terminal import PROMPT, Terminal


def test_the_first_interrupts_and_the_second_is_answered():
    told: list[str] = []
    guard = Guard(told.append)
    with guard.held(changing=True):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert told == [WAITING, WAITING]


def test_where_nothing_changes_each_interrupts_and_afterwards_all_is_as_before():
    guard = Guard(lambda text: None)
    before = signal.getsignal(signal.SIGINT)
    with guard.held():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_change_that_is_stopped_leaves_the_tree_as_it_was(tmp_path):
    """Ctrl-C again and again while thousands of files are copied."""
    home = tmp_path / "home"
    (home / "many").mkdir(parents=True)
    for i in range(1500):
        (home / f"many/{i}").touch()
    shell = Terminal(home)
    try:
        shell.wait(PROMPT)
        shell.type("copy many to=other\r")
        shell.wait("Copy many/", "(Enter: ")
        time.sleep(0.1)
        shell.type("y")
        time.sleep(0.15)
        for _ in range(5):
            shell.type("\x03")
            time.sleep(0.02)
        shown = shell.wait(PROMPT, again="\x03")
        assert "Interrupted." in shown or "Done:" in shown
        if "Done:" not in shown:
            assert os.listdir(home) == ["many"]
        shell.do("find in=many | count", "1,500\r\n")
    finally:
        shell.close()
