"""`llmos map`: what comes for each line, shown as it comes; the exit code is that of the whole."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

import typer

from llmos_cli.cli.commands import asking
from llmos_cli.cli.output import Output
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.events import Event, Finished, Mapped, Planned
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.kernel.many import Over, turn
from llmos_cli.ui.asjson import Record, error_as_json, value_as_json
from llmos_cli.ui.ask import approve
from llmos_cli.ui.bar import Bar
from llmos_cli.ui.safe import safe
from llmos_cli.ui.show import Show, mode_for
from llmos_cli.values import Number, Text, Value


@dataclass(frozen=True)
class How:
    yes: bool
    dry_run: bool
    typed: bool
    jobs: int
    ordered: bool
    text: bool
    label: bool


def perform(request: str, output: Output, how: How) -> None:
    host = Host.real()
    output.check()
    asked = asking(host)
    lines = read(host, null=output.null)
    options = Options(plan_only=output.plan_only, dry_run=how.dry_run, unattended=how.yes or not asked.someone_is_there)
    over = Over(lines, how.jobs or cores(), how.ordered, how.text)
    shown = Shown(host, output, how, len(lines))
    if not lines:
        shown.nothing()
        raise typer.Exit(0)
    decide = approve(asked, how.yes, how.dry_run)

    def cleared(*about: Any) -> bool:
        shown.bar.clear()
        return decide(*about)

    raise typer.Exit(shown.all(turn(Kernel(host), request, over, cleared, options, typed=how.typed)))


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read(host: Host, *, null: bool) -> list[str]:
    """The lines of standard input that are not blank. Raises UsageError where nothing is piped in."""
    if host.stdin.isatty():
        raise UsageError("map works on the lines of standard input", hint="ls | llmos map 'how many words are in it'")
    text = host.stdin.buffer.read().decode("utf-8", "surrogateescape")  # lines may be names of files, whatever their bytes
    if "\0" in text and not null:
        raise UsageError("standard input is not text", hint="--null where lines end with NUL, as those of find -print0 do")
    return [line for line in text.split("\0" if null else "\n") if line.strip()]


@dataclass
class Shown:
    """Takes the events. In JSON there is one object at the end, with each line in `lines`."""

    host: Host
    output: Output
    how: How
    total: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        o = self.output
        self.show = Show(self.host, mode_for(self.host, plain=o.plain, null=o.null, json=o.json, jsonl=o.jsonl), null=o.null)
        self.bar = Bar(self.host, self.total)
        self.record = Record()

    def nothing(self) -> None:
        if self.output.json:
            self.show.json({**self.record.as_json(), "outcome": "done", "lines": []})

    def all(self, events: Generator[Event, None, None]) -> int:
        """The exit code. Where nobody reads on, it ends quietly."""
        event, code = next(events, None), 0
        while event is not None:
            code = event.exit_code if isinstance(event, Finished) else code
            try:
                self.event(event)
            except BrokenPipeError:
                events.close()
                return 0
            except (LlmosError, OSError, KeyboardInterrupt) as error:
                if isinstance(event, Finished):
                    raise
                event = events.throw(error)
                continue
            event = next(events, None)
        return code

    def event(self, event: Event) -> None:
        if isinstance(event, Mapped):
            self.failed += event.error is not None
            self.mapped(event)
            self.done += 1
            self.bar.to(self.done, self.failed)
            return
        self.bar.clear()
        if self.output.json:
            self.record.event(event)
            if isinstance(event, Finished):
                self.show.json({**self.record.as_json(), "lines": self.lines})
        elif isinstance(event, Planned) and self.output.plan_only and not self.output.jsonl:
            self.show.value(Text((event.text,)))
        else:
            self.show.event(event)

    def mapped(self, event: Mapped) -> None:
        if self.output.json or self.output.jsonl:
            found = line_as_json(event)
            if self.output.json:
                self.lines.append(found)
            else:
                self.bar.clear()
                self.show.json({"event": "line", **found})
            return
        if event.values or event.error:
            self.bar.clear()
        for value in event.values:
            self.value(event.line, value)
        for note in (*event.notes, *([event.error.message] if event.error else ())):
            self.bar.clear()
            self.show.note(f"{event.line}: {note}")

    def value(self, line: str, value: Value) -> None:
        """By itself for a pipe; on a terminal, or with --label, with its line."""
        if self.how.label:
            self.show.value(Text(tuple(f"{line}\t{text}" for text in plain(self.host, value))))
        elif self.show.mode == "terminal" and isinstance(value, Number):
            self.show.value(Text((f"{line}: {plain(self.host, value)[0]}",)))
        elif self.show.mode == "terminal":
            self.show.value(Text((f"{safe(line)}:",)))
            self.show.value(value)
        else:
            self.show.value(value)


def plain(host: Host, value: Value) -> list[str]:
    """The value's lines as a pipe gets them."""
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", newline="\n")
    Show(replace(host, stdout=stream), "plain").value(value)
    stream.flush()
    stream.seek(0)
    return stream.read().splitlines()


def line_as_json(event: Mapped) -> dict[str, Any]:
    results = [value_as_json(value) for value in event.values]
    return {
        "line": event.line,
        "outcome": event.error.outcome if event.error else "done",
        "result": results[-1] if results else {"kind": "none"},
        "results": results,
        "effects": [effect.as_json() for effect in event.effects],
        "error": error_as_json(event.error) if event.error else None,
        **({"notes": list(event.notes)} if event.notes else {}),
    }
