"""Ages, dates and stretches of time as people say them. Known shapes are read here; the rest by dateparser, loaded only then."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from llmos_cli import numerals
from llmos_cli.errors import LlmosError

DAY = 86400
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}
_UNIT = {
    "s": "s", "sec": "s", "second": "s", "min": "min", "minute": "min", "h": "h", "hr": "h", "hour": "h", "d": "d", "day": "d",
    "w": "w", "wk": "w", "week": "w", "mo": "mo", "month": "mo", "y": "y", "yr": "y", "year": "y", "fortnight": "fortnight",
    "分钟": "min", "小时": "h", "天": "d", "日": "d", "周": "w", "星期": "w", "个月": "mo", "月": "mo", "年": "y", "个星期": "w", "个小时": "h",
}  # fmt: skip
_AGE = re.compile(r"(.*?)[\s-]*([a-z]+|个?[分钟小时天日周星期月年]+)(?:\s+(?:ago|old|back))?\s*$", re.IGNORECASE | re.DOTALL)
_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}
_NAMED = {"today", "yesterday", "tonight", "noon", "midnight", "now", "christmas", "easter", "今天", "昨天", "前天"}
_RELATIVE = re.compile(r"(this|last|past|previous|the last|the past)\s+(\w+)$", re.IGNORECASE)
_CALENDAR = {"minute", "hour", "day", "week", "weekend", "month", "quarter", "year", "night", "morning", "afternoon", "evening"}


def age(text: str) -> float | None:
    """Seconds that an age says (`30d`, `two weeks`, `a year and a half`, `week`), or None where it is none."""
    text = re.sub(r"^(the |about |around |over )?(last |past )(?=\S+ )", "", text.strip().lower())
    extra = 0.5 if text.endswith(" and a half") else 0.0
    match = _AGE.match(text.removesuffix(" and a half"))
    if not match:
        return None
    unit = _UNIT.get(match[2], _UNIT.get(match[2].removesuffix("s"), ""))
    amount = numerals.number(match[1]) if match[1].strip() else 1.0
    if not unit or amount is None or (amount > 1900 and unit in ("年", "y")):
        return None
    seconds = 14 * DAY if unit == "fortnight" else _SECONDS[unit]
    return (amount + extra) * seconds


def canonical_age(text: str) -> str:
    """`two weeks` → `2w`; '' where `text` is no age."""
    seconds = age(text)
    if seconds is None:
        return ""
    for unit in ("y", "mo", "w", "d", "h", "min", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0 and not (unit == "w" and seconds % (30 * DAY) == 0):
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


def looks_dated(text: str) -> bool:
    """Whether `text` says a date or a stretch of time, so far as its shape shows."""
    words = re.findall(r"[a-z]+|\d+|今天|昨天|前天|上周|上个月|去年|今年|本周|这周", text.lower())
    if not words or len(words) > 7:
        return False
    known = {*_MONTHS, *(m[:3] for m in _MONTHS), "sept", *_DAYS, *(d[:3] for d in _DAYS), *_SEASONS, *_NAMED}
    known |= {"上周", "上个月", "去年", "今年", "本周", "这周"}
    if any(word in known for word in words) or re.fullmatch(r"(19|20)\d\d", text.strip()):
        return True
    if re.fullmatch(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?|\d{1,2}(st|nd|rd|th)", text.strip()):
        return True
    match = _RELATIVE.match(text.strip())
    return bool(match and match[2].lower() in _CALENDAR) or age(text) is not None and words[-1] in ("ago", "back")


def moment(text: str, now: float) -> float:
    """The start of what `text` says, in seconds since the epoch. Raises LlmosError where it says no date."""
    if (seconds := age(text)) is not None:
        return now - seconds
    return stretch(text, now)[0]


def stretch(text: str, now: float) -> tuple[float, float]:
    """(start, end) of the day, week, month, season or year that `text` says. Raises LlmosError where it says none."""
    said, today = text.strip().lower(), datetime.fromtimestamp(now).astimezone()
    today = today.replace(hour=0, minute=0, second=0, microsecond=0)
    for reader in (_named, _relative, _calendar):
        if found := reader(said, today):
            return found[0].timestamp(), found[1].timestamp()
    return _any_date(text, now)


Stretch = tuple[datetime, datetime]


def _named(said: str, today: datetime) -> Stretch | None:
    chinese = {"今天": "today", "昨天": "yesterday", "上周": "last week", "上个月": "last month", "去年": "last year"}
    chinese |= {"今年": "this year", "本周": "this week", "这周": "this week"}
    if said in chinese:
        return _named(chinese[said], today) or _relative(chinese[said], today)
    if said in ("today", "tonight", "now", "this morning", "this afternoon", "this evening"):
        return today, today + timedelta(days=1)
    if said in ("yesterday", "last night", "前天"):
        start = today - timedelta(days=2 if said == "前天" else 1)
        return start, start + timedelta(days=1)
    return None


def _relative(said: str, today: datetime) -> Stretch | None:
    match = _RELATIVE.match(said)
    if not match:
        return _weekday(said, today, "")
    back, unit = match[1].split()[-1] != "this", match[2]
    if unit == "week":
        start = today - timedelta(days=today.weekday() + 7 * back)
        return start, start + timedelta(days=7)
    if unit == "weekend":
        start = today - timedelta(days=(today.weekday() - 5) % 7 + (7 * back if today.weekday() >= 5 else 0))
        return start, start + timedelta(days=2)
    if unit in ("month", "quarter"):
        length = 1 if unit == "month" else 3
        first = (today.month - 1) // length * length + 1
        return _months(_shift(today.replace(day=1, month=first), -length * back), length)
    if unit == "year":
        return _months(today.replace(day=1, month=1, year=today.year - back), 12)
    if unit in _SEASONS:
        return _season(unit, today, back)
    return _weekday(unit, today, match[1]) or (_month(unit, today, -1) if back else None)


def _weekday(word: str, today: datetime, said: str) -> Stretch | None:
    day = next((i for i, name in enumerate(_DAYS) if word in (name, name[:3])), None)
    if day is None:
        return None
    back = (today.weekday() - day) % 7
    start = today - timedelta(days=back or (7 if said.endswith("last") else 0))
    return start, start + timedelta(days=1)


def _calendar(said: str, today: datetime) -> Stretch | None:
    """A year, a month with or without its year, a season with or without its year."""
    words = [word for word in said.replace(",", " ").split() if word not in ("of", "in", "the")]
    year = next((int(word) for word in words if re.fullmatch(r"(19|20)\d\d", word)), None)
    rest = [word for word in words if not re.fullmatch(r"(19|20)\d\d", word)]
    if year and not rest:
        return _months(today.replace(day=1, month=1, year=year), 12)
    if len(rest) != 1:
        return None
    if rest[0] in _SEASONS:
        return _season(rest[0], today.replace(year=year), False) if year else _season(rest[0], today, False)
    return _month(rest[0], today, year)


def _month(word: str, today: datetime, year: int | None) -> Stretch | None:
    month = next((i for i, name in enumerate(_MONTHS, 1) if word in (name, name[:3], name[:4])), None)
    if month is None:
        return None
    if year is None or year < 0:  # the latest one that has begun; said with "last", the latest that is over
        late = month > today.month or (year == -1 and month == today.month)
        year = today.year - late
    return _months(today.replace(day=1, month=month, year=year), 1)


def _season(word: str, today: datetime, back: bool) -> Stretch:
    start = today.replace(day=1, month=_SEASONS[word])
    span = _months(start, 3)
    return _months(start.replace(year=start.year - 1), 3) if span[0] > today or (back and span[1] > today) else span


def _months(start: datetime, count: int) -> Stretch:
    return start, _shift(start, count)


def _shift(start: datetime, months: int) -> datetime:
    index = start.year * 12 + start.month - 1 + months
    return start.replace(year=index // 12, month=index % 12 + 1)


def _any_date(text: str, now: float) -> tuple[float, float]:
    import dateparser

    base = datetime.fromtimestamp(now)
    found = dateparser.parse(text, settings={"PREFER_DATES_FROM": "past", "RELATIVE_BASE": base})
    if found is None:
        raise LlmosError(f"{text!r} is not a date I can read", hint="write it as 2026-03-31, 'last tuesday' or 30d")
    found = found.replace(tzinfo=None)
    if re.search(r"\d\s*:\s*\d|\bago\b|hour|minute|noon", text.lower()):
        return found.timestamp(), now
    day = found.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp(), (day + timedelta(days=1)).timestamp()
