"""The plan language: what a plan is, its text and its JSON form.

    find in=~/Downloads ext=pdf larger=10MB | sort by=size order=desc | take 5 | move into=~/archive

A plan is pipelines joined by `;`, a pipeline is steps joined by `|`, a step is a tool's name and arguments `key=value`; values are
words, `"quoted"` texts, or lists of these with commas. A tool's first argument may stand bare. `@last` is the last result.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from llmos_cli.errors import PlanError
from llmos_cli.literals import LAST, Choice
from llmos_cli.tool import Param, Tool

Words = tuple[str, ...]  # an argument's value: one text, or the items of a list
Tools = Mapping[str, Tool]
MAX_TEXT, MAX_STEPS = 64 * 1024, 50


@dataclass(frozen=True)
class Step:
    """A tool's name and its arguments as text, in the order of the tool's signature."""

    tool: str
    args: Mapping[str, Words]

    def __hash__(self) -> int:
        return hash((self.tool, tuple(self.args.items())))


@dataclass(frozen=True)
class Plan:
    pipelines: tuple[tuple[Step, ...], ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for pipeline in self.pipelines for step in pipeline)


def step(tool: Tool, args: Mapping[str, Words]) -> Step:
    """A step with its arguments in the tool's own order, so that equal steps are equal texts."""
    return Step(tool.name, MappingProxyType({name: args[name] for name in tool.params if name in args}))


# ---- text → plan ---------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<mark>[|;])|(?P<key>[a-z_]+=)?(?P<value>(?:"(?:[^"\\]|\\.)*"|[^\s|;,="]+)?(?:,(?:"(?:[^"\\]|\\.)*"|[^\s|;,"]+))*)""",
    re.DOTALL,
)
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class _Token:
    at: int
    mark: str = ""
    key: str = ""
    items: Words = ()


def parse(text: str, tools: Tools, *, raw: bool = False) -> Plan:
    """The plan that `text` says. Raises PlanError with the place, and the nearest right word, where it says none.

    `raw` keeps values as they were written (`ext=pdfs`) in place of their canonical text (`ext=pdf`).
    """
    if len(text) > MAX_TEXT:
        raise PlanError("the plan is too long", hint=f"at most {MAX_TEXT} characters")
    if not text.strip():
        raise PlanError("the plan is empty", hint="find ext=pdf | count")
    pipelines: list[list[list[_Token]]] = [[[]]]
    ends: list[int] = []  # where each step ends
    for token in _tokens(text):
        ends += [token.at] * bool(token.mark)
        if token.mark == ";":
            pipelines.append([[]])
        elif token.mark == "|":
            pipelines[-1].append([])
        else:
            pipelines[-1][-1].append(token)
    if sum(map(len, pipelines)) > MAX_STEPS:
        raise PlanError("the plan has too many steps", hint=f"at most {MAX_STEPS}")
    at = iter([*ends, len(text)])
    try:
        return Plan(tuple(tuple(_step(s, i == 0, next(at), tools, raw) for i, s in enumerate(p)) for p in pipelines))
    except PlanError as error:
        error.text = text
        raise


def _tokens(text: str) -> Iterator[_Token]:
    at, after_value = 0, False
    while at < len(text):
        match = _TOKEN.match(text, at)
        value = match is not None and match["value"] is not None
        if match is None or match.end() == at or (value and after_value):
            what = "a quote is not closed" if text[at] == '"' else f"{text[at]!r} cannot stand here"
            raise PlanError(what, hint='put the value in "double quotes"', at=at, text=text)
        after_value = value
        if match["mark"]:
            yield _Token(at, mark=match["mark"])
        elif not match["space"]:
            items = tuple(_unquote(m) for m in _ITEM.finditer(match["value"]))
            yield _Token(at, key=(match["key"] or "").rstrip("="), items=items)
        at = match.end()


def _unquote(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    return _ESCAPE.sub(lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), match[1])


def _step(tokens: Sequence[_Token], first: bool, end: int, tools: Tools, raw: bool) -> Step:
    if not tokens:
        raise PlanError("a step is empty", hint="write a tool between the bars", at=end)
    name = tokens[0].items[0] if tokens[0].items and not tokens[0].key else ""
    tool = known(name, tools, tokens[0].at)
    args: dict[str, Words] = {}
    for token in tokens[1:]:
        param = _param(tool, token, first, args)
        if not token.items and token.key:
            raise PlanError(f"{tool.name}: {param.name}= needs a value", at=token.at)
        if len(token.items) > 1 and not param.many:
            raise PlanError(f"{tool.name}: {param.name} takes one value, not a list", at=token.at)
        items = token.items if raw else tuple(_canon(tool, param, item, token.at) for item in token.items)
        args[param.name] = args.get(param.name, ()) + items
    return step(tool, args)


def known(name: str, tools: Tools, at: int = -1) -> Tool:
    """The tool of that name. Raises PlanError with the nearest one."""
    if name not in tools:
        near = difflib.get_close_matches(name, tools, n=1)
        raise PlanError(f"no tool is called {name!r}", hint=f"did you mean {near[0]}?" if near else "`llmos tools` lists them", at=at)
    return tools[name]


