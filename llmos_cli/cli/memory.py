"""`llmos memory …`, `llmos sessions`, `llmos teach`: what is remembered, shown, taught, forgotten, moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmos_cli.cli.output import Output
from llmos_cli.errors import NotFound, Refused, UsageError
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.kernel.planners import Own
from llmos_cli.values import Table, Text

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, help="How many.")]
Remove = Annotated[int, typer.Option("--remove", min=0, help="The number of one to drop.")]
SETTINGS = {"help_option_names": ["-h", "--help"]}

memory = typer.Typer(name="memory", context_settings=SETTINGS, invoke_without_command=True)
sessions = typer.Typer(name="sessions", context_settings=SETTINGS, invoke_without_command=True)


@memory.callback()
def about(context: typer.Context) -> None:
    """What is remembered: requests, facts, taught phrases. Alone it lists the newest requests."""
    if context.invoked_subcommand is None:
        list_()


@memory.command("list")
def list_(
    limit: Limit = 20,
    session: Annotated[str, typer.Option("--session", help="Of this session only: its number, or its title.")] = "",
    json: Json = False,
) -> None:
    """List past requests, newest first."""
    kernel = _kernel()
    within = kernel.memory.sessions.named(session).id if session else 0
    rows = tuple((t.id, _time(t.time, json), t.outcome, t.request) for t in kernel.memory.turns.recent(limit, within))
    _table(kernel, Table(("id", "time", "outcome", "request"), rows), Output(json=json), "Nothing has been asked yet.")


@memory.command()
def search(
    words: Annotated[list[str], typer.Argument(help='Words that it has, in any order; "in quotes" side by side.')],
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Find facts and past requests by the words of request, plan or result."""
    kernel = _kernel()
    found = kernel.memory.search(" ".join(words), limit)
    columns: tuple[str, ...] = ("kind", "id", "time", "text", *(("plan", "result") if json else ("more",)))
    rows = [(h.kind, h.id, _time(h.time, json), h.text, *((h.plan, h.result) if json else (h.more,))) for h in found]
    _table(kernel, Table(columns, tuple(rows)), Output(json=json), "Nothing remembered has these words.")


@memory.command()
def show(id: Annotated[int, typer.Argument(help="The number of a request, from list or search.")], json: Json = False) -> None:
    """Show a past request whole: its plan, how it ended, and its result."""
    from llmos_cli.ui.show import Show, mode_for

    kernel = _kernel()
    turn = kernel.memory.turns.numbered(id)
    if turn is None:
        raise NotFound(f"there is no request {id}", hint="llmos memory list")
    output = Show(kernel.host, mode_for(kernel.host, json=json))
    facts = {"request": turn.request, "plan": turn.plan, "outcome": turn.outcome, "time": _time(turn.time, json), "folder": turn.cwd}
    if json:
        from llmos_cli.ui.asjson import value_as_json

        output.json({"id": id, **facts, "confidence": turn.confidence, "result": value_as_json(turn.last) if turn.last else None})
        return
    output.value(Text(tuple(f"{name:8} {value}" for name, value in facts.items())))
    if turn.last is not None:
        output.value(turn.last)


@memory.command()
def facts(remove: Remove = 0, json: Json = False) -> None:
    """List the facts that were kept, newest first."""
    kernel = _kernel()
    if remove:
        _note(kernel, f"No longer kept: {kernel.memory.facts.remove(remove).text}")
        return
    rows = tuple((f.id, _time(f.time, json), f.text, f"{f.name} = {f.target}" if f.target else "") for f in kernel.memory.facts.list())
    _table(kernel, Table(("id", "time", "fact", "means"), rows), Output(json=json), "Nothing was kept yet: llmos run 'remember \"…\"'")


@memory.command()
def taught(remove: Remove = 0, json: Json = False) -> None:
    """List the phrases that were taught, newest first."""
    kernel = _kernel()
    if remove:
        phrase = kernel.memory.taught.remove(remove)
        _note(kernel, f"No longer taught: {phrase.words}")
        if (phrase.id, phrase.time) in Own.of(kernel.host.paths).phrases:
            _note(kernel, "Your own copy of the planner has learned it: `llmos planner train` makes one that has not.")
        return
    rows = tuple((p.id, _time(p.time, json), p.words, p.plan) for p in kernel.memory.taught.list())
    _table(kernel, Table(("id", "time", "words", "plan"), rows), Output(json=json), "Nothing was taught yet: llmos teach WORDS PLAN")


