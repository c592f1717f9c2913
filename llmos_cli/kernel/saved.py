"""Plans kept under a name, one small file each in the config folder, with {parameters} where something is still to be said.

    find in={folder:~/Downloads} ext=pdf older={age} | move into={to}

A parameter is a whole value or a part of one, never a tool or an argument's name, and what is put in its place stays one value: it is
put into the plan after it was read, not into its text. After a colon stands what is meant where nothing is said.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.errors import NotFound, UsageError
from llmos_cli.paths import Paths, private

if TYPE_CHECKING:  # names are asked for at a press of Tab, without what reads plans
    from llmos_cli.plan import Plan, Tools
    from llmos_cli.tool import Param

FOLDER, END = "plans", ".plan"
_NAME = re.compile(r"[^\W\d][\w-]{0,63}")
_PARAMETER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([^{}]*))?\}")


@dataclass(frozen=True)
class Saved:
    """`text` is the plan as it was written; `parameters` are their names, each with what is meant where it is left out, or None."""

    name: str
    text: str

    @property
    def parameters(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for match in _PARAMETER.finditer(self.text):
            found[match[1]] = match[2] if match[2] is not None else found.get(match[1])
        return found


def names(paths: Paths) -> list[str]:
    """The names of all, in their order. Raises OSError."""
    try:
        return sorted(name.removesuffix(END) for name in os.listdir(paths.config / FOLDER) if name.endswith(END) and _is_name(name))
    except FileNotFoundError:
        return []


class SavedPlans:
    """Raises UsageError for names and plans that cannot be, NotFound for what is not there, OSError for the disk."""

    def __init__(self, paths: Paths, tools: Tools) -> None:
        self._paths, self._folder, self._tools = paths, paths.config / FOLDER, tools

    def names(self) -> list[str]:
        return names(self._paths)

    def get(self, name: str) -> Saved:
        try:
            text = self._file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            near = difflib.get_close_matches(name, self.names(), n=1)
            raise NotFound(
                f"no plan is saved as {name!r}", hint=f"did you mean @{near[0]}?" if near else "`llmos save` lists them"
            ) from None
        except UnicodeDecodeError:
            raise UsageError(f"{self._file(name)} is no text", hint=f"llmos save --delete {name}") from None
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        return Saved(name, " ".join(lines).strip())

    def save(self, name: str, text: str, *, replace: bool = False) -> Saved:
        """Keep it, once it reads as a plan."""
        from llmos_cli import plan as plans
        from llmos_cli.check import check

        saved = Saved(name, text.strip())
        file = self._file(name)
        check(plans.parse(saved.text, self._tools, raw=True), self._tools)
        how = os.O_TRUNC if replace else os.O_EXCL
        try:
            handle = os.open(private(file.parent) / file.name, os.O_WRONLY | os.O_CREAT | how, 0o600)
        except FileExistsError:
            raise UsageError(
                f"there is a plan {name!r} already: {self.get(name).text}", hint="--replace puts this one in its place"
            ) from None
        with open(handle, "w", encoding="utf-8") as opened:
            opened.write(saved.text + "\n")
        return saved

    def delete(self, name: str) -> Saved:
        saved = self.get(name)
        self._file(name).unlink()
        return saved

    def filled(self, words: Sequence[str]) -> str:
        """The plan that `@name key=value …` means."""
        from llmos_cli import plan as plans

        saved = self.get(words[0].removeprefix("@"))
        given = _given(words[1:], saved)
        missing = [key for key, default in saved.parameters.items() if default is None and key not in given]
        if missing:
            raise UsageError(f"@{saved.name} needs {missing[0]}=", hint=saved.text)
        plan = plans.parse(saved.text, self._tools, raw=True)
        return plans.show(plans.parse(plans.show(_put(plan, saved, given, self._tools), self._tools), self._tools), self._tools)

    def _file(self, name: str) -> Path:
        if not _is_name(name):
            raise UsageError(f"{name!r} is no name for a plan", hint="letters, digits, - and _, a letter first: old-pdfs")
        return self._folder / f"{name}{END}"


def is_call(words: Sequence[str], tools: Tools) -> bool:
    """Whether these are the words `@name key=value …`; `@last` begins a plan."""
    return bool(words) and words[0].startswith("@") and words[0] not in tools and all("=" in word for word in words[1:])


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name.removesuffix(END)) is not None


def _given(words: Sequence[str], saved: Saved) -> dict[str, str]:
    given = dict(word.split("=", 1) for word in words)
    if unknown := [key for key in given if key not in saved.parameters]:
        takes = ", ".join(f"{key}=" for key in saved.parameters) or "nothing"
        raise UsageError(f"@{saved.name} has no parameter {unknown[0]!r}", hint=f"it takes {takes}")
    return given


def _put(plan: Plan, saved: Saved, given: Mapping[str, str], tools: Tools) -> Plan:
    from llmos_cli.plan import Plan
    from llmos_cli.plan import step as made

    values = {**{key: default or "" for key, default in saved.parameters.items()}, **given}
    pipelines = []
    for pipeline in plan.pipelines:
        steps = []
        for step in pipeline:
            params = tools[step.tool].params
            args = {name: tuple(text for item in items for text in _items(item, params[name], values)) for name, items in step.args.items()}
            steps.append(made(tools[step.tool], args))
        pipelines.append(tuple(steps))
    return Plan(tuple(pipelines))


def _items(item: str, param: Param, values: Mapping[str, str]) -> Sequence[str]:
    """An item with its parameters filled in; one that is a parameter and nothing else can be a list, unless it is in quotes."""
    whole = _PARAMETER.fullmatch(item)
    if whole and param.many:
        value = values[whole[1]]
        return [value[1:-1]] if len(value) > 1 and value[0] == value[-1] == '"' else value.split(",")
    return [_PARAMETER.sub(lambda match: values[match[1]], item)]
