"""What the kernel does with memory, apart from recording turns: sessions, facts, taught phrases, forgetting. Front ends call it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmos_cli import plan as plans
from llmos_cli.check import as_typed, check
from llmos_cli.effects import Effects, Remember
from llmos_cli.errors import LlmosError, NotFound, PlanError, UsageError
from llmos_cli.host import Host
from llmos_cli.kernel.acquainted import Acquainted
from llmos_cli.memory.memory import Memory
from llmos_cli.memory.sessions import Session
from llmos_cli.memory.taught import Phrase
from llmos_cli.places import Place
from llmos_cli.speech import Speakers
from llmos_cli.tools import TOOLS

if TYPE_CHECKING:
    from llmos_cli.kernel.forget import Forgetting
    from llmos_cli.kernel.taught import Match
    from llmos_cli.policy.journal import Journal, JournalEntry

MAX_WORDS = 1000  # characters of a taught phrase


class Remembering:
    """The half of the kernel that remembers.

    `memory` has `.sessions` (list, last, named, rename), `.search(words)`, `.facts` (list, add, remove), `.taught` (list, remove), `.turns`
    (recent, numbered) and `.notices()`. `session` is the key that turns are recorded under.
    """

    host: Host
    memory: Memory
    session: str

    @property
    def journal(self) -> Journal:
        raise NotImplementedError

    @property
    def speakers(self) -> Speakers:
        raise NotImplementedError

    # ---- sessions ---------------------------------------------------------------------------------------

    def new_session(self, title: str = "") -> None:
        """Turns from now on are a session of their own. It is kept from its first turn on, with a title made of the request; with a
        `title` of the person's, at once. Raises LlmosError."""
        self.session = self.memory.sessions.begin(title, str(self.host.cwd)).key if title else self.memory.sessions.new_key()

    def resume(self, name: str = "") -> Session:
        """Turns from now on go on with a session: the one used last, or the one of that number or title. `@last` is its last result.

        Its `cwd` is where its last turn was; going there is left to the caller. Raises NotFound, NotUnderstood where several fit.
        """
        found = self.memory.sessions.named(name) if name else self.memory.sessions.last()
        if found is None:
            raise NotFound("there is no session to go on with yet", hint="llmos")
        if found.key.isdecimal() and found.key != self.host.session:
            found = self.memory.sessions.taken_over(found)
        self.session = found.key
        return found

    def current_session(self) -> Session | None:
        """The session that turns are recorded in; None before its first."""
        return self.memory.sessions.of(self.session)

    # ---- facts ------------------------------------------------------------------------------------------

    def place(self, last: tuple[str, ...] = (), reach: str = "home") -> Place:
        """Where a plan's words are bound, with the names that the person asked to be kept."""
        return replace(self.host.place(last, reach), memory=self.memory, speakers=self.speakers, people=Acquainted.of(self.host))

    def apply(self, effects: Effects, *, note: str, plan: str, turn: str) -> JournalEntry:
        """Carry the effects out, all or none. Facts are kept in memory; the journal says how to take them back. Raises LlmosError."""
        facts = [effect for effect in effects if isinstance(effect, Remember)]
        for fact in facts:
            self.memory.facts.add(fact.text, fact.name, fact.target)
        try:
            return self.journal.apply(effects, note=note, plan=plan, turn=turn)
        except BaseException:
            self._drop([fact.text for fact in facts])
            raise

    def taken_back(self, entry: JournalEntry) -> JournalEntry:
        """What is not in files follows the journal: facts go that an undone entry kept."""
        self._drop([effect.get("text", "") for effect in entry.effects if effect["op"] == Remember.op])
        return entry

    def redo(self) -> JournalEntry:
        """Do again what was undone last. Raises LlmosError."""
        entry = self.journal.redo()
        for effect in entry.effects:
            if effect["op"] == Remember.op and effect.get("text"):
                self.memory.facts.add(effect["text"], effect.get("name", ""), effect.get("target", ""))
        return entry

    def _drop(self, facts: list[str]) -> None:
        for text in facts:
            try:
                self.memory.facts.remove(text)
            except NotFound:
                pass  # forgotten meanwhile

    # ---- taught phrases -----------------------------------------------------------------------------------

    def teach(self, words: str, plan: str) -> Phrase:
        """From now on `words`, and the same words with other names and numbers in them, mean `plan`: a plan's text, which is checked.

        What they meant before is replaced. Raises PlanError, UsageError.
        """
        words = " ".join(words.split())
        if not words or len(words) > MAX_WORDS:
            raise UsageError(
                "say the words that you want to teach", hint="llmos teach \"clean up\" 'find in=~/Downloads older=30d | delete'"
            )
        if as_typed(words, TOOLS, self.host.cwd) is not None:
            raise UsageError("these words are a plan already, which is run as it is written", hint=f"llmos run '{words}'")
        parsed = plans.parse(plan, TOOLS)
        if parsed.steps[0].tool in ("again", "clarify", "escalate"):
            raise PlanError(f"{parsed.steps[0].tool} cannot be taught", hint="write the whole plan")
        check(parsed, TOOLS)
        return self.memory.taught.add(words, plans.show(parsed, TOOLS))

    def phrases(self) -> list[Phrase]:
        """The taught phrases, the newest first; none where memory cannot be used, and then its notices say so."""
        try:
            return self.memory.taught.list()
        except LlmosError as error:
            self.memory.store.notices.append(f"Taught phrases cannot be used now: {error.message}.")
            return []

    def taught_plan(self, request: str) -> Match | None:
        """What the person taught that a request means, with its own literals in the plan; None where it was not taught."""
        phrases = self.phrases()
        if not phrases:
            return None
        from llmos_cli.kernel.taught import match

        return match(request, phrases, TOOLS)

    # ---- forgetting -----------------------------------------------------------------------------------------

    def forgetting(self, *, turns: tuple[int, ...] = (), session: str = "", word: str = "", everything: bool = False) -> Forgetting:
        """What would be forgotten: these turns by their numbers, a session by its name, all that has a word in it, or everything.

        Nothing is forgotten yet: `.summary` is a question for the person, `.carry_out()` does it and proves it, `.nothing` says that there
        is nothing to forget. A shell that has its history in memory reads the file again afterwards. Raises NotFound, UsageError.
        """
        from llmos_cli.kernel.forget import Forgetting

        return Forgetting.of(self.host, self.memory, self.journal, turns=turns, session=session, word=word, everything=everything)
