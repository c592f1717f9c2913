"""The text around a hit: on one line, however narrow, with the hit in it, and harmless."""

from __future__ import annotations

import re

import pytest

from llmos_cli.ui.cells import width
from llmos_cli.ui.hits import under
from llmos_cli.ui.paint import Paint
from llmos_cli.values import Entry, Excerpt, Hit

TEXT = Excerpt(
    (("… a long way to go before the ", False), ("budget", True), (" of next year is ready for ", False), ("Ana", True), ("…", False)), 12
)


def shown(excerpt: Excerpt | None, room: int = 80, *, colour: bool = False) -> list[str]:
    return list(under(Hit("/a", lambda: excerpt), room, Paint(colour)))


@pytest.mark.parametrize("room", [20, 40, 80, 200])
def test_the_hit_is_seen_however_narrow(room: int) -> None:
    (line,) = shown(TEXT, room)
    assert width(line) <= room and "budg" in line and line.startswith("    12: ")


def test_hits_stand_out() -> None:
    (line,) = shown(TEXT, colour=True)
    assert "\x1b[1mbudget\x1b[0m" in line and re.sub("\x1b\\[[0-9;]*m", "", line) == shown(TEXT)[0]


def test_what_could_harm_is_written_out_and_wide_letters_are_counted() -> None:
    (line,) = shown(Excerpt((("\x1b[31m\u202e", False), ("预算" * 30, True))), 40)
    assert "\x1b" not in line and "\\u202e" in line and width(line) <= 40 and "预算" in line


def test_other_files_have_none() -> None:
    assert shown(None) == [] and list(under(Entry("/a"), 80, Paint(False))) == []
