"""Long texts in parts: nothing is lost, nothing is moved, and each part is as small as it must be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_cli.language.parts import framed, parts, tokens

SENTENCES = ("A sentence stands here. ", "Another one! ", "Is it? ", "今天天气很好。", "我们去公园，看花。", "word ", "x" * 300)
BETWEEN = ("\n", "\n\n", "  \n\n\n", "é", "🙂", "\t")
PROSE = st.lists(st.sampled_from([*SENTENCES, *BETWEEN]), max_size=60).map("".join)


@settings(max_examples=200, deadline=None)
@given(PROSE | st.text(max_size=400), st.integers(4, 300))
def test_nothing_is_lost_and_each_part_is_within_its_bound(text: str, most: int):
    found = parts(text, most)
    assert "".join(found) == text
    assert all(part and tokens(part) <= most for part in found)


@settings(max_examples=100, deadline=None)
@given(PROSE | st.text(max_size=400), st.integers(4, 300))
def test_no_two_parts_would_fit_into_one(text: str, most: int):
    assert all(tokens(one + other) > most for one, other in itertools.pairwise(parts(text, most)))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_tokens_add_up(one: str, other: str):
    assert tokens(one + other) <= tokens(one) + tokens(other) <= tokens(one + other) + 1


def test_it_is_cut_at_paragraphs_first_then_at_sentences():
    text = "One stands here. It is short.\n\nTwo stands here. It is short too.\n\nThree."
    assert parts(text, 16) == ["One stands here. It is short.\n\n", "Two stands here. It is short too.\n\n", "Three."]
    assert parts(text, 8)[:2] == ["One stands here. ", "It is short.\n\n"]
    assert parts("今天天气很好。我们去公园。", 16) == ["今天天气很好。", "我们去公园。"]


@pytest.mark.parametrize(
    ("text", "known"),
    [  # as measured with Qwen's and Llama 2's vocabularies, the larger of both
        ("The quick brown fox jumps over the lazy dog. " * 20, 220),
        ("今天天气很好，我们去公园散步，看到了很多花。" * 20, 700),
        ("def add(a: int, b: int) -> int:\n    return a + b\n" * 20, 380),
    ],
)
def test_tokens_are_rather_too_many_than_too_few(text: str, known: int):
    assert known <= tokens(text) <= 3 * known


@given(st.text(alphabet=" \n\tab", max_size=30))
def test_a_frame_and_what_is_in_it_are_the_text(text: str):
    before, said, after = framed(text)
    assert before + said + after == text and said == said.strip() and not (before + after).strip()
