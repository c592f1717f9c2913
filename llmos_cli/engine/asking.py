"""What is asked of a server, and how that is changed where it declines: OpenAI's API is spoken in many ways.

The manner in which a server is found to speak is kept for the next request: which options it does not know, whether it streams,
and how an answer is held to a schema (by `json_schema`; by `json_object` and looking at what comes; by asking for it in words).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmos_cli.engine.web import Declined
from llmos_cli.errors import UsageError
from llmos_cli.speech import Message

DEFAULT_SECONDS = 600.0
FORMS = ("json_schema", "json_object", "words")
OURS = ("timeout", "keep_alive", "user", "think", "adapters", "grammar", "regex", "response_format", "stream", "model", "messages")
NEEDED = ("model", "messages", "stream", "tools", "tool_choice", "grammar")  # without these it would be another question
FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id")
_ABOUT_FORM = re.compile(r"response[_ ]?format|json[_ ]?(schema|object|mode)|structured|guided|schema|grammar", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context[_ ](length|window|size)|maximum context|too many (input )?tokens|prompt is too long|input is too long|exceed\w* .*context",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model.*(not found|not exist|no such|unknown|not available|not loaded)|(no|unknown|invalid) model", re.IGNORECASE)
WORDS = "Answer with JSON alone, without any other words. It keeps to this JSON Schema:\n"


@dataclass(frozen=True)
class Asked:
    """One request. `schema` is what the answer is held to, None where it is free; `seconds` what all of it may take."""

    messages: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    schema: Any = None
    grammar: str = ""
    think: bool | None = None
    seconds: float = DEFAULT_SECONDS

    @staticmethod
    def of(messages: Sequence[Message], options: Mapping[str, Any]) -> Asked:
        """Raises UsageError for what makes no sense, or that no server can do."""
        if not messages:
            raise UsageError("there are no messages")
        if options.get("regex"):
            raise UsageError("a server cannot hold an answer to a regex", hint="a JSON Schema can be had: response_format")
        form = options.get("response_format") or {}
        kind = form.get("type", "text") if isinstance(form, Mapping) else None
        wrapped = form.get("json_schema") if kind == "json_schema" else form if kind == "json_object" else {}
        schema = wrapped.get("schema", {"type": "object"} if kind == "json_object" else None) if isinstance(wrapped, Mapping) else None
        if kind not in ("text", "json_object", "json_schema") or (kind != "text" and not isinstance(schema, Mapping)):
            raise UsageError("response_format should be text, json_object, or json_schema with a schema")
        kept = {name: value for name, value in options.items() if name not in OURS and value is not None}
        think = options.get("think")
        return Asked(
            tuple(map(_message, messages)), kept, schema, str(options.get("grammar") or ""), think if isinstance(think, bool) else None,
            _seconds(options.get("timeout")),
        )  # fmt: skip


@dataclass
class Manner:
    """What a server has been found to want. `form` is an index of FORMS; `without` are options that it does not know."""

    form: int = 0
    without: set[str] = field(default_factory=set)
    longer: bool = False  # max_tokens is called max_completion_tokens
    streams: bool = True

    def body(self, asked: Asked, model: str) -> dict[str, Any]:
        """What is sent."""
        messages: Sequence[Mapping[str, Any]] = asked.messages
        body: dict[str, Any] = {"stream": self.streams, "stream_options": {"include_usage": True}, **asked.options}
        if not self.streams:
            del body["stream_options"]
        if self.longer and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        if asked.grammar:
            body["grammar"] = asked.grammar
        if asked.schema is not None and FORMS[self.form] == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": asked.schema}}
        elif asked.schema is not None:
            messages = _in_words(messages, asked.schema)
            if FORMS[self.form] == "json_object":
                body["response_format"] = {"type": "json_object"}
        return {"model": model, "messages": list(messages), **{name: value for name, value in body.items() if name not in self.without}}

    def copy(self) -> Manner:
        return replace(self, without={*self.without})

    def learn(self, error: Declined, body: Mapping[str, Any]) -> bool:
        """Change what is asked after a refusal; False where nothing is left to be changed."""
        if error.status not in (400, 404, 415, 422, 500, 501) or is_too_long(error) or has_no_model(error):
            return False
        said = f"{error.said} {error.code}"
        if "max_completion_tokens" in said and "max_tokens" in body:
            self.longer = True
            return True
        named = [name for name in body if name not in NEEDED and name != "response_format" and re.search(rf"\b{name}\b", said)]
        if named:
            self.without.update(named)
            return True
        if "response_format" in body and (_ABOUT_FORM.search(said) or error.status not in (404, 500)):
            self.form += 1
            return True
        if error.status in (404, 500):
            return False
        if re.search(r"\bstream", said) and self.streams:
            self.streams = False
            return True
        if "stream_options" in body:
            self.without.add("stream_options")
            return True
        return False

    def said(self, asked: Asked) -> dict[str, Any]:
        """What of the request was not taken as it was asked."""
        ignored = sorted(self.without & set(asked.options))
        held = {"format": FORMS[self.form]} if asked.schema is not None and self.form else {}
        return {**held, **({"ignored": ignored} if ignored else {})}


def is_too_long(error: Declined) -> bool:
    return error.status in (400, 413, 422, 500) and bool(TOO_LONG.search(f"{error.said} {error.code}"))


def has_no_model(error: Declined) -> bool:
    return error.status in (400, 404, 422) and bool(error.code == "model_not_found" or _NO_MODEL.search(error.said))


def fitted(asked: Asked, room: int) -> tuple[Asked, dict[str, Any]]:
    """The request with its oldest turns left out, so that the rest may fit into `room` tokens, and what was cut.

    A token is taken for three bytes.
    """
    head = [message for message in asked.messages if message["role"] == "system"]
    rest = [message for message in asked.messages if message["role"] != "system"]
    sizes = [tokens(message) for message in rest]
    left = total = sum(sizes) + sum(map(tokens, head))
    starts = [at for at, message in enumerate(rest) if message["role"] == "user"] or [0]
    at = 0
    for at in starts:
        left = total - sum(sizes[:at])
        if left <= room:
            break
    if at == 0:
        return asked, {}
    return replace(asked, messages=tuple(head + rest[at:])), {"cut": {"messages": at, "tokens": total - left}}


def tokens(message: Mapping[str, Any]) -> int:
    """About how many it is; rather too many."""
    return len(json.dumps(message, ensure_ascii=False).encode(errors="replace")) // 3


def _message(message: Message) -> dict[str, Any]:
    """What servers know of a message, without halves of letters."""
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise UsageError('a message should be like {"role": "user", "content": "…"}')
    kept = {name: message[name] for name in FIELDS if message.get(name)}
    content = message.get("content") or ""
    return {**kept, "content": whole_letters(content) if isinstance(content, str) else content}


def _seconds(value: Any) -> float:
    if value is None:
        return DEFAULT_SECONDS
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86400:
        raise UsageError(f"timeout should be a number of seconds, not {value!r}")
    return float(value)


def whole_letters(text: str) -> str:
    """Halves of letters joined where they are pairs, else replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _in_words(messages: Sequence[Mapping[str, Any]], schema: Any) -> list[Mapping[str, Any]]:
    words = WORDS + json.dumps(schema, ensure_ascii=False)
    if messages[0]["role"] == "system":
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{words}"}, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]
