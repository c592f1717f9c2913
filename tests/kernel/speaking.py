"""A model whose answers are a list, and a kernel that has it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmos_cli.errors import LlmosError, NoModel
from llmos_cli.events import Answered, Event
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.plan import parse
from llmos_cli.planner.planner import Proposal
from llmos_cli.speech import Answer, Call, Delta, Message, Speaker
from llmos_cli.tools import TOOLS

Said = str | Call | LlmosError | BaseException


def plan(text: str) -> Call:
    """The call with which a model plans."""
    return Call("plan", json.dumps({"plan": text}), f"call-{text[:9]}")


@dataclass
class Scripted:
    """Each answer is a text, a call, an error, or a list of these: its parts. `asked` are the conversations that it was given."""

    answers: list[Said | list[Said]]
    context: int = 8192
    name: str = "scripted-4b"
    said: dict[str, Any] = field(default_factory=dict)
    asked: list[list[Message]] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    left: int = 0  # answers that were left before their end

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        self.asked.append(list(messages))
        self.options.append(options)
        answer = self.answers.pop(0)
        try:
            calls = False
            for part in answer if isinstance(answer, list) else [answer]:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, Call):
                    calls = True
                    yield Delta(calls=(part,))
                    continue
                for at in range(0, len(part), 5):
                    yield Delta(part[at : at + 5])
            yield Delta(ended="tool_calls" if calls else "stop", said=self.said)
        except GeneratorExit:
            self.left += 1
            raise

    def chat(self, messages: Sequence[Message], **options: Any) -> Answer:
        return Answer("".join(delta.text for delta in self.stream(messages, **options)))

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        raise AssertionError("nothing is embedded here")


@dataclass(frozen=True)
class Models:
    """Who does what; whoever is not there has to be pulled."""

    by_role: dict[str, Speaker]

    def of(self, role: str) -> Speaker:
        if role not in self.by_role:
            raise NoModel(f"{role} needs a model", hint="llmos models pull qwen3-4b  (about 2.5 GB)")
        return self.by_role[role]


class Planned:
    """The small planner: request → (plan, confidence)."""

    def __init__(self, answers: dict[str, tuple[str, float]]) -> None:
        self.answers = answers

    def candidates(self, text: str, *context: Any) -> Iterator[Proposal]:
        plan, confidence = self.answers[text]
        yield Proposal(parse(plan, TOOLS), confidence)


def kernel(home: Path, models: dict[str, Speaker], answers: dict[str, tuple[str, float]] | None = None, **env: str) -> Kernel:
    streams = io.StringIO(), io.StringIO(), io.StringIO()
    usual = {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "PATH": os.environ["PATH"], "LLMOS_SESSION": "a"}
    return Kernel(Host(*streams, home, {**usual, **env}), planner=Planned(answers or {}), speakers=Models(models))  # type: ignore[arg-type]


def held(turn: Generator[Event, None, None]) -> list[Event]:
    """All events, with what was answered gone through as a front end does; what goes wrong with that is the turn's affair."""
    events: list[Event] = []
    event = next(turn, None)
    while event is not None:
        try:
            events.append(Answered(event.value.held()) if isinstance(event, Answered) else event)
        except LlmosError as error:
            event = turn.throw(error)
        else:
            event = next(turn, None)
    return events


def ask(kernel: Kernel, request: str, *, yes: bool = True, typed: bool = False, **options: Any) -> list[Event]:
    return held(kernel.turn(request, lambda effects, verdict: yes, Options(**options), typed=typed))
