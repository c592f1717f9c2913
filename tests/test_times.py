import time
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.errors import LlmosError
from llmos_cli.times import age, canonical_age, looks_dated, moment, stretch

MONDAY = datetime(2026, 11, 23, 16, 30)


def days(text: str, now: datetime = MONDAY) -> tuple[str, str]:
    """First and last day of a stretch."""
    start, end = stretch(text, now.timestamp())
    first, after = datetime.fromtimestamp(start), datetime.fromtimestamp(end)
    assert (first.hour, first.minute, after.hour, after.minute) == (0, 0, 0, 0), (text, first, after)
    return str(first.date()), str(after.date() - timedelta(days=1))


@pytest.fixture
def zone(monkeypatch):
    def use(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    return use


# ---- ages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "canonical"), [
    ("30 days", "30d"), ("60 days", "60d"), ("24 hours", "24h"), ("two weeks", "2w"), ("a fortnight", "2w"), ("week", "1w"),
    ("a year and a half", "1.5y"), ("two and a half weeks", "2.5w"), ("half an hour", "0.5h"), ("30d", "30d"), ("6mo", "6mo"),
    ("last 3 days", "3d"), ("the past few days", "3d"), ("past hour", "1h"), ("the past month", "1mo"), ("about two months", "2mo"),
    ("two days ago", "2d"), ("three years old", "3y"), ("90 min", "90min"), ("3天", "3d"), ("3天前", "3d"), ("两个星期", "2w"),
    ("半年", "0.5y"), ("最近三天", "3d"), ("三个月以前", "3mo"), ("3日内", "3d"), ("半小时", "0.5h"),
])  # fmt: skip
def test_an_age_keeps_the_unit_that_was_said(said, canonical):
    assert canonical_age(said) == canonical
    assert canonical_age(canonical) == canonical
    assert age(said) == age(canonical)


@pytest.mark.parametrize(
    "text", ["", "last week", "march", "三月", "3月", "上周", "2023年", "2023", "second to none", "5m", "old", "周", "9" * 400 + " d"]
)
def test_what_is_no_age(text):
    assert age(text) is None and canonical_age(text) == ""


def test_lengths():
    assert [age(text) for text in ("1h", "1d", "1w", "1mo", "1y")] == [3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400]


