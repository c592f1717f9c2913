"""A session: one kernel that stays loaded, the current folder, and what the turns before have left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from llmos_cli.effects import Decision, Effects, Verdict
from llmos_cli.errors import Interrupted, LlmosError, NotUnderstood, UsageError
from llmos_cli.events import Answered, Applied, Event, Finished, Planned, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.plan import Tools
from llmos_cli.shell import folder
from llmos_cli.shell.bottom import MAX_DEPTH
from llmos_cli.shell.interrupts import Guard
from llmos_cli.shell.lines import Kind, Line, speaks_of_last
from llmos_cli.shell.pager import Paged
from llmos_cli.shell.past import Past
from llmos_cli.shell.run import run
from llmos_cli.ui.ask import Always, More, approve, confirmed
from llmos_cli.ui.describe import describe, numbered
from llmos_cli.ui.keys import forget_typed_ahead
from llmos_cli.ui.names import Names
from llmos_cli.ui.show import Show
from llmos_cli.values import Text, Value

if TYPE_CHECKING:
    from llmos_cli.kernel.chatting import Chat

Edit = Callable[[str], str]  # a plan's text → what the person makes of it, '' to leave it
MOST_FOLDERS = 3  # that one rule is offered for


class Session:
    """What a line does. Questions go to the terminal; `edit` lets the person change a plan."""

    def __init__(self, host: Host, tools: Tools, edit: Edit, kernel: Kernel | None = None) -> None:
        self.kernel, self.tools = kernel or Kernel(host), tools
        self.request = ""  # the last one, or the plan that was typed
        self.planned: Planned | None = None
        self.choices: tuple[str, ...] = ()  # plans that the last turn asked about
        self.shown: list[str] = []  # the paths that were shown last, by their numbers
        self.undo_depth = self.rule_count = 0
        self.past: Past | None = None  # the lines that were typed, where somebody keeps them
        self.model_name = ""
        self.chat: Chat | None = None  # the conversation that /chat goes on with
        self.ended = False
        self.guard = Guard(self._say)
        self._edit = edit
        self._tool = self._outcome = ""  # that the effects asked about come from; how the last turn ended
        self._out: Paged | None = None
        self._previous: Path | None = None
        self.has_result = self._wants_edit = False
        self._lock = threading.Lock()  # the kernel's: taken by a turn, and by the thread that loads it

    @property
    def host(self) -> Host:
        return self.kernel.host

    @property
    def show(self) -> Show:
        return Show(self.host, "terminal", numbered=True, out=self._paged)

    def _paged(self, stream: TextIO, clock: Callable[[], float], before: Callable[[], None]) -> Paged:
        self._out = Paged(stream, clock, before, self.host)
        return self._out

    def load(self) -> None:
        """Load the planner and count what can be undone. What goes wrong here is said by the first line that needs it."""
        with self._lock:
            for do in (self.count, self._name_model, lambda: self.kernel.planner.plan("list")):
                try:
                    do()
                except Exception:  # a thread's traceback would be written across the prompt; the line that meets it again is caught
                    pass

    def wait(self) -> None:
        """Until nothing is being loaded."""
        with self._lock:
            pass

    def begin(self, resume: str | None) -> None:
        """A session of its own, or with `resume` one from before: its folder, its last result. Raises LlmosError."""
        if resume is None:
            self.kernel.new_session()
            return
        from llmos_cli.shell.recalling import resume as go_on

        go_on(self, resume)

    def perform(self, line: Line) -> None:
        """Do what a line says. Raises LlmosError for what a slash or shell command says."""
        from llmos_cli.shell import slash

        if line.kind in (Kind.PLAN, Kind.REQUEST):
            self.turn(line.text, typed=line.kind is Kind.PLAN)
        elif line.kind is Kind.SHELL and line.text:
            self._run(line.text)
        elif line.kind is Kind.SLASH:
            with self._lock:
                slash.perform(self, line)

    def _run(self, command: str) -> None:
        """A command of the person's own shell; what it says can be spoken of afterwards."""
        word, _, rest = command.partition(" ")
        if word == "cd" and not set(rest) & set(";&|"):
            self.go(rest.strip())
            return
        ran = run(command, replace(self.host, env={**self.host.env, "LLMOS_SESSION": self.kernel.session}))
        if ran.lines:
            with self._lock:
                self.kernel.keep(f"!{command}", Text(ran.lines))
            self.has_result = True
        if ran.said:
            self.show.note(ran.said)

    # ---- turns -----------------------------------------------------------------------------------------

    def turn(self, text: str, *, typed: bool) -> None:
        """A request or a plan, shown from its plan to its end; a plan that the person edits is run in its place."""
        self._turn(text, typed)
        edited = ""
        while self._wants_edit and self.planned and (edited := self._edit(self.planned.text)):
            self._turn(edited, True)
        if edited and self._outcome == "done" and not typed:
            self._offer_to_teach(text)

    def _offer_to_teach(self, words: str) -> None:
        """After a plan that was corrected and done: the same words may mean it from now on."""
        plan = self.planned.text if self.planned else ""
        if plan and confirmed(self.host, f"Shall “{words}” mean this plan from now on?"):
            phrase = self.kernel.teach(words, plan)
            self.show.note(f"Kept. /memory drop taught {phrase.id} takes it back.")

    def converse(self, chat: Chat, words: str) -> None:
        """One thing said to a model, and what comes of it."""
        show, notice = self._noticing(words)
        self._wants_edit, self.choices = False, ()
        with self.guard.held():
            self._follow(chat.say(words, self._approve_model, notice), show)

    def _noticing(self, text: str) -> tuple[Show, Callable[[Event], None]]:
        """What shows a turn's events, and its progress, which has no place beside the pager."""
        show = self.show
        out = self._out
        self.request = show.request = text

        def notice(event: Event) -> None:
            if out is None or not out.open:
                show.event(event)

        return show, notice

    def _turn(self, text: str, typed: bool) -> None:
        show, notice = self._noticing(text)
        options = Options(go_on=self.has_result and not typed and speaks_of_last(text), notice=notice)
        self._wants_edit, self.choices = False, ()
        with self._lock, self.guard.held():
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
                self.has_result = self.has_result or (shown and isinstance(event, Finished) and event.outcome == "done")
                event = next(turn, None)

    def _take(self, event: Event, show: Show) -> None:
        self.guard.changing = isinstance(event, Proposed) and event.verdict.decision is Decision.ALLOW
        if isinstance(event, Planned):
            self.planned = event
        elif isinstance(event, Proposed):
            self._tool = event.tool
        elif isinstance(event, Applied):
            self.count()
        elif isinstance(event, Answered) and self._out is not None:
            with self._out.answer():
                show.event(event)
            self.shown = show.listed or self.shown
            return
        elif isinstance(event, Finished):
            error, self._outcome = event.error, event.outcome
            self.choices = error.choices if isinstance(error, NotUnderstood) else ()
            if self._wants_edit and event.outcome == "refused":
                return  # it goes on with the edited plan
            if isinstance(error, Interrupted):
                self.interrupted(error.hint)
                return
        show.event(event)

    def answer(self, value: Value) -> None:
        """Show what a slash command found, with numbers where there are files in it."""
        show = self.show
        assert self._out is not None
        with self._out.answer():
            show.value(value)
        self.shown = show.listed or self.shown

    # ---- questions -------------------------------------------------------------------------------------

    def _approve(self, effects: Effects, verdict: Verdict) -> bool:
        forget_typed_ahead(self.host)
        yes = approve(self.host, more=More(self._want_edit, self._described, self._always))(effects, verdict)
        self.guard.changing = yes
        return yes

    def _approve_model(self, effects: Effects, verdict: Verdict) -> bool:
        """In a conversation, the way to another plan is to say so."""
        forget_typed_ahead(self.host)
        yes = approve(self.host, more=More(None, self._described))(effects, verdict)
        self.guard.changing = yes
        return yes

    def _want_edit(self) -> None:
        self._wants_edit = True

    def _described(self) -> Sequence[str]:
        return list(numbered(describe(self.planned.plan, self.tools))) if self.planned else []

    def _always(self, effects: Effects) -> list[Always]:
        """The rules that would spare this question: for the folders that are changed, and for the tool."""
        found = []
        changed = {os.path.dirname(path) for effect in effects for path in (effect.path, effect.result or effect.path)}
        folders = [one for one in sorted(changed) if not any(one.startswith(f"{other}/") for other in changed)]
        home = f"{self.host.home}/"
        if 0 < len(folders) <= MOST_FOLDERS and all(one.startswith(home) for one in folders):
            names = Names.of(self.host)
            said = " and ".join(names.shown(one) for one in folders)
            found.append(Always("f", f"changes inside {said}", lambda: self._allow(folders=folders)))
        if self._tool:
            found.append(Always("t", f"what the tool {self._tool} does, in all of your home", lambda: self._allow(tool=self._tool)))
        return found

    def _allow(self, *, folders: Sequence[str] = (), tool: str = "") -> None:
        for one in folders:
            self.kernel.rules.allow_folder(Path(one))
        if tool:
            self.kernel.rules.allow_tool(tool)
        self.show.note("Kept as a rule; /policy lists them and takes them away.")

    def interrupted(self, hint: str = "") -> None:
        """Say so on a line of its own: the terminal has written `^C` where the cursor was."""
        self._say("")
        self.show.error(Interrupted("", hint=hint))

    def _say(self, text: str) -> None:
        """At once, also from within a signal's handler."""
        self.host.stderr.write(f"\n{text}\n" if text else "\n")
        self.host.stderr.flush()

    # ---- what slash commands do --------------------------------------------------------------------------

    def count(self) -> None:
        """How much can be undone, and how many rules there are."""
        entries = self.kernel.journal.history(MAX_DEPTH)
        self.undo_depth = sum(entry.state == "applied" and entry.undoable for entry in entries)
        self.rule_count = len(self.kernel.rules.allowed())

    def _name_model(self) -> None:
        from llmos_cli.shell.card import card

        self.model_name = card().short

    def names(self, command: str) -> Sequence[str]:
        """What may follow a slash command, for completion."""
        from llmos_cli.shell.slash import COMMANDS

        return COMMANDS[command].values(self) if command in COMMANDS else ()

    def history_changed(self) -> None:
        """Lines that were typed have been forgotten."""
        if self.past is not None:
            self.past.reload()

    def go(self, text: str) -> None:
        """Change the current folder. Raises LlmosError."""
        to = folder.target(text, self.host, self._previous)
        self._previous = self.host.cwd
        self.kernel.host = replace(self.host, cwd=to)

    def last(self) -> Value:
        """What `@last` means now. Raises UsageError where there is nothing."""
        turn = self.kernel.turns.last(self.kernel.session, str(self.host.cwd))
        if turn is None or turn.last is None:
            raise UsageError("nothing has been shown yet", hint="list")
        return turn.last
