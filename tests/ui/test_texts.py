"""Texts with their colours: the same text, whatever the colours."""

from __future__ import annotations

import re
from pathlib import Path

from llmos_cli.ui.branches import tree
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.texts import MOST_LINES, shown
from llmos_cli.values import Entry, Text
from tests.ui.fakes import harm

CODE = ["def f(x):", '    """two', '    lines\x1b[2J"""', "    return 12  # why\r", "\tif x: pass"]


def plain(lines: list[str]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


def test_a_program_is_coloured_by_its_language(work: Path) -> None:
    path = str(work / "x.py")
    coloured = list(shown(Text(CODE, (path,)), Paint(True)))
    assert plain(coloured) == list(shown(Text(CODE, (path,)), Paint(False)))
    assert not harm("\n".join(coloured))
    assert "\x1b[35mdef\x1b[0m" in coloured[0] and "\x1b[32mf\x1b[0m" in coloured[0]
    assert coloured[1].endswith('\x1b[33m"""two\x1b[0m') and coloured[2].startswith("\x1b[33m    lines")  # a string over two lines
    assert "\x1b[2m# why\x1b[0m" in coloured[3]


def test_other_texts_and_several_files_are_not(work: Path) -> None:
    for sources in ((), (str(work / "notes.txt"),), (str(work / "a.py"), str(work / "b.py"))):
        assert "\x1b" not in "".join(shown(Text(["def f(): pass"], sources), Paint(True)))


def test_a_long_program_streams_on(work: Path) -> None:
    lines = (f"x = {i}" for i in range(MOST_LINES + 500))
    found = list(shown(Text(lines, (str(work / "x.py"),)), Paint(True)))
    assert len(found) == MOST_LINES + 500 and "\x1b" in found[0] and found[-1] == f"x = {MOST_LINES + 499}"


def test_a_diff() -> None:
    found = list(shown(Text(["--- a", "+++ b", "@@ -1 +1 @@", "-old", "+new", " same"]), Paint(True)))
    assert found[3:] == ["\x1b[31m-old\x1b[0m", "\x1b[32m+new\x1b[0m", " same"]
    assert list(shown(Text(["--- a", "b"]), Paint(True))) == ["--- a", "b"]


def test_a_tree_of_files(work: Path) -> None:
    entries = [Entry(f"{work}/{name}") for name in ("thesis/a.tex", "thesis/b.tex", "notes.txt", "gone")]
    text = tree(entries)
    assert list(text.lines) == [
        str(work),
        "├── thesis/  (2 files)",
        "│   ├── a.tex  (300 bytes)",
        "│   └── b.tex  (724 bytes)",
        "├── notes.txt  (6 bytes)",
        "└── gone",
    ]
    drawn = list(shown(text, Paint(True)))
    assert "\x1b[2m│   ├── \x1b[0ma.tex  (300 bytes)" in drawn
    assert list(shown(text, Paint(False), drawn=False))[1:3] == ["  thesis/  (2 files)", "    a.tex  (300 bytes)"]
