"""A conversation with a general model, which remembers the session and can plan.

What the model is told of files, results and earlier turns is marked as material. Plans that it writes are turns like any other: checked,
their effects judged, shown and asked about; what came of them is told to it, and it goes on, within limits on steps and time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llmos_cli import plan as plans
from llmos_cli.effects import Effects, Verdict
from llmos_cli.errors import Interrupted, LlmosError, Refused, UsageError
from llmos_cli.events import Answered, Applied, Approve, Event, Finished, Noted
from llmos_cli.kernel.kernel import NOT_APPROVED, OneTurn, Options
from llmos_cli.kernel.replies import Reply
from llmos_cli.kernel.telling import glimpse
from llmos_cli.language.asking import is_too_long
from llmos_cli.language.parts import parts, tokens
from llmos_cli.language.templates import Template, template
from llmos_cli.planner.sources import trace
from llmos_cli.speech import Call, Delta, Message, Speaker
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Flowing, Text, Value

if TYPE_CHECKING:
    from llmos_cli.kernel.kernel import Kernel

PLAN = {
    "type": "function",
    "function": {
        "name": "plan",
        "description": "Run a plan on the person's files. What it reads comes back; what it would change is asked about first.",
        "parameters": {
            "type": "object",
            "properties": {"plan": {"type": "string", "description": "one line of the plan language"}},
            "required": ["plan"],
            "additionalProperties": False,
        },
    },
}
LEAST_FOR_PLANS = 6144  # tokens of context: what a model is told of the tools takes about half of that
SHARE = 0.5  # of the context that material may take
RECALLED, LETTERS = 12, 1500  # earlier turns of the session that a model is told of, and characters of each
MOST_BYTES, MOST_NAME = 4 << 20, 200


@dataclass
class Chat:
    """`outside`: something has come into it that is not the person's own words. `unattended`: `--yes` was given, or nobody is there.
    `plans`: the model is told that it can plan."""

    kernel: Kernel
    unattended: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # what the person has said
    outside: bool = False
    plans: bool = True
    shows: bool = True  # what plans find is shown to the person too
    _material: list[str] = field(default_factory=list)  # for the next thing that is said
    _seen: int = 0  # the last turn of the session that the model knows of

    @cached_property
    def speaker(self) -> Speaker:
        """Raises NoModel."""
        return self.kernel.speakers.of("chat")

    @cached_property
    def template(self) -> Template:
        return template("chat", self.kernel.place().prompts)

    @cached_property
    def room(self) -> int:
        """Tokens for material in one message."""
        return int(self.speaker.context * SHARE)

    def forget(self) -> None:
        """Begin anew, in a session of its own."""
        self.kernel.new_session()
        self.messages.clear()
        self.words.clear()
        self._material.clear()
        self.outside, self._seen = False, 0

    def begin_here(self) -> None:
        """What was done in this session before is not spoken of."""
        session = self.kernel.current_session()
        self._seen = max((turn.id for turn in self.kernel.turns.recent(1, session.id)), default=0) if session else 0

    # ---- material ----------------------------------------------------------------------------------------

    def add(self, name: str) -> str:
        """A file as material for what is said next; a sentence about it. Raises LlmosError."""
        from llmos_cli.kernel.books import Books
        from llmos_cli.kernel.stages import Focus, Result, run

        place = self.kernel.place()
        path = place.resolve(name)
        if path.is_dir():
            raise UsageError(f"{name} is a folder", hint="/add takes a file")
        plan = plans.Plan(((plans.step(TOOLS["read"], {"files": (str(path),)}),),))
        focus = Focus()
        found = next(run(plan, TOOLS, replace(place, library=Books.of(self.kernel.host, focus.tell)), None, focus))
        assert isinstance(found, Result) and isinstance(found.value, Text)
        return self._given("file", "\n".join(found.value.lines), path.name)

    def pipe(self, text: Text) -> str:
        """What was piped in, as material."""
        return self._given("piped", "\n".join(text.lines), "what was piped in")

    def _given(self, kind: str, text: str, name: str) -> str:
        if not text.strip():
            raise LlmosError(f"there is no text in {name}")
        first, *more = parts(text[:MOST_BYTES], max(self.room, 64))
        self._material.append(self.marked(kind, first, name))
        self.outside = True
        if more or len(text) > MOST_BYTES:
            return f"{name} is too long for {self.speaker.name}: it sees the first {len(first):,} of {len(text):,} characters."
        return f"{name} goes with what you say next: {tokens(text):,} tokens at most."

    def marked(self, kind: str, text: str, name: str = "") -> str:
        """Text from outside between marks that it cannot close."""
        inside = text.encode("utf-8", "replace").decode().replace("</text>", "<\u200b/text>")
        name = " ".join(name.replace("<", "‹").split())[:MOST_NAME]
        return self.template.texts[kind].strip().replace("{name}", name).replace("{text}", inside)

    # ---- what is said ------------------------------------------------------------------------------------

    def say(self, words: str, approve: Approve, notice: Callable[[Event], None] = lambda event: None) -> Generator[Event, None, None]:
        """One thing said and all that comes of it, as the events of a turn. Closed, or interrupted, it stops, and what was said stays."""
        yield from ChatTurn(self, words, approve, Options(unattended=self.unattended, notice=notice)).events()

    def heard(self, words: str) -> None:
        """The person's words, with the material that belongs to them."""
        self._catch_up()
        self.messages.append({"role": "user", "content": "\n\n".join([*self._material, words])})
        self.words.append(words)
        self._material.clear()

    def system(self, *, planning: bool) -> Message:
        made = self.template.messages("plans", {"tools": _signatures()})
        said = [str(message["content"]) for message in made if planning or message["role"] == "system"]
        return {"role": "system", "content": "\n\n".join(said)}

    def known(self) -> None:
        """The model knows of all that was done in the session until now."""
        self.begin_here()

    def _catch_up(self) -> None:
        """What was done in the session since it was last spoken of, in the shell or in a chat before this one."""
        session = self.kernel.current_session()
        turns = self.kernel.turns.recent(RECALLED, session.id) if session else []
        planned: list[str] = []  # by the model, for the answer that comes after it
        for turn in reversed([turn for turn in turns if turn.id > self._seen]):
            self.outside = True
            last = getattr(self.kernel.turns.numbered(turn.id), "last", None)
            if not turn.plan and isinstance(last, Text) and not turn.request.startswith("!"):
                said = ["\n".join(last.lines)[:LETTERS]]
            else:
                told = glimpse(last, self.kernel.place(), letters=LETTERS).told if last is not None else f"({turn.outcome})"
                said = [self.marked("earlier", told, turn.plan or turn.request)]
            if turn.plan and not turn.confidence:
                planned += said
                continue
            self.messages.append({"role": "user", "content": turn.request})
            self.messages.append({"role": "assistant", "content": "\n\n".join([*planned, *said] if not turn.plan else said)})
            planned.clear()
        self.known()


