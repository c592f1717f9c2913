"""A memory with a clock that the test sets, and turns to put in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llmos_cli.memory.memory import Memory
from llmos_cli.memory.turns import Turn
from llmos_cli.values import Value

NOON = 1_795_435_200.0


@dataclass
class Clock:
    now: float = field(default=NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> Memory:
    return Memory(tmp_path / "data", clock)


@pytest.fixture
def asked(memory: Memory, clock: Clock) -> Callable[..., int]:
    """Record a request a minute later than the last; its id."""

    def ask(
        request: str, result: Value | None = None, *, session: str = "shell-a", plan: str = "find", mark: str = "", cwd: str = "/home/ana"
    ) -> int:
        clock.now += 60
        context = type(result).__name__.lower() if result is not None else "none"
        return memory.turns.record(Turn(clock.now, cwd, request, plan, 0.9, "done", context, result, session, mark))

    return ask
