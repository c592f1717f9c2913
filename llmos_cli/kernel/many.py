"""One plan over many lines. It is made once and the lines are put into it afterwards, so no line can say what is done with it.

First all lines are worked out, several at a time and each in another process; nothing is changed by that. Then there is one question for
the changes of all of them, and they are made as one entry of the journal: all or none.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from llmos_cli import plan as plans
from llmos_cli.check import check
from llmos_cli.effects import Effect
from llmos_cli.errors import Bug, LlmosError, NotFound, NotUnderstood, Partial, PlanError, UsageError
from llmos_cli.events import Approve, Event, Mapped, Planned
from llmos_cli.host import Host
from llmos_cli.kernel.acquainted import Acquainted
from llmos_cli.kernel.books import Books
from llmos_cli.kernel.kernel import Kernel, OneTurn, Options, asks
from llmos_cli.kernel.speakers import Speakers
from llmos_cli.kernel.stages import Change, Focus, paths_of, run
from llmos_cli.literals import LAST
from llmos_cli.memory.memory import Memory
from llmos_cli.places import Place
from llmos_cli.plan import Plan
from llmos_cli.tools import TOOLS
from llmos_cli.values import Entry, Files, Text, Value

SLOT = "{}"
NOT_FAR = 3.0  # a plan with a place for the line is taken where the likeliest one is at most so much likelier
MOST_AT_ONCE = 64  # lines that a process is given together
TOGETHER = 0.05  # seconds that these should take


@dataclass(frozen=True)
class Job:
    """What is the same for all lines. `files` says that they are names of files; with a slot in the plan, they are what it says there."""

    text: str
    files: bool
    place: Place
    data: Path  # of the memory that knows the person's own names for places


@dataclass(frozen=True)
class Over:
    """The lines, how many are worked out at once, and whether results come in the lines' order."""

    lines: Sequence[str]
    jobs: int = 1
    ordered: bool = True
    text: bool = False  # lines are text, also where they are names of files


def turn(
    kernel: Kernel, request: str, over: Over, approve: Approve, options: Options, *, typed: bool = False
) -> Generator[Event, None, None]:
    """As `Kernel.turn`, with a Mapped for each line between the plan and the question. The last event is Finished."""
    yield from Many(kernel, request, over, approve, options, typed).events()


class Many(OneTurn):
    def __init__(self, kernel: Kernel, request: str, over: Over, approve: Approve, options: Options, typed: bool) -> None:
        super().__init__(kernel, request, approve, options, typed)
        self._over = over
        self._files = not over.text and bool(over.lines) and os.path.lexists(self.host.cwd / over.lines[0])

    def _run(self) -> Iterator[Event]:
        planned = self._planned()
        self.plan_text, self.confidence, self.origin = planned.text, planned.confidence, planned.origin
        yield planned
        if asks(planned.plan):
            list(run(planned.plan, TOOLS, self.host.place(), None, Focus()))  # raises the question
        if self.options.plan_only:
            return
        self._gate(planned)
        _one_stage(planned.plan)
        place = replace(self.host.place((), "said"), library=Books.of(self.host), people=Acquainted.of(self.host))
        job = Job(planned.text, self._files, place, self.host.paths.data)
        effects: list[Effect] = []
        tool, failed = "", 0
        for done in worked_out(job, self._over):
            effects += done.effects
            tool, failed = done.tool or tool, failed + (done.error is not None)
            yield done
        if tool and effects:
            yield from self._change(tuple(effects), tool)
        if failed == len(self._over.lines) > 0:
            raise LlmosError("it worked for none of the lines" if failed > 1 else "it did not work for the line")
        if failed:
            raise Partial(f"it did not work for {failed} of {len(self._over.lines)} lines", hint="the others are done")

    # ---- planning ---------------------------------------------------------------------------------------

    def _planned(self) -> Planned:
        """The plan with a slot where the line belongs, or one in which the line is `@last`."""
        if self.typed:
            return self._typed_plan()
        if SLOT not in self.request:
            self._material = Files.at(()) if self._files else Text(())
            return self._first(lambda plan: LAST in _words(plan))
        asked, slot = self.request, stand_in(self._over.lines[0] if self._over.lines else "", self.request)
        self.request = asked.replace(SLOT, slot)
        try:
            planned = self._first(lambda plan: any(slot in word for step in plan.steps for words in step.args.values() for word in words))
        finally:
            self.request = asked
        plan = _put(planned.plan, slot, SLOT)
        return replace(planned, plan=plan, text=plans.show(plan, TOOLS), sources={})

    def _first(self, fits: Callable[[Plan], bool]) -> Planned:
        first: Planned | None = None
        for planned in self._plans(None):
            first = first or planned
            if (fits(planned.plan) or asks(planned.plan)) and planned.confidence >= first.confidence / NOT_FAR:
                return planned
        said = f": {first.text}" if first else ""
        raise NotUnderstood(f"I do not see what is to be done with each line{said}", hint="put {} where the line belongs")

    def _typed_plan(self) -> Planned:
        slot = SLOT in self.request
        text = self.request if slot or re.match(rf"\s*{LAST}\b", self.request) else f"{LAST} | {self.request}"
        plan = plans.parse(text, TOOLS, raw=slot)
        check(plan, TOOLS, Files if self._files else Text)
        return Planned(plan, plans.show(plan, TOOLS), 1.0, "plan")


def _words(plan: Plan) -> Iterator[str]:
    """The names of its tools, and all values of their arguments."""
    return (word for step in plan.steps for words in ((step.tool,), *step.args.values()) for word in words)


