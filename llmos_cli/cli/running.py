"""`llmos models ps`, `stop` and `adapter`: what is in memory, and what models are used with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_cli.cli.modelparts import Installed, Json, note, opened, print_json, print_table, told

if TYPE_CHECKING:
    from llmos_cli.kernel.models import Models

adapter = typer.Typer(name="adapter", context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)


def ps(json: Json = False) -> None:
    """Show which models are in memory: their size, how many answers they write, and when they go."""
    from llmos_cli.kernel.models import in_memory

    with opened() as models:
        found = in_memory(models.host)
        if json:
            print_json(models, [{**each, "name": _name(models, each["model"])} for each in found])
            return
        rows = tuple((_name(models, e["model"]), e["bytes"], _works(e), _goes(e)) for e in found)
        print_table(models, ("model", "size", "does", "goes"), rows, "No model is in memory. One comes when it is needed.")


def stop(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model that is in memory; all, if left out.")] = "", json: Json = False
) -> None:
    """Let go of a model that is in memory, or of all: answers that are being written end. It comes again when it is needed."""
    from llmos_cli.kernel.models import let_go

    with opened() as models:
        path = Path(model).absolute() if model.endswith(".gguf") else models.store.find(model).path if model else None
        gone = [_name(models, each) for each in let_go(models.host, path)]
        if json:
            print_json(models, {"stopped": gone})
        else:
            note(models, f"Stopped: {', '.join(gone)}." if gone else f"{model or 'No model'} {'was not' if model else 'was'} in memory.")


@adapter.callback()
def about() -> None:
    """LoRA adapters: small files that change how a model writes."""


@adapter.command("add")
def add(
    model: Installed,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A GGUF with a LoRA adapter in it.")],
    scale: Annotated[float, typer.Option("--scale", help="How strongly it counts; 1 is as it was trained.")] = 1.0,
    json: Json = False,
) -> None:
    """Use a model with a LoRA adapter from now on. It is tried first, and copied into the store."""
    with opened() as models:
        found = models.add_adapter(model, models.host.cwd / file.expanduser(), scale)
        told(models, found, f"{found.name} is used with {_adapters(found)} from now on.", json)


@adapter.command("remove")
def remove(
    model: Installed,
    name: Annotated[str, typer.Argument(metavar="ADAPTER", help="Its name, as the list shows it, or the file that it was added from.")],
    json: Json = False,
) -> None:
    """Use a model without an adapter again."""
    with opened() as models:
        found, gone = models.remove_adapter(model, name)
        told(models, found, f"{found.name} is used without {gone} from now on.", json)


@adapter.command("list")
def list_(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model; all, if left out.")] = "", json: Json = False
) -> None:
    """List adapters, and how strongly they count."""
    with opened() as models:
        found = [models.store.find(model)] if model else models.installed()
        if json:
            print_json(models, [{"model": each.name, **one} for each in found for one in models.as_json(each)["adapters"]])
            return
        rows = tuple((each.name, one.name, f"{one.scale:g}", one.file.size) for each in found for one in each.adapters)
        print_table(models, ("model", "adapter", "scale", "size"), rows, "There are no adapters: llmos models adapter add MODEL FILE")


def _adapters(model: Any) -> str:
    return ", ".join(each.name + (f" at {each.scale:g}" if each.scale != 1 else "") for each in model.adapters)


def _name(models: Models, path: str) -> str:
    """What the store calls the model at `path`; the path where it is none of its."""
    return next((model.name for model in models.installed() if path in map(str, model.paths)), path)


def _works(about: dict[str, Any]) -> str:
    """What a model does now, in words."""
    parts = [f"{about['writing']} at work"] * bool(about["writing"]) + [f"{about['waiting']} waiting"] * bool(about["waiting"])
    more = len(about["adapters"])
    return ", ".join([*(parts or ["nothing"]), *([f"{more} adapter{'s' * (more > 1)}"] if more else [])])


def _goes(about: dict[str, Any]) -> str:
    from llmos_cli.ui.words import plural

    if about["writing"] or about["waiting"]:
        return "when it has not been used for a while"
    left = about["seconds_left"]
    return "never" if left is None else f"in {plural(round(left / 60), 'minute') if left >= 90 else plural(round(left), 'second')}"
