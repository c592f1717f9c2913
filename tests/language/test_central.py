"""A summary without a model."""

from __future__ import annotations

import time

import pytest

from llmos_cli.language.central import central, terms
from llmos_cli.language.sentences import sentences

STORY = """# The harbour bridge

The harbour bridge will close for repairs on Monday, the city said. Engineers found cracks in the steel of the bridge last week. My aunt
likes tea. The repairs of the bridge will cost nine million euros and take four months. Dr. Lane of the city said that ferries, e.g. those
of the harbour line, would carry people while the bridge is closed.

- Buses go round by the north.
- Somebody painted a fence.
"""
CHINESE = (
    "今天天气很好。市政府宣布大桥将于周一关闭维修。工程师上周在大桥的钢结构中发现了裂缝。我喜欢喝茶。大桥的维修将花费九百万，需要四个月。"
)


def test_sentences_of_english():
    found = list(sentences(STORY))
    assert found[0] == "The harbour bridge will close for repairs on Monday, the city said."
    assert found[2] == "My aunt likes tea."
    assert found[4].startswith("Dr. Lane of the city") and found[4].endswith("while the bridge is closed.")
    assert found[5:] == ["Buses go round by the north.", "Somebody painted a fence."]


def test_sentences_of_chinese_and_without_code():
    assert list(sentences(CHINESE))[1] == "市政府宣布大桥将于周一关闭维修。" and len(list(sentences(CHINESE))) == 5
    assert list(sentences("他说：“走吧！”然后\n走了。")) == ["他说：“走吧！”", "然后走了。"]
    assert list(sentences("It runs.\n```\nx = 1.\n```\nIt ends.")) == ["It runs.", "It ends."]


def test_the_most_central_are_about_what_the_text_is_about():
    found = central(STORY, 2)
    assert len(found) == 2 and all("bridge" in said for said in found)
    assert all("大桥" in said for said in central(CHINESE, 2))
    assert found == sorted(found, key=STORY.replace("\n", " ").index)


def test_what_is_asked_about_comes_first():
    assert central(STORY, 1, about="tea and aunts") == ["My aunt likes tea."]


def test_the_same_said_twice_is_said_once():
    twice = (
        "The bridge will close on Monday for repairs. " * 3 + "Ferries will carry people over the harbour. Tickets for ferries are free."
    )
    assert len(set(central(twice, 2))) == 2


def test_few_sentences_are_all_taken_and_none_are_none():
    assert central("One thing happened here today.", 5) == ["One thing happened here today."]
    assert central("", 3) == [] and central("```\nx\n```", 3) == []


def test_terms():
    assert terms("The bridges of the City") == ["bridge", "city"] and terms("大桥关闭") == ["大桥", "桥关", "关闭"]


def test_a_long_text_takes_no_longer_than_a_moment():
    began = time.perf_counter()
    many = "".join(STORY.replace("bridge", f"bridge {n}") for n in range(1500))
    assert len(central(many, 5)) == 5
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("sentence", ["The bridge number {} is old. ", "it was no. {} of the old ones. ", "a. b. ", "{}." + "." * 60])
def test_a_long_text_on_one_line_takes_time_by_its_length_alone(sentence: str):
    began = time.perf_counter()
    assert list(sentences("".join(sentence.format(n) for n in range(40_000))))
    assert time.perf_counter() - began < 3


def test_of_a_text_without_sentences_a_piece_is_told():
    minified = ";".join(f"var value{i}=function(a{i},b){{return a{i}+b*{i}}}" for i in range(2000))
    found = central(minified, 3)
    assert len(found) == 3 and all(len(piece) <= 300 and piece in minified for piece in found)
