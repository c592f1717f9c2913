"""Numbers as lengths: bars beside the rows of a table, the share of a disk that is used, a line for counts by date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

MOST_CELLS, LEAST_CELLS = 30, 5
PARTS = " ▏▎▍▌▋▊▉█"
HEIGHTS = "▁▂▃▄▅▆▇█"
DATES = {"day": 10, "month": 7, "year": 4}  # what a table is grouped by, and how long its labels are
MOST_POINTS = 4000


def bar(share: float, cells: int) -> str:
    """A bar of `share` (0 to 1) of so many cells, in eighths; anything that is there at all shows."""
    eighths = max(round(share * cells * 8), int(share > 0))
    return PARTS[8] * (eighths // 8) + PARTS[eighths % 8].strip()


def bars(values: Sequence[float], room: int) -> list[str]:
    """A bar for each value, the greatest taking `room` cells; [] where they would say nothing."""
    cells, most = min(room, MOST_CELLS), max(values, default=0)
    if cells < LEAST_CELLS or len(values) < 2 or most <= 0 or min(values) < 0:
        return []
    return [bar(value / most, cells) for value in values]


def used(share: float) -> str:
    """`█████░░░░░  45%`."""
    full = round(share * 10) if 0 <= share <= 1 else -1
    return f"{'█' * full}{'░' * (10 - full)} {share:4.0%}" if full >= 0 else ""


def sparkline(by: str, counts: dict[str, float], room: int) -> str:
    """`2025-01 ▁▂█·▃ 2025-05`: counts in the order of time, days without any marked too; '' where there are fewer than three points.

    `by` is day, month or year, `counts` by labels such as `2025-01`. Where the line is too long, neighbours are added up.
    """
    labels = sorted(label for label in counts if len(label) == DATES[by] and label.replace("-", "").isdecimal())
    if len(labels) < 2:
        return ""
    try:
        points = [counts.get(label, 0.0) for label in _between(by, labels[0], labels[-1])]
    except ValueError:
        return ""
    cells = room - 2 * DATES[by] - 2
    if len(points) < 3 or cells < LEAST_CELLS:
        return ""
    together = -(-len(points) // cells)
    points = [sum(points[i : i + together]) for i in range(0, len(points), together)]
    most = max(points)
    drawn = "".join(HEIGHTS[min(int(point / most * 8), 7)] if point > 0 else "·" for point in points) if most > 0 else ""
    return f"{labels[0]} {drawn} {labels[-1]}" if drawn else ""


def _between(by: str, first: str, last: str) -> Iterator[str]:
    """All labels from one to the other. Raises ValueError for what is no date, or too long a time."""
    if by == "day":
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        if (end - day).days > MOST_POINTS:
            raise ValueError(first)
        yield from ((day + timedelta(i)).isoformat() for i in range((end - day).days + 1))
        return
    months = 12 if by == "month" else 1
    start, stop = (int(label[:4]) * months + (int(label[5:]) - 1 if months == 12 else 0) for label in (first, last))
    if stop - start > MOST_POINTS:
        raise ValueError(first)
    yield from (f"{i // 12:04}-{i % 12 + 1:02}" if months == 12 else f"{i:04}" for i in range(start, stop + 1))
