"""A session: one kernel that stays loaded, the current folder, and what the turns before have left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

from llmos_cli.effects import Effects, Verdict
from llmos_cli.errors import Interrupted, LlmosError, NotUnderstood
from llmos_cli.events import Answered, Applied, Event, Finished, Planned
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.plan import Tools
from llmos_cli.shell import folder
from llmos_cli.shell.lines import Kind, Line, speaks_of_last
from llmos_cli.shell.run import forget_typed_ahead, run
from llmos_cli.ui.ask import approve
from llmos_cli.ui.show import Show

Edit = Callable[[str], str]  # a plan's text → what the person makes of it, '' to leave it
MAX_DEPTH = 99


class Session:
    """What a line does. Questions go to the terminal; `edit` lets the person change a plan."""

    def __init__(self, host: Host, tools: Tools, edit: Edit, kernel: Kernel | None = None) -> None:
        self.kernel, self.tools = kernel or Kernel(host), tools
        self.planned: Planned | None = None
        self.choices: tuple[str, ...] = ()  # plans that the last turn asked about
        self.undo_depth = 0
        self.ended = False
        self._edit = edit
        self._previous: Path | None = None
        self._has_result = self._wants_edit = False
        self._lock = threading.Lock()  # the kernel's: taken by a turn, and by the thread that loads it

    @property
    def host(self) -> Host:
        return self.kernel.host

    @property
    def show(self) -> Show:
        return Show(self.host)

    def load(self) -> None:
        """Load the planner and count what can be undone. What goes wrong here is said by the first line that needs it."""
        with self._lock:
            try:
                self.count_undo()
                self.kernel.planner.plan("list")
            except Exception:  # a thread's traceback would be written across the prompt; the line that meets it again is caught
                pass

    def wait(self) -> None:
        """Until nothing is being loaded."""
        with self._lock:
            pass

    def perform(self, line: Line) -> None:
        """Do what a line says. Raises LlmosError for what a slash or shell command says."""
        from llmos_cli.shell import slash

        if line.kind in (Kind.PLAN, Kind.REQUEST):
            self.turn(line.text, typed=line.kind is Kind.PLAN)
        elif line.kind is Kind.SHELL and line.text:
            if said := run(line.text, self.host):
                self.show.note(said)
        elif line.kind is Kind.SLASH:
            with self._lock:
                slash.perform(self, line)

    # ---- turns -----------------------------------------------------------------------------------------

    def turn(self, text: str, *, typed: bool) -> None:
        """A request or a plan, shown from its plan to its end; a plan that the person edits is run in its place."""
        self._turn(text, typed)
        while self._wants_edit and self.planned and (edited := self._edit(self.planned.text)):
            self._turn(edited, True)

    def _turn(self, text: str, typed: bool) -> None:
        show = self.show
        options = Options(go_on=self._has_result and not typed and speaks_of_last(text), notice=show.event)
        self._wants_edit, self.choices = False, ()
        with self._lock:
            self._follow(self.kernel.turn(text, self._approve, options, typed=typed), show)

    def _follow(self, turn: Generator[Event, None, None], show: Show) -> None:
        """Show what comes. What goes wrong while an answer streams is handed to the kernel, which ends the turn and records it."""
        event = next(turn, None)
        shown = False
        while event is not None:
            shown = shown or isinstance(event, Answered | Applied)
            try:
                self._take(event, show)
            except (KeyboardInterrupt, LlmosError, OSError) as error:
                if isinstance(event, Finished):
                    raise
                event = turn.throw(error)
            else:
                self._has_result = self._has_result or (shown and isinstance(event, Finished) and event.outcome == "done")
                event = next(turn, None)

    def _take(self, event: Event, show: Show) -> None:
        if isinstance(event, Planned):
            self.planned = event
        elif isinstance(event, Applied):
            self.count_undo()
        elif isinstance(event, Finished):
            error = event.error
            self.choices = error.choices if isinstance(error, NotUnderstood) else ()
            if self._wants_edit and event.outcome == "refused":
                return  # it goes on with the edited plan
            if isinstance(error, Interrupted):
                self.interrupted(error.hint)
                return
        show.event(event)

    def _approve(self, effects: Effects, verdict: Verdict) -> bool:
        forget_typed_ahead(self.host)
        return approve(self.host, edit=self._want_edit)(effects, verdict)

    def _want_edit(self) -> None:
        self._wants_edit = True

    def interrupted(self, hint: str = "") -> None:
        """Say so on a line of its own: the terminal has written `^C` where the cursor was."""
        self.host.stderr.write("\n")
        self.show.error(Interrupted("", hint=hint))

    # ---- what slash commands do --------------------------------------------------------------------------

    def count_undo(self) -> None:
        entries = self.kernel.journal.history(MAX_DEPTH)
        self.undo_depth = sum(entry.state == "applied" and entry.undoable for entry in entries)

    def go(self, text: str) -> None:
        """Change the current folder. Raises LlmosError."""
        to = folder.target(text, self.host, self._previous)
        self._previous = self.host.cwd
        self.kernel.host = replace(self.host, cwd=to)
