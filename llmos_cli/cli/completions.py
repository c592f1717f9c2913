"""Completion scripts for bash, zsh and fish, made from the tree of commands. They are static: no Python is started on Tab."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from llmos_cli.errors import UsageError
from llmos_cli.tools import TOOLS

SHELLS = ("bash", "zsh", "fish")
FILES = {"bash": "llmos.bash", "zsh": "_llmos", "fish": "llmos.fish"}  # the names that shells look for
_HELP = "Show this message and exit"


@dataclass(frozen=True)
class Option:
    """A flag, or an option with a value that is a file (`takes` is 'file') or something else ('value')."""

    names: tuple[str, ...]
    help: str
    takes: str

    def of_length(self, dashes: str) -> list[str]:
        """Its short (`-`) or its long (`--`) names, without the dashes."""
        return [name.lstrip("-") for name in self.names if name.startswith("--") == (dashes == "--")]


@dataclass(frozen=True)
class Command:
    """What can stand behind a command: options, fixed `words`, and files where `files` says so."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...]
    files: bool


def script(shell: str) -> str:
    """The completion script. Raises UsageError for another shell."""
    writers: dict[str, Callable[[Sequence[Option], Sequence[Command]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    if shell not in writers:
        raise UsageError(f"there are no completions for {shell!r}", hint=f"one of {', '.join(SHELLS)}")
    root, commands = tree()
    return writers[shell](root, commands)


def tree() -> tuple[tuple[Option, ...], tuple[Command, ...]]:
    """The options of `llmos` itself, and its commands, from the signatures that typer makes its parsers of."""
    from llmos_cli.cli.app import app

    root = app.registered_callback
    assert root is not None
    commands = tuple(_command(info) for info in app.registered_commands if not info.hidden)
    return tuple(_options(root.callback)), commands


def _command(info: Any) -> Command:
    names = [name for name, _, kind in _parameters(info.callback) if "Argument" in type(kind).__name__]
    words = SHELLS if "shell" in names else tuple(TOOLS) if {"name", "plan"} & {*names} else ()
    name, text = info.name or info.callback.__name__.replace("_", "-"), info.help or info.callback.__doc__
    return Command(name, _line(text), tuple(_options(info.callback)), words, bool({"request", "plan"} & {*names}))


def _options(function: Any) -> Iterator[Option]:
    for name, value, kind in _parameters(function):
        if "Option" in type(kind).__name__ and not kind.hidden:
            takes = "" if value is bool else "file" if Path in _all(value) else "value"
            first = [kind.default] if isinstance(kind.default, str) else []  # in an annotation, typer takes the first name for a default
            names = sorted([*first, *(kind.param_decls or ())], key=len) or [f"--{name.replace('_', '-')}"]
            yield Option(tuple(names), _line(kind.help), takes)
    yield Option(("-h", "--help"), _HELP, "")


def _parameters(function: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name, type, typer's Option or Argument) of a command's parameters."""
    for name, hint in get_type_hints(function, include_extras=True).items():
        if get_origin(hint) is Annotated:
            value, kind, *_ = get_args(hint)
            yield name, value, kind


def _all(value: Any) -> list[Any]:
    """A type and all types inside it."""
    return [value, *(inner for part in get_args(value) for inner in _all(part))]


def _line(text: str | None) -> str:
    """The first sentence of a help text, on one line."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")


# ---- bash ----------------------------------------------------------------------------------------------


def _bash(root: Sequence[Option], commands: Sequence[Command]) -> str:
    cases = "\n".join(f"        {c.name}) options={_words(_names(c.options))} words={_words(c.words)} ;;" for c in commands)
    valued = [name for c in commands for option in c.options if option.takes for name in option.names]
    return f"""# Made by `llmos completions bash`. What is not listed is completed as a file name, by bash itself.
_llmos() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" command= options={_words(_names(root))} words={_words([c.name for c in commands])} i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            -*) ;;
            *) command="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    case "$command" in
{cases}
    esac
    COMPREPLY=()
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
        {"|".join(dict.fromkeys(valued))}) return ;;
    esac
    case "$current" in
        -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
        *) [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    esac
}}
complete -o bashdefault -o default -F _llmos llmos
"""


def _names(options: Sequence[Option]) -> list[str]:
    return [name for option in options for name in option.names]


def _words(words: Sequence[str]) -> str:
    return f'"{" ".join(words)}"'


# ---- zsh -----------------------------------------------------------------------------------------------


def _zsh(root: Sequence[Option], commands: Sequence[Command]) -> str:
    listed = "\n".join(f"                {_single(f'{c.name}:{_colons(c.help)}')}" for c in commands)
    cases = "\n".join(f"                {c.name})\n{_zsh_arguments(c)} ;;" for c in commands)
    return f"""#compdef llmos
# Made by `llmos completions zsh`.
_llmos() {{
    local state line
    local -a commands
    _arguments -C {" ".join(_zsh_option(option) for option in root)} '1: :->command' '*:: :->rest' && return
    case $state in
        command)
            commands=(
{listed}
            )
            _describe -t commands command commands ;;
        rest)
            case $words[1] in
{cases}
            esac ;;
    esac
}}
if [ "$funcstack[1]" = "_llmos" ]; then _llmos "$@"; else compdef _llmos llmos; fi
"""


def _zsh_arguments(command: Command) -> str:
    parts = [_zsh_option(option) for option in command.options]
    if command.words:
        both = [f"words:word:({' '.join(command.words)})", *(["files:file:_files"] if command.files else [])]
        action = f"_alternative {' '.join(map(_double, both))}" if command.files else f"({' '.join(command.words)})"
        parts.append(_single(f"*: :{{{action}}}" if command.files else f"*: :{action}"))
    elif command.files:
        parts.append("'*: :_files'")
    return "                    _arguments -s " + " \\\n                        ".join(parts)


def _zsh_option(option: Option) -> str:
    value = {"": "", "file": ":file:_files", "value": ":value:"}[option.takes]
    described = f"[{option.help.replace('[', '(').replace(']', ')')}]{value}"
    if len(option.names) == 1:
        return _single(option.names[0] + described)
    names = " ".join(option.names)
    return f"{_single(f'({names})')}{{{','.join(option.names)}}}{_single(described)}"


def _colons(text: str) -> str:
    return text.replace(":", "\\:")


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _double(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# ---- fish ----------------------------------------------------------------------------------------------


def _fish(root: Sequence[Option], commands: Sequence[Command]) -> str:
    lines = ["# Made by `llmos completions fish`.", "complete -c llmos -f"]
    lines += [f"complete -c llmos -n __fish_use_subcommand {_fish_option(option)}" for option in root]
    for command in commands:
        lines.append(f"complete -c llmos -n __fish_use_subcommand -a {command.name} -d {_fish_text(command.help)}")
    for command in commands:
        within = f"complete -c llmos -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{within} {_fish_option(option)}" for option in command.options]
        if command.words:
            lines.append(f"{within} -a {_fish_text(' '.join(command.words))}")
        if command.files:
            lines.append(f"{within} -F")
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    names = [*(f"-s {name}" for name in option.of_length("-")), *(f"-l {name}" for name in option.of_length("--"))]
    takes = {"": "", "file": " -r -F", "value": " -x"}[option.takes]
    return f"{' '.join(names)}{takes} -d {_fish_text(option.help)}"


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
