"""An answer as it comes: its words go on at once, what else it holds is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmos_cli.places import Voice
from llmos_cli.speech import Call, Delta

_WHY = {"context": "its context was full", "time": "it took too long"}


class Reply:
    """`text` and `calls` are what has come so far. `voice` is told what the model is doing."""

    def __init__(self, name: str, voice: Voice) -> None:
        self.name, self._voice = name, voice
        self.text = ""
        self.calls: list[Call] = []
        self._deltas: Iterator[Delta] = iter(())
        self._waiting = ""  # the first words, which nobody has taken yet
        self._ended = Delta()
        self._thoughts = 0

    def begin(self, deltas: Iterator[Delta]) -> None:
        """Hear the answer up to its first words, or to its end where it has none. Raises LlmosError."""
        self._deltas = deltas
        self._voice.tell(f"{self.name} is reading", 0, 0)
        for text in self._texts():
            if text.strip():
                self._waiting = text.lstrip("\n")
                break

    @property
    def speaks(self) -> bool:
        return bool(self._waiting)

    def pieces(self) -> Iterator[str]:
        """The words as they come, gone through once. Raises LlmosError."""
        piece, self._waiting = self._waiting, ""
        self.text += piece
        yield piece
        for piece in self._texts():
            self.text += piece
            yield piece

    def close(self) -> None:
        """The model stops, if it is not through."""
        if close := getattr(self._deltas, "close", None):
            close()
        self._voice.tell("", 0, 0)

    @property
    def message(self) -> dict[str, Any]:
        """As it belongs into the conversation; {} where nothing came."""
        if not (self.text or self.calls):
            return {}
        said: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls:
            said["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in self.calls
            ]
        return said

    def notes(self) -> Iterator[str]:
        """What is to be said of it: that it was cut off, what the model did not see, that nothing came."""
        if self._ended.ended == "length":
            yield f"The answer of {self.name} was cut off: {_WHY.get(str(self._ended.said.get('limit')), 'it became too long')}."
        if cut := self._ended.said.get("cut"):
            yield f"The conversation is too long for {self.name}: its {cut.get('messages', 'first')} oldest messages were left out."
        if not (self.text or self.calls) and self._ended.ended != "length":
            yield f"{self.name} had nothing to say."

    def _texts(self) -> Iterator[str]:
        for delta in self._deltas:
            self.calls += delta.calls
            if delta.thought:
                self._thoughts += 1
                self._voice.tell(f"{self.name} is thinking", self._thoughts, 0)
            if delta.ended:
                self._ended = delta
            if delta.text:
                yield delta.text
