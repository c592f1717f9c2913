"""Ages, dates and stretches of time as people say them. Known shapes are read here; the rest by dateparser, loaded only then.

All reckoning is in local time without a zone, so that a day starts at midnight on both sides of a change to summer time. What is said
without its year is the latest that has begun: files lie in the past.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from llmos_cli import numerals, times_zh
from llmos_cli.errors import LlmosError

DAY = 86400
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}
_UNIT = {
    "s": "s", "sec": "s", "second": "s", "min": "min", "minute": "min", "h": "h", "hr": "h", "hour": "h", "d": "d", "day": "d",
    "w": "w", "wk": "w", "week": "w", "mo": "mo", "mth": "mo", "month": "mo", "y": "y", "yr": "y", "year": "y",
    "fortnight": "w", "decade": "y",
    "秒": "s", "分钟": "min", "小时": "h", "个小时": "h", "天": "d", "日": "d", "周": "w", "星期": "w", "个星期": "w", "个月": "mo",
    "月": "mo", "年": "y", "礼拜": "w", "个礼拜": "w",
}  # fmt: skip
_AGE = re.compile(
    r"(.*?)[\s-]*([a-z]+|个?(?:[秒天日周月年]|分钟|小时|星期|礼拜))(\s+(?:ago|old|back)|(?:以|之)?[前内]|以来)?\s*$", re.DOTALL
)
_ABOUT = re.compile(r"(?:the )?(?:about |around |over |past |last |previous )+(?=\S+ )|最近|过去|近")
_WHOLE = re.compile(r"\b(?:whole|full|entire|good|solid)\s+(?=\w)")
_MANY = {"fortnight": 2, "decade": 10}
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = {form: i for i, name in enumerate(_MONTHS, 1) for form in (name, name[:3])} | {"sept": 9}
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_WEEKDAY = {form: i for i, name in enumerate(_DAYS) for form in (name, name[:3])} | {"tues": 1, "thur": 3, "thurs": 3}
_SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}
_FEASTS = {
    "christmas": (12, 25), "christmas day": (12, 25), "xmas": (12, 25), "christmas eve": (12, 24), "boxing day": (12, 26),
    "new year": (1, 1), "new years": (1, 1), "new year's day": (1, 1), "new year's eve": (12, 31), "new years eve": (12, 31),
    "halloween": (10, 31), "valentine's day": (2, 14), "valentines day": (2, 14),
}  # fmt: skip
_TODAY = {"today", "tonight", "now", "this morning", "this afternoon", "this evening", "this night"}
_YESTERDAY = {"yesterday", "last night", "yesterday morning", "yesterday evening", "yesterday afternoon"}
_LEADING = re.compile(r"(?:since|from|on|in|during|of|at|until|before|after|the|of the|early|late)\s+")
_RELATIVE = re.compile(r"(this|last|past|previous)\s+(\w+)$")
_LENGTHS = {"minute": 60, "hour": 3600, "day": DAY}
_CALENDAR = {*_LENGTHS, "week", "weekend", "month", "quarter", "year", "night", "morning", "afternoon", "evening"}
_YEAR = re.compile(r"(?:19|20)\d\d$")
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?$")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)$")
_AGO = re.compile(r"\b(ago|back)$|前$")
_OF_YEAR = re.compile(r"(?:of )?(last|this) year(?:'s)?")
_CLOCK = re.compile(r"\d\s*:\s*\d\d|\b\d{1,2}\s*[ap]m\b|\bago\b|\bhours?\b|\bminutes?\b|\bnoon\b|\bmidnight\b")
Stretch = tuple[datetime, datetime]


# ---- ages ----------------------------------------------------------------------------------------


def _age(text: str) -> tuple[float, str] | None:
    """(2, "w") for `two weeks`, None for what is no age."""
    said = _WHOLE.sub("", _ABOUT.sub("", text.strip().lower(), count=1)).removeprefix("the past ").removeprefix("past ")
    half = bool(re.search(r"( and a half$|[年月周]半)", said))  # a year and a half
    match = _AGE.match(re.sub(r" and a half$|(?<=[年月周])半", "", said))
    if not match:
        return None
    word = match[2]
    unit = _UNIT.get(word, _UNIT.get(word.removesuffix("s"), ""))
    amount = numerals.number(match[1]) if match[1].strip() else 1.0
    if not unit or amount is None or (word in ("月", "日") and not match[3]):  # 三月 is March
        return None
    if (unit == "y" and amount >= 1900) or (not word.isascii() and not match[1] and not match[3]):
        return None
    return (amount + half / 2) * _MANY.get(word.removesuffix("s"), 1), unit


def _seconds(length: tuple[float, str]) -> float:
    return length[0] * _SECONDS[length[1]]


def age(text: str) -> float | None:
    """Seconds that an age says (`30d`, `two weeks`, `a year and a half`, `week`), or None where it is none."""
    found = _age(text)
    return None if found is None else _seconds(found)


def canonical_age(text: str) -> str:
    """`two weeks` → `2w`, in the unit that was said; '' where `text` is no age."""
    found = _age(text)
    return "" if found is None else f"{numerals.plain(found[0])}{found[1]}"


# ---- dates ---------------------------------------------------------------------------------------


def looks_dated(text: str) -> bool:
    """Whether `text` says a date or a stretch of time, so far as its shape shows."""
    said = text.strip().lower()
    if len(said.split()) > 7:
        return False
    words = set(re.findall(r"[a-z]+", said))
    named = words & {*_MONTH, *_WEEKDAY, *_SEASONS, *_FEASTS, "today", "yesterday", "tonight", "noon", "midnight", "now", "easter"}
    if (
        named
        or re.search(r"^\d{1,2}:\d\d$|^\d{1,2}\s*[ap]m$|^\d{4}-\d\d-\d\d[ t]\d\d:\d\d", said)
        or re.match(r"\d{1,2}[-/.]\d{1,2}$", said)
    ):
        return True
    match = _RELATIVE.match(_bare(said))
    if match and match[2] in _CALENDAR:
        return True
    found = _age(said)
    return bool(found and _AGO.search(said)) or _read(said, datetime(2024, 6, 15)) is not None


def moment(text: str, now: float) -> float:
    """The start of what `text` says, in seconds since the epoch. Raises LlmosError where it says no date."""
    if (seconds := age(text)) is not None:
        return now - seconds
    return stretch(text, now)[0]


def stretch(text: str, now: float) -> tuple[float, float]:
    """(start, end) of the day, week, month, season or year that `text` says. Raises LlmosError where it says none.

    `two weeks ago` is that week, `the last two weeks` all since then.
    """
    said, today = text.strip().lower(), datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    match = _RELATIVE.match(_bare(said))
    try:
        if match and match[2] in _LENGTHS and match[1] != "this":  # the past hour
            return now - _LENGTHS[match[2]], now
        if length := _age(said):
            then = now - _seconds(length)
            found = _around(length[1], datetime.fromtimestamp(then)) if _AGO.search(said) else None
            return (found[0].timestamp(), found[1].timestamp()) if found else (then, now)
        found = _read(said, today)
        return (found[0].timestamp(), found[1].timestamp()) if found else _any_date(said, now)
    except (ValueError, OverflowError) as error:  # 31 february
        raise _unreadable(text) from error


def _unreadable(text: str) -> LlmosError:
    return LlmosError(f"{text!r} is not a date I can read", hint="write it as 2026-03-31, 'last tuesday' or 30d")


def _bare(said: str) -> str:
    while match := _LEADING.match(said):
        said = said[match.end() :]
    return said.strip()


def _read(said: str, today: datetime) -> Stretch | None:
    """What is said, by the first reader that knows it. Raises ValueError for a day that no calendar has."""
    said = said if said.isascii() else times_zh.in_english(said, today)
    if _bare(said) not in ("last year", "this year"):  # march of last year
        said = _OF_YEAR.sub(lambda m: str(today.year - (m[1] == "last")), said).strip()
    for text in dict.fromkeys((said, _bare(said))):
        for reader in (_named, _relative, _calendar, _numeric, _day_of_month):
            if found := reader(text, today):
                return found
    return None


def _around(unit: str, then: datetime) -> Stretch | None:
    """The day, week, month or year in which `then` lies; None for shorter units."""
    day = then.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "mo":
        return _months(day.replace(day=1), 1)
    if unit == "y":
        return _months(day.replace(day=1, month=1), 12)
    return _day(day) if unit == "d" else _week(day) if unit == "w" else None


def _week(day: datetime) -> Stretch:
    start = day - timedelta(days=day.weekday())
    return start, start + timedelta(days=7)


def _day(start: datetime) -> Stretch:
    return start, start + timedelta(days=1)


def _named(said: str, today: datetime) -> Stretch | None:
    if said in _TODAY:
        return _day(today)
    if said in _YESTERDAY:
        return _day(today - timedelta(days=1))
    if said.removeprefix("the ") == "day before yesterday":
        return _day(today - timedelta(days=2))
    name = said.removeprefix("last ").removeprefix("this ")
    if (dated := re.fullmatch(r"(.+?),? ((?:19|20)\d\d)", name)) and dated[1] in _FEASTS:
        return _day(datetime(int(dated[2]), *_FEASTS[dated[1]]))
    if name in _FEASTS:
        return _day(_latest(*_FEASTS[name], today, over=said.startswith("last ")))
    if name in ("easter", "easter sunday"):
        start = _easter(today.year)
        return _day(start if start <= today else _easter(today.year - 1))
    return None


def _easter(year: int) -> datetime:
    """Easter Sunday, by the anonymous Gregorian algorithm (Nature, 20 April 1876)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return datetime(year, month, day + 1)