def _param(tool: Tool, token: _Token, first: bool, args: Mapping[str, Words]) -> Param:
    bare = tool.bare(first)
    if not token.key:
        if bare is not None and bare.name in args:  # `mode run.sh 755`: the next bare word is what is needed next
            bare = next((p for p in tool.params.values() if p.required and p.name not in args), bare)
        if bare is None or (bare.name in args and not bare.many):
            word = token.items[0] if token.items else ""
            raise PlanError(f"{tool.name}: what is {word!r}?", hint=_usage(tool), at=token.at)
        return bare
    if token.key not in tool.params:
        near = difflib.get_close_matches(token.key, tool.params, n=1)
        hint = f"did you mean {near[0]}=?" if near else _usage(tool)
        raise PlanError(f"{tool.name} has no argument {token.key!r}", hint=hint, at=token.at)
    if token.key in args:
        raise PlanError(f"{tool.name}: {token.key}= is given twice", hint="put several values in a list: a,b", at=token.at)
    return tool.params[token.key]


def _usage(tool: Tool) -> str:
    return f"{tool.name} takes {', '.join(tool.params)}" if tool.params else f"{tool.name} takes no arguments"


def _canon(tool: Tool, param: Param, item: str, at: int) -> str:
    if item == LAST and param.takes_last:
        return item
    try:
        return param.type.canon(item)
    except ValueError as error:
        raise PlanError(f"{tool.name}: {param.name}={item!r} should be {error}", at=at) from error


# ---- plan → text, JSON ------------------------------------------------------------------------------

_PLAIN = re.compile(r"[^\s|;,=\"\\]+")


def show(plan: Plan, tools: Tools) -> str:
    """The one canonical text of a plan; `parse` of it gives the same plan."""
    return " ; ".join(" | ".join(_show(s, i == 0, tools) for i, s in enumerate(pipeline)) for pipeline in plan.pipelines)


def _show(one: Step, first: bool, tools: Tools) -> str:
    bare = tools[one.tool].bare(first)
    words = [one.tool]
    for name, items in one.args.items():
        value = ",".join(item if _PLAIN.fullmatch(item) else _quote(item) for item in items)
        words.append(value if bare and name == bare.name and _reads_bare(bare) else f"{name}={value}")
    return " ".join(words)


def _reads_bare(param: Param) -> bool:
    """`take 5` and `read notes.txt` read well; `sort size` and `move archive` would not."""
    return param.name not in ("into", "to", "by") and not isinstance(param.type, Choice)


def _quote(item: str) -> str:
    escaped = item.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def as_json(plan: Plan) -> dict[str, Any]:
    """`{"steps": [{"tool", "args"}]}`; with several pipelines `{"pipelines": [{"steps": …}, …]}`."""
    parts = [{"steps": [_step_json(one) for one in pipeline]} for pipeline in plan.pipelines]
    return parts[0] if len(parts) == 1 else {"pipelines": parts}


def _step_json(one: Step) -> dict[str, Any]:
    return {"tool": one.tool, "args": {name: items[0] if len(items) == 1 else list(items) for name, items in one.args.items()}}


def from_json(data: Any, tools: Tools) -> Plan:
    """The plan of its JSON form, checked as text is. Raises PlanError."""
    parts = data.get("pipelines", [data]) if isinstance(data, dict) else None
    if not isinstance(parts, list) or not parts:
        raise PlanError('a plan in JSON is {"steps": [{"tool": …, "args": {…}}]}')
    steps = [_json_steps(part) for part in parts]
    if sum(map(len, steps)) > MAX_STEPS:
        raise PlanError("the plan has too many steps", hint=f"at most {MAX_STEPS}")
    return Plan(tuple(tuple(_json_step(s, tools) for s in pipeline) for pipeline in steps))


def _json_steps(part: Any) -> list[Any]:
    steps = part.get("steps") if isinstance(part, dict) else None
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        raise PlanError('a plan in JSON is {"steps": [{"tool": …, "args": {…}}]}')
    return steps


def _json_step(data: Mapping[str, Any], tools: Tools) -> Step:
    tool = known(str(data.get("tool", "")), tools)
    given = data.get("args", {})
    if not isinstance(given, dict):
        raise PlanError(f"{tool.name}: args is an object")
    args: dict[str, Words] = {}
    for name, value in given.items():
        if not name:
            raise PlanError(f"{tool.name} has no argument ''", hint=_usage(tool))
        param = _param(tool, _Token(-1, key=str(name), items=("",)), False, args)
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str | int | float) for item in items) or (len(items) > 1 and not param.many):
            raise PlanError(f"{tool.name}: {name} is a text or a list of texts")
        args[param.name] = tuple(_canon(tool, param, _json_text(item), -1) for item in items)
    return step(tool, args)


def _json_text(item: str | int | float | bool) -> str:
    return ("no", "yes")[item] if isinstance(item, bool) else str(item)


def with_args(plan: Plan, changes: Mapping[str, Words], tools: Tools) -> Plan:
    """`plan` with the given arguments put in the place of those of the same name, or added where a step takes them first."""
    pipelines, left = [], dict(changes)
    for pipeline in plan.pipelines:
        steps = []
        for one in pipeline:
            tool = tools[one.tool]
            mine = {k: v for k, v in changes.items() if k in one.args}
            left = {k: v for k, v in left.items() if k not in mine}
            steps.append(step(tool, {**one.args, **mine}))
        pipelines.append(tuple(steps))
    if left:
        first = pipelines[0][0]
        if wrong := left.keys() - tools[first.tool].params.keys():
            raise PlanError(f"the last plan has no argument {sorted(wrong)[0]!r}")
        pipelines[0] = (step(tools[first.tool], {**first.args, **left}), *pipelines[0][1:])
    return replace(plan, pipelines=tuple(pipelines))
