"""`llmos planner …`: the planner that is in use, and a copy of it that learns what was taught."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_cli.errors import NotFound
from llmos_cli.host import Host
from llmos_cli.values import Text

if TYPE_CHECKING:
    from llmos_cli.kernel.planners import Own
    from llmos_cli.kernel.tuning import Report, Score
    from llmos_cli.ui.bar import Bar
    from llmos_cli.ui.show import Show

app = typer.Typer(name="planner", context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def about(context: typer.Context) -> None:
    """The small model that makes plans: which one is in use, and a copy of it that learns what you taught. Alone it says the first."""
    if context.invoked_subcommand is None:
        info()


@app.command()
def info(json: Json = False) -> None:
    """Say which planner is in use, how good it is, and what it was trained on."""
    from llmos_cli.kernel import planners
    from llmos_cli.kernel.kernel import Kernel

    host = Host.real()
    own = planners.Own.of(host.paths)
    card, phrases = _bundled_card(), {(phrase.id, phrase.time): phrase.words for phrase in Kernel(host).phrases()}
    if json:
        found = {"file": str(_file(own)), "own": own.counts, "outdated": own.is_there and not own.counts}
        _show(host, json=True).json({**found, "bundled": card, "trained": own.card or None})
        return
    show = _show(host)
    show.value(Text(tuple(f"{what:14} {said}" for what, said in _facts(own, card, phrases) if said)))
    if own.is_there and not own.counts:
        show.note(planners.OUTDATED)


@app.command()
def train(
    minutes: Annotated[float, typer.Option("--minutes", min=0.5, max=600, help="How long it may take, about.")] = 5.0,
    steps: Annotated[int, typer.Option("--steps", min=0, help="Train just so many steps, however long; the same each time.")] = 0,
    json: Json = False,
) -> None:
    """Train a copy of the planner on the phrases that you taught, on this machine.

    llmos teach "stash the fattest of Downloads" 'find in=Downloads | sort by=size order=desc | take 1 | move into=~/stash'

    llmos planner train

    Your phrases are gone over among sentences that the planner knows, so that it keeps those. The copy is used from then on if it gets no
    less right than before, of what other people said and of what you taught. Ctrl-C leaves all as it was.
    """
    from llmos_cli.kernel.kernel import Kernel
    from llmos_cli.kernel.tuning import Course, Tuning

    host = Host.real()
    show, progress = _show(host, json=json), _Progress(host, quiet=json)
    try:
        report = Tuning(host, Kernel(host).phrases(), progress).train(Course(minutes, steps))
    finally:
        progress.clear()
    if json:
        show.json(report.as_json())
        return
    for sentence in _told(report):
        show.note(sentence)


@app.command()
def reset() -> None:
    """Go back to the bundled planner, and delete the copy that was trained."""
    from llmos_cli.kernel.planners import Own

    host = Host.real()
    if not Own.of(host.paths).delete():
        raise NotFound("there is no copy of the planner: the bundled one is in use", hint="llmos planner train")
    _show(host).note("The bundled planner is in use again. What you taught counts as before.")


# ---- in words ------------------------------------------------------------------------------------------


def _facts(own: Own, card: dict[str, Any], phrases: Mapping[tuple[int, float], str]) -> Iterator[tuple[str, str]]:
    """What is said of the planner; `phrases` are the words that are taught now, by their number and time."""
    from llmos_cli.ui.words import plural, size

    scores, made = card.get("scores", {}), own.card
    yield "planner", "your own copy, trained on what you taught" if own.counts else "the bundled one"
    yield "file", f"{_file(own)}, {size(_file(own).stat().st_size)}"
    yield "made from", str(card.get("name", ""))
    yield "parameters", f"{card['parameters'] / 1e6:.1f} million, {card.get('quantisation', '')}" if "parameters" in card else ""
    yield "licence", str(card.get("licence", ""))
    yield "trained on", f"{plural(card['training']['rows'], 'sentence')}" if "training" in card else ""
    yield "exactly right", f"{scores['held_out_exact']:.0%} of what people said whom it had not heard" if "held_out_exact" in scores else ""
    if not own.counts:
        return
    yield "made", f"{datetime.fromisoformat(made['made']).astimezone():%Y-%m-%d %H:%M}, in {made['steps']} steps"
    yield "before", _said(made["before"])
    yield "since then", _said(made["after"])
    for key in own.phrases:
        yield "has learned", phrases.get(key, "(a phrase that is no longer taught: llmos planner train makes it forget it)")
    for key in (key for key in phrases if key not in own.phrases):
        yield "not learned", phrases[key]


def _told(report: Report) -> Iterator[str]:
    from llmos_cli.ui.words import plural

    if report.skipped:
        yield (
            f"{plural(report.skipped, 'phrase')} left out, where the plan names what the words do not say, or has a tool that the planner "
            "does not know. Such phrases count as they were taught."
        )
    before, after = report.before, report.after
    yield f"{plural(report.learned, 'phrase')} gone over in {plural(report.steps, 'step')}, {report.seconds / 60:.1f} minutes in all."
    yield f"Exactly right before: {_counted(before)}."
    yield f"Exactly right now:    {_counted(after)}."
    if report.kept:
        yield "Your copy is in use from now on. `llmos planner reset` goes back to the bundled one."
    else:
        yield "That is worse, so the copy was not kept, and all is as it was. More phrases, or --minutes, may help."


def _counted(score: Score) -> str:
    return f"{score.held} of {score.of_held} requests of other people, {score.taught} of {score.of_taught} of yours in other words"


def _said(score: dict[str, int]) -> str:
    from llmos_cli.kernel.tuning import Score

    return _counted(Score(**score)) + " exactly right"


def _file(own: Own) -> Path:
    from llmos_cli.kernel.planners import bundled

    return own.file if own.counts else bundled()


def _bundled_card() -> dict[str, Any]:
    from llmos_cli.kernel.planners import CARD, bundled

    try:
        found = json.loads(bundled().with_name(CARD).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _show(host: Host, *, json: bool = False) -> Show:
    from llmos_cli.ui.show import Show, mode_for

    return Show(host, mode_for(host, json=json))


class _Progress:
    """A sentence when something begins, and a bar as it goes on."""

    def __init__(self, host: Host, *, quiet: bool) -> None:
        self._host, self._quiet = host, quiet
        self._what = ""
        self._bar: Bar | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        from llmos_cli.ui.bar import Bar

        if self._quiet:
            return
        if self._bar is None or what != self._what:
            self.clear()
            _show(self._host).note(f"{what} …")
            self._what, self._bar = what, Bar(self._host, total)
        self._bar.to(done, 0)

    def clear(self) -> None:
        if self._bar:
            self._bar.clear()