def _one_stage(plan: Plan) -> None:
    """Raises UsageError where something follows a change: it could not be worked out before the question."""
    if any(TOOLS[step.tool].changes for step in plan.steps[:-1]):
        raise UsageError(
            "nothing can follow a change here, since all lines are worked out before the question", hint="llmos run, in a loop"
        )


def stand_in(line: str, request: str) -> str:
    """A word of the line's sort for the planner to see in its place: numbers and sizes as they are, else a name that no line has chosen."""
    line = line.strip()
    if re.fullmatch(r"\d[\d.,]{0,15} ?[kmgtKMGT]?[bB]?", line):
        return line
    if re.fullmatch(r"[^\s@]+@[^\s@]+", line):
        return "someone@example.org"
    ending = re.search(r"\.([a-z0-9]{1,5})$", line.lower())
    return f"{'item' if 'item' not in request else 'entry'}{ending[0] if ending else ''}"


# ---- working out ---------------------------------------------------------------------------------------


def worked_out(job: Job, over: Over) -> Iterator[Mapped]:
    """Each line's outcome, as far as it goes without changing anything. Ends its processes when it is closed or interrupted."""
    jobs = min(over.jobs, len(over.lines))
    if jobs < 2:
        yield from (one(job, number, line) for number, line in enumerate(over.lines))
        return
    import multiprocessing
    import sys
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
    began, given, done = time.monotonic(), 0, 0
    pool = ProcessPoolExecutor(jobs, context, _undisturbed)
    waiting: list[Future[list[Mapped]]] = []
    try:
        while True:
            at_once = int(TOGETHER * done / jobs / (time.monotonic() - began + 1e-9))  # lines that take so long in one process
            at_once = max(1, min(at_once, MOST_AT_ONCE, len(over.lines) // (jobs * 4)))
            while len(waiting) < jobs * 3 and given < len(over.lines):
                waiting.append(pool.submit(several, job, given, over.lines[given : given + at_once]))
                given += at_once
            if not waiting:
                break
            ready = waiting[0] if over.ordered else next(iter(wait(waiting, return_when=FIRST_COMPLETED).done))
            waiting.remove(ready)
            outcomes = ready.result()
            done += len(outcomes)
            yield from outcomes
    except BrokenProcessPool as error:
        raise LlmosError("the system ended a process that worked out the lines", hint="-j 1 takes less memory") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def _undisturbed() -> None:
    """Ctrl-C is for the process that started these; it ends them."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def several(job: Job, start: int, lines: Sequence[str]) -> list[Mapped]:
    return [one(job, number, line) for number, line in enumerate(lines, start)]


def one(job: Job, number: int, line: str) -> Mapped:
    """The line's plan, run as far as its change. What goes wrong is in what is given back."""
    try:
        return _one(job, Mapped(number, line))
    except LlmosError as error:
        return Mapped(number, line, error=_apart(error))
    except OSError as error:
        return Mapped(number, line, error=LlmosError((error.strerror or str(error)).lower()))
    except Exception as error:  # a bug that one line meets is that line's
        return Mapped(number, line, error=Bug(f"a bug in llmos: {type(error).__name__}: {error}"))


def _one(job: Job, mapped: Mapped) -> Mapped:
    plan, last = plans.parse(job.text, TOOLS, raw=True), None
    if any(SLOT in word for word in _words(plan)):
        plan = _filled(plan, mapped.line)
    else:
        last = _material(job, mapped.line)
    values: list[Value] = []
    focus = Focus()
    place = replace(job.place, last=paths_of(last), memory=_memory(job.data), speakers=_speakers(), voice=focus)
    try:
        for step in run(plan, TOOLS, place, last, focus):
            if isinstance(step, Change):
                return replace(mapped, values=tuple(values), effects=step.effects, tool=step.tool, notes=tuple(focus.heard()))
            values.append(step.value.held())
        return replace(mapped, values=tuple(values), notes=tuple(focus.heard()))
    finally:
        focus.stop()


def _filled(plan: Plan, line: str) -> Plan:
    """The plan with the line where the slot was, as one value: read anew, so that it is of the right type."""
    return plans.parse(plans.show(_put(plan, SLOT, line), TOOLS), TOOLS)


def _put(plan: Plan, slot: str, text: str) -> Plan:
    """The plan with `text` in the place of `slot`, in the values of its arguments."""

    def changed(step: plans.Step) -> plans.Step:
        return plans.step(TOOLS[step.tool], {k: tuple(word.replace(slot, text) for word in words) for k, words in step.args.items()})

    return Plan(tuple(tuple(map(changed, pipeline)) for pipeline in plan.pipelines))


@cache
def _memory(data: Path) -> Memory:
    """Each process has its own: a database is not shared with the process that it comes from."""
    return Memory(data, time.time)


@cache
def _speakers() -> Speakers:
    return Speakers(Host.real())


def _material(job: Job, line: str) -> Value:
    if not job.files:
        return Text((line,))
    entry = Entry(str(job.place.cwd / line))
    try:
        _ = entry.stat
    except OSError as error:
        raise NotFound(f"there is no file or folder {line!r} here") from error
    return Files((entry,))


def _apart(error: LlmosError) -> LlmosError:
    """A plain copy that goes from one process to another; the line's own plan would be shown with a place in it."""
    return LlmosError(error.message, hint=error.hint) if isinstance(error, PlanError) else error
