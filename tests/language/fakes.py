"""A model that answers from a list or by a rule, in pieces; and what a step says while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmos_cli.errors import LlmosError, NoModel
from llmos_cli.speech import Answer, Delta, Message, Speaker

Rule = Callable[[str, dict[str, Any]], str]


@dataclass
class Teller:
    """`rule` makes the answer to what the person's turn says. `letters` is how long that may be before the model has no room for it."""

    rule: Rule
    context: int = 32768
    name: str = "teller-1b"
    letters: int = 1 << 30
    thoughts: str = ""
    ended: str = "stop"
    asked: list[str] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    closed: int = 0  # streams that were left before their end

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        said = str(messages[-1]["content"])
        if len(said) > self.letters:
            raise LlmosError(f"the text is too long for the model: {len(said)} tokens, and there is room for {self.letters}")
        self.asked.append("\n".join(str(message["content"]) for message in messages))
        self.options.append(options)
        text = self.rule(said, options)
        try:
            if self.thoughts:
                yield Delta(thought=self.thoughts)
            for at in range(0, len(text), 3):
                yield Delta(text[at : at + 3])
            yield Delta(ended=self.ended, said={"limit": "context"} if self.ended == "length" else {})
        except GeneratorExit:
            self.closed += 1
            raise

    def chat(self, messages: Sequence[Message], **options: Any) -> Answer:
        return Answer("".join(delta.text for delta in self.stream(messages, **options)))

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        raise AssertionError("nothing is embedded here")


@dataclass(frozen=True)
class All:
    """One model for everything, or none."""

    speaker: Speaker | None = None

    def of(self, role: str) -> Speaker:
        if self.speaker is None:
            raise NoModel(f"{role} needs a model", hint="llmos models pull qwen3-4b  (about 2.3 GB)")
        return self.speaker


@dataclass
class Heard:
    """A voice whose notes and work are kept."""

    notes: list[str] = field(default_factory=list)
    work: list[tuple[str, int, int]] = field(default_factory=list)
    stops: list[Callable[[], None]] = field(default_factory=list)

    def tell(self, what: str, done: int, total: int) -> None:
        self.work.append((what, done, total))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def at_end(self, stop: Callable[[], None]) -> None:
        self.stops.append(stop)


def material(said: str) -> str:
    """What stands between <text> and </text>."""
    return said.partition("<text>\n")[2].rpartition("\n</text>")[0]
