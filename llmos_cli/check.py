"""Checking a plan before it runs: types fit from step to step, what is needed is there; and binding a step to its tool, once."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llmos_cli.errors import LlmosError, PlanError
from llmos_cli.literals import LAST, PathName
from llmos_cli.places import Place
from llmos_cli.plan import Plan, Step, Tools, parse, show
from llmos_cli.tool import Kind, Param, Tool
from llmos_cli.values import Files, word_for


@dataclass(frozen=True)
class Call:
    """What will run: a tool with its bound arguments. Judged and run as this object."""

    tool: Tool
    step: Step
    args: Mapping[str, Any]
    files: tuple[Path, ...] = ()  # those named in a step that stands first


def check(plan: Plan, tools: Tools, last: Kind = Files) -> Kind:
    """The kind of value that the plan ends with; `last` is the kind that `@last` stands for. Raises PlanError with the place marked."""
    kind: Kind = None
    for p, pipeline in enumerate(plan.pipelines):
        kind = None
        for s, step in enumerate(pipeline):
            try:
                kind = flows(tools[step.tool], kind, step.args.keys(), first=s == 0, last=last)
            except PlanError as error:
                before = Plan((*plan.pipelines[:p], pipeline[:s])) if s else Plan(plan.pipelines[:p])
                start = show(before, tools) if before.steps else ""
                raise PlanError(error.message, hint=error.hint, at=len(start) + 3 if start else 0, text=show(plan, tools)) from None
    return kind


def as_typed(text: str, tools: Tools, cwd: Path | None = None) -> Plan | None:
    """The plan that a line is, where it is one without any doubt; None for plain words.

    It checks, and has `=` or `|`, or is one word, or starts with a name that has a dot (`mail.list drafts`), or every other word of it
    is a file in `cwd` (`delete notes.txt`), or the rest is one quoted text.
    """
    try:
        plan = parse(text, tools)
        check(plan, tools)
    except PlanError:
        return None
    bare = len(plan.steps) == 1 and len(text.split()) == 1
    named = plan.steps[0].args.get("files", ()) if len(plan.steps) == 1 and len(plan.steps[0].args) == 1 else ()
    there = bool(named) and cwd is not None and all(os.path.lexists(cwd / os.path.expanduser(word)) for word in named)
    dotted = "." in plan.steps[0].tool  # no sentence starts with `mail.list`
    quoted = re.fullmatch(r'\s*[\w.]+\s+"[^"]*"\s*', text) is not None  # `answer "why is it so?"`
    return plan if bare or dotted or there or quoted or "=" in text or "|" in text else None


def flows(tool: Tool, kind: Kind, given: Any, *, first: bool, last: Kind = Files) -> Kind:
    """The kind that a step gives on when it takes `kind` and has the arguments named in `given`. Raises PlanError."""
    if kind not in tool.flow:
        takes = " or ".join(word_for(k) for k in tool.flow if k is not None) or "nothing"
        raise PlanError(f"{tool.name} takes {takes}, but gets {word_for(kind)}", hint=_instead(tool, kind))
    if tool.named and first and "files" not in given:
        raise PlanError(f"{tool.name}: which files?", hint=f"{tool.name} notes.txt, or find … | {tool.name}")
    if not first and "files" in given:
        raise PlanError(f"{tool.name}: files come from the pipe here, and by name too", hint="leave one of the two out")
    missing = [p.name for p in tool.params.values() if p.required and p.name not in given]
    if missing:
        raise PlanError(f"{tool.name} needs {missing[0]}=", hint=tool.params[missing[0]].help)
    if tool.one_of and not any(name in given for name in tool.one_of):
        raise PlanError(f"{tool.name} needs one of {', '.join(f'{n}=' for n in tool.one_of[:4])}", hint=tool.summary)
    return last if tool.name == LAST else tool.flow[kind]


def _instead(tool: Tool, kind: Kind) -> str:
    if kind is None and not tool.named:
        return f"put something before it: find … | {tool.name}"
    if kind is not None and None in tool.flow and len(tool.flow) == 1:
        return f"{tool.name} stands first; join it with ; to run it after the rest"
    return ""


def bind(step: Step, tool: Tool, place: Place) -> Call:
    """The step's words turned into what the tool takes. Raises LlmosError where a name, date or number means nothing here."""
    args: dict[str, Any] = {}
    files: tuple[Path, ...] = ()
    for name, words in step.args.items():
        param = tool.params[name]
        if name == "files":
            files = tuple(path for word in words for path in _paths(word, param, place))
            continue
        values = tuple(value for word in words for value in _bound(word, param, place))
        args[_python_name(name)] = values if param.many else values[0]
    return Call(tool, step, MappingProxyType(args), files)


def _python_name(name: str) -> str:
    return name + "_" if name in ("in", "from", "is", "not", "pattern") else name


def _bound(word: str, param: Param, place: Place) -> tuple[Any, ...]:
    if word == LAST and param.takes_last:
        paths = _last_paths(place)
        if isinstance(param.type, PathName) and param.type.folder:
            paths = tuple(dict.fromkeys(path if path.is_dir() else path.parent for path in paths))
        if len(paths) > 1 and not param.many:
            raise LlmosError(f"{param.name}= takes one place, and the last result has {len(paths)}", hint="say which one")
        return paths
    return (param.type.bind(word, place),)


def _last_paths(place: Place) -> tuple[Path, ...]:
    if not place.last:
        raise LlmosError("there is no last result with files", hint="say which file or folder is meant")
    return tuple(Path(path) for path in place.last)


def _paths(word: str, param: Param, place: Place) -> tuple[Path, ...]:
    """The files that a word names: one, those of the last turn, or in one folder those that match `*` and `?`, capitals no matter."""
    if word == LAST:
        return _last_paths(place)
    folder, _, name = word.rpartition("/")
    if not re.search(r"[*?]", name) or re.search(r"[*?]", folder) or os.path.lexists(place.cwd / word):
        return (param.type.bind(word, place),)
    base = place.resolve(folder or ("/" if word.startswith("/") else "."), folder=True)
    matches = re.compile(fnmatch.translate(name.replace("[", "[[]")), re.IGNORECASE).match
    found = tuple(base / other for other in sorted(os.listdir(base)) if matches(other) and other.startswith(".") <= name.startswith("."))
    if not found:
        raise LlmosError(f"nothing in {place.short(base)} is called {name}", hint=f"find {name}")
    return found
