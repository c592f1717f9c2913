"""What the commands of `llmos models` share: the models, and what is printed of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_cli.errors import Interrupted
from llmos_cli.host import Host

if TYPE_CHECKING:
    from llmos_cli.kernel.models import Models
    from llmos_cli.values import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Installed = Annotated[str, typer.Argument(metavar="MODEL", help="An installed model's name, with or without its quantisation.")]


@contextmanager
def opened() -> Iterator[Models]:
    """The models, with a line that shows how far long work has come, and what was passed over said afterwards."""
    from llmos_cli.kernel.models import models
    from llmos_cli.ui.transfer import Transfer

    host = Host.real()
    transfer = Transfer(host)
    found = models(host, transfer)
    try:
        yield found
    except KeyboardInterrupt:
        raise Interrupted("stopped; what has come is kept, and the same command goes on from there") from None
    finally:
        transfer.clear()
    for problem in found.problems:
        note(found, problem)


def note(models: Models, text: str) -> None:
    from llmos_cli.ui.show import Show

    Show(models.host).note(text)


def print_json(models: Models, data: Any) -> None:
    from llmos_cli.ui.show import Show

    Show(models.host, "json").json(data)


def print_table(models: Models, columns: tuple[str, ...], rows: tuple[Any, ...], nothing: str) -> None:
    from llmos_cli.ui.show import Show
    from llmos_cli.values import Table

    table: Table = Table(columns, rows)
    if rows or not models.host.answers_go_to_terminal:
        Show(models.host).value(table)
    if not rows:
        note(models, nothing)


def told(models: Models, model: Any, sentence: str, json: bool) -> None:
    if json:
        print_json(models, models.as_json(model))
    else:
        note(models, sentence)
