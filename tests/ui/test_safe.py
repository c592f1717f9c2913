"""What reaches the terminal of text from outside."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_cli.ui.cells import cut, pad, width, wrap
from llmos_cli.ui.safe import safe, safe_block
from tests.ui.fakes import harm

JOINERS = "\u200c\u200d"
VISIBLE = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def test_every_hidden_character_becomes_visible() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in VISIBLE:
            assert safe(f"a{char}b").isprintable(), hex(code)
            assert safe(f"a{char}b").startswith("a\\"), hex(code)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("report\u202efdp.exe", "report\\u202efdp.exe"),
        ("two\nlines\tand\rmore", "two\\nlines\\tand\\rmore"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("in\u200bvisible", "in\\u200bvisible"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize("text", ["报告.pdf", "été", "👩‍👩‍👧 family", "👩🏽‍💻", "🏳️‍🌈", "می‌خواهم", "क्‍ष", "a b", "\u00a0", "e\u0301"])
def test_ordinary_writing_passes(text: str) -> None:
    assert safe(text) == text


def test_a_joiner_between_letters_is_shown() -> None:
    assert safe("pay\u200dpal") == "pay\\u200dpal"
    assert safe("👩\u200d") == "👩\\u200d"


def test_blocks_keep_their_lines() -> None:
    assert safe_block("a\tb\r\nc\x1b[2J\n") == "a\tb\nc\\x1b[2J\n"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_nothing_harmful_is_left(text: str) -> None:
    assert not harm(safe(text), fine=VISIBLE + JOINERS)
    assert not harm(safe_block(text), fine=VISIBLE + JOINERS)


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_cut_fits(text: str, room: int) -> None:
    text = safe(text)
    assert width(cut(text, room)) <= room
    assert width(cut(text, room, keep_end=True)) <= room
    assert cut(text, width(text)) == text


def test_cells() -> None:
    assert width("报告") == 4
    assert cut("报告报告", 5) == "报告…"
    assert cut("报告报告", 4, keep_end=True) == "…告"
    assert pad("报", 4) + "|" == "报  |"
    assert wrap("aa bb  cc dddddddd", 5, " ") == "aa bb\n  cc\n dddddddd"
