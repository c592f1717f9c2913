"""`llmos config`: what is set, by whom, and how to set it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmos_cli import config
from llmos_cli.config import SETTINGS, Setting, known
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.host import Host
from llmos_cli.setting import Texts
from llmos_cli.values import Table

app = typer.Typer(help="Show and change settings.", context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="SETTING", help="A setting's name; `llmos config` lists them.")]


@app.callback()
def config_(context: typer.Context, json: Json = False) -> None:
    """Show all settings with where each value comes from, or get, set and edit them.

    What is set nowhere has its default. config.toml counts more than that, LLMOS_… in the environment more than the file,
    and a command's own flags more than all.
    """
    if context.invoked_subcommand is None:
        show(json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all settings with their values, and where each comes from."""
    show(json)


@app.command()
def get(name: Name, json: Json = False) -> None:
    """Print one setting's value."""
    host, setting = Host.real(), known(name)
    print(_json(host, setting) if json else _text(setting, host.settings[name]), file=host.stdout)


@app.command("set")
def set_(
    name: Name, value: Annotated[list[str], typer.Argument(metavar="VALUE", help="Its value; several for a setting that is a list.")]
) -> None:
    """Set one in the file; its comments stay."""
    host, setting = Host.real(), known(name)
    try:
        read = setting.type.read(value) if isinstance(setting.type, Texts) and len(value) > 1 else setting.type.parse(" ".join(value))
    except ValueError as error:
        raise UsageError(f"{name} should be {error}", hint=f"llmos config set {name} {_text(setting, setting.default)}") from error
    config.update(_file(host), lambda text: config.changed(text or config.template(), name, read))
    _overruled(host, setting)


@app.command()
def unset(name: Name) -> None:
    """Take one out of the file, so that its default counts again."""
    host, setting = Host.real(), known(name)
    config.update(_file(host), lambda text: config.changed(text, name, None))
    _overruled(host, setting)


@app.command()
def edit() -> None:
    """Open the file in your editor. Where there is none, one is made with each setting as a comment."""
    from llmos_cli.cli.programs import edit as open_in_editor

    host = Host.real()
    config.update(_file(host), lambda text: text or config.template())
    open_in_editor(_file(host), host)
    if problems := _again(host).settings.problems:
        raise LlmosError(problems[0], hint="llmos config edit")


@app.command()
def path() -> None:
    """Print the file's path."""
    host = Host.real()
    print(_file(host), file=host.stdout)


# ---- what they do --------------------------------------------------------------------------------------


def show(json: bool) -> None:
    from llmos_cli.ui.show import Show, mode_for

    host = Host.real()
    settings = host.settings
    shown = Show(host, mode_for(host, json=json))
    if json:
        values = {name: {"value": given.value, "source": given.source, "where": given.where} for name, given in settings.given.items()}
        shown.json({"file": str(_file(host)), "settings": values, "problems": list(settings.problems)})
        return
    rows = []
    for name, setting in SETTINGS.items():
        given = settings.given[name]
        source = f"{given.source}, {given.where}" if given.where else given.source
        rows.append((name, _text(setting, given.value) or '""', source, setting.help))
    shown.value(Table(("setting", "value", "from", "help"), tuple(rows)))
    for problem in settings.problems:
        shown.note(problem)


def warn() -> None:
    """Say what is wrong with the settings, on stderr. The program goes on with what it has."""
    from llmos_cli.ui.show import Show

    host = Host.real()
    for problem in host.settings.problems:
        Show(host).note(f"Settings: {problem}")


def _file(host: Host) -> Path:
    return host.paths.config / config.FILE


def _again(host: Host) -> Host:
    return Host(host.stdin, host.stdout, host.stderr, host.cwd, host.env, host.clock)


def _text(setting: Setting, value: object) -> str:
    """As one would type it."""
    text = setting.type.show(value)
    return text[1:-1] if text.startswith('"') else text


def _json(host: Host, setting: Setting) -> str:
    from llmos_cli.ui.asjson import dumps

    given = host.settings.given[setting.name]
    return dumps({"value": given.value, "source": given.source, "where": given.where})


def _overruled(host: Host, setting: Setting) -> None:
    from llmos_cli.ui.show import Show

    given = _again(host).settings.given[setting.name]
    if given.source == "environment":
        Show(host).note(f"{given.where} is set, and counts more: {_text(setting, given.value)}")
