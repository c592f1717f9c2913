"""What the commands do: build a kernel on the real host, take its events, show them, and end with the exit code."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llmos_cli.cli.material import has_input, material, said
from llmos_cli.cli.output import Output
from llmos_cli.errors import LlmosError
from llmos_cli.events import Event, Finished, Planned
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options, asks
from llmos_cli.values import Table, Text

if TYPE_CHECKING:
    from llmos_cli.ui.show import Show


def turn(
    request: str, output: Output, *, yes: bool, dry_run: bool, go_on: bool, files: Sequence[Path], schema: str = "", typed: bool
) -> None:
    """One request or plan, from its words to its exit code."""
    from llmos_cli.ui.ask import approve
    from llmos_cli.ui.show import Show, mode_for

    host = Host.real()
    output.check()
    show = Show(host, mode_for(host, plain=output.plain, null=output.null, json=output.json, jsonl=output.jsonl), null=output.null)
    if request == "-":
        request, given = said(host), material(host, files) if files else None
    else:
        given = material(host, files) if files or not go_on else None
    asked = asking(host)
    quiet = yes or not asked.someone_is_there
    options = Options(
        go_on, output.plan_only, dry_run, unattended=quiet, material=given, offered=not files, schema=schema, notice=show.event
    )
    show.request, code = request, 0
    for event in shown(Kernel(host).turn(request, approve(asked, yes, dry_run), options, typed=typed), show, plan_only=output.plan_only):
        if isinstance(event, Finished):
            code = event.exit_code
    raise typer.Exit(code)


def shown(events: Generator[Event, None, None], show: Show, *, plan_only: bool = False) -> Iterator[Event]:
    """The events, each one shown first. What goes wrong while an answer streams is the turn's own affair, and ends it as any error does;
    where nobody reads on, it ends quietly."""
    event = next(events, None)
    while event is not None:
        try:
            if isinstance(event, Planned) and plan_only and show.mode in ("plain", "terminal"):
                show.value(Text(() if asks(event.plan) else (event.text,)))
            else:
                show.event(event)
        except BrokenPipeError:
            events.close()
            return
        except (LlmosError, OSError, KeyboardInterrupt) as error:
            if isinstance(event, Finished):
                raise
            event = events.throw(error)
            continue
        yield event
        event = next(events, None)


def asking(host: Host) -> Host:
    """The host for questions: where standard input is material, or a loop's lines, answers come from the terminal itself."""
    if host.someone_is_there or not host.talk_goes_to_terminal or not has_input(host):
        return host
    try:
        return replace(host, stdin=open("/dev/tty", encoding="utf-8"))
    except OSError:  # no terminal that is ours
        return host


def shell(*, plain: bool = False, resume: str | None = None) -> bool:
    """The interactive shell, until it is left; False where there is no terminal for it."""
    from llmos_cli.cli import start

    return start.shell(Host.real(), plain=plain, resume=resume)


def undo(id: str) -> None:
    host = Host.real()
    entries = Kernel(host).undo(id)
    what = entries[0].note or entries[0].plan
    _note(host, f"Undone: {what} ({', '.join(entry.id for entry in entries)}). `llmos redo` does it again.")


def redo() -> None:
    host = Host.real()
    entry = Kernel(host).redo()
    _note(host, f"Done again: {entry.note or entry.plan} ({entry.id}). `llmos undo` takes it back.")


def _note(host: Host, text: str) -> None:
    from llmos_cli.ui.show import Show

    Show(host).note(text)


def history(limit: int, output: Output) -> None:
    from llmos_cli.cli.programs import paged
    from llmos_cli.ui.show import Show, mode_for

    host = Host.real()
    entries = Kernel(host).journal.history(limit)
    show = Show(host, mode_for(host, json=output.json))
    if output.json:
        show.json([asdict(entry) for entry in entries])
    elif not entries and host.answers_go_to_terminal:
        show.note("Nothing has been changed yet.")
    else:
        rows = tuple((e.id, f"{datetime.fromtimestamp(e.time):%Y-%m-%d %H:%M}", e.state, len(e.effects), e.note or e.plan) for e in entries)
        with paged(host, len(rows)) as shown_on:
            Show(shown_on).value(Table(("id", "time", "state", "changes", "request"), rows))


def tools(name: str, output: Output) -> None:
    from llmos_cli.plan import known
    from llmos_cli.tools import TOOLS

    host = Host.real()
    if output.json:
        from llmos_cli.planner.schema import json_schema

        print(json.dumps(json_schema(TOOLS), indent=1), file=host.stdout)
    elif name:
        tool = known(name, TOOLS)
        print(f"{tool.name}: {tool.summary}", file=host.stdout)
        for param in tool.params.values():
            words = f" ({'|'.join(param.type.fixed)})" if param.type.fixed else ""
            print(f"  {param.name}={param.type.name}{'…' if param.many else ''}{words}  {param.help}", file=host.stdout)
    else:
        for tool in TOOLS.values():
            print(f"{tool.name:13} {tool.summary.splitlines()[0]}", file=host.stdout)


def completions(shell: str, *, keys: bool, values: str) -> None:
    from llmos_cli.cli import completions as made
    from llmos_cli.cli import installed
    from llmos_cli.cli.offers import offers

    host = Host.real()
    if values:
        lines = offers(values, host)
    elif not shell:
        lines = installed.advice(host)
    else:
        lines = (made.snippet(shell) if keys else made.script(shell)).splitlines()
    for line in lines:
        print(line, file=host.stdout)
