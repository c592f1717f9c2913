"""The question before effects are carried out. Without a person or `--yes` the answer is no."""

from __future__ import annotations

from collections.abc import Callable

from llmos_cli.effects import Decision, Effects, Verdict
from llmos_cli.events import Approve
from llmos_cli.host import Host
from llmos_cli.ui.cells import columns
from llmos_cli.ui.names import Names
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.proposal import Proposal

_ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "a": "all", "all": "all", "e": "edit", "edit": "edit"}


def approve(host: Host, all_yes: bool = False, dry_run: bool = False, *, edit: Callable[[], None] | None = None) -> Approve:
    """A function that decides on effects, showing them on stderr where it matters.

    A dry run shows them and says no. What policy denies is never done. What it allows, or `all_yes`, is done without a question.
    With `edit` there is a key to change the plan: `edit` is called, and the answer is no, since what comes of it is judged anew.
    """

    def decide(effects: Effects, verdict: Verdict) -> bool:
        if not dry_run and verdict.decision != Decision.DENY and (all_yes or verdict.decision == Decision.ALLOW):
            return True
        out = Out(host.stderr, host.clock)
        proposal = Proposal(effects, verdict, Names.of(host), Paint.for_talk(host), columns(host))
        _print(out, proposal)
        if dry_run:
            out.line("A dry run: this was not done.")
        elif verdict.decision == Decision.DENY:
            out.line("This is not allowed, and was not done.")
        elif not host.someone_is_there:
            out.line("Nobody is here to approve this, so it was not done. `--yes` does it without asking.")
        else:
            return _asked(host, out, proposal, edit)
        return False

    return decide


def _print(out: Out, proposal: Proposal, *, everything: bool = False) -> None:
    for line in proposal.lines(everything=everything):
        out.line(line)


def _asked(host: Host, out: Out, proposal: Proposal, edit: Callable[[], None] | None) -> bool:
    """Asks until there is an answer. Enter is no where the verdict is loud, else yes; the end of input is no."""
    default = "no" if proposal.verdict.loud else "yes"
    show_all = " / show [a]ll" if proposal.hides else ""
    edits = " / [e]dit" if edit else ""
    while True:
        out.write(f"Do this? [y]es / [n]o{show_all}{edits} (Enter: {default}) ")
        out.flush()
        said = host.stdin.readline()
        if not said:
            out.line("")
            return False
        answer = _ANSWERS.get(said.strip().lower(), "") if said.strip() else default
        if answer == "all":
            _print(out, proposal, everything=True)
        elif answer == "edit" and edit:
            edit()
            return False
        elif answer and answer != "edit":
            return answer == "yes"
