"""Alt-e in the real shells: the words on the line become a plan, nothing is run, and words that are not understood stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmos_cli.cli.completions import snippet
from llmos_cli.errors import UsageError
from tests.cli.terminals import Terminal

ALT_E, DRAWN_ANEW = "\x1be", "\x0c"  # zsh leaves on the screen what stays the same
SHELLS = ["bash", "zsh", "fish"]
Open = Callable[[str], Terminal]


@pytest.fixture
def terminal(tmp_path: Path, folder: Path, on_path: dict[str, str]) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(shell: str) -> Terminal:
        (tmp_path / "keys").write_text(snippet(shell))
        opened.append(Terminal(shell, folder, on_path))
        opened[-1].run(f"source {tmp_path}/keys")
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_words_become_a_plan_and_words_again_or_stay_and_it_is_said_why(terminal: Open, shell: str) -> None:
    there = terminal(shell)
    there.type("count the words in notes.txt" + ALT_E)
    there.wait("llmos run")
    there.type(DRAWN_ANEW)
    there.wait("llmos run 'read notes.txt | words'")
    there.type(ALT_E + DRAWN_ANEW)
    there.wait("count the words in notes.txt")
    there.type(ALT_E)
    there.wait("llmos run")
    there.type(" --json\r")  # the cursor is at the end
    assert '"value": 5' in there.wait("READY> ")
    there.type("move it over there" + ALT_E)
    assert "llmos run" not in there.wait("do you mean?")
    there.type("\x01echo \x05\r")
    there.wait("move it over there")  # as the line is now
    there.wait("READY> ")


@pytest.mark.parametrize("shell", ["bash", pytest.param("zsh", marks=pytest.mark.slow), pytest.param("fish", marks=pytest.mark.slow)])
def test_quotes_and_signs_are_not_the_shells(terminal: Open, folder: Path, shell: str) -> None:
    (folder / "it's $(touch gotcha).txt").write_text("a b c")
    there = terminal(shell)
    there.type('read "it\'s $(touch gotcha).txt" | words' + ALT_E)
    there.wait("llmos run '")
    there.type("\r")
    assert "3" in there.wait("READY> ")
    assert not (folder / "gotcha").exists()


def test_bash_in_vi_mode_has_it_too(terminal: Open) -> None:
    there = terminal("bash")
    there.run("set -o vi")
    there.type("count the words in notes.txt" + ALT_E)
    there.wait("llmos run 'read notes.txt | words'")


def test_another_shell_has_none() -> None:
    with pytest.raises(UsageError, match="tcsh"):
        snippet("tcsh")
