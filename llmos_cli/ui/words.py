"""Numbers, sizes, ages and times as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

_UNITS = ("KB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_AGES = (  # from this many seconds on, in this unit
    (365 * 86400 * 2, 365 * 86400, "year"),
    (30 * 86400 * 2, 30 * 86400, "month"),
    (14 * 86400, 7 * 86400, "week"),
    (86400, 86400, "day"),
    (3600, 3600, "hour"),
    (60, 60, "minute"),
)


def size(count: float) -> str:
    """Bytes in the unit that fits, of 1024 each: `512 bytes`, `1.5 KB`, `34 MB`."""
    if not math.isfinite(count):
        return f"{count} bytes"
    if abs(count) < 1024:
        return plural(int(count) if count == int(count) else count, "byte")
    value, unit = float(count), ""
    for unit in _UNITS:  # noqa: B007 the unit where it stops is the one
        value /= 1024
        if abs(value) < 1023.5:
            break
    digits = f"{value:.1f}".removesuffix(".0") if abs(value) < 9.95 else f"{value:,.0f}"
    return f"{digits} {unit}"


def age(now: float, then: float) -> str:
    """How long before `now` it was: `just now`, `3 days ago`; `in 2 hours` where it is still to come."""
    seconds = now - then
    for least, unit, name in _AGES:
        if abs(seconds) >= least:
            said = plural(int(abs(seconds) // unit), name)
            return f"{said} ago" if seconds > 0 else f"in {said}"
    return "just now"


def plural(count: float, noun: str) -> str:
    """`1 file`, `1,204 files`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """With commas between thousands, and without the noise in the last digits of a float."""
    return f"{value:,}" if isinstance(value, int) else _tidy(f"{value:,.12g}")


def bare(value: float) -> str:
    """For programs: digits only, whole floats as integers."""
    return str(value) if isinstance(value, int) else _tidy(f"{value:.15g}")


def _tidy(digits: str) -> str:
    return "0" if digits == "-0" else digits


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def iso(seconds: float) -> str | None:
    """ISO 8601 in UTC, to the second; None for a time that no calendar holds."""
    try:
        return datetime.fromtimestamp(math.floor(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (ValueError, OverflowError, OSError):
        return None
