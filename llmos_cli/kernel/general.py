"""General models in a turn: one that plans what the bundled planner is not sure of, and what is a model's work as steps of a plan."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli import plan as plans
from llmos_cli.check import check
from llmos_cli.errors import LlmosError, NoModel, PlanError, UsageError
from llmos_cli.events import Planned
from llmos_cli.literals import LAST
from llmos_cli.memory.turns import Turn
from llmos_cli.places import Place
from llmos_cli.plan import Plan, Step
from llmos_cli.planner.planner import MAX_CHARACTERS
from llmos_cli.planner.request import MAX_UNITS, Request, read
from llmos_cli.speech import Answer, Message, Speaker
from llmos_cli.tool import KINDS, Kind
from llmos_cli.tools import TOOLS
from llmos_cli.tools.talk import ROLES
from llmos_cli.values import Files, Number, Table, Text

if TYPE_CHECKING:
    from llmos_cli.planner.sources import Key, Span

MODEL = "model"  # the origin of such plans
_LANGUAGES = (
    "english french german spanish italian portuguese dutch swedish norwegian danish finnish polish czech russian ukrainian greek "
    "turkish arabic hebrew hindi bengali urdu persian chinese mandarin cantonese japanese korean vietnamese thai indonesian malay swahili "
    "latin romanian hungarian bulgarian croatian serbian catalan "
    "英文 英语 中文 汉语 法文 法语 德文 德语 日文 日语 韩文 韩语 俄文 俄语 西班牙语 意大利语"
).split()
_LANGUAGE = re.compile(rf"(?:(?:simplified|traditional|brazilian|plain|simple)\s+)?(?:{'|'.join(_LANGUAGES)})", re.IGNORECASE)
_NAMED = re.compile(r"\w[./]\w|^\*?\.\w")  # words that name files


# ---- planning --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GeneralPlanner:
    """`own` is the person's folder of templates; `seconds` how long it may take."""

    speaker: Speaker
    own: Path
    seconds: int

    def plan(self, request: str, last: Kind, before: Sequence[str] = ()) -> Planned:
        """The plan for a request, each of whose literals is the person's own; `before` are their earlier requests.

        How sure the model is nobody knows: the confidence is 0. Raises LlmosError with why there is none.
        """
        from llmos_cli.planner.sources import trace

        name = self.speaker.name
        if len(request) > MAX_CHARACTERS or not 0 < len(read(request).words) <= MAX_UNITS:
            raise LlmosError("that is too long for a plan")
        plan = self._parsed(self._said(request, last))
        check(plan, TOOLS, last or Files)
        found = trace(plan, request, TOOLS, before)
        if found.invented:
            raise LlmosError(f"{name} planned with what you did not say: {', '.join(found.invented[:3])}")
        return Planned(found.plan, plans.show(found.plan, TOOLS), 0.0, MODEL, found.sources)

    def _said(self, request: str, last: Kind) -> str:
        from llmos_cli.language.templates import template
        from llmos_cli.planner.signatures import signatures

        made = template("plan", self.own)
        slots = {"tools": signatures(TOOLS), "request": request, "last": made.words["last"].get(_word(last), "")}
        messages = made.messages("ask", slots)
        answer = self._asked(messages, {**made.options, "timeout": self.seconds}, last)
        if answer.ended != "stop":
            raise LlmosError(f"{self.speaker.name} did not finish a plan in {self.seconds} seconds")
        return answer.text

    def _asked(self, messages: Sequence[Message], options: Mapping[str, Any], last: Kind) -> Answer:
        """Held to the plan language, or where a server cannot, to the JSON form of plans."""
        from llmos_cli.planner.schema import gbnf, json_schema

        try:
            return self.speaker.chat(messages, **options, grammar=gbnf(TOOLS, [kind for kind in KINDS if kind is last]))
        except UsageError:
            schema = {"name": "plan", "schema": json_schema(TOOLS)}
            return self.speaker.chat(messages, **options, response_format={"type": "json_schema", "json_schema": schema})

    def _parsed(self, text: str) -> Plan:
        """Raises LlmosError for what is no plan."""
        said = next((line.strip() for line in text.strip().strip("`").splitlines() if line.strip()), "")
        try:
            if text.lstrip().startswith("{"):
                return plans.from_json(json.loads(text), TOOLS)
            return plans.parse(said, TOOLS)
        except PlanError as error:
            raise LlmosError(f"{self.speaker.name} wrote no plan that works: {error.message}") from error
        except (ValueError, RecursionError):
            raise LlmosError(f"{self.speaker.name} wrote no plan that works") from None


