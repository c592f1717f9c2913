"""What a server answers, made into deltas: text, thought and whole calls out of OpenAI's chunks, however they are cut."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmos_cli.engine.answers import Called, Part, Parts, Thought
from llmos_cli.engine.sse import DONE, events
from llmos_cli.engine.web import Reply, Web
from llmos_cli.errors import LlmosError
from llmos_cli.speech import Call, Delta

AFTER_SECONDS = 2.0  # that are waited for `usage` and [DONE], once the answer has ended
MOST_ANSWER = 64 << 20  # letters
_ENDED = {"length": "length", "max_tokens": "length", "tool_calls": "tool_calls", "function_call": "tool_calls"}


@dataclass
class _Wanted:
    """A call that is being written."""

    index: int | None
    id: str
    name: str
    arguments: str

    def made(self) -> Call:
        return Call(self.name, self.arguments or "{}", self.id)


class Hearing:
    """One answer. `tools` are the names that may be called; `plain` text is not searched for thoughts and calls."""

    def __init__(self, web: Web, tools: Collection[str] = (), *, plain: bool = False) -> None:
        self._web = web
        self._parts = None if plain else Parts([name for name in tools if name])
        self._calls: list[_Wanted] = []
        self._read: list[Call] = []  # calls that stood in the text
        self._half = {"text": "", "thought": ""}  # half a letter, whose other half comes with the next chunk
        self._ended, self._usage, self._size, self._heard = "", {}, 0, False  # type: ignore[var-annotated]
        self._said: dict[str, Any] = {}

    def stream(self, reply: Reply) -> Iterator[Delta]:
        """Raises LlmosError where it is cut, or says that something failed."""
        try:
            for event in events(reply.lines()):
                if event == DONE:
                    break
                yield from self._chunk(event)
                if self._ended:
                    reply.silent = AFTER_SECONDS
            else:
                if not self._ended:
                    raise self._web.cut()
        except TimeoutError:
            if not self._heard:
                raise self._web.late() from None
            self._ended = self._ended or "length"
            self._said["limit"] = "time"
        except ValueError as error:
            self._web.parsed(str(error).encode())
            raise LlmosError(f"{self._web.name} answers in a form that is not OpenAI's") from None
        except LlmosError:
            if not self._ended:  # what fails after the end of the answer takes nothing from it
                raise
        yield from self._last()

    def whole(self, answer: Any) -> Iterator[Delta]:
        """An answer that came at once."""
        yield from self._chunk(answer)
        if not self._heard:
            raise LlmosError(f"{self._web.name} answers in a form that is not OpenAI's", hint="is it an address of OpenAI's API?")
        yield from self._last()

    def _chunk(self, chunk: Any) -> Iterator[Delta]:
        if not isinstance(chunk, Mapping):
            return
        if error := chunk.get("error"):
            said = error.get("message", error) if isinstance(error, Mapping) else error
            raise LlmosError(f"{self._web.name} failed: {self._web.cleaned(said)}", hint="try again")
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = dict(chunk["usage"])
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else None
        if choice is None:
            return
        self._heard = True
        message = choice.get("delta") or choice.get("message") or {}
        if isinstance(message, Mapping):
            yield from self._message(message)
        if reason := choice.get("finish_reason"):
            self._ended = _ENDED.get(str(reason), "stop")
            if reason == "content_filter":
                self._said["limit"] = "filter"

    def _message(self, message: Mapping[str, Any]) -> Iterator[Delta]:
        said, thought = _texts(message.get("content"))
        thought += _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
        said += _text(message.get("refusal"))
        self._size += len(said) + len(thought)
        if self._size > MOST_ANSWER:
            raise LlmosError(f"{self._web.name} answers without end")
        if thought := self._joined("thought", thought):
            yield Delta(thought=thought)
        if said := self._joined("text", said):
            yield from map(self._made, self._parts.add(said)) if self._parts else [Delta(said)]
        for call in message.get("tool_calls") or ():
            self._call(call)

    def _made(self, part: Part) -> Delta:
        if isinstance(part, Thought):
            return Delta(thought=part.text)
        if isinstance(part, Called):
            self._read.append(Call(part.name, part.arguments, f"call_{len(self._read)}"))
            return Delta()
        return Delta(part.text)

    def _joined(self, what: str, text: str) -> str:
        """The text without half a letter at its end, which is kept for the next; halves that have no other become a mark."""
        text = self._half[what] + text
        half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._half[what] = half
        text = text.removesuffix(half)
        return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _call(self, piece: Any) -> None:
        """A part of a call: it belongs to the one of its index, or where none is said, its id; else to the last."""
        function = piece.get("function") if isinstance(piece, Mapping) else None
        if not isinstance(function, Mapping):
            return
        name, id_, arguments = _text(function.get("name")), _text(piece.get("id")), function.get("arguments") or ""
        arguments = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        index = piece.get("index") if isinstance(piece.get("index"), int) else None
        same = [call for call in self._calls if (call.index == index if index is not None else call.id == id_ if id_ else not name)]
        if same and not (name and id_ and same[-1].id and id_ != same[-1].id):  # some give all calls one index
            wanted = same[-1]
            wanted.arguments += arguments
            wanted.name, wanted.id = wanted.name or name, wanted.id or id_
        elif name:
            self._calls.append(_Wanted(index, id_, name, arguments))

    def _last(self) -> Iterator[Delta]:
        rest = [*map(self._made, self._parts.end())] if self._parts else []
        if self._half["text"]:
            rest.append(Delta("\ufffd"))
        yield from (delta for delta in rest if delta != Delta())
        calls = (*(wanted.made() for wanted in self._calls), *self._read)
        ended = self._ended or "stop"
        ended = "tool_calls" if calls and ended == "stop" else "stop" if ended == "tool_calls" and not calls else ended
        yield Delta(calls=_with_ids(calls), ended=ended, usage=self._usage, said=self._said)


def _with_ids(calls: tuple[Call, ...]) -> tuple[Call, ...]:
    return tuple(replace(call, id=call.id or f"call_{at}") for at, call in enumerate(calls))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(content: Any) -> tuple[str, str]:
    """(what is said, what is thought) of a content that is a text, or a list of parts."""
    if not isinstance(content, list):
        return _text(content), ""
    said, thought = "", ""
    for part in content:
        if isinstance(part, Mapping) and part.get("type") == "thinking":
            inner = part.get("thinking")
            thought += inner if isinstance(inner, str) else _texts(inner)[0]
        elif isinstance(part, Mapping):
            said += _text(part.get("text"))
    return said, thought
