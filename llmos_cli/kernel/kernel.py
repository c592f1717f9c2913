"""The kernel: one turn as a stream of events. It prints nothing, and what goes wrong is an event too."""

from __future__ import annotations

import secrets
import shlex
import traceback
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli import speech
from llmos_cli.effects import Decision, Effects, Verdict
from llmos_cli.errors import Bug, Interrupted, LlmosError, Partial, Refused, UsageError
from llmos_cli.events import Answered, Applied, Approve, Event, Finished, Noted, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel.general import MODEL
from llmos_cli.kernel.planning import USUAL, Planning
from llmos_cli.kernel.planning import Options as Options
from llmos_cli.kernel.planning import asks as asks
from llmos_cli.kernel.pulse import Pulse
from llmos_cli.kernel.remembering import Remembering
from llmos_cli.kernel.speakers import Speakers
from llmos_cli.kernel.stages import Change, Focus
from llmos_cli.memory.memory import Memory
from llmos_cli.memory.turns import Turn
from llmos_cli.plan import Plan
from llmos_cli.values import Text, Value

if TYPE_CHECKING:
    from llmos_cli.kernel.taught import Match
    from llmos_cli.planner.planner import Planner
    from llmos_cli.policy.journal import Journal, JournalEntry
    from llmos_cli.policy.rules import Rules

NOT_APPROVED = "it was not approved"
ALONE_NEVER = {"final", "many files", "keys and start-up files", "outside", "mail is sent"}  # rules that a guess does not pass alone


class Kernel(Remembering):
    def __init__(self, host: Host, *, planner: Planner | None = None, speakers: speech.Speakers | None = None) -> None:
        self.host = host
        self._given, self._found = speakers, Speakers(host)
        self.memory = Memory(host.paths.data, host.clock)
        self.turns = self.memory.turns
        self.session = host.session
        self._planner = planner
        self._journal: Journal | None = None

    @property
    def journal(self) -> Journal:
        if self._journal is None:
            from llmos_cli.policy.journal import Journal

            paths = self.host.paths
            self._journal = Journal(paths.state, paths.data / "vault", env=self.host.env, clock=self.host.clock)
        return self._journal

    @property
    def speakers(self) -> speech.Speakers:
        """Which language model does what; what was learnt of servers is kept as long as the host is the same."""
        if self._found.host is not self.host:
            self._found = Speakers(self.host)
        return self._given or self._found

    @property
    def planner(self) -> Planner:
        if self._planner is None:
            from llmos_cli.kernel import planners

            self._planner = planners.planner(self.host.paths, self.memory.store.notices.append)
        return self._planner

    @property
    def rules(self) -> Rules:
        from llmos_cli.policy.rules import Rules

        return Rules(self.host.paths.config, self.host.home)

    def undo(self, id: str = "") -> list[JournalEntry]:
        """Take back the newest change that can be, or the one named, with the other stages of the same turn that were made after it.

        The entries, in the order in which they were taken back. Raises LlmosError.
        """
        entries = [e for e in self.journal.history(200) if e.state in ("applied", "stuck")]
        first = next((e for e in entries if (e.id == id if id else e.undoable)), None)
        if first is None or not first.turn:
            return [self.taken_back(self.journal.undo(id or (first.id if first else None)))]
        group = [e for e in entries if e.turn == first.turn and e.undoable]
        return [self.taken_back(self.journal.undo(e.id)) for e in group]

    def keep(self, request: str, text: Text) -> None:
        """Text that was shown without a plan, such as a command's output, becomes `@last`. Raises LlmosError."""
        host = self.host
        self.turns.record(Turn(host.clock(), str(host.cwd), request, "", 1.0, "done", "text", text, self.session))

    def turn(self, request: str, approve: Approve, options: Options = USUAL, *, typed: bool = False) -> Generator[Event, None, None]:
        """Plan, work out, judge, ask, apply, record. `typed` says that the request is a plan. The last event is Finished."""
        turn = OneTurn(self, request, approve, options, typed)
        yield from turn.events()


