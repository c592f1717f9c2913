"""What people type never is a mistake, and finds what they mean."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.search import terms


def matches(text: str, words: str, **how: bool) -> bool:
    db = sqlite3.connect(":memory:")
    db.execute('CREATE VIRTUAL TABLE words USING fts5(text, tokenize = "porter unicode61 remove_diacritics 2")')
    db.execute("INSERT INTO words VALUES (?)", (terms.spaced(terms.plain(text)),))
    match = terms.query(words, **how)
    return bool(match) and bool(db.execute("SELECT 1 FROM words WHERE words MATCH ?", (match,)).fetchall())


@pytest.mark.parametrize(("text", "words"), [
    ("2023年预算报告已经完成", "预算"), ("2023年预算报告已经完成", "算"), ("2023年预算报告已经完成", "2023年预算"),
    ("房租，和水电", "房租 水电"), ("東京都のラーメン屋", "ラーメン"), ("한국어 문서를 읽다", "문서"), ("ภาษาไทยเป็นภาษา", "ไทย"),
    ("𠮷野家で", "野家"), ("the Budgets of Ana", "budget ana"), ("she was running", "runs"), ("Café Münster", "cafe munster"),
    ("cafe munster", "CAFÉ Münster"), ("ﬁnance ｆｕｌｌ", "finance full"), ("E\u0301cole", "école"), ("to be or not to be", "to be"),
    ("a plan for the house", "the plan of a house"), ("next year's budget plan", '"budget plan"'), ("budgetary", "budg*"),
    ("\x1b[31mbudget\x1b[0m", "budget"), ("parse_request(x)", "parse_request"), ("don't stop", "don’t stop"),
    ("mail ana@example.org now", "ana@example.org"), ("budget", "budget ! …"), ("budget", '"budget'), ("NOT a NEAR miss", "NEAR NOT"),
])  # fmt: skip
def test_found(text: str, words: str) -> None:
    assert matches(text, words)


@pytest.mark.parametrize(("text", "words"), [
    ("2023年预算报告", "预报"), ("2023年预算报告", "算预"), ("plan of the budget", '"budget plan"'), ("budgetary", "budge"),
    ("budget", "budget plan"), ("budget", "text:budget OR x"), ("budget", ""), ("budget", "* \" ' ()"), ("budget", "😀"),
])  # fmt: skip
def test_not_found(text: str, words: str) -> None:
    assert not matches(text, words)


def test_as_you_type() -> None:
    assert matches("next year's budget", "year budg", typing=True) and not matches("next year's budget", "ye budget", typing=True)
    assert matches("2023年预算", "年预", typing=True)


@given(st.text() | st.text(alphabet='"*()^:+-{}ANDORTNE \0\\预a'))
def test_nothing_is_a_mistake(words: str) -> None:
    matches("budget", words)
    matches("budget", words, typing=True)


@given(st.text())
def test_what_is_kept_can_be_shown(text: str) -> None:
    plain = terms.plain(text)
    assert terms.unspaced(terms.spaced(plain)) == plain and "\0" not in plain


def test_names_are_found_by_their_parts() -> None:
    for words in ("budget report", "2025", "BudgetReport2025", "xlsx"):
        assert matches(terms.of_name("BudgetReport2025.xlsx"), words), words
