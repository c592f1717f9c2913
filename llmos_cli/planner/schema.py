"""The plan language for other engines, made from the tools' signatures: a GBNF grammar of its text, a JSON Schema of its JSON form.

The grammar lets through canonical texts whose types fit from step to step. What neither of the two says, `plan.parse` and
`check.check` say afterwards: whether a date is one and, of the JSON form, what may follow what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from llmos_cli.literals import LAST, Amount, Choice, During, Ext, Glob, Literal, Mode, PathName, Size, When, Whole
from llmos_cli.plan import Plan, Step, Tools, show
from llmos_cli.tool import KINDS, Kind, Param, Tool

ALONE = ("clarify", "escalate", "again")  # the whole plan is this one step
MOST_PIPELINES, MOST_ITEMS, MOST_PLAIN, MOST_QUOTED = 8, 50, 250, 1000
_NOT_PLAIN = r"\x09-\x0d\x1c-\x20\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000|;,=\"\\"  # white space and marks
_RULES = {
    "name": "plain | filled",
    "text": "plain | quoted",
    "path": "name",
    "glob": "name",
    "when": "name",
    "period": "name",
    "amount": "name",
    "ending": rf"[^*./A-Z{_NOT_PLAIN}] [^/A-Z{_NOT_PLAIN}]{{0,31}}",
    "whole": "[1-9] [0-9]{0,8}",
    "size": '[0-9]{1,9} ("." [0-9]{1,9})? ("B" | "KB" | "MB" | "GB" | "TB")',
    "plain": f"[^{_NOT_PLAIN}]{{1,{MOST_PLAIN}}}",
    "quoted": rf'"\"" char{{0,{MOST_QUOTED}}} "\""',
    "filled": rf'"\"" " "{{0,9}} solid char{{0,{MOST_QUOTED}}} "\""',
    "solid": r'[^\x09-\x0d\x20"\\] | "\\" ["\\]',
    "char": r'[^\x09\x0a"\\] | "\\" ["\\nt]',
}
_RULE_OF: dict[type[Literal], str] = {
    Whole: "whole", Size: "size", Ext: "ending", PathName: "path", Glob: "glob", When: "when", During: "period", Amount: "amount",
}  # fmt: skip


def gbnf(tools: Tools, last: Sequence[type] = KINDS) -> str:
    """llama.cpp's grammar of canonical plans; `last` are the kinds that `@last` may have, none where there was no turn before."""
    rules = _Rules(tools, last)
    return "\n".join(f"{name} ::= {body}" for name, body in rules.made().items()) + "\n"


