"""From a conversation to the tokens of a prompt: the template, what of it is kept for other requests, and what had to be cut."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmos_cli.engine import families
from llmos_cli.engine.slots import common
from llmos_cli.engine.templates import Templates
from llmos_cli.engine.weights import Weights
from llmos_cli.errors import LlmosError, UsageError

Message = Mapping[str, Any]
ROLES = ("system", "developer", "user", "assistant", "tool")
TRIED = ("Alpha", "0")  # as the first thing a person says: what the prompts for both start with is the stem
BACK = 16  # tokens back from its end that a stem is cut to a mark
REMEMBERED = 32  # stems
_MARK = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\]")


@dataclass(frozen=True)
class Prompt:
    """`stem`: so many of the first tokens are the system's words and tools, and will come again.

    `thinking`: it ends within a thought. `said`: what the caller should know of it, for the answer's metadata.
    """

    tokens: list[int]
    stem: int = 0
    thinking: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)


class Prompts:
    """Makes the prompts for one model. Thread-safe."""

    def __init__(self, weights: Weights, templates: Templates) -> None:
        self._weights = weights
        self._templates = templates
        own = weights.template
        self._family, self._template = ("", own) if own else families.fallback(weights)
        self._stems: OrderedDict[str, str] = OrderedDict()
        self._marks: dict[str, bool] = {}
        self._lock = threading.Lock()

    def chat(self, messages: Sequence[Message], tools: Sequence[Message], options: Mapping[str, Any], room: int) -> Prompt:
        """A prompt of at most `room` tokens. Where it is longer, the oldest turns are left out, and `said` says so.

        `options` are variables for the template. Raises UsageError for what are no messages, LlmosError where
        the template fails or what is left is still too long.
        """
        turns, said = self._tidied(messages)
        if tools and "tools" not in self._template:
            turns, tools = _with_tools(turns, tools), ()
        stem_text = self._stem_text(turns, tools, options)
        head = [turn for turn in turns if turn["role"] == "system"]
        rest = turns[len(head) :]
        most = _starts(rest)
        low, high = 0, len(most) - 1  # how many turns are left out
        text, tokens = self._written(head + rest, tools, options)
        first = length = len(tokens)
        while length > room:
            if low == high:
                raise LlmosError(
                    f"the text is too long for the model: {length} tokens, and there is room for {room}",
                    hint="shorten it, or take a model with a longer context: llmos models list",
                )
            low = min(high, max(low + 1, round(high * (1 - room / length))))
            text, tokens = self._written(head + rest[most[low] :], tools, options)
            length = len(tokens)
        if low:
            said["cut"] = {"messages": most[low], "tokens": first - length}
        return Prompt(tokens, self._stem(stem_text, tokens), text.rstrip().endswith("<think>"), said)

    def text(self, text: str, room: int) -> Prompt:
        """A prompt that is just this text; its marks are text too. Raises LlmosError where it is too long."""
        tokens = self._weights.tokenize(text, start=self._weights.adds_begin)
        if not tokens:
            raise UsageError("the prompt is empty")
        if len(tokens) > room:
            raise LlmosError(
                f"the text is too long for the model: {len(tokens)} tokens, and there is room for {room}",
                hint="shorten it, or take a model with a longer context: llmos models list",
            )
        return Prompt(tokens)

    def _written(self, turns: Sequence[Message], tools: Sequence[Message], options: Mapping[str, Any]) -> tuple[str, list[int]]:
        text = self._render([turns], tools, options)[0]
        return text, self._tokens(text)

    def _tokens(self, text: str) -> list[int]:
        begin = self._weights.begin
        start = self._weights.adds_begin and not (begin and text.startswith(begin))
        return self._weights.tokenize(text, special=True, start=start)

    def _render(self, each: Sequence[Sequence[Message]], tools: Sequence[Message], options: Mapping[str, Any]) -> list[str]:
        """As the template has it; where it takes no system's words, or wants turns to alternate, with those joined."""
        shared = {
            **options,
            "add_generation_prompt": True,
            "bos_token": self._weights.begin,
            "eos_token": self._weights.end,
            **({"tools": [*tools]} if tools else {}),
        }
        try:
            return self._templates.render(self._template, [{**shared, "messages": [*turns]} for turns in each])
        except LlmosError as error:
            joined = [_joined(turns) for turns in each]
            if not re.search("role|system|alternate", error.message) or joined == [[*turns] for turns in each]:
                raise
            return self._templates.render(self._template, [{**shared, "messages": turns} for turns in joined])

    # ---- the stem ----

    def _stem_text(self, turns: Sequence[Message], tools: Sequence[Message], options: Mapping[str, Any]) -> str:
        """What all prompts with this system's words and tools start with; "" where there are none."""
        head = [turn for turn in turns if turn["role"] == "system"]
        if not head and not tools:
            return ""
        key = json.dumps([head, tools, options], sort_keys=True)
        with self._lock:
            if key in self._stems:
                self._stems.move_to_end(key)
                return self._stems[key]
        try:
            one, other = self._render([[*head, {"role": "user", "content": text}] for text in TRIED], tools, options)
        except LlmosError:
            one = other = ""
        same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        with self._lock:
            self._stems[key] = one[:same]
            if len(self._stems) > REMEMBERED:
                self._stems.popitem(last=False)
        return one[:same]

    def _stem(self, text: str, tokens: list[int]) -> int:
        """How many of the `tokens` the stem's `text` is: up to a mark, since what follows may join with its last letters."""
        if not text:
            return 0
        shared = common(self._tokens(text), tokens)
        for size in range(shared, max(0, shared - BACK), -1):
            if self._weights.is_special(tokens[size - 1]):
                return size
        return max(0, shared - 2)

    # ---- messages ----

    def _tidied(self, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The turns as templates want them, the system's first; and what is to be said of it."""
        if not messages:
            raise UsageError("there are no messages")
        turns, hidden = [], 0
        for message in messages:
            turn, marks = self._turn(message)
            turns.append(turn)
            hidden += marks
        turns.sort(key=lambda turn: turn["role"] != "system")
        if turns[-1]["role"] == "system":
            raise UsageError("there is no message to answer", hint='add {"role": "user", …}')
        said: dict[str, Any] = {"marks_hidden": hidden} if hidden else {}
        if self._family:
            said["template"] = f"the model has no chat template: {self._family} was taken"
        return turns, said

    def _turn(self, message: Message) -> tuple[dict[str, Any], int]:
        if not isinstance(message, Mapping) or message.get("role") not in ROLES:
            raise UsageError(f"a message needs a role: {', '.join(ROLES)}")
        content, marks = self._neutral(_plain(message.get("content")))
        role = "system" if message["role"] == "developer" else message["role"]
        turn: dict[str, Any] = {**message, "role": role, "content": content}
        if calls := message.get("tool_calls"):
            turn["tool_calls"] = [_with_object(call) for call in calls]
        return turn, marks

    def _neutral(self, text: str) -> tuple[str, int]:
        """The text with an invisible space in what the model would take for the marks of a turn, and how many there were.

        Text from outside could otherwise speak as the system.
        """
        count = 0

        def hide(found: re.Match[str]) -> str:
            nonlocal count
            mark = found[0]
            if mark not in self._marks:
                ids = self._weights.tokenize(mark, special=True)
                self._marks[mark] = len(ids) == 1 and self._weights.is_control(ids[0])
            count += self._marks[mark]
            return f"{mark[0]}\u200b{mark[1:]}" if self._marks[mark] else mark

        hidden = _MARK.sub(hide, text)
        return hidden, count


def _plain(content: Any) -> str:
    """A message's content as text. Raises UsageError for pictures and the like."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, Mapping) and isinstance(part.get("text"), str) for part in content):
        return "".join(part["text"] for part in content)
    raise UsageError("a message's content must be text")


def _with_object(call: Any) -> dict[str, Any]:
    """A tool call whose arguments are an object: some templates fail on text. Raises UsageError."""
    try:
        function = dict(call["function"])
        if isinstance(function.get("arguments"), str):
            function["arguments"] = json.loads(function["arguments"] or "{}")
        return {**call, "function": function}
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(f"a tool call is not as OpenAI has it: {error}") from error


def _with_tools(turns: Sequence[Message], tools: Sequence[Message]) -> list[dict[str, Any]]:
    """The tools in the system's words, for templates that pass them over."""
    words = families.TOOLS.format(tools="\n".join(json.dumps(tool.get("function", tool), ensure_ascii=False) for tool in tools))
    if turns[0]["role"] == "system":
        return [{**turns[0], "content": f"{turns[0]['content']}\n\n{words}"}, *map(dict, turns[1:])]
    return [{"role": "system", "content": words}, *map(dict, turns)]


def _joined(turns: Sequence[Message]) -> list[dict[str, Any]]:
    """The system's words before the person's first, and turns of one role made one."""
    joined: list[dict[str, Any]] = []
    for turn in turns:
        role = turn["role"] if turn["role"] == "assistant" else "user"
        if joined and joined[-1]["role"] == role:
            joined[-1]["content"] += "\n\n" + turn["content"]
        else:
            joined.append({**turn, "role": role})
    return joined


def _starts(turns: Sequence[Message]) -> list[int]:
    """Where a conversation can be begun: at each thing that a person said; the last is the least that can be kept."""
    return sorted({0, *(at for at, turn in enumerate(turns) if turn["role"] == "user")})
