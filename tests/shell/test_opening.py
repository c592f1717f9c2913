"""`/open`: which files are meant, and what opens them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.shell.opening import chosen, open_file
from tests.shell.test_session import do
from tests.ui.fakes import said


@pytest.mark.parametrize(("text", "numbers"), [
    ("2", [2]),
    ("1,3", [1, 3]),
    ("2-4", [2, 3, 4]),
    ("the second one", [2]),
    ("third", [3]),
    ("the last one", [5]),
    ("number 4", [4]),
])  # fmt: skip
def test_numbers(make, text, numbers):
    shown = [f"/x/{i}" for i in range(1, 6)]
    assert [str(path) for path in chosen(text, shown, make().host)] == [f"/x/{n}" for n in numbers]


@pytest.mark.parametrize(("text", "shown", "says"), [
    ("6", 5, "no number 6: 5 were shown"),
    ("0", 5, "no number 0"),
    ("1-50", 60, "too many"),
    ("1", 0, "nothing with numbers"),
    ("", 2, "say which one"),
    ("nowhere.txt", 2, "nowhere.txt"),
])  # fmt: skip
def test_what_is_not_there(make, text, shown, says):
    with pytest.raises(LlmosError, match=says):
        chosen(text, ["/x"] * shown, make().host)


def test_names_and_the_only_one(make, work):
    host = make().host
    assert chosen("notes.txt", [], host) == [work / "notes.txt"] and chosen('"My Folder/c.txt"', [], host) == [work / "My Folder/c.txt"]
    assert [str(path) for path in chosen("", ["/x"], host)] == ["/x"]


@pytest.fixture
def programs(work):
    """A desktop's opener and an editor that write down what they are given."""
    folder = work.parents[1] / "bin"
    folder.mkdir()
    for name in ("xdg-open", "editor", "broken"):
        (folder / name).write_text(f'#!/bin/sh\nprintf "{name} %s\\n" "$1" >> {folder}/log\ntest {name} != broken\n')
        (folder / name).chmod(0o755)
    return folder


def opened(make, programs, **env) -> str:
    session = make()
    session.kernel.host = replace(session.host, env={**session.host.env, "PATH": f"{programs}:/usr/bin:/bin", **env})
    do(session, "list", "/open 2")
    return said(session.host)


def test_on_a_desktop_its_own_program_opens_it(make, programs, work):
    assert "Opened My Folder" not in opened(make, programs, DISPLAY=":9", EDITOR="editor")
    assert (programs / "log").read_text() == f"xdg-open {work}/a.pdf\n"


def test_elsewhere_the_editor(make, programs, work):
    (work / "a.pdf").rename(work / "-rf $(x).pdf")
    assert "with editor" in opened(make, programs, EDITOR="editor")
    assert (programs / "log").read_text().startswith(f"editor {work}/")


def test_what_fails_is_said(make, programs, work):
    assert "broken ended with exit status 1" in opened(make, programs, EDITOR="broken")
    (programs / "xdg-open").unlink()
    session = make()
    with pytest.raises(LlmosError, match="no program"):
        open_file(work / "a.pdf", replace(session.host, env={"PATH": str(programs)}))
    with pytest.raises(LlmosError, match="not there any more"):
        open_file(work / "gone", session.host)