class _Rules:
    """The grammar's rules by name, in the order in which they are read."""

    def __init__(self, tools: Tools, last: Sequence[type]) -> None:
        self._tools, self._last = tools, last
        self._steps: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def made(self) -> dict[str, str]:
        alone = [self._step(self._tools[name], True) for name in ALONE if name in self._tools and (self._last or name != "again")]
        root = f'start (" ; " start){{0,{MOST_PIPELINES - 1}}}'
        rules = {"root": " | ".join([root, *alone]), "start": self._next(None)}
        for kind in KINDS:
            if following := self._next(kind):
                rules[f"then-{_word(kind)}"] = f'(" | " on-{_word(kind)})?'
                rules[f"on-{_word(kind)}"] = following
        return {**rules, **self._steps, **self._values, **_RULES}

    def _next(self, kind: Kind) -> str:
        """The steps that take this kind, by the kind that they give on."""
        by_gift: dict[type, list[str]] = {}
        for tool in self._tools.values():
            if kind in tool.flow and tool.name not in ALONE:
                for gift in self._last if tool.name == LAST else (tool.flow[kind],):
                    if gift is not None:
                        by_gift.setdefault(gift, []).append(self._step(tool, kind is None))
        return " | ".join(self._then(names, gift) for gift, names in by_gift.items())

    def _then(self, names: list[str], gift: type) -> str:
        followed = any(gift in tool.flow for tool in self._tools.values())
        return f"({' | '.join(names)})" + (f" then-{_word(gift)}" if followed else "")

    def _step(self, tool: Tool, first: bool) -> str:
        """The name of the rule for a step; the same one where it does not matter whether it stands first."""
        base = tool.name.replace("@", "at-").replace("_", "-").replace(".", "-")
        bodies = [" ".join([_quoted(tool.name), *self._arguments(tool, base, where)]) for where in (True, False)]
        name = f"{base}-first" if first and None in tool.flow and len(tool.flow) > 1 and bodies[0] != bodies[1] else f"{base}-step"
        self._steps[name] = bodies[0 if first else 1]
        return name

    def _arguments(self, tool: Tool, base: str, first: bool) -> Iterator[str]:
        params = list(_params(tool, first))
        choice = [i for i, p in enumerate(params) if p.name in tool.one_of]
        for param in params[: choice[0]] if choice else params:
            yield self._argument(tool, param, first)
        if not choice:
            return
        ways = []
        for i in choice:
            before = [self._argument(tool, p, first) for p in params[choice[0] : i] if p.name not in tool.one_of]
            ways.append(" ".join([*before, self._argument(tool, params[i], first, needed=True), *self._rest(tool, base, params[i + 1 :])]))
        yield f"({' | '.join(ways)})"

    def _rest(self, tool: Tool, base: str, params: Sequence[Param]) -> list[str]:
        """A rule for the arguments from here on, in a list; an empty one where there are none."""
        if not params:
            return []
        name = f"{base}-{params[0].name}".replace("_", "-")
        if name not in self._steps:
            self._steps[name] = ""  # its place is before those of its parts
            self._steps[name] = " ".join([self._argument(tool, params[0], False), *self._rest(tool, base, params[1:])])
        return [name]

    def _argument(self, tool: Tool, param: Param, first: bool, *, needed: bool = False) -> str:
        one = Step(tool.name, {param.name: ("x",)})
        printed = show(Plan(((one,) if first else (one, one),)), self._tools).split(" | ")[-1]
        both = f"{_quoted(printed[len(tool.name) : -1])} {self._value(param)}"
        return both if needed or _is_needed(tool, param, first) else f"({both})?"

    def _value(self, param: Param) -> str:
        rule = self._item(param.type)
        if not param.many:
            return rule
        several = f"{rule}s"
        self._values[several] = f'{rule} ("," {rule}){{0,{MOST_ITEMS - 1}}}'
        return several

    def _item(self, kind: Literal) -> str:
        if isinstance(kind, Mode):
            self._values["mode"] = " | ".join(['"0"? [0-7]{3,4}', *map(_quoted, sorted(_modes(kind)))])
            return "mode"
        if isinstance(kind, Choice):
            return "name" if kind.open else self._choice(kind)
        return _RULE_OF.get(type(kind), "text")

    def _choice(self, kind: Choice) -> str:
        body = " | ".join(map(_quoted, kind.fixed))
        name = f"a-{kind.name}"
        while self._values.setdefault(name, body) != body:
            name += "-other"
        return name


def _word(kind: type) -> str:
    return kind.__name__.lower()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _modes(kind: Mode) -> tuple[str, ...]:
    return tuple(word for word in kind.pattern.split("|") if word.isalpha())


def _params(tool: Tool, first: bool) -> Iterator[Param]:
    """The arguments that a step may have: files by name only where it stands first, a text only where none comes from the pipe."""
    for param in tool.params.values():
        if first or not (param.name == "files" or (param.name == "text" and None in tool.flow)):
            yield param


def _is_needed(tool: Tool, param: Param, first: bool) -> bool:
    by_name = param.name == "text" or (param.name == "files" and tool.named)
    return param.required or (first and by_name)


# ---- JSON Schema ---------------------------------------------------------------------------------------


def json_schema(tools: Tools) -> dict[str, Any]:
    """The JSON form of plans (`plan.as_json`), as JSON Schema 2020-12."""
    steps = {"type": "array", "items": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in tools]}, "minItems": 1}
    pipeline = _object({"steps": steps})
    several = {"type": "array", "items": {"$ref": "#/$defs/pipeline"}, "minItems": 2, "maxItems": MOST_PIPELINES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of llmos",
        "anyOf": [{"$ref": "#/$defs/pipeline"}, _object({"pipelines": several})],
        "$defs": {"pipeline": pipeline, **{name: _step_schema(tool) for name, tool in tools.items()}},
    }


def _step_schema(tool: Tool) -> dict[str, Any]:
    args: dict[str, Any] = _object({name: _value_schema(param) for name, param in tool.params.items()})
    args["required"] = [param.name for param in tool.params.values() if param.required]
    if tool.one_of:
        args["anyOf"] = [{"required": [name]} for name in tool.one_of]
    return {"description": tool.summary, **_object({"tool": {"const": tool.name}, "args": args})}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _value_schema(param: Param) -> dict[str, Any]:
    kind = param.type
    item: dict[str, Any] = {"type": "string"}
    if isinstance(kind, Choice) and not kind.open:
        item = {"enum": list(kind.fixed)}
    elif kind.pattern:
        item["pattern"] = f"^({kind.pattern})$"
    if not param.many:
        return {"description": param.help, **item}
    several = {"type": "array", "items": item, "minItems": 2, "maxItems": MOST_ITEMS}
    return {"description": param.help, "anyOf": [item, several]}


def json_schema_text(tools: Tools) -> str:
    return json.dumps(json_schema(tools), indent=1, ensure_ascii=False) + "\n"
