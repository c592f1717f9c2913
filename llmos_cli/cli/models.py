"""`llmos models …`: general models, pulled, kept, chosen, checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_cli.cli import running, servers
from llmos_cli.cli.modelparts import Installed, Json, Yes, note, opened, print_json, print_table, told
from llmos_cli.errors import LlmosError, NotFound, Refused
from llmos_cli.host import Host

if TYPE_CHECKING:
    from llmos_cli.kernel.models import Models

app = typer.Typer(name="models", context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)

Role = Annotated[str, typer.Option("--for", metavar="ROLE", help="plan, chat, summarize, translate, code, embed or rerank.")]


@app.callback()
def about(context: typer.Context, json: Json = False) -> None:
    """General models: pull, choose, check and remove them. Alone it lists those that are installed.

    `llmos models recommend` says which one suits this machine, `llmos models pull NAME` brings it, and from then on it is used.
    """
    if context.invoked_subcommand is None:
        list_(json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List installed models: their size on the disk, and what they are used for; and those of servers."""
    from llmos_cli.cli import modelinfo

    with opened() as models:
        installed = models.installed()
        if json:
            print_json(models, [*map(models.as_json, installed), *servers.as_json(models, models.roles.used())])
            return
        used = models.roles.used()
        rows = tuple((m.name, m.size, modelinfo.roles(used.get(m.name, [])), modelinfo.remarks(m)) for m in installed)
        rows += tuple(servers.rows(models, used))
        nothing = "Nothing is installed yet. What suits this machine: llmos models recommend"
        print_table(models, ("model", "size", "used for", "remarks"), rows, nothing)


@app.command()
def search(
    words: Annotated[
        list[str] | None, typer.Argument(help="Words that it has in its name, its tasks, its licence; all, if left out.")
    ] = None,
    hub: Annotated[bool, typer.Option("--hub", help="Search the whole Hub, not the catalogue.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=100, help="How many of the Hub's.")] = 20,
    json: Json = False,
) -> None:
    """Search the catalogue, or with --hub all repositories with GGUF files."""
    with opened() as models:
        if hub:
            offers = models.search_hub(words or [], limit)
            rows: tuple[Any, ...] = tuple((o.name, o.downloads, o.licence, "gated" if o.gated else "", o.changed) for o in offers)
            columns: tuple[str, ...] = ("repository", "downloads", "licence", "", "changed")
            data: list[Any] = [vars(offer) for offer in offers]
        else:
            entries = models.search(words or [])
            rows = tuple((e.name, e.size, e.licence, e.good_at) for e in entries)
            columns, data = ("model", "size", "licence", "good at"), [entry.as_json() for entry in entries]
        if json:
            print_json(models, data)
        else:
            print_table(
                models, columns, rows, "Nothing has these words." + ("" if hub else " The whole Hub: llmos models search --hub WORDS")
            )


@app.command()
def pull(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name of the catalogue, or OWNER/REPOSITORY, each with :QUANT if wanted.")
    ],
    revision: Annotated[str, typer.Option("--revision", help="A branch, tag or commit, in place of the newest.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Hash what is here, and fetch anew what is damaged.")] = False,
    json: Json = False,
) -> None:
    """Pull a model, or its newest version: llmos models pull qwen3-4b, or owner/repository:Q4_K_M.

    A pull that was stopped goes on from there. Each file is checked before it counts. The version before is kept: llmos models rollback.
    """
    with opened() as models:
        pulled = models.pull(model, revision, again=again)
        if json:
            print_json(models, {**models.as_json(pulled.model), "new": pulled.new, "downloaded": pulled.came, "resumed": pulled.kept})
            return
        for sentence in _pulled(models, pulled):
            note(models, sentence)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A GGUF; of a split one, the first part.")],
    name: Annotated[str, typer.Option("--name", help="What it is to be called.")] = "",
    link: Annotated[bool, typer.Option("--link", help="Give the file a second name in the store, in place of a copy.")] = False,
    json: Json = False,
) -> None:
    """Take a GGUF of your own into the store."""
    with opened() as models:
        taken = models.take_in(models.host.cwd / file.expanduser(), name, link=link)
        told(models, taken, f"{taken.name} is in the store.", json)


