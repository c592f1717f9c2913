"""The question before effects are carried out. Without a person or `--yes` the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from llmos_cli.effects import Decision, Effects, Verdict
from llmos_cli.events import Approve
from llmos_cli.host import Host
from llmos_cli.ui.cells import columns, wrap
from llmos_cli.ui.keys import Keys
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.proposal import Proposal
from llmos_cli.ui.safe import safe

_WORDS = {"yes": "y", "no": "n", "all": "a", "edit": "e", "describe": "d", "always": "w"}


@dataclass(frozen=True)
class Always:
    """Something that need not be asked again: a key, its words, and what makes it so."""

    key: str
    text: str
    make: Callable[[], None]


@dataclass(frozen=True)
class More:
    """What else a person can do at the question; each that is left out is not offered.

    `edit` changes the plan: the answer is then no, since what comes of it is judged anew. `describe` gives the plan in plain words.
    `always` gives the rules that would spare this question.
    """

    edit: Callable[[], None] | None = None
    describe: Callable[[], Sequence[str]] | None = None
    always: Callable[[Effects], Sequence[Always]] = field(default=lambda effects: ())


def approve(host: Host, all_yes: bool = False, dry_run: bool = False, *, more: More = More()) -> Approve:
    """A function that decides on effects, showing them on stderr where it matters.

    A dry run shows them and says no. What policy denies is never done. What it allows, or `all_yes`, is done without a question, unless
    the verdict wants somebody's word in person.
    """

    def decide(effects: Effects, verdict: Verdict) -> bool:
        said_before = all_yes and not verdict.in_person
        if not dry_run and verdict.decision != Decision.DENY and (said_before or verdict.decision == Decision.ALLOW):
            return True
        out = Out(host.stderr, host.clock)
        proposal = Proposal(effects, verdict, Names.of(host), Paint.for_talk(host), columns(host))
        _print(out, proposal.lines())
        if dry_run:
            out.line("A dry run: this was not done.")
        elif verdict.decision == Decision.DENY:
            out.line("This is not allowed, and was not done.")
        elif not host.someone_is_there:
            how = "A general model planned it, so `--yes` is not enough." if verdict.in_person else "`--yes` does it without asking."
            out.line(f"Nobody is here to approve this, so it was not done. {how}")
        else:
            return _Question(host, out, proposal, more).answer()
        return False

    return decide


def confirmed(host: Host, question: str) -> bool:
    """Whether the person says yes; Enter, and nobody there, mean no."""
    if not host.someone_is_there:
        return False
    out = Out(host.stderr, host.clock)
    out.write(wrap(f"{safe(question)} [y]es / [n]o (Enter: no)", columns(host)) + " ")
    out.flush()
    said = Keys(host).answer(lambda said: out.line(said))
    return _WORDS.get(said or "", said or "") == "y"


def _print(out: Out, lines: Iterable[str]) -> None:
    for line in lines:
        out.line(line)


class _Question:
    def __init__(self, host: Host, out: Out, proposal: Proposal, more: More) -> None:
        self._out, self._proposal, self._more = out, proposal, more
        self._room = columns(host)
        self._keys = Keys(host)
        self._always = () if proposal.verdict.loud or proposal.verdict.in_person else tuple(more.always(proposal.effects))

    def answer(self) -> bool:
        """Asks until there is an answer. Enter is no where the verdict is loud, else yes; the end of input is no."""
        default = "n" if self._proposal.verdict.loud else "y"
        while True:
            said = self._ask(self._text(default))
            if said is None:
                return False
            key = _WORDS.get(said, said) or default
            if key == "a":
                _print(self._out, self._proposal.lines(everything=True))
            elif key == "d" and self._more.describe:
                _print(self._out, (wrap(safe(line), self._room, "   ") for line in self._more.describe()))
            elif key == "e" and self._more.edit:
                self._more.edit()
                return False
            elif key == "w" and self._always:
                if self._spared():
                    return True
            elif key in ("y", "n"):
                return key == "y"

    def _text(self, default: str) -> str:
        offered = ["[y]es", "[n]o"]
        offered += ["[a]ll"] * self._proposal.hides
        offered += ["[e]dit"] * bool(self._more.edit) + ["[d]escribe"] * bool(self._more.describe) + ["al[w]ays"] * bool(self._always)
        return f"Do this? {' / '.join(offered)} (Enter: {'yes' if default == 'y' else 'no'}) "

    def _ask(self, question: str) -> str | None:
        self._out.write(wrap(question.rstrip(), self._room) + " ")
        self._out.flush()
        said = self._keys.answer(lambda said: self._out.line(said))
        if said is None:
            self._out.line("")
        return said

    def _spared(self) -> bool:
        """Whether a rule was made, which also says yes to this."""
        for offer in self._always:
            self._out.line(wrap(f"  [{offer.key}] {offer.text}", self._room, "      "))
        said = self._ask(f"Do it, and never ask again? {' / '.join(f'[{offer.key}]' for offer in self._always)} / [n]o (Enter: no)")
        for offer in self._always:
            if offer.key == said:
                offer.make()
                return True
        return False
