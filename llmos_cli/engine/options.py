"""What a request may say, read from OpenAI's JSON; all that makes no sense is said in one sentence."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmos_cli.engine.choosing import Sampling
from llmos_cli.engine.run import Limits
from llmos_cli.errors import UsageError

DEFAULT_TOKENS, DEFAULT_SECONDS, DEFAULT_KEEP = 4096, 600.0, 600.0
MOST_STOPS, MOST_SEED = 16, (1 << 32) - 1
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Held:
    """What the answer is held to: `kind` is "", "schema" (`schema`), "regex" or "gbnf" (`text`)."""

    kind: str = ""
    text: str = ""
    schema: Mapping[str, Any] | None = None


def number(body: Body, name: str, default: float, least: float, most: float) -> float:
    """A number of the body. Raises UsageError."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError(f"{name} should be a number from {least:g} to {most:g}, not {value!r}")
    return float(value)


def whole(body: Body, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the body. Raises UsageError."""
    value = number(body, name, default, least, most)
    if value != int(value):
        raise UsageError(f"{name} should be a whole number, not {value!r}")
    return int(value)


def text(body: Body, name: str, default: str = "") -> str:
    """Raises UsageError for what is no text."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise UsageError(f"{name} should be a text")
    return value


def sampling(body: Body, vocabulary: int) -> Sampling:
    """How tokens are chosen; temperature 0.7 and a seed by chance where nothing is said."""
    if whole(body, "n", 1, 1, 128) != 1:
        raise UsageError("n is 1: one answer a request")
    return Sampling(
        temperature=number(body, "temperature", Sampling.temperature, 0, 5),
        top_k=whole(body, "top_k", Sampling.top_k, 0, 1 << 20),
        top_p=number(body, "top_p", Sampling.top_p, 0, 1),
        min_p=number(body, "min_p", Sampling.min_p, 0, 1),
        seed=whole(body, "seed", random.getrandbits(32), 0, MOST_SEED),
        presence=number(body, "presence_penalty", 0, -2, 2),
        frequency=number(body, "frequency_penalty", 0, -2, 2),
        bias=_bias(body.get("logit_bias"), vocabulary),
    )


def _bias(given: Any, vocabulary: int) -> tuple[tuple[int, float], ...]:
    if given is None:
        return ()
    try:
        bias = tuple((int(token), float(value)) for token, value in given.items())
    except (AttributeError, TypeError, ValueError):
        raise UsageError("logit_bias should be numbers by token") from None
    if not all(0 <= token < vocabulary and -100 <= value <= 100 for token, value in bias):
        raise UsageError(f"logit_bias takes tokens below {vocabulary} and numbers from -100 to 100")
    return bias


def limits(body: Body) -> Limits:
    most = whole(body, "max_tokens", DEFAULT_TOKENS, 1, 1 << 30)
    return Limits(
        tokens=whole(body, "max_completion_tokens", most, 1, 1 << 30),
        seconds=number(body, "timeout", DEFAULT_SECONDS, 0.01, 86400),
        stops=stops(body),
    )


def stops(body: Body) -> tuple[str, ...]:
    given = body.get("stop")
    found = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else () if given is None else None
    if found is None or len(found) > MOST_STOPS or not all(isinstance(stop, str) for stop in found):
        raise UsageError(f"stop should be a text, or up to {MOST_STOPS} of them")
    return found


def keep_alive(body: Body, default: float = DEFAULT_KEEP) -> float:
    """Seconds that the model stays after the answer: 300, "5m", or -1 for ever. Raises UsageError."""
    value = body.get("keep_alive")
    if value is None:
        return default
    if isinstance(value, str) and value[-1:] in _UNITS and value[:-1].lstrip("-").replace(".", "", 1).isdecimal():
        value = float(value[:-1]) * _UNITS[value[-1]]
    elif isinstance(value, str) and value.lstrip("-").isdecimal():
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise UsageError(f'keep_alive should be seconds, or like "10m", not {value!r}')
    return float("inf") if value < 0 else float(value)


def held(body: Body) -> Held:
    """What the answer is held to: OpenAI's `response_format`, or `grammar` (GBNF), or `regex`. Raises UsageError."""
    form = body.get("response_format") or {}
    if not isinstance(form, Mapping):
        raise UsageError("response_format should be an object")
    kind = form.get("type", "text")
    found = []
    if kind == "json_object":
        schema = form.get("schema")
        found.append(Held("schema", schema=_object(schema) if schema is not None else {"type": "object"}))
    elif kind == "json_schema":
        wrapped = form.get("json_schema")
        found.append(Held("schema", schema=_object(wrapped.get("schema") if isinstance(wrapped, Mapping) else None)))
    elif kind != "text":
        raise UsageError(f"response_format's type should be text, json_object or json_schema, not {kind!r}")
    found += [Held(kind, text(body, name)) for name, kind in (("grammar", "gbnf"), ("regex", "regex")) if body.get(name)]
    if len(found) > 1:
        raise UsageError("an answer can be held to one thing: response_format, grammar or regex")
    return found[0] if found else Held()


def _object(schema: Any) -> Mapping[str, Any]:
    if not isinstance(schema, Mapping):
        raise UsageError("the schema should be an object")
    return schema


def tools(body: Body) -> tuple[list[Mapping[str, Any]], str]:
    """(the tools as OpenAI has them; which one must be called: "" for none, "*" for any, or its name). Raises UsageError."""
    given, choice = body.get("tools") or [], body.get("tool_choice", "auto")
    names = []
    if not isinstance(given, list):
        raise UsageError("tools should be a list")
    for tool in given:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not function["name"]:
            raise UsageError('a tool should be like {"type": "function", "function": {"name": …, "parameters": {…}}}')
        names.append(function["name"])
    if choice in ("none", None) or not given:
        return [], ""
    if choice in ("auto", "required"):
        return given, "*" if choice == "required" else ""
    wanted = choice.get("function", {}).get("name") if isinstance(choice, Mapping) else None
    if not isinstance(wanted, str) or wanted not in names:
        raise UsageError(f"tool_choice should be none, auto, required, or one of the tools: {', '.join(names)}")
    return given, wanted
