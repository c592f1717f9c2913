"""The half of a turn that finds its plan, and works it out as far as nothing is changed."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmos_cli import plan as plans
from llmos_cli.check import as_typed, check
from llmos_cli.errors import LlmosError, NotFound, NotUnderstood, PlanError
from llmos_cli.events import Event, Planned
from llmos_cli.host import Host
from llmos_cli.kernel import general, offered
from llmos_cli.kernel.books import Books
from llmos_cli.kernel.near import names_near
from llmos_cli.kernel.stages import Change, Focus, Result, foresee, paths_of, run
from llmos_cli.literals import LAST
from llmos_cli.memory.turns import Turn
from llmos_cli.places import Place
from llmos_cli.plan import Plan
from llmos_cli.tools import TOOLS
from llmos_cli.tools.talk import AGAIN
from llmos_cli.values import Files, Text, Value

if TYPE_CHECKING:
    from llmos_cli.kernel.kernel import Kernel
    from llmos_cli.kernel.taught import Match

ADDING = {  # mail is never sent on a guess: what would go, and to whom, is shown and refused
    "copy", "mkdir", "touch", "link", "pack", "unpack", "write", "remember", "mail.draft", "mail.reply", "mail.attach", "mail.send",
}  # fmt: skip
_FOLDER = re.compile(r"\b(?:folder|directory)\b|文件夹|目录", re.IGNORECASE)
LOST = "I did not find a plan for that."
UNSURE = "I am not sure that I understood. Did you mean: {}"


@dataclass(frozen=True)
class Options:
    """How a turn is to be run. `go_on`: the request speaks of the last turn; `unattended`: nobody looks at the plan before it is done;
    `offered`: the material is there, and may not be meant; `schema` is the shape that the answer is wanted in, as JSON;
    `by_model`: a general model has written the plan, and `outside`: it had text before it that is not the person's."""

    go_on: bool = False
    plan_only: bool = False
    dry_run: bool = False
    unattended: bool = False
    material: Value | None = None
    offered: bool = False
    schema: str = ""
    notice: Callable[[Event], None] = lambda event: None
    by_model: bool = False
    outside: bool = False


USUAL = Options()


@dataclass(frozen=True)
class Started:
    """A plan and its steps, of which none has changed anything yet; `why` they cannot be gone through. `settled`: it does not matter how
    sure the planner is of it. `notes` are sentences about where it comes from."""

    planned: Planned
    steps: Iterator[Change | Result]
    why: Exception | None = None
    settled: bool = False
    notes: tuple[str, ...] = ()