class ChatTurn(OneTurn):
    """One thing said. `@last` is then what a plan of the model's has found, or else the answer."""

    def __init__(self, chat: Chat, words: str, approve: Approve, options: Options) -> None:
        super().__init__(chat.kernel, words, approve, options, False)
        self._chat = chat
        self._asked_for = 0.0  # seconds that the person has thought
        self._refused: LlmosError | None = None
        self._ran = False

    def events(self) -> Generator[Event, None, None]:
        try:
            yield from super().events()
        finally:
            self._chat.known()

    def _run(self) -> Iterator[Event]:
        chat, settings = self._chat, self.host.settings
        if not self.request.strip():
            raise UsageError("there is nothing to say", hint='llmos chat "why is the sky blue"')
        name = chat.speaker.name
        with self.pulse:
            self.focus.tell(f"{name} is being loaded", 0, 0)
            planning = chat.plans and settings["chat.steps"] > 0 and chat.speaker.context >= LEAST_FOR_PLANS
            chat.heard(self.request)
            began, made = self.host.clock(), 0
            for _ in range(settings["chat.steps"] + 1):
                left = settings["chat.seconds"] - (self.host.clock() - began - self._asked_for)
                if left <= 0:
                    yield Noted(f"{name} was stopped after {settings['chat.seconds']} seconds (chat.seconds).")
                    break
                reply = Reply(name, self.focus)
                yield from self._answered(reply, planning and made < settings["chat.steps"], left)
                if not reply.calls:
                    break
                for call in reply.calls:
                    yield from self._called(call, enough=made >= settings["chat.steps"])
                    made += 1
        if self._refused is not None and self.options.unattended:
            raise self._refused

    # ---- the model's words -------------------------------------------------------------------------------

    def _answered(self, reply: Reply, planning: bool, seconds: float) -> Iterator[Event]:
        """What it says, shown as it comes; then it is part of the conversation, also where it was stopped in the middle."""
        try:
            reply.begin(self._deltas(planning, seconds))
            if reply.speaks:
                yield Answered(Text(Flowing(reply.pieces()), (), reply.name))
                for _ in reply.pieces():
                    pass  # what nobody wanted to see
        finally:
            reply.close()
            if message := reply.message:
                self._chat.messages.append(message)
            self.focus.context = "none" if self._ran else "text"
            if reply.text:
                self.focus.value = Text(tuple(reply.text.strip().split("\n")), (), reply.name)
        yield from map(Noted, reply.notes())

    def _deltas(self, planning: bool, seconds: float) -> Iterator[Delta]:
        """The answer of the model to the conversation. Where there is no room, the tools are left out, and then the oldest turns."""
        chat, dropped, came = self._chat, 0, False
        while True:
            planning = planning and chat.plans
            options = {**chat.template.options, "timeout": max(seconds, 1.0), **({"tools": [PLAN]} if planning else {})}
            try:
                for delta in chat.speaker.stream([chat.system(planning=planning), *chat.messages[dropped:]], **options):
                    came = True
                    yield delta
                if dropped:
                    self.focus.note(f"The conversation is too long for {chat.speaker.name}: its {dropped} oldest messages were left out.")
                return
            except LlmosError as error:
                too_long = is_too_long(error)
                if came or not (too_long or (planning and "tool" in error.message.lower())):
                    raise
                if planning:
                    chat.plans = False
                    why = "there is no room for it" if too_long else "it cannot be told how"
                    self.focus.note(f"{chat.speaker.name} does not plan in this conversation: {why}.")
                    continue
                dropped = next((at for at, each in enumerate(chat.messages) if each["role"] == "user" and at > dropped), 0)
                if not dropped:
                    raise

    # ---- the model's plans -------------------------------------------------------------------------------

    def _called(self, call: Call, *, enough: bool) -> Iterator[Event]:
        """Run a plan as a turn, and tell the model what came of it; not where there were `enough` already."""
        told: list[str] = []
        try:
            text = _plan(call)
            if enough:
                raise UsageError("this plan was not run: there were as many as one answer may have")
            yield from self._turn(text, told)
        except LlmosError as error:
            if isinstance(error, Interrupted):
                raise
            told.append(error.message + (f" ({error.hint})" if error.hint else ""))
        finally:
            content = self._chat.marked("result", "\n".join(told) or "It was stopped.")
            self._chat.messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
            self._chat.outside = True

    def _turn(self, text: str, told: list[str]) -> Iterator[Event]:
        options = Options(unattended=self.options.unattended, notice=self.options.notice, by_model=True, outside=self._chat.outside)
        yield from map(Noted, self._foreign(text))
        turn = OneTurn(self.kernel, text, self._timed, options, True)
        self.pulse.quiet = True  # the plan's own beats
        try:
            for event in turn.events():
                if isinstance(event, Answered):
                    found = glimpse(event.value, self.kernel.place())
                    told.append(found.told)
                    if self._chat.shows:
                        yield Answered(found.shown)
                    if self._chat.shows and found.left:
                        yield Noted(f"… and {found.left:,} more; @last has them.")
                elif isinstance(event, Finished):
                    yield from self._ended(event, turn, told)
                else:
                    told += _sentences(event)
                    yield event
        finally:
            self.pulse.quiet = False

    def _ended(self, ended: Finished, turn: OneTurn, told: list[str]) -> Iterator[Event]:
        self.entries += turn.entries
        self._ran = self._ran or ended.outcome == "done"
        self.focus.context = "none" if self._ran else self.focus.context
        error = ended.error
        if isinstance(error, Interrupted):
            raise error
        self._refused = error if isinstance(error, Refused) else None
        if error is not None:
            said = "Refused" if self._refused else "It did not work"
            told.append(f"{said}: {error.message}" + f" ({error.hint})" * bool(error.hint))
            if error.message != NOT_APPROVED:
                yield Noted(f"{'Not done' if self._refused else 'The plan did not work'}: {error.message}.")

    def _timed(self, effects: Effects, verdict: Verdict) -> bool:
        began = self.host.clock()
        try:
            return self.approve(effects, verdict)
        finally:
            self._asked_for += self.host.clock() - began

    def _foreign(self, text: str) -> list[str]:
        """Of a plan that changes something, a sentence on the names and texts in it that the person has not said."""
        try:
            plan = plans.parse(text, TOOLS)
        except LlmosError:
            return []
        if not any(TOOLS[step.tool].changes for step in plan.steps):
            return []
        said = self._chat.words[::-1]
        found = trace(plan, said[0], TOOLS, said[1:]).invented
        return [f"In this plan, but not in your words: {', '.join(found)}"] if found else []


def _plan(call: Call) -> str:
    """The plan that a call is about. Raises UsageError, which the model is told."""
    try:
        text = json.loads(call.arguments).get("plan")
    except (ValueError, AttributeError, RecursionError):
        text = None
    if call.name != "plan" or not isinstance(text, str) or not text.strip():
        raise UsageError('the one function is plan, with a plan as its argument: {"plan": "find ext=pdf | take 5"}')
    return " ".join(text.split("\n")).strip()


def _sentences(event: Event) -> Sequence[str]:
    """What the model is told of what happened on the way."""
    if isinstance(event, Noted):
        return (event.text,)
    if isinstance(event, Applied):
        return (f"Done: {len(event.effects)} change{'s' if len(event.effects) != 1 else ''}.",)
    return ()


def _signatures() -> str:
    from llmos_cli.planner.signatures import signatures

    return signatures(TOOLS)


def material_of(chat: Chat, given: Value | None) -> list[str]:
    """What came with the command as material; sentences about what there was no room for."""
    if isinstance(given, Files):
        said = [chat.add(entry.path) for entry in given.items]
    else:
        said = [chat.pipe(given)] if isinstance(given, Text) else []
    return [sentence for sentence in said if "too long" in sentence]
