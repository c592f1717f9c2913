"""What a tool is: one function. Its name, docstring and signature are its contract; everything else is made from them."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from llmos_cli.effects import Effect
from llmos_cli.literals import Literal, PathName
from llmos_cli.values import Files, Number, Table, Text

Kind = type | None  # a class of values.py; None is nothing
KINDS: tuple[type, ...] = (Files, Table, Text, Number)


@dataclass(frozen=True)
class Param:
    """One argument: its type, whether it takes a list, whether it must be given, and a line of help."""

    name: str
    type: Literal
    many: bool
    required: bool
    help: str

    @property
    def takes_last(self) -> bool:
        """`@last` may stand for it: the files or the folder of the last turn."""
        return isinstance(self.type, PathName)


@dataclass(frozen=True)
class Tool:
    """`flow` maps each kind of value that the tool takes from the pipe to the kind that it gives on; of the arguments in `one_of`
    at least one must be given."""

    name: str
    summary: str
    flow: Mapping[Kind, Kind]
    params: Mapping[str, Param]
    changes: bool
    one_of: tuple[str, ...]
    named: bool  # standing first, it can be given its files by name
    needs: tuple[str, ...]
    run: Callable[..., Any]

    def bare(self, first: bool) -> Param | None:
        """The argument that may stand without its name; `files` only where the step is the first of its pipeline."""
        return next((p for p in self.params.values() if first or p.name != "files"), None)


FILES_PARAM = Param("files", PathName("path"), True, False, "the files to work on, where none come from the pipe")
NEEDS = ("place",)  # parameters that the kernel fills, not the plan


def tool(
    *, flow: Mapping[Kind, Kind] | None = None, named: bool = False, one_of: tuple[str, ...] = (), name: str = ""
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a Tool of a function.

    A first parameter `given` takes what the pipe brings (`Files | None` where the tool can also stand first); `place` is
    filled in by the kernel; the rest are the plan's arguments, each `Annotated[type, Literal, "help"]`, a tuple where it takes a
    list. With `named`, a tool of files may stand first and be given its files by name. `flow` is said only where what is given on
    depends on what is taken, `name` only where it is not the function's (`mail.list`).
    """

    def make(function: Callable[..., Any]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        signature = inspect.signature(function).parameters
        changes = tuple[Effect, ...] in (hints["return"], *get_args(hints["return"]))
        flows = dict(flow) if flow else _flow(hints.get("given"), Files if changes else hints["return"])
        params = {
            name.rstrip("_"): _param(name.rstrip("_"), hints[name], p.default is p.empty)
            for name, p in signature.items()
            if name != "given" and name not in NEEDS
        }
        if named:
            flows |= {None: flows[Files]}
            params = {"files": FILES_PARAM, **params}
        return Tool(
            name=name or function.__name__.rstrip("_"),
            summary=inspect.cleandoc(function.__doc__ or ""),
            flow=MappingProxyType(flows),
            params=MappingProxyType(params),
            changes=changes,
            one_of=one_of,
            named=named,
            needs=tuple(name for name in NEEDS if name in signature),
            run=function,
        )

    return make


def _flow(given: Any, gives: Any) -> dict[Kind, Kind]:
    if isinstance(given, TypeVar):
        return {kind: kind for kind in given.__constraints__}
    union = get_origin(given) in (types.UnionType, typing.Union)
    taken: tuple[Any, ...] = get_args(given) if union else (given,)
    return {None if kind in (None, types.NoneType) else kind: gives for kind in taken}


def _param(name: str, hint: Any, required: bool) -> Param:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{name}: annotate it with a literal type")
    value, literal, help_text = get_args(hint)
    return Param(name, literal, get_origin(value) is tuple, required, help_text)
