"""An answer's parts as they come: what the model thinks, what it says, and the tools that it calls."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from llmos_cli.engine.families import CALL, DROPPED, SPANS, THINKING, Span
from llmos_cli.engine.writing import partly

MOST_CALL = 1 << 20  # characters; a longer one is text


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Thought:
    text: str


@dataclass(frozen=True)
class Called:
    """`arguments` is a JSON object's text."""

    name: str
    arguments: str


Part = Said | Thought | Called


class Parts:
    """Feed it text; it gives parts as soon as it is sure what they are. Joined, texts are the answer's without its marks."""

    def __init__(self, tools: Collection[str] = (), *, thinking: bool = False) -> None:
        """`tools`: the names that may be called; `thinking`: the prompt ended within a thought."""
        self._tools = tools
        self._spans = [span for span in SPANS if tools or span.kind != CALL]
        self._span: Span | None = SPANS[0] if thinking else None
        self._text = ""
        self._said = False  # has something been said, other than white space?
        self._trim = thinking  # no white space at the start of a part

    def add(self, text: str) -> Iterator[Part]:
        self._text += text
        while (part := self._next(final=False)) is not None:
            yield from part

    def end(self) -> Iterator[Part]:
        """What is left."""
        while (part := self._next(final=True)) is not None:
            yield from part

    def _next(self, *, final: bool) -> list[Part] | None:
        """Take something from the text; None where nothing is sure yet."""
        if not self._text:
            return None
        if self._span is not None:
            return self._within(self._span, final=final)
        if not self._said and self._tools and self._text.lstrip()[:1] in ("{", "[", "`", ""):
            bare = not any(self._text.lstrip().startswith(span.open) for span in self._spans)
            if bare and not final and len(self._text) < MOST_CALL and not self._opens():
                return None  # Llama 3 and others call with nothing but JSON
            if bare and final and (calls := read_calls(self._text, self._tools, known=True)):
                self._text = ""
                return [*calls]
        found = [(at, span) for span in self._spans if (at := self._text.find(span.open)) >= 0]
        if found:
            at, span = min(found, key=lambda each: each[0])
            before, self._text = self._text[:at], self._text[at + len(span.open) :]
            self._span = span
            self._trim = span.kind == THINKING
            return self._say(before.rstrip() if span.kind == CALL else before)
        keep = 0 if final else max(partly(self._text, span.open) for span in self._spans)
        cut = len(self._text) - keep
        if self._tools and not final:  # white space before a call is not said
            cut = len(self._text[:cut].rstrip())
        sure, self._text = self._text[:cut], self._text[cut:]
        return self._say(sure) if sure else None

    def _opens(self) -> bool:
        """Does a mark begin, or might one, at the start of the text?"""
        text = self._text.lstrip()
        return any(span.open.startswith(text[: len(span.open)]) for span in self._spans if text)

    def _within(self, span: Span, *, final: bool) -> list[Part] | None:
        at = self._text.find(span.close) if span.close else -1
        if at < 0 and not final and (span.kind == CALL or not span.close):
            return None
        if at < 0:
            keep = 0 if final else partly(self._text, span.close)
            inside, self._text = self._text[: len(self._text) - keep], self._text[len(self._text) - keep :]
        else:
            inside, self._text, self._span = self._text[:at], self._text[at + len(span.close) :], None
        if final and at < 0:
            self._span = None
        if span.kind == DROPPED:
            return [] if inside or at >= 0 else None
        if span.kind == CALL:
            calls = read_calls(inside, self._tools)
            return [*calls] if calls else self._say(span.open + inside + (span.close if at >= 0 else ""))
        parts: list[Part] = [Thought(text)] if (text := self._trimmed(inside)) else []
        self._trim = self._trim or at >= 0
        return parts or ([] if inside or at >= 0 else None)

    def _say(self, text: str) -> list[Part]:
        text = self._trimmed(text)
        self._said = self._said or bool(text.strip())
        return [Said(text)] if text else []

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return text


# ---- calls ---------------------------------------------------------------------------------------------

