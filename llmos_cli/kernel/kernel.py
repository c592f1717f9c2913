"""The kernel: one turn as a stream of events. It prints nothing, and what goes wrong is an event too."""

from __future__ import annotations

import itertools
import secrets
import shlex
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli import plan as plans
from llmos_cli.check import as_typed, check
from llmos_cli.effects import Decision, Effects, Verdict
from llmos_cli.errors import Bug, Interrupted, LlmosError, NotFound, NotUnderstood, Partial, Refused, UsageError
from llmos_cli.events import Answered, Applied, Approve, Event, Finished, Noted, Planned, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel import offered
from llmos_cli.kernel.near import names_near
from llmos_cli.kernel.pulse import Pulse
from llmos_cli.kernel.remembering import Remembering
from llmos_cli.kernel.stages import Change, Focus, Result, foresee, paths_of, run
from llmos_cli.literals import LAST
from llmos_cli.memory.memory import Memory
from llmos_cli.memory.turns import Turn
from llmos_cli.places import Place
from llmos_cli.plan import Plan
from llmos_cli.tools import TOOLS
from llmos_cli.tools.talk import AGAIN
from llmos_cli.values import Files, Text, Value

if TYPE_CHECKING:
    from llmos_cli.kernel.taught import Match
    from llmos_cli.planner.planner import Planner
    from llmos_cli.policy.journal import Journal, JournalEntry
    from llmos_cli.policy.rules import Rules
    from llmos_cli.search.library import Library

ADDING = {"copy", "mkdir", "touch", "link", "pack", "unpack", "write", "remember", "mail.draft", "mail.reply"}
ALONE_NEVER = {"final", "many files", "keys and start-up files", "outside"}  # rules that a guess does not pass alone
UNSURE = "I am not sure that I understood. Did you mean: {}"


@dataclass(frozen=True)
class Options:
    """How a turn is to be run. `go_on`: the request speaks of the last turn; `unattended`: nobody looks at the plan before it is done;
    `offered`: the material is there, and may not be meant."""

    go_on: bool = False
    plan_only: bool = False
    dry_run: bool = False
    unattended: bool = False
    material: Value | None = None
    offered: bool = False
    notice: Callable[[Event], None] = lambda event: None


class Kernel(Remembering):
    def __init__(self, host: Host, *, planner: Planner | None = None) -> None:
        self.host = host
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
    def planner(self) -> Planner:
        if self._planner is None:
            from llmos_cli.planner.planner import Planner

            self._planner = Planner.bundled(Path(str(resources("llmos_cli") / "data" / "planner.gguf")), TOOLS)
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

    def turn(self, request: str, approve: Approve, options: Options = Options(), *, typed: bool = False) -> Generator[Event, None, None]:
        """Plan, work out, judge, ask, apply, record. `typed` says that the request is a plan. The last event is Finished."""
        turn = OneTurn(self, request, approve, options, typed)
        yield from turn.events()


