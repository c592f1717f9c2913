"""Dates and stretches of time said in Chinese, put into the words that `times` reads."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from llmos_cli import numerals

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february march april may june july august september october november december".split()
_SAID = {
    "今天": "today", "今日": "today", "今早": "this morning", "今天早上": "this morning", "今晚": "tonight",
    "昨天": "yesterday", "昨日": "yesterday", "昨儿": "yesterday", "昨晚": "last night", "昨天晚上": "last night", "昨儿晚上": "last night",
    "本周": "this week", "这周": "this week", "这个星期": "this week", "这星期": "this week", "本星期": "this week", "这礼拜": "this week",
    "这个礼拜": "this week", "上周": "last week", "上个星期": "last week", "上星期": "last week", "上礼拜": "last week",
    "上个礼拜": "last week", "上周末": "last weekend", "这周末": "this weekend", "周末": "this weekend", "本月": "this month",
    "这个月": "this month", "上个月": "last month", "上月": "last month", "本季度": "this quarter", "这个季度": "this quarter",
    "上季度": "last quarter", "上个季度": "last quarter", "圣诞节": "christmas", "圣诞": "christmas", "元旦": "new year",
    "国庆": "1 october", "国庆节": "1 october", "五一": "1 may", "劳动节": "1 may",
}  # fmt: skip
_BACK = {"前天": 2, "大前天": 3}
_YEARS = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
_SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
_WEEKDAY = re.compile(r"(上?)(?:个?星期|个?礼拜|周)([一二三四五六日天])$")
_DATE = re.compile(r"(?:(\d{4})年)?(?:(\d{1,2}|[一二三四五六七八九十]{1,2})月(?:份|(\d{1,2}|[一二三四五六七八九十]{1,3})[日号])?)?$")


def in_english(said: str, today: datetime) -> str:
    """`上周三` → `2026-11-18`, `去年夏天` → `summer 2025`, `三月份` → `march`; what is not known as it is."""
    if said in _SAID:
        return _SAID[said]
    if said in _BACK:
        return _iso(today - timedelta(days=_BACK[said]))
    if match := _WEEKDAY.match(said):
        day = "一二三四五六日".index(match[2].replace("天", "日"))
        return _iso(today - timedelta(days=today.weekday() + 7 - day)) if match[1] else _DAYS[day]
    for name in sorted(_YEARS, key=len, reverse=True):
        if said.startswith(name):
            return _of_year(today.year - _YEARS[name], said.removeprefix(name).strip()) or said
    return _dated(said) or said


def _of_year(year: int, rest: str) -> str:
    if rest and rest[0] in _SEASONS and rest[1:] in ("天", "季"):
        return f"{_SEASONS[rest[0]]} {year}"
    return _dated(f"{year}年{rest}")


def _dated(said: str) -> str:
    match = _DATE.match(said)
    if not match or not (match[1] or match[2]):
        return ""
    year, month, day = match[1] or "", numerals.number(match[2] or ""), numerals.number(match[3] or "")
    if month is None:
        return year
    if not 1 <= month <= 12:
        return ""
    if year:
        return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else "")
    return f"{int(day)} {_MONTHS[int(month) - 1]}" if day else _MONTHS[int(month) - 1]


def _iso(day: datetime) -> str:
    return day.date().isoformat()