_NAME_BEFORE = re.compile(r"([\w.-]{1,200})\s{0,9}\Z")
_GEMMA = re.compile(r"call:([\w.-]+)\s*(\{.*\})", re.S)
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_][\w-]*)\s*:")
_PYTHON = re.compile(r"(?:\[\s*)?[\w.]+\(")
MOST_PYTHON = 1 << 16  # characters


def read_calls(text: str, tools: Collection[str] = (), *, known: bool = False) -> list[Called]:
    """The calls in what stood between two marks, in any family's way of writing them; none where it is something else.

    `known`: only if all that is called is among `tools`.
    """
    text = text.strip()
    for read in (_xml, _mistral, _gemma, _python, _json):
        try:
            calls = read(text)
        except (ValueError, RecursionError, SyntaxError, MemoryError):
            continue
        if calls and not (known and any(call.name not in tools for call in calls)):
            return calls
    return []


def _called(name: Any, arguments: Any) -> Called:
    """Raises ValueError for what is no call."""
    if isinstance(arguments, str):
        arguments = json.loads(arguments or "{}")
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise ValueError("no call")
    return Called(name, json.dumps(arguments, ensure_ascii=False))


def _xml(text: str) -> list[Called]:
    """Qwen3-Coder: <function=NAME><parameter=KEY>VALUE</parameter></function>; values that are JSON count as such."""
    calls = []
    for part in text.split("<function=")[1:]:
        name, _, body = part.partition(">")
        arguments = {}
        for each in body.partition("</function>")[0].split("<parameter=")[1:]:
            key, _, value = each.partition(">")
            arguments[key] = _value(value.partition("</parameter>")[0].removeprefix("\n").removesuffix("\n"))
        calls.append(_called(name, arguments))
    return calls


def _value(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _mistral(text: str) -> list[Called]:
    """NAME[ARGS]{…}, again after another [TOOL_CALLS]."""
    calls = []
    for part in text.split("[TOOL_CALLS]"):
        before, mark, after = part.partition("[ARGS]")
        if mark and (name := _NAME_BEFORE.search(before[-210:])):
            calls.append(_called(name[1], json.JSONDecoder().raw_decode(after, _skip(after, 0))[0]))
    return calls


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _gemma(text: str) -> list[Called]:
    """Gemma 4: call:NAME{key:<|"|>text<|"|>,n:5}"""
    found = _GEMMA.match(text)
    if found is None:
        return []
    parts = found[2].split('<|"|>')  # what stands outside texts, a text, what stands outside …
    outside = [_BARE_KEY.sub(r'\1"\2":', part) for part in parts[::2]]
    inside = [json.dumps(part) for part in parts[1::2]]
    whole = "".join(part for pair in zip(outside, [*inside, ""], strict=True) for part in pair)
    return [_called(found[1], json.loads(whole))]


def _python(text: str) -> list[Called]:
    """LFM2: [name(key="value"), …]"""
    if len(text) > MOST_PYTHON or not _PYTHON.match(text):
        return []
    import ast  # slow to load, and seldom needed

    tree = ast.parse(text, mode="eval").body
    calls = tree.elts if isinstance(tree, ast.List) else [tree]
    if not all(isinstance(call, ast.Call) and not call.args for call in calls):
        return []
    return [
        _called(ast.unparse(call.func), {key.arg: ast.literal_eval(key.value) for key in call.keywords if key.arg})
        for call in calls
        if isinstance(call, ast.Call)
    ]


def _json(text: str) -> list[Called]:
    """{"name": …, "arguments": {…}}, `parameters` in its place, one or several, also in a fence; what follows them is passed over."""
    if text.startswith("```") and text.endswith("```"):
        text = text[:-3].partition("\n")[2]
    calls, at, decoder = [], _skip(text, 0), json.JSONDecoder()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        for each in value if isinstance(value, list) else [value]:
            each = each.get("function", each) if isinstance(each, dict) else {}
            calls.append(_called(each.get("name"), each.get("arguments", each.get("parameters", {}))))
        at = _skip(text, at)
        if text.startswith((",", ";"), at):
            at = _skip(text, at + 1)
    return calls
