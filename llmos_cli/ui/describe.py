"""A plan in plain words: one sentence a step, made from its arguments. Nothing that the step says is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from llmos_cli import times
from llmos_cli.literals import LAST, Choice, Ext, Flag, PathName, Size
from llmos_cli.plan import Plan, Step, Tools
from llmos_cli.tool import Param, Tool
from llmos_cli.ui.phrases import ORDERS, PHRASES, WORDS
from llmos_cli.ui.safe import safe

_OPTIONAL = re.compile(r"\[(?:([?!])(\w+) )?([^\[\]]*)\]")
_CHOSEN = re.compile(r"<([^|<>]*)\|([^<>]*)>")
_VALUE = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")
_AGES = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_AND = {"in", "into", "of", "to", "cc", "path", "files", "attach", "which", "text"}  # lists of these mean all of them, others any


def describe(plan: Plan, tools: Tools) -> tuple[str, ...]:
    """A sentence for each step, in order, safe to print."""
    return tuple(
        _sentence(step, tools[step.tool], first=s == 0, again=p > 0 and s == 0)
        for p, pipeline in enumerate(plan.pipelines)
        for s, step in enumerate(pipeline)
    )


def _sentence(step: Step, tool: Tool, *, first: bool, again: bool) -> str:
    said = _Step(step, tool, first)
    text = said.filled(PHRASES.get(tool.name) or tool.summary.splitlines()[0].rstrip("."))
    rest = [f"{name}: {said.value(name)}" for name in step.args if name not in said.used]
    text += f" ({', '.join(rest)})" if rest else ""
    text = re.sub(r"^(Find [a-z ]+), ", r"\1 ", " ".join(text.split()).replace(" ,", ","))
    return f"{'Then: ' if again else ''}{text}."


class _Step:
    """One step while its template is filled: `used` are the arguments that have been said."""

    def __init__(self, step: Step, tool: Tool, first: bool) -> None:
        self._args, self._tool, self._first = step.args, tool, first
        self.used: set[str] = set()

    def filled(self, template: str) -> str:
        template = _CHOSEN.sub(lambda match: match[1] if self._first else match[2], template)
        return _VALUE.sub(self._put, _OPTIONAL.sub(self._part, template))

    def value(self, name: str) -> str:
        return in_words(self._tool.params[name], self._args[name])

    def _part(self, match: re.Match[str]) -> str:
        """An optional part as it stands, or '' where it is not to be said."""
        mark, flag, text = match.groups()
        if mark:
            if self._args.get(flag) != (("yes",) if mark == "?" else ("no",)):
                return ""
            self.used.add(flag)
            return str(text)
        names = [name for name, default in _VALUE.findall(text) if not default]
        return str(text) if all(name in self._args for name in names) else ""

    def _put(self, match: re.Match[str]) -> str:
        name, default = match.groups()
        if name == "it":
            name, default = "files", "what comes from the step before" if self._first else "them"
        elif name == "things":
            name, default = ("kind" if "kind" in self._args else "type"), "files"
        elif name == "order":
            self.used.add(name)
            return self._order()
        if name not in self._args:
            return str(default or "")
        self.used.add(name)
        return self.value(name)

    def _order(self) -> str:
        upwards, downwards = ORDERS.get(self._args.get("by", ("",))[0], ("smallest", "greatest"))
        return f"{downwards if self._args.get('order') == ('desc',) else upwards} first"


def in_words(param: Param, items: Sequence[str]) -> str:
    """An argument's value as it is said: sizes and ages in words, texts in quotes, lists with `and` or `or`."""
    said = [_item(param, item) for item in items]
    joint = " and " if param.name in _AND else " or "
    return joint.join(filter(None, (", ".join(said[:-1]), said[-1])))


def _item(param: Param, item: str) -> str:
    words: Mapping[str, str] = WORDS.get(param.name, {})
    if item in words and (isinstance(param.type, Choice) or param.name == "set"):
        return words[item]
    if item == LAST:
        return "what was shown last"
    if make := _SPOKEN.get(param.name):
        return safe(make(item))
    if isinstance(param.type, Size):
        return _size(item)
    if isinstance(param.type, PathName | Choice | Ext | Flag) or param.type.pattern:
        return safe({"~": "your home", ".": "this folder"}.get(item, item) if isinstance(param.type, PathName) else item)
    return f"“{safe(item)}”"


def _size(item: str) -> str:
    match = re.fullmatch(r"([\d.]+)([A-Z]+)", item)
    return f"{match[1]} {'bytes' if match[2] == 'B' else match[2]}" if match else safe(item)


def _age(item: str) -> str:
    """`30d` → `30 days`; '' for what is no age."""
    match = re.fullmatch(r"([\d.]+)([a-z]+)", times.canonical_age(item) or "")
    return f"{match[1]} {_AGES[match[2]]}{'' if match[1] == '1' else 's'}" if match and match[2] in _AGES else ""


def _newer(item: str) -> str:
    return f"in the last {age}" if (age := _age(item)) else f"since {item}"


def _older(item: str) -> str:
    return f"more than {age} ago" if (age := _age(item)) else f"before {item}"


def _during(item: str) -> str:
    return f"in the last {age}" if (age := _age(item)) else f"in the time of {item}"


def _summed(item: str) -> str:
    return f"add up the {item} of each"


_SPOKEN: Mapping[str, Callable[[str], str]] = {"newer": _newer, "older": _older, "during": _during, "sum": _summed}


def numbered(sentences: Sequence[str]) -> Iterator[str]:
    """Lines `1. …`; a single sentence stands alone."""
    yield from sentences if len(sentences) == 1 else (f"{i}. {sentence}" for i, sentence in enumerate(sentences, 1))
