"""One place that takes the events of a turn and prints them as was chosen: for a person, for a pipe, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TextIO

from llmos_cli.errors import LlmosError
from llmos_cli.events import Answered, Applied, Event, Finished, Noted, Planned, Progress, Proposed, as_json
from llmos_cli.host import Host
from llmos_cli.ui.asjson import Record, dumps, parts, value_as_json
from llmos_cli.ui.deeds import Deeds
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.plain import Plain
from llmos_cli.ui.talk import Talk
from llmos_cli.ui.terminal import Terminal
from llmos_cli.values import Text, Value

Mode = Literal["terminal", "plain", "json", "jsonl"]
MakeOut = Callable[[TextIO, Callable[[], float], Callable[[], None]], Out]


def mode_for(host: Host, *, plain: bool = False, null: bool = False, json: bool = False, jsonl: bool = False) -> Mode:
    """The mode that flags and the terminal choose: `json` and `jsonl` first, then `plain` and `null`, then what stdout is."""
    if json or jsonl:
        return "json" if json else "jsonl"
    return "terminal" if host.answers_go_to_terminal and not plain and not null else "plain"


class Show:
    """Answers go to stdout, all else to stderr. In the JSON modes all goes to stdout, and stderr has nothing but questions and progress.

    Proposed effects are shown by `approve`, which asks about them. BrokenPipeError is left to the caller.
    """

    def __init__(self, host: Host, mode: Mode | None = None, *, null: bool = False, numbered: bool = False, out: MakeOut = Out) -> None:
        """`numbered` is for the interactive shell: numbers before files; `out` makes the stream that answers are written to."""
        self.mode: Mode = mode or mode_for(host, null=null)
        self.request = ""  # the words that the turn's plan comes from
        self._host, self._names = host, Names.of(host)
        self._talk = Talk(host, undo="/undo") if numbered else Talk(host)
        self._out = out(host.stdout, host.clock, self._talk.clear)  # progress can come while an answer's items are made
        self._plain, self._terminal = Plain(host, self._out, null=null), Terminal(host, self._out, numbered=numbered)
        self._record = Record()
        self._proposed: Deeds | None = None

    # ---- a turn --------------------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        """Print the event; an answer's items are gone through here, and what that raises goes on to the caller."""
        if isinstance(event, Progress) and self.mode != "jsonl":
            if not self._terminal.within_line:
                self._talk.progress(event)
        elif self.mode == "json":
            self._recorded(event)
        elif self.mode == "jsonl":
            self._as_lines(event)
        else:
            self._in_words(event)

    def _recorded(self, event: Event) -> None:
        self._record.event(event)
        if isinstance(event, Finished):
            self.json(self._record.as_json())
            self._record = Record()

    def _as_lines(self, event: Event) -> None:
        """A line each; an answer is a line with its kind, then a line for each item."""
        head, items = parts(event.value) if isinstance(event, Answered) else ({}, iter(()))
        self.json({**as_json(event), **head})
        for item in items:
            self._out.line(dumps({"event": "item", **item}))
        self._out.flush()

    def _in_words(self, event: Event) -> None:
        if isinstance(event, Planned):
            if event.origin != "plan" and self._host.talk_goes_to_terminal:
                self._talk.plan(event, self.request)
        elif isinstance(event, Proposed):
            self._proposed = Deeds.of(event.effects, self._names)
        elif isinstance(event, Applied):
            known = self._proposed is not None and self._proposed.effects == event.effects
            deeds = self._proposed if known and self._proposed else Deeds.of(event.effects, self._names)
            self._talk.done(deeds.done, event.entry, some_final=any(effect.final for effect in event.effects))
        elif isinstance(event, Answered):
            self.value(event.value)
        elif isinstance(event, Noted):
            self._talk.note(event.text)
        elif isinstance(event, Finished) and event.error:
            self._talk.error(event.error)

    # ---- what commands print of themselves -------------------------------------------------------------

    def value(self, value: Value) -> None:
        """An answer by itself; in the JSON modes as the object that `result` holds."""
        if self.mode in ("json", "jsonl"):
            self.json(value_as_json(value))
        elif self.mode == "plain":
            self._plain.value(value)
        elif not self._terminal.value(value):
            self._talk.note("(empty)" if isinstance(value, Text) else "Nothing found.", "dim")

    def json(self, data: Any) -> None:
        """Any JSON, as one line on stdout."""
        self._out.write(dumps(data) + "\n")
        self._out.flush()

    @property
    def listed(self) -> list[str]:
        """The paths that were shown with numbers, in their order."""
        return self._terminal.listed

    def note(self, text: str) -> None:
        """A sentence for a person, on stderr."""
        self._talk.note(text)

    def error(self, error: LlmosError) -> None:
        """An error that is the end of it; in the JSON modes it ends the turn, so that there is an object all the same."""
        self.event(Finished(error.outcome, error.exit_code, error))
