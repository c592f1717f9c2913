"""The tools as a general model is told of them: a line each, short and always the same, so that what was computed of it can be kept."""

from __future__ import annotations

from llmos_cli.literals import Choice
from llmos_cli.plan import Tools
from llmos_cli.planner.schema import ALONE
from llmos_cli.tool import Param, Tool

MOST_WORDS = 10  # of a choice; longer ones are called by their type's name


def signatures(tools: Tools) -> str:
    """`take n=number!: The first n` and so on: arguments that must be given have `!`, those that take lists `…`.

    What may follow what is left to the grammar, and to the check of the plan."""
    return "\n".join(_line(tool) for tool in tools.values() if tool.name not in ALONE and not tool.name.startswith("@"))


def _line(tool: Tool) -> str:
    summary = tool.summary.splitlines()[0].partition(". ")[0].rstrip(".")
    return f"{' '.join([tool.name, *map(_argument, tool.params.values())])}: {summary}"


def _argument(param: Param) -> str:
    few = isinstance(param.type, Choice) and not param.type.open and len(param.type.fixed) <= MOST_WORDS
    what = "|".join(param.type.fixed) if few else param.type.name
    return f"{param.name}={what}{'…' if param.many else ''}{'!' if param.required else ''}"