# ---- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "first", "last"), [
    ("today", "2026-11-23", "2026-11-23"),
    ("tonight", "2026-11-23", "2026-11-23"),
    ("yesterday", "2026-11-22", "2026-11-22"),
    ("last night", "2026-11-22", "2026-11-22"),
    ("the day before yesterday", "2026-11-21", "2026-11-21"),
    ("two days ago", "2026-11-21", "2026-11-21"),
    ("two weeks ago", "2026-11-09", "2026-11-15"),
    ("a month ago", "2026-10-01", "2026-10-31"),
    ("monday", "2026-11-23", "2026-11-23"),
    ("last monday", "2026-11-16", "2026-11-16"),
    ("tuesday", "2026-11-17", "2026-11-17"),
    ("Last Tuesday", "2026-11-17", "2026-11-17"),
    ("on friday", "2026-11-20", "2026-11-20"),
    ("this week", "2026-11-23", "2026-11-29"),
    ("last week", "2026-11-16", "2026-11-22"),
    ("last weekend", "2026-11-21", "2026-11-22"),
    ("this month", "2026-11-01", "2026-11-30"),
    ("last month", "2026-10-01", "2026-10-31"),
    ("last quarter", "2026-07-01", "2026-09-30"),
    ("this year", "2026-01-01", "2026-12-31"),
    ("last year", "2025-01-01", "2025-12-31"),
    ("2023", "2023-01-01", "2023-12-31"),
    ("march", "2026-03-01", "2026-03-31"),
    ("since march", "2026-03-01", "2026-03-31"),
    ("december", "2025-12-01", "2025-12-31"),
    ("november", "2026-11-01", "2026-11-30"),
    ("last november", "2025-11-01", "2025-11-30"),
    ("march 2024", "2024-03-01", "2024-03-31"),
    ("march of last year", "2025-03-01", "2025-03-31"),
    ("feb 2024", "2024-02-01", "2024-02-29"),
    ("3 march", "2026-03-03", "2026-03-03"),
    ("3rd of March", "2026-03-03", "2026-03-03"),
    ("march 3, 2024", "2024-03-03", "2024-03-03"),
    ("24 december", "2025-12-24", "2025-12-24"),
    ("29 feb", "2024-02-29", "2024-02-29"),
    ("1st", "2026-11-01", "2026-11-01"),
    ("the 1st", "2026-11-01", "2026-11-01"),
    ("the 23rd", "2026-11-23", "2026-11-23"),
    ("the 24th", "2026-10-24", "2026-10-24"),
    ("the 31st", "2026-10-31", "2026-10-31"),
    ("2026-03-31", "2026-03-31", "2026-03-31"),
    ("2026/3/1", "2026-03-01", "2026-03-01"),
    ("2026-02", "2026-02-01", "2026-02-28"),
    ("31/12/2025", "2025-12-31", "2025-12-31"),
    ("12/31/2025", "2025-12-31", "2025-12-31"),
    ("31.12.25", "2025-12-31", "2025-12-31"),
    ("summer", "2026-06-01", "2026-08-31"),
    ("last summer", "2026-06-01", "2026-08-31"),
    ("summer 2020", "2020-06-01", "2020-08-31"),
    ("winter", "2025-12-01", "2026-02-28"),
    ("christmas", "2025-12-25", "2025-12-25"),
    ("christmas 2023", "2023-12-25", "2023-12-25"),
    ("new year's eve", "2025-12-31", "2025-12-31"),
    ("easter", "2026-04-05", "2026-04-05"),
    ("今天", "2026-11-23", "2026-11-23"),
    ("昨天", "2026-11-22", "2026-11-22"),
    ("前天", "2026-11-21", "2026-11-21"),
    ("3天前", "2026-11-20", "2026-11-20"),
    ("上周", "2026-11-16", "2026-11-22"),
    ("上周二", "2026-11-17", "2026-11-17"),
    ("上个月", "2026-10-01", "2026-10-31"),
    ("去年", "2025-01-01", "2025-12-31"),
    ("2023年", "2023-01-01", "2023-12-31"),
    ("三月", "2026-03-01", "2026-03-31"),
    ("2023年3月5日", "2023-03-05", "2023-03-05"),
    ("三月五号", "2026-03-05", "2026-03-05"),
])  # fmt: skip
def test_a_stretch_of_time(said, first, last):
    assert looks_dated(said)
    assert days(said) == (first, last)


@pytest.mark.parametrize(("now", "said", "first", "last"), [
    ((2026, 1, 1), "yesterday", "2025-12-31", "2025-12-31"),
    ((2026, 1, 1), "last week", "2025-12-22", "2025-12-28"),
    ((2026, 1, 1), "this week", "2025-12-29", "2026-01-04"),
    ((2026, 1, 1), "last month", "2025-12-01", "2025-12-31"),
    ((2026, 1, 15), "last quarter", "2025-10-01", "2025-12-31"),
    ((2026, 1, 15), "winter", "2025-12-01", "2026-02-28"),
    ((2026, 1, 15), "last winter", "2024-12-01", "2025-02-28"),
    ((2026, 1, 15), "december", "2025-12-01", "2025-12-31"),
    ((2026, 1, 1), "christmas", "2025-12-25", "2025-12-25"),
    ((2026, 12, 25), "christmas", "2026-12-25", "2026-12-25"),
    ((2026, 12, 25), "last christmas", "2025-12-25", "2025-12-25"),
    ((2026, 2, 1), "easter", "2025-04-20", "2025-04-20"),
    ((2024, 2, 29), "last year", "2023-01-01", "2023-12-31"),
    ((2024, 2, 29), "summer 2023", "2023-06-01", "2023-08-31"),
    ((2024, 2, 29), "last month", "2024-01-01", "2024-01-31"),
    ((2024, 2, 29), "march 2023", "2023-03-01", "2023-03-31"),
    ((2026, 3, 31), "last month", "2026-02-01", "2026-02-28"),
    ((2026, 3, 31), "february", "2026-02-01", "2026-02-28"),
    ((2026, 5, 31), "the 31st", "2026-05-31", "2026-05-31"),
    ((2026, 3, 1), "the 31st", "2026-01-31", "2026-01-31"),
    ((2026, 11, 21), "last weekend", "2026-11-14", "2026-11-15"),
    ((2026, 11, 22), "this weekend", "2026-11-21", "2026-11-22"),
    ((2026, 7, 15), "last summer", "2025-06-01", "2025-08-31"),
])  # fmt: skip
def test_around_the_turns_of_years_and_months(now, said, first, last):
    assert days(said, datetime(*now, 0, 5)) == (first, last)


