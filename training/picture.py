"""The planner's confidence as a picture: how often plans are right, and what share is wrong when only the surer ones count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Pair = tuple[float, bool]  # confidence, right
WIDTH, HEIGHT, SIDE, GAP = 760, 380, 280, 100
LEFT, TOP = 60, 40
INK, LINE, FAINT = "#333333", "#1f6feb", "#bbbbbb"


def bins(pairs: Sequence[Pair], count: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, how many) for each bin of confidence that has any."""
    inside: list[list[Pair]] = [[] for _ in range(count)]
    for sure, right in pairs:
        inside[min(count - 1, int(sure * count))].append((sure, right))
    return [(sum(s for s, _ in b) / len(b), sum(r for _, r in b) / len(b), len(b)) for b in inside if b]


def calibration_error(pairs: Sequence[Pair]) -> float:
    """Expected calibration error over ten bins."""
    return sum(abs(sure - right) * count for sure, right, count in bins(pairs)) / len(pairs)


def risk_and_coverage(pairs: Sequence[Pair]) -> list[tuple[float, float, float]]:
    """(coverage, risk, least confidence) as plans are added from the surest on: the share of all, and of wrong ones among them."""
    wrong, curve = 0, []
    for i, (sure, right) in enumerate(sorted(pairs, key=lambda pair: -pair[0]), 1):
        wrong += not right
        curve.append((i / len(pairs), wrong / i, sure))
    return curve


def svg(pairs: Sequence[Pair], title: str) -> str:
    """Both pictures side by side."""
    curve = risk_and_coverage(pairs)
    most = max(0.1, -(-max(risk for _, risk, _ in curve) // 0.1) * 0.1)
    right_at = LEFT + SIDE + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{title}</text>',
        *_frame(LEFT, "confidence", "share that is right", 1.0),
        f'<line x1="{LEFT}" y1="{TOP + SIDE}" x2="{LEFT + SIDE}" y2="{TOP}" stroke="{FAINT}" stroke-dasharray="4 4"/>',
    ]
    largest = max(count for _, _, count in bins(pairs))
    for sure, right, count in bins(pairs):
        x, y = LEFT + sure * SIDE, TOP + SIDE - right * SIDE
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 + 9 * (count / largest) ** 0.5:.1f}" fill="{LINE}" fill-opacity="0.6"/>')
    parts += _frame(right_at, "coverage: share of requests acted on", "risk: share of these that is wrong", most)
    points = " ".join(f"{right_at + share * SIDE:.1f},{TOP + SIDE - risk / most * SIDE:.1f}" for share, risk, _ in curve)
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(left: int, across: str, up: str, most: float) -> Iterator[str]:
    """Axes from 0 to 1 across and from 0 to `most` up, with their names."""
    yield f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>'
    for i in range(6):
        x, y = left + SIDE * i / 5, TOP + SIDE - SIDE * i / 5
        yield f'<text x="{x:.0f}" y="{TOP + SIDE + 16}" text-anchor="middle">{i / 5:.1f}</text>'
        yield f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{most * i / 5:.2g}</text>'
    yield f'<text x="{left + SIDE / 2:.0f}" y="{TOP + SIDE + 36}" text-anchor="middle">{across}</text>'
    yield f'<text transform="translate({left - 38} {TOP + SIDE / 2:.0f}) rotate(-90)" text-anchor="middle">{up}</text>'