class Planning:
    """What a turn knows of the request. The cascade: a plan typed as such, a taught phrase, the bundled planner, a general model."""

    kernel: Kernel
    host: Host
    request: str
    options: Options
    typed: bool
    focus: Focus
    taught: Match | None
    _material: Value | None

    def _decided(self, before: Turn | None, last: Value | None) -> Started:
        """The plan to go through: where the bundled planner is not sure enough of any, or leaves the request to a larger model, a general
        model's, if there is one that plans."""
        if self.typed or self.taught is not None or self._as_typed() is not None:
            return self._started(self._plans(before), before, last)
        first: Started | None = None
        try:
            first = self._started(self._plans(before), before, last)
        except (NotUnderstood, PlanError) as error:
            refused = error
        if first is not None and (task := general.task(first.planned.plan)):
            return self._handed_over(first, task, before, last)
        if first is not None and not self._is_doubtful(first):
            return first
        notes: list[str] = []
        second = self._seconded(before, last, notes)
        if second is not None and not asks(second.planned.plan):
            return second
        if second is not None and (task := general.task(second.planned.plan)):
            return self._handed_over(second, task, before, last)
        if first is None:
            for note in notes:
                self.focus.note(note)
            raise refused
        return replace(first, notes=tuple(notes))

    def _is_doubtful(self, started: Started) -> bool:
        asked = started.planned.plan.steps[0]
        if asked.tool == "clarify":
            return asked.args.get("about", ("what",)) == ("what",)
        return isinstance(started.why, NotFound | PlanError) or self._doubt(started.planned) is not None

    def _handed_over(self, first: Started, task: str, before: Turn | None, last: Value | None) -> Started:
        """A larger model's work: a plan of a general model's, where there is more to do than that; or the request as a step for a model."""
        kind = general.holds(last)
        direct = general.handed_over(self.request, task, kind, self.kernel.place())
        notes: list[str] = []
        if first.planned.origin != general.MODEL and (task == "other" or direct is None or not general.is_whole(self.request, direct)):
            second = self._seconded(before, last, notes)
            if second is not None and not asks(second.planned.plan):
                return second
        if direct is None:
            return first
        if self.options.plan_only:
            return Started(direct, iter(()), settled=True)
        return replace(self._started(iter((direct,)), before, last), settled=True, notes=tuple(notes))

    def _seconded(self, before: Turn | None, last: Value | None, notes: list[str]) -> Started | None:
        """A general model's plan, worked out; None where there is no such model, or its plan does not work, which goes into `notes`."""
        place, settings = self.kernel.place(), self.host.settings
        if settings["planner.general"] == "never":
            return None
        try:
            speaker = place.speakers.of("plan")
        except LlmosError:
            return None
        self.focus = Focus()
        self.focus.tell(f"{speaker.name} is planning", 0, 0)
        try:
            planner = general.GeneralPlanner(speaker, place.prompts, settings["planner.seconds"])
            planned = planner.plan(self.request, general.holds(last), general.said_before(before))
            started = self._started(iter((planned,)), before, last)
            if started.why is not None and not asks(planned.plan):
                raise started.why
        except (LlmosError, OSError) as error:
            notes.append(f"{speaker.name} was asked for a plan too, and none came of it: {error}.")
            return None
        finally:
            self.focus.tell("", 0, 0)
        return replace(started, settled=True, notes=(f"The small planner was not sure. {speaker.name} planned this.",))

    def _started(self, found: Iterator[Planned], before: Turn | None, last: Value | None) -> Started:
        """The likeliest plan, worked out as far as its first stage, which changes nothing yet.

        Where it names what is not there, another plan of the same tools that names what is there is better: a second thought. Nothing found
        is an answer, and no reason for one.
        """
        failed: tuple[Planned, Focus, Exception] | None = None
        for planned in found:
            if self.options.plan_only and not asks(planned.plan):
                return Started(planned, iter(()))
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
            return Started(planned, itertools.chain([first] if first else [], steps))
        assert failed is not None
        planned, self.focus, why = failed
        return Started(planned, _raising(why), why)

    def _place(self, planned: Planned, before: Turn | None, last: Value | None) -> Place:
        """Where names are looked for: changes that nobody looks at are made to what is here, and typed ones to what is said."""
        changes = any(TOOLS[step.tool].changes for step in planned.plan.steps)
        if changes and before is not None and before.cut:
            raise LlmosError(
                "the last result was too long to be remembered whole", hint="say the whole request again, with what is to change"
            )
        quiet = changes and self.options.unattended
        place = self.kernel.place(paths_of(last), "home" if not quiet else "said" if planned.origin == "plan" else "here")
        return replace(place, library=Books.of(self.host, self.focus.tell), voice=self.focus, schema=self.options.schema)

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
            yield Planned(plan, plans.show(plan, TOOLS), *((0.0, general.MODEL) if self.options.by_model else (1.0, "plan")))
            return
        if self.taught is not None:
            check(self.taught.plan, TOOLS, kind)
            yield Planned(self.taught.plan, plans.show(self.taught.plan, TOOLS), 1.0, "taught", self.taught.sources)
            return
        context = before.context if before else _kind(self._material)
        if context == "number" and kind is Text:  # lines or words were counted: what they were of is the text
            context = "text"
        refused: LlmosError | None = None
        some = False
        names, planner = names_near(self.host.place(), self.kernel.memory.places()), self.kernel.planner
        is_offered = self.options.offered and before is None and isinstance(self._material, Text)
        found = offered.candidates(planner, self.request, names) if is_offered else planner.candidates(self.request, context, names)
        for proposal in found:
            try:
                plan = folder_meant(self._again(proposal.plan, before), self.request, before)
                check(plan, TOOLS, kind)
            except LlmosError as error:
                refused = refused or error
                continue
            some = True
            unused = round(-proposal.features[1])
            again = proposal.plan.steps[0].tool == AGAIN
            origin = general.MODEL if again and before and not before.confidence else "planner"  # a model's plan stays one
            yield Planned(plan, plans.show(plan, TOOLS), proposal.confidence, origin, proposal.sources, unused)
        if refused and not some:
            raise refused if not isinstance(refused, PlanError) else NotUnderstood(LOST, hint=f"{refused.message}; say it in other words")

    def _as_typed(self) -> Plan | None:
        """The request as a plan, where it is one: typed as such, or in the plan language without any doubt."""
        typed = plans.parse(self.request, TOOLS) if self.typed else as_typed(self.request, TOOLS, self.host.cwd)
        if self._material is None:
            return typed
        return offered.taking(typed, self._material) if typed else offered.as_typed_of_material(self.request, self._material)

    def _again(self, plan: Plan, before: Turn | None) -> Plan:
        """`again x=y` becomes the last plan with that argument."""
        if plan.steps[0].tool != AGAIN:
            return plan
        if before is None or not before.plan:
            raise LlmosError("there is no last plan to run again", hint="go on with `llmos ask --continue`")
        return plans.with_args(plans.parse(before.plan, TOOLS), plan.steps[0].args, TOOLS)

    def _doubt(self, planned: Planned) -> NotUnderstood | None:
        """Act only on what is likely to be right: a guess is shown, as a question, and not done."""
        changing = [step for step in planned.plan.steps if TOOLS[step.tool].changes]
        adds = all(step.tool in ADDING and "overwrite" not in step.args for step in changing)
        least = self.host.settings["sure.read" if not changing or not self.options.unattended else "sure.add" if adds else "sure.change"]
        overlooked = bool(changing) and self.options.unattended and planned.unused > 0
        wholesale = not adds and any("/" in step.args.get("in", ()) for step in planned.plan.steps)  # the whole machine is never meant
        if asks(planned.plan) or not (planned.confidence < least or overlooked or wholesale):
            return None
        return NotUnderstood(UNSURE.format(planned.text), hint=f"llmos run {shlex.quote(planned.text)}", choices=(planned.text,))

    def _gate(self, planned: Planned) -> None:
        """Raises NotUnderstood for a guess."""
        if doubt := self._doubt(planned):
            raise doubt


def folder_meant(plan: Plan, request: str, before: Turn | None) -> Plan:
    """`@last | rename to=X` after files that lie together: several of them, or where a folder is spoken of, mean the folder they lie in."""
    first, *rest = plan.pipelines[0]
    if first.tool != LAST or not rest or rest[0].tool != "rename" or "to" not in rest[0].args or before is None:
        return plan
    paths = paths_of(before.last)
    one_folder = len({os.path.dirname(path) for path in paths}) == 1 and not any(map(os.path.isdir, paths))
    if not one_folder or (len(paths) == 1 and not _FOLDER.search(request)):
        return plan
    return replace(plan, pipelines=((first, plans.step(TOOLS["parents"], {}), *rest), *plan.pipelines[1:]))


def asks(plan: Plan) -> bool:
    return plan.steps[0].tool in ("clarify", "escalate")


def _tools(plan: Plan) -> list[str]:
    return [step.tool for step in plan.steps]


def _kind(material: Value | None) -> str:
    return "none" if material is None else "files" if isinstance(material, Files) else "text"


def _raising(error: Exception) -> Iterator[Change | Result]:
    raise error
    yield  # a generator, so that the plan is shown before what is wrong with it