@pytest.mark.parametrize("zone_name", ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "said", ["january", "july", "2025", "last summer", "last week", "2026-03-29", "2026-10-25", "yesterday", "the 1st"]
)
def test_days_start_at_midnight_on_both_sides_of_summer_time(zone, zone_name, said):
    zone(zone_name)
    for now in (datetime(2026, 7, 15, 12), datetime(2026, 11, 23, 12), datetime(2026, 3, 29, 12), datetime(2026, 10, 26, 1)):
        days(said, now)


def test_a_day_in_which_the_clock_changes_has_23_hours(zone):
    zone("Europe/Berlin")
    start, end = stretch("2026-03-29", MONDAY.timestamp())
    assert end - start == 23 * 3600


def test_moments():
    now = MONDAY.timestamp()
    assert moment("30d", now) == now - 30 * 86400
    assert moment("2024", now) == datetime(2024, 1, 1).timestamp()
    assert moment("2026-03-31T10:15", now) == datetime(2026, 3, 31, 10, 15).timestamp()
    assert moment("10:30", now) == datetime(2026, 11, 23, 10, 30).timestamp()
    assert stretch("past hour", now) == (now - 3600, now)
    assert stretch("last 3 days", now) == (now - 3 * 86400, now)


@pytest.mark.parametrize("text", ["", "report", "files", "31", "the best of", "2023 files in a row of many words that go on", "third"])
def test_what_is_no_date(text):
    assert not looks_dated(text)


@pytest.mark.parametrize("text", ["31 february", "2026-02-30", "2026-13-01", "feb 29 2023", "32/13/2025", "may the force", "march.txt"])
def test_a_day_that_there_is_not_is_refused_with_a_hint(text):
    with pytest.raises(LlmosError, match="not a date") as caught:
        stretch(text, MONDAY.timestamp())
    assert "2026-03-31" in caught.value.hint


@given(
    st.dates(date(1990, 1, 1), date(2060, 12, 31)),
    st.sampled_from(["last week", "last month", "last year", "last weekend", "last summer", "yesterday"]),
)
def test_what_was_last_is_over(day, said):
    now = datetime(day.year, day.month, day.day, 12)
    first, last = days(said, now)
    assert first <= last < str(day)


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_none(text):
    looks_dated(text), canonical_age(text)


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("前年", "2024-01-01", "2025-01-01"), ("上礼拜", "2026-11-16", "2026-11-23"), ("大前天", "2026-11-20", "2026-11-21"),
        ("去年三月", "2025-03-01", "2025-04-01"), ("去年夏天", "2025-06-01", "2025-09-01"), ("上个季度", "2026-07-01", "2026-10-01"),
        ("国庆", "2026-10-01", "2026-10-02"), ("昨晚", "2026-11-22", "2026-11-23"),
    ],
)  # fmt: skip
def test_stretches_said_in_chinese(said: str, start: str, end: str):
    found = stretch(said, datetime(2026, 11, 23, 12).timestamp())
    assert found == (datetime.fromisoformat(start).timestamp(), datetime.fromisoformat(end).timestamp())


def test_ages_said_in_chinese():
    assert [canonical_age(said) for said in ("两个礼拜", "一年半", "近三天", "三天内")] == ["2w", "1.5y", "3d", "3d"]
