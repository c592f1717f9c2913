"""`llmos models server …`: servers that run models, and what `llmos models` says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_cli.cli.modelparts import Json, note, opened, print_json, print_table
from llmos_cli.errors import LlmosError

if TYPE_CHECKING:
    from llmos_cli.kernel.models import Models
    from llmos_cli.kernel.servers import Found
    from llmos_cli.servers import Server

SHOWN = 20  # models of one server
app = typer.Typer(name="server", context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
Name = Annotated[str, typer.Argument(metavar="SERVER", help="A server's name.")]


@app.callback()
def about(context: typer.Context, json: Json = False) -> None:
    """Servers that run models: llama-server, vLLM, Ollama, LM Studio, or a hosted one. Alone it lists them.

    A model there is called SERVER:MODEL: llmos models use ollama:llama3.2
    """
    if context.invoked_subcommand is None:
        list_(json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="SERVER", help="What it is to be called: small letters, digits, dashes.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it speaks OpenAI's API; /v1 is added where no path is said.")],
    key_from: Annotated[
        str, typer.Option("--key-from", metavar="VARIABLE", help="The environment variable that has the key, or: keyring.")
    ] = "",
    model: Annotated[str, typer.Option("--model", "-m", help="The model that is meant by the server's name alone.")] = "",
    json: Json = False,
) -> None:
    """Add a server, or change one: llmos models server add ollama http://localhost:11434

    Keys are never kept here: --key-from says in which variable one is, or that it is in the system's keyring
    (keyring set llmos SERVER puts it there).
    """
    from llmos_cli.kernel import servers

    with opened() as models:
        server = servers.add(models.host, name, url, key_from, model)
        (found,) = servers.look(models.host, [server])
        if json:
            print_json(models, _json(found))
            return
        note(models, f"{server.name} is added: {server.url}{'' if found.problem is None else '. It cannot be used yet:'}")
        for sentence in _next(found):
            note(models, sentence)


@app.command("list")
def list_(json: Json = False) -> None:
    """List servers: where they are, where the key is found, and which model is meant by the name alone."""
    with opened() as models:
        found = models.servers.all.values()
        if json:
            print_json(models, [server.as_json() for server in found])
            return
        rows = tuple((s.name, s.url, s.key_from or "-", s.model or "-") for s in found)
        print_table(models, ("server", "address", "key in", "model"), rows, "There are none yet: llmos models server add NAME URL")


@app.command()
def remove(name: Name, json: Json = False) -> None:
    """Forget a server. A key that is in the keyring stays there."""
    from llmos_cli.kernel import servers

    with opened() as models:
        server, roles = servers.remove(models.host, name)
        if json:
            print_json(models, {"removed": server.name, "roles": roles})
            return
        note(models, f"{server.name} is forgotten.")
        if roles:
            note(models, f"Its models were used for {', '.join(roles)}: `llmos models use` shows what is now.")
        if server.key_from == "keyring":
            note(models, f"Its key is still in the keyring: keyring del llmos {server.name}")


@app.command()
def test(
    name: Annotated[str, typer.Argument(metavar="SERVER", help="A server's name, or SERVER:MODEL.")],
    json: Json = False,
) -> None:
    """Try a server: is it there, does it take the key, what has it, how soon does a model answer, and does it keep to a form."""
    from llmos_cli.kernel import servers

    with opened() as models:
        at = models.servers.meant(name)
        server = models.servers.find(name.partition(":")[0])
        (found,) = servers.look(models.host, [server])
        if found.problem is not None:
            raise found.problem
        model = at.model if at else ""
        tried = servers.attempt(models.host, at) if at and (model or len(found.models) == 1) else None
        if json:
            print_json(models, {**_json(found), "tried": vars(tried) if tried else None})
            return
        rows = [("address", server.url), ("key", f"in {server.key_from}" if server.key_from else "none is sent")]
        rows += [("models", _some(found.models) or "it lists none")]
        if tried:
            rows += [
                ("model", tried.model), ("context", f"{tried.context:,} tokens"), ("first word", f"after {tried.first:.2f} s"),
                ("answer", f"{tried.text[:60] or 'only thoughts'} (after {tried.whole:.2f} s)"), ("JSON Schema", FORMS[tried.form]),
            ]  # fmt: skip
        print_table(models, ("what", "found"), tuple(rows), "")
        if not tried and found.models:
            note(models, f"A model is tried with: llmos models server test {server.name}:{found.models[0]}")


FORMS = {
    "json_schema": "kept to", "json_object": "not taken; JSON is, and it is looked at whether it fits",
    "words": "not taken; asked for in words, and it is looked at whether it fits", "": "not kept to",
}  # fmt: skip

# ---- what `llmos models` says of them ------------------------------------------------------------------


def rows(models: Models, used: dict[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    """A row for each model on the servers; what cannot be reached is said in a sentence."""
    from llmos_cli.cli.modelinfo import roles
    from llmos_cli.kernel import servers

    for found in servers.look(models.host, [*models.servers.all.values()]):
        server = found.server
        chosen = [name for name in used if name.partition(":")[0] == server.name]
        if found.problem is not None:
            note(models, f"{server.name}: {_said(found.problem)}")
        names = dict.fromkeys([*chosen, *(f"{server.name}:{model}" for model in found.models)])
        for name in [*names][: max(SHOWN, len(chosen))]:
            yield name, None, roles(used.get(name, [])), f"at {server.host}"
        if len(names) > SHOWN:
            note(models, f"{server.name} has {len(names) - SHOWN} more: llmos models server test {server.name}")


def as_json(models: Models, used: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    from llmos_cli.kernel import servers

    for found in servers.look(models.host, [*models.servers.all.values()]):
        for model in found.models:
            name = f"{found.server.name}:{model}"
            yield {"name": name, "path": None, "server": found.server.as_json(), "roles": used.get(name, [])}


def chosen(models: Models, name: str) -> Iterator[str]:
    """What is to be known of a model on a server that was chosen; nothing of others."""
    from llmos_cli.kernel import servers

    at = models.servers.meant(name)
    if at is None:
        return
    if not at.server.here:
        yield f"What it is given to work on is sent to {at.server.host}."
    (found,) = servers.look(models.host, [at.server])
    if found.problem is not None:
        yield f"It cannot be reached now: {_said(found.problem)}"
    elif at.model and found.models and at.model not in found.models:
        yield f"{at.server.name} lists no model called {at.model}. It has {_some(found.models)}."


def _next(found: Found) -> Iterator[str]:
    """What to do after a server was added."""
    if found.problem is not None:
        yield _said(found.problem)
        return
    name, models = found.server.name, found.models
    model = found.server.model or (models[0] if models else "MODEL")
    yield f"It has {_some(models) or 'no models that it lists'}."
    if found.server.model and models and found.server.model not in models:
        yield f"{found.server.model} is not among them."
    yield f"To use one for all writing: llmos models use {name}:{model}"


def _some(models: tuple[str, ...]) -> str:
    return ", ".join(models[:SHOWN]) + (f" and {len(models) - SHOWN} more" if len(models) > SHOWN else "")


def _said(error: LlmosError) -> str:
    return error.message + (f" ({error.hint})" if error.hint else "")


def _json(found: Found) -> dict[str, Any]:
    server: Server = found.server
    problem = None if found.problem is None else {"message": found.problem.message, "hint": found.problem.hint}
    return {**server.as_json(), "models": list(found.models), "problem": problem}