class OneTurn:
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
        self._record(ended.outcome)
        yield from map(Noted, self.kernel.memory.notices())
        yield ended

    def _run(self) -> Iterator[Event]:
        if not self.request.strip():
            raise UsageError("the request is empty", hint='llmos ask "the five largest files here"')
        self.taught = None if self.typed or self._as_typed() else self.kernel.taught_plan(self.request)
        before = (
            self.kernel.turns.last(self.kernel.session, str(self.host.cwd)) if self._speaks_of_last() and self._material is None else None
        )
        last = before.last if before else self._material
        with self.pulse:
            planned, found = self._started(before, last)
            self.plan_text, self.confidence, self.origin = planned.text, planned.confidence, planned.origin
            yield planned
            if self.taught:
                yield Noted(f"You taught me this: {self.taught.phrase.words}")
            if self.options.plan_only and not asks(planned.plan):
                return
            self._gate(planned)
            for step in found:
                if isinstance(step, Change):
                    yield from self._change(step.effects, step.tool)
                    if self.options.dry_run:
                        return
                else:
                    yield Answered(step.value)

    def _started(self, before: Turn | None, last: Value | None) -> tuple[Planned, Iterator[Change | Result]]:
        """The likeliest plan, worked out as far as its first stage, which changes nothing yet.

        Where it names what is not there, another plan of the same tools that names what is there is better: a second thought. Nothing found
        is an answer, and no reason for one.
        """
        failed: tuple[Planned, Focus, Exception] | None = None
        for planned in self._plans(before):
            if self.options.plan_only and not asks(planned.plan):
                return planned, iter(())
            if failed and _tools(planned.plan) != _tools(failed[0].plan):
                continue
            focus = self.focus = Focus()
            place = self._place(planned, before, last)
            steps = run(planned.plan, TOOLS, place, last, focus)
            try:
                if planned.origin == "planner":
                    foresee(planned.plan, TOOLS, place)
                first = next(steps, None)
            except (LlmosError, OSError) as error:
                failed = failed or (planned, focus, error)
                if planned.origin != "planner" or not isinstance(error, NotFound):
                    break
                continue
            return planned, itertools.chain([first] if first else [], steps)
        assert failed is not None
        planned, self.focus, why = failed
        return planned, _raising(why)

    def _place(self, planned: Planned, before: Turn | None, last: Value | None) -> Place:
        """Where names are looked for: changes that nobody looks at are made to what is here, and typed ones to what is said."""
        changes = any(TOOLS[step.tool].changes for step in planned.plan.steps)
        if changes and before is not None and before.cut:
            raise LlmosError(
                "the last result was too long to be remembered whole", hint="say the whole request again, with what is to change"
            )
        quiet = changes and self.options.unattended
        place = self.kernel.place(paths_of(last), "home" if not quiet else "said" if planned.origin == "plan" else "here")
        return replace(place, library=self._library()) if "search" in _tools(planned.plan) else place

    def _library(self) -> Library:
        from llmos_cli.search.library import Library

        paths = self.host.paths
        ignored = (self.host.home / item.removeprefix("~/") for item in self.host.settings["search.ignore"])
        own = (paths.config, paths.data, paths.state, paths.cache, *ignored)
        return Library(paths.cache / "search", self.host.home, own, self.focus.tell)

    def _speaks_of_last(self) -> bool:
        taught = self.taught is not None and LAST in self.taught.phrase.plan
        return self.options.go_on or taught or LAST in self.request or self.request.startswith(AGAIN)

    # ---- planning ---------------------------------------------------------------------------------------

    def _plans(self, before: Turn | None) -> Iterator[Planned]:
        """The request's plans, the likeliest first; a plan that is typed is the only one. Raises LlmosError where there is none."""
        kind = type(before.last if before and before.last is not None else self._material or Files(()))
        if (typed := self._as_typed()) is not None:
            plan = self._again(typed, before)
            check(plan, TOOLS, kind)
            yield Planned(plan, plans.show(plan, TOOLS), 1.0, "plan")
            return
        if self.taught is not None:
            check(self.taught.plan, TOOLS, kind)
            yield Planned(self.taught.plan, plans.show(self.taught.plan, TOOLS), 1.0, "taught", self.taught.sources)
            return
        context = before.context if before else _kind(self._material)
        refused: LlmosError | None = None
        some = False
        names, planner = names_near(self.host.place(), self.kernel.memory.places()), self.kernel.planner
        is_offered = self.options.offered and before is None and isinstance(self._material, Text)
        found = offered.candidates(planner, self.request, names) if is_offered else planner.candidates(self.request, context, names)
        for proposal in found:
            try:
                plan = self._again(proposal.plan, before)
                check(plan, TOOLS, kind)
            except LlmosError as error:
                refused = refused or error
                continue
            some = True
            unused = round(-proposal.features[1])
            yield Planned(plan, plans.show(plan, TOOLS), proposal.confidence, "planner", proposal.sources, unused)
        if refused and not some:
            raise refused

    def _as_typed(self) -> Plan | None:
        """The request as a plan, where it is one: typed as such, or in the plan language without any doubt."""
        return plans.parse(self.request, TOOLS) if self.typed else as_typed(self.request, TOOLS, self.host.cwd)

    def _again(self, plan: Plan, before: Turn | None) -> Plan:
        """`again x=y` becomes the last plan with that argument."""
        if plan.steps[0].tool != AGAIN:
            return plan
        if before is None or not before.plan:
            raise LlmosError("there is no last plan to run again", hint="go on with `llmos ask --continue`")
        return plans.with_args(plans.parse(before.plan, TOOLS), plan.steps[0].args, TOOLS)

    def _gate(self, planned: Planned) -> None:
        """Act only on what is likely to be right: a guess is shown, not done. Raises NotUnderstood."""
        changing = [step for step in planned.plan.steps if TOOLS[step.tool].changes]
        adds = all(step.tool in ADDING and "overwrite" not in step.args for step in changing)
        least = self.host.settings["sure.read" if not changing or not self.options.unattended else "sure.add" if adds else "sure.change"]
        overlooked = bool(changing) and self.options.unattended and planned.unused > 0
        if not asks(planned.plan) and (planned.confidence < least or overlooked):
            raise NotUnderstood(UNSURE.format(planned.text), hint=f"llmos run {shlex.quote(planned.text)}", choices=(planned.text,))

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
        if verdict.rule in ALONE_NEVER and self.options.unattended and self.origin != "plan":
            raise Refused(f"{verdict.reason}: that is not done on a guess", hint=f"llmos run --yes {shlex.quote(self.plan_text)}")
        if verdict.decision is Decision.ASK and not self._asked(effects, verdict):
            raise Refused("it was not approved")
        if self._judged(effects, tool) != verdict and not self._spared(effects, tool, verdict):
            raise Refused("the files were changed while the question stood", hint="ask again")
        entry = self.kernel.apply(effects, note=self.request, plan=self.plan_text, turn=self.id)
        self.done = True
        if entry.undoable:
            self.entries.append(entry.id)
        yield Applied(effects, entry.id if entry.undoable else "")

    def _judged(self, effects: Effects, tool: str) -> Verdict:
        """What the person lets pass without a question passes where the plan is typed, or as good as certain."""
        from llmos_cli.policy.judge import judge
        from llmos_cli.policy.rules import Allowed

        own = (self.host.paths.state, self.host.paths.data, self.host.paths.config)
        allowed = self.kernel.rules.allowed() if self.origin == "plan" or self.confidence >= self.host.settings["sure.trust"] else Allowed()
        trusted = tuple(map(Path, allowed.folders))
        trusted_tool = tool if tool in allowed.tools else ""
        return judge(effects, home=self.host.home, cwd=self.host.cwd, own=own, trusted=trusted, trusted_tool=trusted_tool)

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
            self.kernel.memory.store.notices.append(f"This was done, and not remembered: {error}.")
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


def asks(plan: Plan) -> bool:
    return plan.steps[0].tool in ("clarify", "escalate")


def _tools(plan: Plan) -> list[str]:
    return [step.tool for step in plan.steps]


def _kind(material: Value | None) -> str:
    return "none" if material is None else "files" if isinstance(material, Files) else "text"


def _raising(error: Exception) -> Iterator[Change | Result]:
    raise error
    yield  # a generator, so that the plan is shown before what is wrong with it


def _said(error: OSError) -> str:
    """`No such file or directory: notes.txt`, in words of ours."""
    what = (error.strerror or str(error)).lower()
    name = Path(str(error.filename)).name if error.filename else ""
    return f"{name}: {what}" if name else what
