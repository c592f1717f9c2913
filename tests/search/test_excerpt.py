"""The text around a hit is the part that a person would have looked for."""

from __future__ import annotations

import sqlite3
import time
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.search import terms
from llmos_cli.search.excerpt import PIECE, WIDTH, excerpt
from llmos_cli.search.store import open_pieces
from llmos_cli.values import Excerpt


@cache
def database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    open_pieces(db)
    return db


def around(text: str, words: str, *, lined: bool = True) -> Excerpt | None:
    return excerpt(database(), text, terms.query(words, any_of_them=True), lined=lined)


def shown(text: str, words: str, *, lined: bool = True) -> tuple[str, int | None]:
    """The text with its hits in brackets, and the line."""
    found = around(text, words, lined=lined)
    assert found is not None
    return "".join(f"[{piece}]" if hit else piece for piece, hit in found.pieces), found.line


def test_the_place_where_most_of_it_stands_together() -> None:
    far = "word " * 60
    text, line = shown(f"the plan {far}\n{far}\nthe Budgets and the plan\n{far}", "budget plan")
    assert text.startswith("…the [Budgets] and the [plan] word ") and text.endswith(" word…") and line == 3
    assert WIDTH // 2 < len(text) <= WIDTH + 6


def test_far_into_a_long_text() -> None:
    far = "one line of words\n" * 20_000
    text, line = shown(f"{far}the budget of the year\n{far}", "budget")
    assert text.startswith("…the [budget] of the year one line") and line == 20_001


def test_short_texts_are_whole() -> None:
    assert shown("the budget\n\n  for us", "budgets") == ("the [budget] for us", 1)
    assert shown("预算报告", "预算", lined=False) == ("[预算]报告", None)
    assert shown("上一年的预算报告", "报告", lined=False) == ("上一年的预算[报告]", None)


def test_a_hit_that_is_longer_than_an_excerpt() -> None:
    text, _ = shown("a " + "long " * 100 + "b", f'"{"long " * 100}"')
    assert text.startswith("a [long long") and text.endswith("long]…") and len(text) > 400


def test_what_is_not_there() -> None:
    assert around("plain", "budget") is None and around("", "budget") is None


def test_a_text_full_of_hits_takes_no_longer() -> None:
    text = "budget of the year\n" * 50_000
    start = time.perf_counter()
    assert shown(text, "budget year")[1] == 1
    assert time.perf_counter() - start < 1


@given(st.lists(st.sampled_from(["budget", "Plan", " ", "\n", "预算", "x" * 30, ". "]), max_size=400))
def test_nothing_is_made_up_and_no_hit_missed(parts: list[str]) -> None:
    text = "".join(parts)
    found = around(text, "budget 预算")
    if found is None:
        assert "预算" not in text or len(text) > PIECE
        return
    assert any(hit for _, hit in found.pieces) and {p.lower() for p, hit in found.pieces if hit} <= {"budget", "预算"}
    assert " ".join(found.text.strip("…").split()) in " ".join(text.split())
    assert found.line is not None and any(p in text.split("\n")[found.line - 1] for p, hit in found.pieces if hit)
