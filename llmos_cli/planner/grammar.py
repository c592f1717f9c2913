"""Which token may come next when a plan is written for a request: the plan language, its types, and the request's own words.

Made for each request from the tools' signatures. What it lets through parses, type-checks, and holds no literal that is not a span of
the request, a known place, or a fixed word; sizes, dates and numbers can only be spans that read as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmos_cli.errors import PlanError
from llmos_cli.kinds import DOUBLE, kind_of
from llmos_cli.literals import LAST, Choice, Ext, Glob, Literal, PathName, Size
from llmos_cli.plan import Tools
from llmos_cli.planner import wire
from llmos_cli.planner.request import Request
from llmos_cli.tool import Kind, Param, Tool
from llmos_cli.values import Files

MAX_STEPS = 8
_LONGEST = {"text": 60, "path": 12, "glob": 8, "name": 12, "word": 4, "column": 4, "key": 4, "folder": 8}
_POINTING = frozenset("it them that this those these there here ones 它 它们 这 那 这个 那个 这里 那里 这些 那些".split())  # no names
_ALONE = ("clarify", "escalate", "again")


class PlanGrammar:
    """Follows a plan token by token. `last` is the kind that `@last` has, None where there is no turn before."""

    def __init__(self, request: Request, tools: Tools, last: Kind, ids: dict[str, int]) -> None:
        self._request, self._tools, self._last, self._ids = request, tools, last, ids
        self._names = list(ids)
        self._spans: dict[tuple[str, str, bool], dict[int, list[int]]] = {}
        self._kind: Kind = None
        self._tool: Tool | None = None
        self._param: Param | None = None
        self._given: list[str] = []
        self._value: list[str] = []
        self._steps = 1
        self._first = True
        self._alone = False
        self.finished = False

    def allowed(self) -> Sequence[int]:
        return [self._ids[token] for token in dict.fromkeys(self.tokens()) if token in self._ids]

    def tokens(self) -> Iterator[str]:
        """The tokens that may come next, some of them perhaps twice."""
        if self._tool is None:
            yield from (f"<t:{tool.name}>" for tool in self._tools.values() if self._may_stand(tool))
        elif self._param is None:
            yield from self._between()
        else:
            yield from self._in_value(self._param)

    def accept(self, token: int) -> None:
        word = self._names[token]
        if word == wire.END:
            self.finished = True
        elif word in (wire.PIPE, wire.NEXT):
            self._step_over(word)
        elif self._tool is None:
            self._tool = self._tools[word[3:-1]]
            self._alone = self._tool.name in _ALONE
        elif word.endswith("=>"):
            self._param = self._tool.params[word[1:-2]]
            self._given.append(self._param.name)
            self._value = []
        else:
            self._value.append(word)

    def _step_over(self, word: str) -> None:
        assert self._tool is not None
        gives = self._last if self._tool.name == LAST else self._tool.flow[self._kind]
        self._kind = gives if word == wire.PIPE else None
        self._first = word == wire.NEXT
        self._tool, self._param, self._given, self._value = None, None, [], []
        self._steps += 1

    def _may_stand(self, tool: Tool) -> bool:
        if self._kind not in tool.flow:
            return False
        if tool.name in (LAST, "again"):
            return self._last is not None and self._first and (self._steps == 1 or tool.name == LAST)
        return self._steps == 1 or tool.name not in _ALONE

    def _between(self) -> Iterator[str]:
        """After a tool or a whole value: the arguments that may still come, and the end of the step where nothing is missing."""
        assert self._tool is not None
        params = list(self._tool.params.values())
        at = max((i for i, p in enumerate(params) if p.name in self._given), default=-1)
        lacking = bool(self._tool.one_of) and not any(name in self._given for name in self._tool.one_of)
        for param in params[at + 1 :]:
            if self._may_have(param):
                yield f"<{param.name}=>"
            if self._must_have(param) or (lacking and param.name == self._tool.one_of[-1]):
                return
        yield wire.END
        if not self._alone and self._steps < MAX_STEPS:
            yield wire.NEXT
            if self._followed():
                yield wire.PIPE

    def _may_have(self, param: Param) -> bool:
        if param.name == "files":
            return self._first
        if param.name == "text" and not self._first and self._tool is not None and None in self._tool.flow:
            return False
        if isinstance(param.type, Choice) and not param.type.open:
            return True
        return bool(self._starts(param)) or bool(param.type.fixed) or isinstance(param.type, PathName)

    def _must_have(self, param: Param) -> bool:
        assert self._tool is not None
        if param.name in self._given:
            return False
        from_pipe = param.name == "text" and len(self._tool.flow) > 1  # standing first, nothing brings it
        is_source = self._first and (from_pipe or (param.name == "files" and self._tool.named))
        return (param.required or is_source) and self._may_have(param)

    def _followed(self) -> bool:
        assert self._tool is not None
        gives = self._last if self._tool.name == LAST else self._tool.flow[self._kind]
        return gives is not None and any(gives in tool.flow for tool in self._tools.values())

    # ---- values ---------------------------------------------------------------------------------------

    def _in_value(self, param: Param) -> Iterator[str]:
        before, now = ([None, None, *self._value])[-2:]
        if now in (None, wire.COMMA, wire.SLASH) or (now == wire.STAR and before in (None, wire.COMMA)):
            yield from self._item_start(param, fresh=now in (None, wire.COMMA))
            return
        if now is not None and (first := wire.index_of(now)) and not (before and wire.index_of(before)):
            ends = self._starts(param)[first]
            yield from (wire.index(end) for end in ends if end > first)
            if first not in ends:
                return
        if now == wire.STAR:
            yield from map(wire.index, self._starts(param))
        yield from self._item_end(param, now or "")

    def _item_start(self, param: Param, *, fresh: bool) -> Iterator[str]:
        """How an item of a value may begin, or go on after a slash or star; an item that stands in the list already does not come again."""
        used = {item[0] for item in wire.split(self._value, wire.COMMA) if len(item) == 1} if fresh else set()
        if fresh:
            yield from (wire.fixed(word) for word in param.type.fixed if wire.fixed(word) not in used)
            if isinstance(param.type, Glob):
                yield wire.STAR
            if isinstance(param.type, PathName):
                places = (wire.fixed(word) for word in wire.PLACES if word != LAST or (self._last is not None))
                yield from (place for place in places if place not in used)
        if not isinstance(param.type, Choice) or param.type.open:
            yield from (wire.index(start) for start in self._starts(param) if wire.index(start) not in used)

    def _item_end(self, param: Param, now: str) -> Iterator[str]:
        if param.many and any(self._item_start(param, fresh=True)):
            yield wire.COMMA
        item = wire.split(self._value, wire.COMMA)[-1]
        whole = {wire.fixed(word) for word in (LAST, *param.type.fixed)}  # nothing lies below these
        if isinstance(param.type, PathName) and len(item) < 12 and not whole & {*item}:
            yield wire.SLASH
        if isinstance(param.type, Glob) and wire.index_of(now):
            yield wire.STAR
        yield from self._between()

    def _starts(self, param: Param) -> dict[int, list[int]]:
        """first index → the last indexes with which it is a span of the argument's type."""
        key = (type(param.type).__name__, param.type.name, param.name in ("name", "not_name"))
        if key not in self._spans:
            count = len(self._request.words)
            longest = _LONGEST.get(param.type.name, 5)
            found = {i: [j for j in range(i, min(count, i + longest - 1) + 1) if self._fits(i, j, param)] for i in range(1, count + 1)}
            self._spans[key] = {i: ends for i, ends in found.items() if ends}
        return self._spans[key]

    def _fits(self, first: int, last: int, param: Param) -> bool:
        text = self._request.span(first, last)
        if isinstance(param.type, PathName) and text.lower() in _POINTING:
            return False
        if isinstance(param.type, Glob) and param.type.name == "glob" and param.name in ("name", "not_name"):
            return "/" not in text
        if type(param.type) is Literal or isinstance(param.type, Glob | PathName | Choice):
            return True
        try:
            said = wire.span_text(first, last, param, self._request)
        except (ValueError, PlanError):
            return False
        if isinstance(param.type, Size):  # a number alone is no size, unless a unit follows soon
            return not re.fullmatch(r"[\d.]+B?", said) or bool(re.search(r"\d\s*b|byte", text.lower()))
        return not isinstance(param.type, Ext) or _is_ending(said) or bool(re.fullmatch(r"\*?\.[a-z]\S{1,20}", text))


def _is_ending(said: str) -> bool:
    """`pdf`, `tar.gz`, `7z`; not a number, a whole file name or a long word that no format is called."""
    return kind_of(said) != "other" or said in DOUBLE or (len(said) <= 12 and not said.isdigit() and "." not in said.strip("."))


def last_kind(context: str) -> Kind:
    """The kind that `@last` has after a turn of this context (`files`, `text`, `table`, `number`, `change`), None for no turn."""
    from llmos_cli.values import Table, Text

    return {"none": None, "text": Text, "table": Table}.get(context, Files)
