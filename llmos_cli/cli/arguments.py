"""A command line, carried out; what is wrong with its words becomes an error as any other is: one sentence and a hint."""

from __future__ import annotations

import copy
import difflib
import re
import shlex
from collections.abc import Sequence
from typing import Any

import typer

from llmos_cli.errors import UsageError


def perform(arguments: Sequence[str]) -> int:
    """The exit code. Raises UsageError, and what the command raises: Ctrl-C and closed pipes too, which typer would make into others."""
    from llmos_cli.cli.app import app

    command = typer.main.get_command(_needed(app, arguments))
    try:
        with command.make_context("llmos", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer says of wrong words has one; where its class lives differs by version
            raise
        raise _explained(error, arguments) from error
    return 0


def _needed(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Only the command that is called, where it is one of the tree's: to make all of them takes typer longer than most requests take."""
    name = arguments[0] if arguments else ""
    commands = [c for c in app.registered_commands if (c.name or getattr(c.callback, "__name__", "")) == name]
    groups = [g for g in app.registered_groups if name in (g.name, getattr(g.typer_instance, "info", g).name)]
    if not commands and not groups:
        return app
    small = copy.copy(app)
    small.registered_commands, small.registered_groups = commands, groups
    return small


def _explained(error: Any, arguments: Sequence[str]) -> UsageError:
    context: Any = getattr(error, "ctx", None)
    help_line = f"{context.command_path if context else 'llmos'} --help"
    said = error.format_message()
    if hasattr(error, "option_name") and hasattr(error, "possibilities"):
        near = ", or ".join(error.possibilities or ())
        return UsageError(f"there is no option {error.option_name}", hint=f"did you mean {near}?" if near else help_line)
    if unknown := re.match(r"No such command '(.*?)'\.", said, re.DOTALL):
        return _no_command(unknown[1], context, arguments)
    if (param := getattr(error, "param", None)) is not None and type(error).__name__ == "MissingParameter":
        return UsageError(f"{context.command_path} needs {param.human_readable_name}", hint=help_line)
    return UsageError(said[:1].lower() + said[1:].rstrip("."), hint=help_line)


def _no_command(name: str, context: Any, arguments: Sequence[str]) -> UsageError:
    """Whoever says many words without `ask` meant a request."""
    near = difflib.get_close_matches(name, context.command.commands, n=1)
    if context.parent is None and (len(arguments) > 2 or " " in name) and not near:
        return UsageError("a request follows `ask`", hint=f"llmos ask {shlex.quote(' '.join(arguments))}")
    return UsageError(
        f"{context.command_path} has no command {name!r}", hint=f"did you mean {near[0]}?" if near else f"{context.command_path} --help"
    )