def _latest(month: int, day: int, today: datetime, *, over: bool = False) -> datetime:
    """The last time that this day began, today included unless it must be `over`. Raises ValueError for a day that there never is."""
    for year in range(today.year, today.year - 9, -1):  # 29 February may be eight years back
        try:
            start = datetime(year, month, day)
        except ValueError:
            continue
        if start < today or (start == today and not over):
            return start
    raise ValueError("no such day")


def _relative(said: str, today: datetime) -> Stretch | None:
    match = _RELATIVE.match(said)
    if not match:
        return _weekday(said, today, over=False)
    back, unit = match[1] != "this", match[2]
    if unit == "week":
        return _week(today - timedelta(days=7 * back))
    if unit == "weekend":
        start = today - timedelta(days=(today.weekday() - 5) % 7 + (7 if back and today.weekday() >= 5 else 0))
        return start, start + timedelta(days=2)
    if unit in ("month", "quarter"):
        length = 1 if unit == "month" else 3
        first = today.replace(day=1, month=(today.month - 1) // length * length + 1)
        return _months(_shift(first, -length * back), length)
    if unit == "year":
        return _months(datetime(today.year - back, 1, 1), 12)
    if unit in _SEASONS:
        return _season(unit, today, over=back)
    return _weekday(unit, today, over=back) or _month(unit, today, over=back)


def _weekday(word: str, today: datetime, *, over: bool) -> Stretch | None:
    if word not in _WEEKDAY:
        return None
    back = (today.weekday() - _WEEKDAY[word]) % 7
    return _day(today - timedelta(days=back or 7 * over))


def _calendar(said: str, today: datetime) -> Stretch | None:
    """A year; a month, a season or a day of a month, with or without its year."""
    words = [word for word in re.split(r"[\s,]+", said) if word not in ("of", "in", "the", "")]
    year = next((int(word) for word in words if _YEAR.match(word)), None)
    rest = [word.rstrip(".") for word in words if not _YEAR.match(word)]
    if year and not rest:
        return _months(datetime(year, 1, 1), 12)
    if len(words) > 1 and len(rest) == 1 and rest[0] in _SEASONS and year:
        return _months(datetime(year, _SEASONS[rest[0]], 1), 3)
    if len(rest) == 1 and rest[0] in _SEASONS:
        return _season(rest[0], today, over=False)
    if len(rest) == 1:
        return _month(rest[0], today, over=False, year=year)
    month = next((_MONTH[word] for word in rest if word in _MONTH), None)
    day = next((numerals.number(word) for word in rest if word not in _MONTH), None)
    if len(rest) != 2 or month is None or day is None or day != int(day):
        return None
    return _day(datetime(year, month, int(day)) if year else _latest(month, int(day), today))


def _numeric(said: str, today: datetime) -> Stretch | None:
    """2026-03-31, 2026-03, 31/12/2025; 3/4/2025 is the fourth of March, 3.4.2025 the third of April."""
    if match := _ISO.match(said):
        year, month, day = int(match[1]), int(match[3]), match[4]
        return _day(datetime(year, month, int(day))) if day else _months(datetime(year, month, 1), 1)
    if not (match := _NUMERIC.match(said)):
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    day_first = match[2] == "." or first > 12
    year += 0 if year > 99 else 2000 if year <= today.year % 100 else 1900
    return _day(datetime(year, second, first) if day_first else datetime(year, first, second))


def _day_of_month(said: str, today: datetime) -> Stretch | None:
    """`1st`, `the 31st`: the latest such day."""
    match = re.match(r"(\d{1,2})(st|nd|rd|th)$", said)
    if not match or not 1 <= int(match[1]) <= 31:
        return None
    first = today.replace(day=1)
    for back in range(3):
        start, end = _months(_shift(first, -back), 1)
        day = start + timedelta(days=int(match[1]) - 1)
        if day < end and day <= today:
            return _day(day)
    return None


def _month(word: str, today: datetime, *, over: bool, year: int | None = None) -> Stretch | None:
    """The latest that has begun, or that is over; or that of a year."""
    if word not in _MONTH:
        return None
    month = _MONTH[word]
    late = month > today.month or (over and month == today.month)
    return _months(datetime(year or today.year - late, month, 1), 1)


def _season(word: str, today: datetime, *, over: bool) -> Stretch:
    year = today.year
    while True:
        start, end = _months(datetime(year, _SEASONS[word], 1), 3)
        if start <= today and (end <= today or not over):
            return start, end
        year -= 1


def _months(start: datetime, count: int) -> Stretch:
    return start, _shift(start, count)


def _shift(start: datetime, months: int) -> datetime:
    index = start.year * 12 + start.month - 1 + months
    return start.replace(year=index // 12, month=index % 12 + 1)


def _any_date(said: str, now: float) -> tuple[float, float]:
    try:
        found: datetime | None = datetime.fromisoformat(said)
    except ValueError:
        import dateparser

        base = datetime.fromtimestamp(now)
        found = dateparser.parse(said, languages=["en"], settings={"PREFER_DATES_FROM": "past", "RELATIVE_BASE": base})
    if found is None:
        raise _unreadable(said)
    if found.tzinfo is None and not _CLOCK.search(said):
        found = datetime.combine(date(found.year, found.month, found.day), datetime.min.time())
        return found.timestamp(), (found + timedelta(days=1)).timestamp()
    return found.timestamp(), max(now, found.timestamp())