@memory.command()
def forget(
    id: Annotated[list[int] | None, typer.Argument(help="Numbers of requests, from list or search.")] = None,
    session: Annotated[str, typer.Option("--session", help="All of a session: its number, or its title.")] = "",
    word: Annotated[str, typer.Option("--word", "-w", help="All that has this word in it.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything.")] = False,
    undo_too: Annotated[bool, typer.Option("--undo-too", help="Also what is kept to undo these changes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Forget for ever, and search all files of llmos to prove it."""
    from llmos_cli.ui.show import Show

    kernel = _kernel()
    chosen = kernel.forgetting(turns=tuple(id or ()), session=session, word=word, everything=everything)
    if chosen.nothing:
        raise NotFound("there is nothing to forget", hint="llmos memory list")
    if not yes and not _agreed(kernel.host, chosen.summary):
        raise Refused("nothing was forgotten", hint="" if kernel.host.someone_is_there else "--yes forgets without asking")
    done = chosen.carry_out(undo_too=undo_too)
    if json:
        Show(kernel.host, "json").json(done.as_json())
    else:
        for sentence in done.sentences():
            _note(kernel, sentence)
    raise typer.Exit(6 if done.proof.holding else 0)


@memory.command("export")
def export(file: Annotated[Path | None, typer.Argument(help="A new file; standard output if left out.")] = None) -> None:
    """Write all that is remembered as JSON lines."""
    kernel = _kernel()
    lines = kernel.memory.exported()
    if file is None:
        for line in lines:
            kernel.host.stdout.write(line + "\n")
        return
    try:
        with open(file, "x", encoding="utf-8", opener=_private) as out:
            count = sum(out.write(line + "\n") > 0 for line in lines) - 1
    except FileExistsError:
        raise UsageError(f"{file} exists already", hint="choose another name") from None
    _note(kernel, f"{count:,} records written to {file}")


@memory.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A file that export wrote; - for standard input.")]) -> None:
    """Take in exported memory; what is there already is left as it is."""
    kernel = _kernel()
    try:
        if str(file) == "-":
            moved = kernel.memory.imported(kernel.host.stdin)
        else:
            with file.open(encoding="utf-8") as lines:
                moved = kernel.memory.imported(lines)
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no exported memory", hint="llmos memory export FILE makes one") from None
    except FileNotFoundError:
        raise NotFound(f"there is no file {file}") from None
    new = ", ".join(f"{count:,} {kind}{'s' * (count != 1)}" for kind, count in moved.new.items() if count) or "nothing new"
    _note(kernel, f"Taken in: {new}; {moved.known:,} records were there already.")


@sessions.callback()
def list_sessions(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """List the sessions, the one used last first."""
    if context.invoked_subcommand is not None:
        return
    kernel = _kernel()
    rows = tuple((s.id, _time(s.used, json), s.turns, s.cwd, s.title) for s in kernel.memory.sessions.list(limit))
    columns = ("id", "used", "requests", "path", "title")
    _table(kernel, Table(columns, rows), Output(json=json), "There is no session yet.")


@sessions.command()
def rename(
    session: Annotated[str, typer.Argument(help="Its number, or its title.")],
    title: Annotated[list[str], typer.Argument(help="The new title.")],
) -> None:
    """Give a session another title."""
    kernel = _kernel()
    found = kernel.memory.sessions.named(session)
    kernel.memory.sessions.rename(found.id, " ".join(title))
    _note(kernel, f"Session {found.id} is called {' '.join(title)!r}. `llmos --session {found.id}` goes on with it.")


def teach(
    words: Annotated[str, typer.Argument(help="What you say.")],
    plan: Annotated[str, typer.Argument(help="What you mean by it, as a plan.")],
) -> None:
    """Teach words: from now on they, and the same words with other names and numbers, mean this plan."""
    kernel = _kernel()
    phrase = kernel.teach(words, plan)
    _note(
        kernel,
        f"Taught ({phrase.id}): “{phrase.words}” means `{phrase.plan}`. `llmos memory taught --remove {phrase.id}` takes it back.",
    )


# ---- what they share -----------------------------------------------------------------------------------


def _kernel() -> Kernel:
    return Kernel(Host.real())


def _time(seconds: float, json: bool) -> str:
    """Here and now for a person, UTC for a program."""
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}" if json else f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _note(kernel: Kernel, text: str) -> None:
    from llmos_cli.ui.show import Show

    for sentence in (*kernel.memory.notices(), text):
        Show(kernel.host).note(sentence)


def _table(kernel: Kernel, table: Table, output: Output, nothing: str) -> None:
    """In JSON a list of objects, for a person a table, or a sentence where it is empty."""
    from llmos_cli.ui.show import Show, mode_for

    show = Show(kernel.host, mode_for(kernel.host, json=output.json))
    if output.json:
        show.json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    elif not table.rows and kernel.host.answers_go_to_terminal:
        show.note(nothing)
    else:
        show.value(table)
    for sentence in kernel.memory.notices():
        show.note(sentence)


def _agreed(host: Host, question: str) -> bool:
    """Whether the person says yes; nobody there means no."""
    if not host.someone_is_there:
        return False
    from llmos_cli.ui.safe import safe

    host.stderr.write(f"{safe(question)} [y]es / [n]o (Enter: no) ")
    host.stderr.flush()
    return host.stdin.readline().strip().lower() in ("y", "yes")


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)
