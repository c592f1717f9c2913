"""The tree of commands as data, from the signatures that typer makes its parsers of: for completions, pages and the man page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from llmos_cli.config import SETTINGS
from llmos_cli.tools import TOOLS

SHELLS = ("bash", "zsh", "fish")
ASKED = ("plans", "models", "sessions", "entries", "servers")  # kinds of value that only `llmos completions --values` knows
FIXED = {
    "tools": tuple(TOOLS),
    "shells": SHELLS,
    "settings": tuple(SETTINGS),
    "choices": tuple(dict.fromkeys(word for setting in SETTINGS.values() for word in setting.type.words)),
    "kinds": ASKED,
}
# what stands for a value in help → its kind; `plan` is a tool, a saved plan or a file
_KINDS = {
    "PLAN": "plan", "REQUEST": "file", "TOOL": "tools", "SHELL": "shells", "SETTING": "settings", "VALUE": "choices", "ENTRY": "entries",
    "NAME": "plans", "KIND": "kinds", "SESSION": "sessions", "MODEL": "models", "SERVER": "servers", "FILE": "file",
}  # fmt: skip
_HELP = "Show this message and exit."


@dataclass(frozen=True)
class Option:
    """A flag, or an option with a value: `takes` is its kind, 'value' where that could be anything, '' where there is none."""

    names: tuple[str, ...]
    help: str
    takes: str = ""
    value: str = ""  # what stands for the value in help

    def of_length(self, dashes: str) -> list[str]:
        """Its short (`-`) or its long (`--`) names, without the dashes."""
        return [name.lstrip("-") for name in self.names if name.startswith("--") == (dashes == "--")]


@dataclass(frozen=True)
class Argument:
    name: str
    help: str
    takes: str
    many: bool
    required: bool

    @property
    def usage(self) -> str:
        return f"{self.name}{' …' if self.many else ''}" if self.required else f"[{self.name}{' …' if self.many else ''}]"


@dataclass(frozen=True)
class Command:
    """`path` is what is typed after `llmos`; a group has `commands`."""

    path: tuple[str, ...]
    text: str
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    commands: tuple[Command, ...] = ()

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def help(self) -> str:
        """Its first sentence."""
        return _line(self.text)

    @property
    def all(self) -> Iterator[Command]:
        """This one and those below it."""
        yield self
        for command in self.commands:
            yield from command.all

    @property
    def usage(self) -> str:
        below = ["COMMAND"] if self.commands and self.path else ["[COMMAND]"] if self.commands else []
        return " ".join(
            ["llmos", *self.path, *["[OPTIONS]"] * bool(self.options), *below, *(argument.usage for argument in self.arguments)]
        )


def tree() -> Command:
    """`llmos` itself, with all commands below it."""
    from llmos_cli.cli.app import app

    return _group(app, (), app.info.help or "")


def _group(app: Any, path: tuple[str, ...], text: str) -> Command:
    root = app.registered_callback
    commands = [_command(info, path) for info in app.registered_commands if not info.hidden]
    for info in app.registered_groups:
        name = _given(info.name) or _given(info.typer_instance.info.name)
        commands.append(_group(info.typer_instance, (*path, name), _given(info.typer_instance.info.help) or ""))
    callback = root.callback if root is not None else None
    said = (callback.__doc__ if path and callback else "") or text
    return Command(path, said, tuple(_options(callback)), (), tuple(commands))


def _command(info: Any, path: tuple[str, ...]) -> Command:
    name = info.name or info.callback.__name__.replace("_", "-")
    text = info.help or info.callback.__doc__ or ""
    return Command((*path, name), text, tuple(_options(info.callback)), tuple(_arguments(info.callback)))


def _given(value: Any) -> Any:
    """What was said, where typer has wrapped what was not."""
    return getattr(value, "value", value)


def _options(function: Any) -> Iterator[Option]:
    for name, value, kind, _ in _parameters(function):
        if "Option" in type(kind).__name__ and not kind.hidden:
            first = [kind.default] if isinstance(kind.default, str) else []  # in an annotation, typer takes the first name for a default
            names = sorted([*first, *(kind.param_decls or ())], key=len) or [f"--{name.replace('_', '-')}"]
            takes = "" if value is bool else _kind(kind.metavar or name.upper(), value)
            yield Option(tuple(names), kind.help or "", takes, _shown(kind.metavar, takes, name, value))
    yield Option(("-h", "--help"), _HELP)


def _shown(metavar: str | None, takes: str, name: str, value: Any) -> str:
    """What stands for an option's value in help."""
    if metavar or not takes:
        return metavar or ""
    return "FILE" if takes == "file" else name.upper() if takes in ASKED else "N" if value is int else "VALUE"


def _arguments(function: Any) -> Iterator[Argument]:
    for name, value, kind, required in _parameters(function):
        if "Argument" in type(kind).__name__ and not kind.hidden:
            shown = kind.metavar or name.upper()
            yield Argument(shown, kind.help or "", _kind(shown, value), any(get_origin(part) is list for part in _all(value)), required)


def _kind(shown: str, value: Any) -> str:
    return "file" if Path in _all(value) else _KINDS.get(shown, "value")


def _parameters(function: Any) -> Iterator[tuple[str, Any, Any, bool]]:
    """(name, type, typer's Option or Argument, whether it must be given) of a command's parameters."""
    import inspect

    if function is None:
        return
    defaults = {name: p.default for name, p in inspect.signature(function).parameters.items()}
    for name, hint in get_type_hints(function, include_extras=True).items():
        if get_origin(hint) is Annotated:
            value, kind, *_ = get_args(hint)
            yield name, value, kind, defaults[name] is inspect.Parameter.empty


def _all(value: Any) -> list[Any]:
    """A type and all types inside it."""
    return [value, *(inner for part in get_args(value) for inner in _all(part))]


def _line(text: str | None) -> str:
    """The first sentence of a help text, on one line, without what comes after a colon in it."""
    return " ".join((text or "").split()).partition(". ")[0].partition(": llmos")[0].rstrip(".")
