"""The search tool: its filters, what follows it in a pipe, and the whole program as a person starts it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.places import Place
from llmos_cli.search.library import Library

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from llmos_cli.main import main; main()"]
Make = Callable[..., Path]


@pytest.fixture
def place(place: Place, tmp_path: Path) -> Place:
    return replace(place, library=Library(tmp_path / "cache", place.home, []))


def test_filters(make: Make, names: Callable[..., list[str]], place: Place) -> None:
    now = place.now
    make("old.md", "budget", mtime=now - 40 * 86400)
    make("new.txt", "budget", mtime=now - 86400)
    make("sub/code.py", "budget = 1", mtime=now - 86400)
    make("other.txt", "nothing")
    assert sorted(names("search budget")) == ["new.txt", "old.md", "sub/code.py"]
    assert names("search budget ext=md") == names("search budget older=30d") == ["old.md"]
    assert sorted(names("search budget newer=7d")) == ["new.txt", "sub/code.py"]
    assert names("search budget kind=code") == names("search budget in=sub") == ["sub/code.py"]
    assert names('search "budget = 1"') == ["sub/code.py"]


def test_it_looks_in_the_home_from_anywhere_in_it(make: Make, names: Callable[..., list[str]], place: Place) -> None:
    (place.home / "letters").mkdir()
    (place.home / "letters/a.txt").write_text("Dear Ana")
    assert names("search ana") == ["../letters/a.txt"]


# ---- the program -----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "person"
    for name, text in {
        "Documents/plan.md": "# Next year\n\nThe Budget of the household is tight.\n",
        "Documents/房租.txt": "今年的预算已经用完了。\n",
        "Documents/evil.txt": "a \x1b[31mbudget\x07 that \u202eharms\n",
        "Music/song.mp3": "\xff\0",
        ".config/x": "budget",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
        os.utime(home / name, (1_700_000_000, 1_700_000_000))
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "dumb", "COLUMNS": "80"}
    return {**kept, "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), **more}


def llmos(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_path_a_line_in_a_pipe(home: Path) -> None:
    done = llmos(home, "run", "search budget")
    assert (done.returncode, sorted(done.stdout.splitlines()), done.stderr) == (0, ["Documents/evil.txt", "Documents/plan.md"], "")
    assert llmos(home, "run", "search 预算").stdout == "Documents/房租.txt\n"
    assert llmos(home, "run", "search nowhere").stdout == ""


def test_json_has_the_snippet_and_its_line(home: Path) -> None:
    done = llmos(home, "run", "--json", 'search "budget of the household"')
    (item,) = json.loads(done.stdout)["result"]["items"]
    assert (item["path"], item["line"]) == (str(home / "Documents/plan.md"), 3)
    assert "The Budget of the household is tight." in item["snippet"]


def test_what_is_found_can_be_copied_and_that_taken_back(home: Path) -> None:
    done = llmos(home, "run", "-y", "search household | copy into=found")
    assert done.returncode == 0, done.stderr
    assert (home / "found/plan.md").exists()
    assert sorted(llmos(home, "run", "search household").stdout.split()) == ["Documents/plan.md", "found/plan.md"]
    assert llmos(home, "undo").returncode == 0
    assert llmos(home, "run", "search household").stdout.split() == ["Documents/plan.md"]


@pytest.mark.parametrize("words", ['" NEAR(a', "'; drop table words; --", "* ( OR )"])
def test_no_words_are_an_error_of_the_index(home: Path, words: str) -> None:
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    done = llmos(home, "run", f'search "{quoted}"')
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr and "bug" not in done.stderr
    assert done.stdout == "" and (done.returncode == 0 or "no word to look for" in done.stderr)


def on_a_terminal(home: Path, *args: str, **env: str) -> str:
    """What comes out on a terminal of 80 columns."""
    pid, handle = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execve(sys.executable, [*COMMAND, *args], environment(home, TERM="xterm-256color", **env))
    said = b""
    until = time.monotonic() + 60
    while time.monotonic() < until and select.select([handle], [], [], 1 if said else 30)[0]:
        try:
            chunk = os.read(handle, 65536)
        except OSError:
            break
        if not chunk:
            break
        said += chunk
    os.close(handle)
    os.waitpid(pid, 0)
    return said.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_hit_is_marked_and_nothing_harms(home: Path) -> None:
    said = on_a_terminal(home, "run", "search budget")
    assert "Documents/plan.md" in said and "\x1b[1mBudget\x1b[0m" in said and "3: " in said
    assert "\x1b[31m" not in said and "\x07" not in said and "\u202e" not in said
    plain = re.sub("\x1b\\[[0-9;]*m", "", said)
    assert "    3: # Next year The Budget of the household is tight." in plain
    assert "\x1b" not in on_a_terminal(home, "run", "search budget", NO_COLOR="1").replace("\r", "")


def test_the_first_index_shows_how_far_it_has_come(home: Path) -> None:
    for i in range(6000):  # more than is read before the first sign of progress
        (home / f"n{i % 20}").mkdir(exist_ok=True)
        (home / f"n{i % 20}/{i}.txt").write_text("words and more words " * 100)
    said = on_a_terminal(home, "run", "search household")
    assert re.search(r"indexing your files \[#*\.*\] [\d,]+ of 6,00\d", said), said
    assert "Documents/plan.md" in said


def test_an_index_that_is_deleted_is_made_again(home: Path) -> None:
    llmos(home, "run", "search budget")
    shutil.rmtree(home.parent / "llmos/cache")
    assert "plan.md" in llmos(home, "run", "search budget").stdout