@app.command()
def use(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="An installed model, or SERVER:MODEL; without one, what is used for what is shown.")
    ] = "",
    role: Role = "",
    json: Json = False,
) -> None:
    """Choose the model for a role, or show which one does what. The model for chat also does all writing that has none of its own."""
    with opened() as models:
        if model:
            chosen = models.use(model, role)
            if json:
                print_json(models, [{"role": c.role, "model": c.model.name} for c in chosen])
            for choice in [] if json else chosen:
                note(models, f"{choice.model.name} is used for {choice.role}{' and all other writing' if choice.role == 'chat' else ''}.")
            for sentence in () if json else servers.chosen(models, chosen[0].model.name):
                note(models, sentence)
            return
        if role:
            models.roles.choice(role)  # where there is none: exit code 5, and what to pull
        rows = [_choice(models, one) for one in ([role] if role else models.role_names)]
        if json:
            print_json(models, [dict(zip(("role", "model", "why"), row, strict=True)) for row in rows])
        else:
            print_table(models, ("role", "model", "why"), tuple((r, m or "-", w) for r, m, w in rows), "")


@app.command()
def info(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model, a name of the catalogue, or a GGUF file.")],
    json: Json = False,
) -> None:
    """Show what is known of a model: from its header, the catalogue and the store."""
    from llmos_cli.cli import modelinfo
    from llmos_cli.ui.show import Show
    from llmos_cli.values import Text

    with opened() as models:
        installed, entry, header = models.about(model)
        if json:
            parts = {"installed": models.as_json(installed) if installed else None, "catalogue": entry.as_json() if entry else None}
            print_json(models, {**parts, "header": header.as_json() if header else None})
        else:
            Show(models.host).value(Text(tuple(modelinfo.facts(models, installed, entry, header))))


