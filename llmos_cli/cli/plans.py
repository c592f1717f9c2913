"""Plans under a name: `llmos save`, and `@name key=value` in the place of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from llmos_cli.cli.output import Output
from llmos_cli.errors import UsageError
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.kernel.saved import SavedPlans, is_call
from llmos_cli.tools import TOOLS
from llmos_cli.values import Table


def meant(words: Sequence[str]) -> str:
    """The plan that these words of a command line are, or that they call by its name. Raises LlmosError."""
    parts = words[0].split() if len(words) == 1 and words[0].startswith("@") else words
    if not is_call(parts, TOOLS):
        return " ".join(words)
    return SavedPlans(Host.real().paths, TOOLS).filled(parts)


def save(name: str, words: Sequence[str], output: Output, *, replace: bool, delete: bool) -> None:
    from llmos_cli.ui.show import Show, mode_for

    host = Host.real()
    plans, show = SavedPlans(host.paths, TOOLS), Show(host, mode_for(host, json=output.json))
    if not name:
        rows = tuple((name, plans.get(name).text) for name in plans.names())
        if rows or output.json or not host.answers_go_to_terminal:
            show.value(Table(("name", "plan"), rows))
        else:
            show.note("No plan is saved yet. `llmos save old-pdfs 'find ext=pdf older={age}'` saves one.")
    elif delete:
        show.note(f"Deleted: {plans.delete(name).text}")
    else:
        saved = plans.save(name, " ".join(words) or _last(host), replace=replace)
        takes = "".join(f" {key}={default if default is not None else '…'}" for key, default in saved.parameters.items())
        show.note(f"Saved: {saved.text}\n`llmos run @{name}{takes}` runs it.")


def _last(host: Host) -> str:
    """The plan of the newest turn here. Raises UsageError where there is none."""
    turns = Kernel(host).turns.recent(50)
    plan = next((turn.plan for turn in turns if turn.plan and turn.outcome == "done" and turn.cwd == str(host.cwd)), "")
    if not plan:
        raise UsageError("there is no last plan to save here", hint="llmos save NAME 'find ext=pdf older={age}'")
    return plan