class OneTurn(Planning):
    """What is known of a turn while it goes on."""

    def __init__(self, kernel: Kernel, request: str, approve: Approve, options: Options, typed: bool) -> None:
        self.kernel, self.host = kernel, kernel.host
        self.request, self.approve, self.options, self.typed = request, approve, options, typed
        self.focus = Focus()
        self.entries: list[str] = []
        self.pulse = Pulse(lambda: self.focus.work or (request, self.focus.passed, 0), options.notice)
        self.plan_text, self.confidence, self.origin = "", 0.0, ""
        self.taught: Match | None = None
        self.id = secrets.token_hex(8)
        self.done = False  # something was changed
        self._material = options.material

    def events(self) -> Generator[Event, None, None]:
        try:
            yield from self._run()
            ended = Finished("done", 0, undo=self._undo())
        except GeneratorExit:
            raise
        except LlmosError as error:
            ended = self._failed(error)
        except KeyboardInterrupt:
            ended = self._failed(Interrupted("", hint="what was done can be undone" if self.entries else ""))
        except BrokenPipeError:
            raise
        except OSError as error:
            ended = self._failed(LlmosError(_said(error)))
        except Exception as error:  # the one-shot catcher: a bug is a sentence, its traceback goes to the log
            ended = self._failed(Bug(f"a bug in llmos: {type(error).__name__}: {error}", hint="LLMOS_DEBUG=1 shows more"))
            self._log(traceback.format_exc())
        finally:
            self.focus.stop()
        self._record(ended.outcome)
        yield from map(Noted, (*self.focus.heard(), *self.kernel.memory.notices()))
        yield ended

    def _run(self) -> Iterator[Event]:
        if not self.request.strip():
            raise UsageError("the request is empty", hint='llmos ask "the five largest files here"')
        if self.options.schema:
            from llmos_cli.language.shapes import shape

            shape(self.options.schema, self.host.cwd)  # a bad one is said before anything is done
        self.taught = None if self.typed or self._as_typed() else self.kernel.taught_plan(self.request)
        before = (
            self.kernel.turns.last(self.kernel.session, str(self.host.cwd)) if self._speaks_of_last() and self._material is None else None
        )
        last = before.last if before else self._material
        with self.pulse:
            started = self._decided(before, last)
            planned = started.planned
            self.plan_text, self.confidence, self.origin = planned.text, planned.confidence, planned.origin
            yield planned
            if self.taught:
                yield Noted(f"You taught me this: {self.taught.phrase.words}")
            yield from map(Noted, started.notes)
            if self.options.plan_only and not asks(planned.plan):
                return
            if not (started.settled or self.options.by_model):
                self._gate(planned)
            for step in started.steps:
                yield from map(Noted, self.focus.heard())
                if isinstance(step, Change):
                    yield from self._change(step.effects, step.tool)
                    if self.options.dry_run:
                        return
                else:
                    yield Answered(self._shaped(step.value, planned.plan))
                    yield from map(Noted, self.focus.heard())

    def _shaped(self, value: Value, plan: Plan) -> Value:
        """What was found as JSON, where a schema is wanted; an answer of the model has that shape already."""
        if not self.options.schema or plan.steps[-1].tool == "answer":
            return value
        from llmos_cli.language.steps import answer
        from llmos_cli.tools.language import materials

        place = replace(self.kernel.place(), voice=self.focus, schema=self.options.schema)
        words = "Give in JSON what the text tells." if self.origin == "plan" else self.request
        return answer(materials(value, place), place, words)

    # ---- changing -----------------------------------------------------------------------------------------

    def _change(self, effects: Effects, tool: str) -> Iterator[Event]:
        if not effects:
            yield Noted("Nothing to do: it is so already." if self.focus.passed else "Nothing matches, so nothing was changed.")
            return
        verdict = self._judged(effects, tool)
        yield Proposed(effects, verdict, tool)
        if verdict.decision is Decision.DENY:
            raise Refused(verdict.reason, hint=f"rule: {verdict.rule}")
        if self.options.dry_run:
            self._asked(effects, verdict)
            return
        if verdict.rule in ALONE_NEVER and self.options.unattended and not verdict.in_person and self.origin != "plan":
            raise Refused(f"{verdict.reason}: that is not done on a guess", hint=f"llmos run --yes {shlex.quote(self.plan_text)}")
        if verdict.decision is Decision.ASK and not self._asked(effects, verdict):
            by_hand = verdict.in_person and self.options.unattended and not self.options.outside
            raise Refused(NOT_APPROVED, hint=f"llmos run --yes {shlex.quote(self.plan_text)}" if by_hand else "")
        if self._judged(effects, tool) != verdict and not self._spared(effects, tool, verdict):
            raise Refused("the files were changed while the question stood", hint="ask again")
        entry = self.kernel.apply(effects, note=self.request, plan=self.plan_text, turn=self.id)
        self.done = True
        if entry.undoable:
            self.entries.append(entry.id)
        yield Applied(effects, entry.id if entry.undoable else "")

    def _judged(self, effects: Effects, tool: str) -> Verdict:
        """What the person lets pass without a question passes where the plan is typed, or as good as certain."""
        from llmos_cli.policy.general import for_model
        from llmos_cli.policy.judge import judge
        from llmos_cli.policy.rules import Allowed

        own = (self.host.paths.state, self.host.paths.data, self.host.paths.config)
        allowed = self.kernel.rules.allowed() if self.origin == "plan" or self.confidence >= self.host.settings["sure.trust"] else Allowed()
        trusted = tuple(map(Path, allowed.folders))
        trusted_tool = tool if tool in allowed.tools else ""
        verdict = judge(effects, home=self.host.home, cwd=self.host.cwd, own=own, trusted=trusted, trusted_tool=trusted_tool)
        if self.origin != MODEL:
            return verdict
        return for_model(verdict, outside=self.options.outside, unattended=self.host.settings["planner.unattended"])

    def _spared(self, effects: Effects, tool: str, before: Verdict) -> bool:
        """Whether all that is different now is a rule that the person made at the question."""
        now = self._judged(effects, tool)
        return before.rule == "own files" and now.rule in ("trusted folder", "trusted tool")

    def _asked(self, effects: Effects, verdict: Verdict) -> bool:
        self.pulse.quiet = True
        try:
            return self.approve(effects, verdict)
        finally:
            self.pulse.quiet = False

    def _undo(self) -> str:
        return self.entries[-1] if self.entries else ""

    def _failed(self, error: LlmosError) -> Finished:
        if self.done and not isinstance(error, Interrupted):
            hint = f"{error.hint}; `llmos undo` takes back what was done".lstrip("; ") if self.entries else error.hint
            error = Partial(f"{error.message}; what came before that was done", hint=hint)
        return Finished(error.outcome, error.exit_code, error, self._undo())

    # ---- remembering ----------------------------------------------------------------------------------------

    def _record(self, outcome: str) -> None:
        """Keep the turn. A memory that cannot be written does not spoil what was done: it is said once, and is in the log."""
        focus = self.focus if outcome == "done" else Focus()
        value: Value | None = focus.value
        turn = Turn(
            self.host.clock(), str(self.host.cwd), self.request, self.plan_text, self.confidence, outcome,
            focus.context if value is not None else "none", value, self.kernel.session, self.id,
        )  # fmt: skip
        try:
            self.kernel.turns.record(turn)
        except (LlmosError, OSError, ValueError) as error:
            what = "This was done, and" if outcome == "done" else "This is"
            self.kernel.memory.store.notices.append(f"{what} not remembered: {error}.")
            self._log(str(error))

    def _log(self, text: str) -> None:
        try:
            from llmos_cli.paths import private

            log = private(self.host.paths.state) / "llmos.log"
            with log.open("a", errors="backslashreplace") as file:
                file.write(text.rstrip() + "\n")
            log.chmod(0o600)
        except OSError:
            pass


def _said(error: OSError) -> str:
    """`No such file or directory: notes.txt`, in words of ours."""
    what = (error.strerror or str(error)).lower()
    name = Path(str(error.filename)).name if error.filename else ""
    return f"{name}: {what}" if name else what
