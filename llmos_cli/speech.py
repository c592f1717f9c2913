"""What is said to language models and what comes back, whoever runs them: the worker here, or a server elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from llmos_cli.errors import NoModel

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """A tool that the model wants used; `arguments` is a JSON object's text."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True)
class Delta:
    """A part of an answer as it comes. The last one has `ended` ("stop", "length" or "tool_calls"), `usage` and `said`."""

    text: str = ""
    thought: str = ""
    calls: tuple[Call, ...] = ()
    ended: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A whole answer. `said` is what else there is to say of it: what was `cut` of the conversation, which `limit` ended it …"""

    text: str
    thought: str = ""
    calls: tuple[Call, ...] = ()
    ended: str = "stop"
    usage: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)


class Speaker(Protocol):
    """A model that can be asked, here or on a server. `options` are OpenAI's, and those of docs/engine.md. All raise LlmosError."""

    @property
    def name(self) -> str: ...
    @property
    def context(self) -> int:
        """How many tokens a request and its answer may have together."""

    def chat(self, messages: Sequence[Message], **options: Any) -> Answer: ...
    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        """As `chat`, part by part. Closed before its end, the work is cancelled."""

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        """A vector of length 1 for each text."""


class Speakers(Protocol):
    """Which model does what."""

    def of(self, role: str) -> Speaker:
        """The model for chat, summarize, translate, code, plan or embed. Raises NoModel, whose hint says what to pull."""


class Nobody:
    """No model at all."""

    def of(self, role: str) -> Speaker:
        raise NoModel("this needs a larger model, and none is installed", hint="llmos models recommend")