@app.command()
def remove(
    model: Installed,
    old: Annotated[bool, typer.Option("--old", help="Only the versions that do not count now.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete a model for ever, after saying how much room that makes. It can be pulled again."""
    from llmos_cli.ui.words import size

    with opened() as models:
        found, frees = models.store.find(model), models.frees(model, old=old)
        if old and len(found.versions) < 2:
            raise NotFound(f"{found.name} has no other versions", hint=f"llmos models remove {found.name}")
        what = f"the versions of {found.name} that do not count" if old else found.name
        gain = f"That frees {size(frees)}." if frees else "That frees nothing: another model, or a file of yours, is the same on the disk."
        if not yes and not _agreed(models.host, f"Delete {what}, for ever? {gain}"):
            raise Refused("nothing was removed", hint="" if models.host.someone_is_there else "--yes removes without asking")
        roles = models.roles.of(found)
        models.store.remove(model, old=old)
        if json:
            print_json(models, {"removed": found.name, "freed": frees, "old": old})
            return
        note(models, f"Removed: {what}. That freed {size(frees)}.")
        if roles and not old:
            note(models, f"It was used for {', '.join(roles)}: `llmos models use` shows what is now.")


@app.command()
def verify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model; all, if left out.")] = "", json: Json = False
) -> None:
    """Hash all files again, and compare with what they were when they came. The exit code is 1 where one is damaged or missing."""
    with opened() as models:
        found = models.verify(model)
        bad = [row for row in found if row[2] != "ok"]
        if json:
            print_json(
                models, {"ok": not bad, "files": [{"model": name, "path": str(path), "state": state} for name, path, state in found]}
            )
        else:
            print_table(
                models, ("state", "model", "file"), tuple((state, name, path.name) for name, path, state in found), "Nothing is installed."
            )
    if bad and json:
        raise typer.Exit(1)
    if bad:
        raise LlmosError(f"{len(bad)} of {len(found)} files are damaged or missing", hint=f"llmos models pull {bad[0][0]} --again")


@app.command()
def pin(model: Installed, off: Annotated[bool, typer.Option("--off", help="Take the pin out.")] = False, json: Json = False) -> None:
    """Keep a model as it is: it is not updated, rolled back or removed."""
    with opened() as models:
        found = models.store.pin(model, not off)
        told(models, found, f"{found.name} is {'no longer pinned' if off else f'pinned to version {found.current}'}.", json)


@app.command()
def rollback(
    model: Installed,
    to: Annotated[str, typer.Option("--to", metavar="VERSION", help="The beginning of a version's id; else the one before.")] = "",
    json: Json = False,
) -> None:
    """Go back to the version before; `llmos models info` lists them."""
    with opened() as models:
        found = models.store.roll_back(model, to)
        told(
            models,
            found,
            f"{found.name} is at version {found.current} now. `llmos models pull {found.name}` goes to the newest again.",
            json,
        )


@app.command()
def quantize(
    model: Installed,
    quant: Annotated[str, typer.Argument(metavar="QUANT", help="Such as Q4_K_M, Q5_K_M, Q6_K, Q8_0.")],
    again: Annotated[bool, typer.Option("--again", help="Also of one that is quantised already, which loses more.")] = False,
    json: Json = False,
) -> None:
    """Make a smaller model of an installed one. Both are kept."""
    with opened() as models:
        made = models.quantize(model, quant, again=again)
        told(models, made, f"{made.name} is in the store.", json)


@app.command()
def recommend(
    role: Role = "",
    context: Annotated[int, typer.Option("--context", min=256, max=1 << 20, help="Tokens of context to reckon with.")] = 8192,
    all_: Annotated[bool, typer.Option("--all", help="Also those that do not fit.")] = False,
    json: Json = False,
) -> None:
    """Measure this machine, and say which models fit, and why: weights, KV cache and margin against what there is."""
    from llmos_cli.cli import modelinfo

    with opened() as models:
        machine, fits = models.recommend(role, context)
        if json:
            print_json(models, {"machine": machine.as_json(), "models": [fit.as_json() for fit in fits]})
            return
        shown = [fit for fit in fits if all_ or fit.good][: None if all_ else 8]
        note(models, modelinfo.machine(machine))
        print_table(
            models, modelinfo.COLUMNS, tuple(modelinfo.row(fit) for fit in shown), "Nothing in the catalogue fits. --all shows why."
        )
        for sentence in modelinfo.advice(shown):
            note(models, sentence)


app.command()(running.ps)
app.command()(running.stop)
app.add_typer(running.adapter)
app.add_typer(servers.app)


# ---- in words ----------------------------------------------------------------------------------------


def _pulled(models: Models, pulled: Any) -> Iterator[str]:
    from llmos_cli.cli import modelinfo
    from llmos_cli.ui.words import size

    model, before = pulled.model, pulled.model.before
    if not pulled.new:
        yield f"{model.name} is up to date."
        return
    came = f"{size(pulled.came)} came" if pulled.came else "nothing had to come"
    came += f", {size(pulled.kept)} were there from before" if pulled.kept else ""
    yield f"{model.name} is in the store: {size(model.version.size)}{f', licence {model.licence}' if model.licence else ''} ({came})."
    if not all(file.promised for file in model.version.files):
        yield "The Hub said no checksum for it, so only its size and its header were checked."
    if before is not None:
        yield f"The version before is kept: llmos models rollback {model.name}, or llmos models remove {model.name} --old"
    if roles := models.roles.of(model):
        yield f"It is used for {modelinfo.roles(roles)}."
    elif fit := models.roles.fit_for(model):
        yield f"It is used where you choose it: llmos models use {model.name} --for {fit[0]}"


def _choice(models: Models, role: str) -> tuple[str, str, str]:
    from llmos_cli.errors import NoModel

    try:
        choice = models.roles.choice(role)
    except NoModel as error:
        return role, "", error.hint
    return role, choice.model.name, {"set": "chosen", "chat": "the model for chat", "installed": "the newest that can"}[choice.why]


def _agreed(host: Host, question: str) -> bool:
    """Whether the person says yes; nobody there means no."""
    from llmos_cli.ui.safe import safe

    if not host.someone_is_there:
        return False
    host.stderr.write(f"{safe(question)} [y]es / [n]o (Enter: no) ")
    host.stderr.flush()
    return host.stdin.readline().strip().lower() in ("y", "yes")
