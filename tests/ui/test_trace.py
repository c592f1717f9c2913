"""Where a plan's literals come from."""

from __future__ import annotations

from pathlib import Path

from llmos_cli.events import Planned
from llmos_cli.plan import parse
from llmos_cli.tools import TOOLS
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.show import Show
from llmos_cli.ui.trace import origins, plan_text
from tests.ui.fakes import harm, said, terminal

REQUEST = "files over ten megs in my\x1b downloads to ~/big stuff"
TEXT = 'find in=downloads larger=10MB | sort by=size ; find name="a | b" | move into="~/big stuff"'


def planned(request: str = REQUEST, text: str = TEXT) -> Planned:
    def at(words: str) -> tuple[tuple[int, int], ...]:
        return ((request.index(words), request.index(words) + len(words)),)

    sources = {
        (0, 0, "in"): at("my\x1b downloads"),
        (0, 0, "larger"): at("ten megs"),
        (1, 1, "into"): at("~/big stuff"),
        (7, 7, "x"): at("to"),
    }
    return Planned(parse(text, TOOLS), text, 1.0, "planner", sources)


def test_words_that_were_read_as_something_else_are_said(work: Path) -> None:
    assert origins(planned(), REQUEST) == ["in=downloads ← “my\\x1b downloads”", "larger=10MB ← “ten megs”"]
    assert origins(planned(), REQUEST, all=True)[2:] == ["into=~/big stuff ← “~/big stuff”"]
    assert origins(planned(), "short") == []


def test_what_was_said_is_underlined_and_nothing_else(work: Path) -> None:
    text = plan_text(planned(), Paint(True))
    under = [part.split("\x1b[0m")[0] for part in text.split("\x1b[4m")[1:]]
    assert under == ["downloads", "10MB", '"~/big stuff"']
    assert plan_text(planned(), Paint(False)) == TEXT


def test_it_stands_below_the_plan_and_fits(work: Path) -> None:
    host = terminal(work, width=40)
    show = Show(host)
    show.request = REQUEST
    show.event(planned())
    assert said(host) == (
        f"› {TEXT}\n"
        "  in=downloads ← “my\\x1b downloads”  \n"
        "  larger=10MB ← “ten megs”   into=~/big\n"
        "  stuff ← “~/big stuff”\n"
    )  # fmt: skip
    assert not harm(said(host))
