"""Asking a model: one request after the other, its words as they come, and what there is to say about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from llmos_cli.errors import LlmosError
from llmos_cli.language.parts import tokens
from llmos_cli.language.shapes import AGAIN, Json, parsed
from llmos_cli.language.templates import Template
from llmos_cli.places import Voice
from llmos_cli.speech import Speaker

Found = TypeVar("Found")
Slots = Mapping[str, str]  # what is put into a template's texts, by its name there
MARGIN = 0.05  # of the context that nothing is planned for
FRAME = 32  # tokens that a chat template puts around what is said
LEAST = 64  # tokens that a part has at least, however small the context
_TOO_LONG = re.compile(r"too long|context (?:length|size|window)|maximum context", re.IGNORECASE)


def is_too_long(error: LlmosError) -> bool:
    """Whether a model, here or on a server, has no room for what was said."""
    return bool(_TOO_LONG.search(error.message))


@dataclass
class Asking:
    """What is asked of one model at one step. `doing` is the step in a word for who waits: `summarizing`."""

    speaker: Speaker
    template: Template
    voice: Voice
    doing: str

    def room(self, names: Sequence[str], reserved: float, most: int, slots: Slots) -> int:
        """How many tokens of material requests with these texts of the template have room for, where the part `reserved` of the context is
        left for the answer; at most `most`."""
        said = max(
            sum(tokens(str(message["content"])) for message in self.template.messages(name, {**slots, "text": ""})) for name in names
        )
        return max(LEAST, min(most, int(self.speaker.context * (1 - MARGIN - reserved)) - said - FRAME))

    def stream(self, name: str, slots: Slots, *, at: tuple[int, int] = (0, 0), shape: Json | None = None, most: int = 0) -> Iterator[str]:
        """The answer to the text `name` of the template, as it comes. `at` is which part of how many is worked on; `most` tokens are enough
        for it (0: as many as it takes). Raises LlmosError."""
        slots = {**slots, "text": slots.get("text", "").replace("</text>", "<\u200b/text>")}
        options = {**self.template.options, **({"max_tokens": most, "think": False} if most else {})}
        if shape is not None:
            options["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": shape}}
        self.voice.tell(f"{self.speaker.name} is {self.doing}", *at)
        deltas = self.speaker.stream(self.template.messages(name, slots), **options)
        self.voice.at_end(getattr(deltas, "close", _nothing))
        thinking = False
        for delta in deltas:
            if delta.thought and not thinking:
                thinking = True
                self.voice.tell(f"{self.speaker.name} is thinking", *at)
            if delta.text:
                yield delta.text
            if delta.ended:
                self._note_end(delta.ended if not most else "", delta.said)
        self.voice.tell("", 0, 0)

    def whole(self, name: str, slots: Slots, *, at: tuple[int, int] = (0, 0), most: int = 0) -> str:
        return "".join(self.stream(name, slots, at=at, most=most)).strip()

    def json(self, name: str, shape: Json, slots: Slots, kind: type[Found], *, at: tuple[int, int] = (0, 0)) -> Found:
        """The one value, a list or a text, of the JSON object that is asked for. Raises LlmosError, also where the shape was not heeded."""
        found = parsed("".join(self.stream(name, slots, at=at, shape=shape)), self.speaker.name)
        (key,) = shape["required"]
        value = found.get(key) if isinstance(found, dict) else None
        if not isinstance(value, kind):
            raise LlmosError(f"{self.speaker.name} wrote JSON of another shape than it should", hint=AGAIN)
        return value

    def _note_end(self, ended: str, said: Any) -> None:
        if ended == "length":
            why = {"context": "its context was full", "time": "it took too long"}.get(str(said.get("limit", "")), "it became too long")
            self.voice.note(f"The answer of {self.speaker.name} was cut off: {why}.")
        if cut := said.get("cut"):
            self.voice.note(f"{self.speaker.name} did not see all of it: {cut.get('tokens', 'some')} tokens had to be left out.")


def _nothing() -> None: ...
