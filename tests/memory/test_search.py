"""Searching the past: requests, plans, results and facts, by words of any script."""

from __future__ import annotations

import random
import time

import pytest

from llmos_cli.values import Files, Table, Text


def found(memory, words: str) -> list[str]:
    return [hit.text for hit in memory.search(words)]


@pytest.fixture
def past(memory, asked):
    asked(
        "find the thesis pdfs",
        Files.at(["/home/ana/research/thesis final.pdf", "/home/ana/预算2026.xlsx"]),
        plan="find ext=pdf name=*thesis*",
    )
    asked("查找上个月的预算文件", Text(("共三个文件",)))
    asked("how much is in the budget", Table(("line", "text"), ((3, "the quick brown fox"), (4, "Crème brûlée: 12"))))
    memory.facts.add("my papers live in ~/research", "papers", "/home/ana/research")
    return memory


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("thesis", ["find the thesis pdfs"]),
        ("THES", ["find the thesis pdfs"]),  # the start of a word
        ("name=*thesis*", ["find the thesis pdfs"]),  # of its plan
        ("brown quick", ["how much is in the budget"]),  # of its result, in any order
        ('"quick brown"', ["how much is in the budget"]),
        ('"brown quick"', []),
        ("creme brulee", ["how much is in the budget"]),
        ("预算", ["查找上个月的预算文件", "find the thesis pdfs"]),
        ("算", ["查找上个月的预算文件", "find the thesis pdfs"]),
        ("算预", []),
        ("三个文件", ["查找上个月的预算文件"]),
        ("预算 文件", ["查找上个月的预算文件"]),
        ("papers", ["my papers live in ~/research"]),
        ("research", ["my papers live in ~/research", "find the thesis pdfs"]),  # facts first
        ("nothing of this", []),
        ("", []),
        (" .,; ", []),
    ],
)
def test_words_find_what_has_all_of_them(past, words, expected):
    assert found(past, words) == expected


def test_no_text_is_taken_for_the_language_of_queries(past):
    for text in (
        '"',
        '""',
        "a OR b",
        "NOT",
        "NEAR(a b)",
        "request:thesis",
        "thesis*",
        "'; DROP TABLE turn; --",
        "(",
        "^thesis",
        "a\0b",
        "-x",
        "💥",
    ):
        past.search(text)
    assert found(past, "request:thesis") == []  # not a column: these two words
    assert found(past, "thesis") == ["find the thesis pdfs"]


def test_the_text_around_the_hit_is_shown(past):
    hit = past.search("预算")[1]
    assert (hit.kind, hit.plan, hit.outcome) == ("request", "find ext=pdf name=*thesis*", "done")
    assert "/home/ana/预算2026.xlsx" in hit.result


def test_the_newest_come_first_and_no_more_than_asked_for(memory, asked):
    for n in range(30):
        asked(f"apples {n}")
    assert found(memory, "apples")[:2] == ["apples 29", "apples 28"]
    assert len(memory.search("apples", 5)) == 5


def test_recall_gives_facts_and_requests_and_of_equal_ones_the_last(past, asked):
    asked("find the thesis pdfs")
    asked("what do you know about the thesis", plan="recall thesis")
    assert [(kind, text) for kind, _, text in past.recall("the thesis")] == [("request", "find the thesis pdfs")]
    assert [(kind, text) for kind, _, text in past.recall("my papers")] == [("fact", "my papers live in ~/research")]
    assert [text for _, _, text in past.recall("")] == ["my papers live in ~/research"]


def test_a_large_past_is_searched_at_once(memory):
    words = [f"w{n}" for n in range(500)]
    chance = random.Random(3)
    with_text = [
        (n, f"request {' '.join(chance.choices(words, k=8))}", "find", " ".join(chance.choices(words, k=60))) for n in range(1, 5001)
    ]
    memory.store.write(lambda db: db.executemany("INSERT INTO past (rowid, request, plan, result) VALUES (?,?,?,?)", with_text))
    turn = "INSERT INTO turn (id, time, cwd, request, plan, outcome) VALUES (?, 0, '/', ?, ?, 'done')"
    memory.store.write(lambda db: db.executemany(turn, [row[:3] for row in with_text]))
    began = time.perf_counter()
    assert memory.search("w17 w3")
    assert time.perf_counter() - began < 0.5
