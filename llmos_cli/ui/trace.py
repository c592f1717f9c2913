"""Where a plan's literals come from: its own text with the person's words marked, and the words that were read as something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmos_cli.events import Planned
from llmos_cli.ui.cells import wrap
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe

_PART = re.compile(r'\s+|(?:"(?:[^"\\]|\\.)*"|[^\s"])+', re.DOTALL)
_VALUE = re.compile(r"([a-z_]+=)?(.+)", re.DOTALL)


def plan_text(event: Planned, paint: Paint) -> str:
    """The plan, dim, with a line under each literal that was said."""
    return "".join(paint(safe(text), style) for text, style in _styled(event))


def _styled(event: Planned) -> Iterator[tuple[str, str]]:
    """Parts of the plan's text with their style; the printer writes arguments in the order in which a step holds them."""
    p = s = 0
    names: Iterator[str] = iter(())
    begins = True
    for part in _PART.findall(event.text):
        if part.isspace() or part in ("|", ";"):
            p, s = (p + 1, 0) if part == ";" else (p, s + (part == "|"))
            begins = begins or part in ("|", ";")
            yield part, "dim"
        elif begins:
            steps = event.plan.pipelines[p] if p < len(event.plan.pipelines) else ()
            names = iter(steps[s].args) if s < len(steps) else iter(())
            begins = False
            yield part, "tool"
        else:
            key, value = _VALUE.fullmatch(part).groups()  # type: ignore[union-attr]
            yield key or "", "dim"
            yield value, "said" if event.sources.get((p, s, next(names, ""))) else "dim"


def origins(event: Planned, request: str, *, all: bool = False) -> list[str]:
    """`larger=10MB ← “ten megs”` for each literal that is not written as it was said; with `all` also for those that are."""
    found = []
    for (p, s, name), spans in event.sources.items():
        steps = event.plan.pipelines[p] if p < len(event.plan.pipelines) else ()
        items = steps[s].args.get(name, ()) if s < len(steps) else ()
        words = [request[start:end] for start, end in spans if 0 <= start < end <= len(request)]
        if items and words and (all or [item.casefold() for item in items] != [word.casefold() for word in words]):
            found.append(f"{name}={safe(','.join(items))} ← {', '.join(f'“{safe(word)}”' for word in words)}")
    return found


def lines(event: Planned, request: str, paint: Paint, room: int, *, sure: str = "") -> Iterator[str]:
    """The plan with `sure` after it, and where its literals come from, in one more line where that has to be said."""
    yield f"{paint('› ', 'dim')}{plan_text(event, paint)}{paint(sure, 'dim')}"
    if said := origins(event, request, all=not paint.on):
        yield from (paint(line, "dim") for line in wrap("  " + "   ".join(said), room, "  ").split("\n"))