def said_before(before: Turn | None) -> tuple[str, ...]:
    """The person's words in the turn before this one; a plan that a model has written in a conversation is none of theirs."""
    if before is None or (not before.confidence and _is_plan(before.request)):
        return ()
    return (before.request,)


def _is_plan(text: str) -> bool:
    try:
        plans.parse(text, TOOLS)
    except PlanError:
        return False
    return True


def _word(kind: Kind) -> str:
    return {Files: "files", Text: "text", Table: "table"}.get(kind, "none") if kind else "none"


# ---- a model's work ----------------------------------------------------------------------------------------


def task(plan: Plan) -> str:
    """What a plan leaves to a larger model, '' where it does not."""
    one = plan.steps[0]
    return one.args.get("task", ("other",))[0] if one.tool == "escalate" else ""


def handed_over(request: str, task: str, last: Kind, place: Place) -> Planned | None:
    """A request that is a model's work as a plan: on the files that it names, on the last result, or on nothing.

    None where there is no model for it."""
    asked = read(request)
    files = _files(asked, place)
    sources: dict[Key, tuple[Span, ...]] = {}
    steps = _steps(request, task, last, files, sources)
    try:
        if steps[-1].tool != "summarize":  # that is done without a model too
            place.speakers.of(ROLES.get(steps[-1].tool, "chat"))
    except NoModel:
        return None
    except LlmosError:
        pass  # there is one, and the step says what is wrong with it
    plan = Plan((tuple(steps),))
    return Planned(plan, plans.show(plan, TOOLS), 1.0, "planner", sources)


def is_whole(request: str, planned: Planned) -> bool:
    """Whether a plan that hands a request over has to do with each file that the request names."""
    used = {word for step in planned.plan.steps for word in step.args.get("files", ())}
    return all(unit.text in used for unit in read(request).words if _NAMED.search(unit.text))


def _files(asked: Request, place: Place) -> dict[str, Span]:
    """The files that are here and called as a word of the request."""
    found = {}
    for unit in asked.words:
        text = unit.text
        path = place.home / text[2:] if text.startswith("~/") else place.cwd / text
        if _NAMED.search(text) and os.path.isfile(path):  # also of names that are too long to be any
            found[text] = (unit.start, unit.end)
    return found


def _steps(request: str, task: str, last: Kind, files: dict[str, Span], sources: dict[Key, tuple[Span, ...]]) -> list[Step]:
    """`read a.txt | answer question="…"`, `@last | summarize`, `translate a.txt to=French` …"""
    has_material = bool(files) or last in (Files, Text, Table)
    takes = bool(files) or last in (Files, Text)
    language = _LANGUAGE.search(request)
    if task == "summarize" and takes:
        tool, args = "summarize", dict[str, str]()
    elif task == "translate" and takes and language:
        tool, args = "translate", {"to": language[0]}
    elif task == "code" and (takes or not has_material):
        tool, args = "code", {"task": request}
    else:
        tool, args = "answer", {"question": request}
    named = bool(files) and TOOLS[tool].named
    head = [plans.step(TOOLS["read"], {"files": tuple(files)})] if files and not named else []
    head = head or ([plans.step(TOOLS[LAST], {})] if has_material and not files else [])
    given = {"files": tuple(files)} if named else {}
    if files:
        sources[0, 0, "files"] = tuple(files.values())
    for name, value in args.items():
        at = language.span() if name == "to" and language else (0, len(request))
        sources[0, len(head), name] = (at,)
        given[name] = (value,)
    return [*head, plans.step(TOOLS[tool], given)]


def holds(value: object) -> Kind:
    """The kind of a last result that a plan may go on from; None for numbers and for none."""
    return None if value is None or isinstance(value, Number) else type(value)
