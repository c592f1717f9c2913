"""A kernel on a home of its own, with a planner that answers from a table: for the tests of memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmos_cli.events import Answered, Event
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.plan import parse
from llmos_cli.planner.planner import Proposal
from llmos_cli.tools import TOOLS


class Scripted:
    def __init__(self, answers: dict[str, str]) -> None:
        self.answers, self.asked = answers, list[str]()

    def candidates(self, text: str, *context: Any) -> Iterator[Proposal]:
        self.asked.append(text)
        yield Proposal(parse(self.answers[text], TOOLS), 0.99)


def kernel(home: Path, answers: dict[str, str] | None = None, session: str = "a") -> Kernel:
    streams = io.StringIO(), io.StringIO(), io.StringIO()
    env = {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "PATH": os.environ["PATH"], "LLMOS_SESSION": session}
    return Kernel(Host(*streams, home, env), planner=Scripted(answers or {}))  # type: ignore[arg-type]


def turn(kernel: Kernel, request: str, *, yes: bool = True, typed: bool = True, **options: Any) -> list[Event]:
    """The events, with what was answered gone through as a front end does."""
    events: list[Event] = []
    for event in kernel.turn(request, lambda effects, verdict: yes, Options(**options), typed=typed):
        events.append(Answered(event.value.held()) if isinstance(event, Answered) else event)
    return events


def answer(events: list[Event]) -> Any:
    return next(event.value for event in events if isinstance(event, Answered))


def ask(kernel: Kernel, request: str, **options: Any) -> list[Event]:
    return turn(kernel, request, typed=False, **options)
