"""What the commands do: build a kernel on the real host, take its events, show them, and end with the exit code."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llmos_cli.cli.output import Output
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.events import Event, Finished, Planned
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.literals import LAST
from llmos_cli.values import Table, Text

if TYPE_CHECKING:
    from llmos_cli.ui.show import Show

MAX_MATERIAL = 512 * 1024 * 1024


def turn(request: str, output: Output, *, yes: bool, dry_run: bool, go_on: bool, files: Sequence[Path], typed: bool) -> None:
    """One request or plan, from its words to its exit code."""
    from llmos_cli.ui.ask import approve
    from llmos_cli.ui.show import Show, mode_for

    host = Host.real()
    output.check()
    show = Show(host, mode_for(host, plain=output.plain, null=output.null, json=output.json, jsonl=output.jsonl), null=output.null)
    material = _material(host, files, request) if files or not typed or LAST in request or request == "-" else None
    if request == "-":
        request, material = (material or "").strip(), None
    options = Options(go_on, output.plan_only, dry_run, unattended=yes or not host.someone_is_there, material=material, notice=show.event)
    code = 0
    for event in shown(Kernel(host).turn(request, approve(host, yes, dry_run), options, typed=typed), show, plan_only=output.plan_only):
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
                show.value(Text((event.text,)))
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


def _material(host: Host, files: Sequence[Path], request: str) -> str | None:
    """The text of the files named, or of standard input where it is a pipe or a file; None where there is none."""
    if files:
        parts = (host.stdin.buffer.read(MAX_MATERIAL + 1) if str(path) == "-" else _read(path) for path in files)
        return "\n".join(_text(part, str(path)) for part, path in zip(parts, files, strict=True))
    try:
        kind = os.fstat(host.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return None
    if not (stat.S_ISFIFO(kind) or stat.S_ISREG(kind) or stat.S_ISSOCK(kind)) and request != "-":
        return None
    data = host.stdin.buffer.read(MAX_MATERIAL + 1)
    return _text(data, "standard input") if data else None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_MATERIAL + 1)
    except OSError as error:
        raise LlmosError(f"{path}: {(error.strerror or str(error)).lower()}") from error


def _text(data: bytes, where: str) -> str:
    if len(data) > MAX_MATERIAL:
        raise UsageError(f"{where} is too long", hint="at most 512 MB of text")
    if b"\0" in data[:8192]:
        raise UsageError(f"{where} is not text", hint="name the file in the request instead")
    return data.decode("utf-8", "replace")


def shell() -> bool:
    """The interactive shell, until it is left; False where there is no terminal for it."""
    from llmos_cli.tools import TOOLS

    host = Host.real()
    if not (host.stdin.isatty() and host.answers_go_to_terminal):
        return False
    from llmos_cli.shell.repl import open_shell

    open_shell(host, TOOLS)
    return True


def undo(id: str) -> None:
    host = Host.real()
    entries = Kernel(host).undo(id)
    what = entries[0].note or entries[0].plan
    _note(host, f"Undone: {what} ({', '.join(entry.id for entry in entries)}). `llmos redo` does it again.")


def redo() -> None:
    host = Host.real()
    entry = Kernel(host).journal.redo()
    _note(host, f"Done again: {entry.note or entry.plan} ({entry.id}). `llmos undo` takes it back.")


def _note(host: Host, text: str) -> None:
    from llmos_cli.ui.show import Show

    Show(host).note(text)


def history(limit: int, output: Output) -> None:
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
        show.value(Table(("id", "time", "state", "changes", "request"), rows))


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


def doctor(output: Output) -> None:
    from llmos_cli.kernel.doctor import examine

    host = Host.real()
    findings = examine(host)
    if output.json:
        print(json.dumps([finding.as_json() for finding in findings], indent=1), file=host.stdout)
    else:
        for finding in findings:
            print(f"{'ok ' if finding.ok else 'NO '} {finding.what}{': ' + finding.detail if finding.detail else ''}", file=host.stdout)
            if finding.hint and not finding.ok:
                print(f"    {finding.hint}", file=host.stdout)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def completions(shell: str) -> None:
    from llmos_cli.cli.completions import script

    print(script(shell), file=Host.real().stdout, end="")
