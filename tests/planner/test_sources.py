"""Where the literals of a plan that another engine wrote come from."""

from pathlib import Path

import pytest

from llmos_cli.check import check
from llmos_cli.language.templates import template
from llmos_cli.plan import parse, show
from llmos_cli.planner.signatures import signatures
from llmos_cli.planner.sources import trace
from llmos_cli.tools import TOOLS


@pytest.mark.parametrize(
    ("request_", "written", "plan"),
    [
        (
            "five PDFs in downloads over ten megs",
            "find in=~/Downloads ext=pdf larger=10MB | take 5",
            "find in=downloads ext=pdf larger=10MB | take 5",
        ),
        ("rename Report Final.PDF to x", 'rename "report final.pdf" to=X', 'rename "Report Final.PDF" to=x'),
        ("older than two weeks, all of it", "find older=14d", "find older=14d"),
        (
            "what changed a month ago in Documents/thesis",
            'find in=documents/Thesis during="a month ago"',
            'find in=Documents/thesis during="a month ago"',
        ),
        ("invoices of march", "find *invoice* during=march", "find *invoice* during=march"),
        ("the last result as notes.txt in my home", "@last | write to=~/notes.txt", "@last | write to=~/notes.txt"),
        ("swap old for New in a.txt", "replace a.txt old=OLD new=new", "replace a.txt old=old new=New"),
        ("the biggest", "find in=. | sort by=size order=desc | take 1", "find in=. | sort by=size order=desc | take 1"),
        (
            "三个最大的移到备份",
            "find | sort by=size order=desc | take 3 | move into=备份",
            "find | sort by=size order=desc | take 3 | move into=备份",
        ),
    ],
)
def test_what_was_said_is_found_and_written_as_it_was_said(request_, written, plan):
    found = trace(parse(written, TOOLS), request_, TOOLS)
    assert (show(found.plan, TOOLS), found.invented) == (plan, ())


@pytest.mark.parametrize(
    ("request_", "written", "invented"),
    [
        ("delete the report", "delete /etc/passwd", ("files=/etc/passwd",)),
        ("delete the report in etc", "delete /etc/report", ("files=/etc/report",)),
        ("large pdfs", "find ext=pdf larger=100MB", ("larger=100MB",)),
        ("mail ana the list", 'mail.draft to=ana@example.org subject="The list"', ("to=ana@example.org",)),
        ("rename it", "rename a.txt to=b.txt", ("files=a.txt", "to=b.txt")),
        ("files named art", "find *part*", ("name=*part*",)),
        ("newer than 3 days", "find newer=4d", ("newer=4d",)),
    ],
)
def test_what_was_not_said_is_told(request_, written, invented):
    assert trace(parse(written, TOOLS), request_, TOOLS).invented == invented


def test_the_places_are_those_of_the_words():
    request = "move a.txt to ~/papers, no, b.txt to ~/papers"
    found = trace(parse("move b.txt into=~/papers", TOOLS), request, TOOLS)
    assert {key[2]: request[slice(*spans[0])] for key, spans in found.sources.items()} == {"files": "b.txt", "into": "~/papers"}
    assert found.sources[0, 0, "into"][0][0] > 20  # people correct themselves: the last one counts


def test_an_earlier_request_is_a_source_too_but_has_no_place_in_this_one():
    found = trace(parse("find in=thesis ext=tex", TOOLS), "only the tex ones", TOOLS, ["what is in thesis"])
    assert found.invented == () and (0, 0, "in") not in found.sources and (0, 0, "ext") in found.sources


def test_a_model_is_told_of_all_tools_and_shown_plans_that_are_plans():
    made = template("plan", Path("/nonexistent"))
    told = signatures(TOOLS)
    assert all(f"\n{name}" in f"\n{told}" for name in TOOLS if name not in ("@last", "again", "clarify", "escalate"))
    assert len(told) < 8500  # letters; each is computed once for each model, and takes its room in every conversation
    examples = made.texts["system"].split("Examples:")[1].strip().splitlines()
    assert len(examples) > 10
    for line in examples:
        request, plan = line.split(" → ")
        check(parse(plan, TOOLS), TOOLS)
        found = trace(parse(plan, TOOLS), request, TOOLS)
        assert show(found.plan, TOOLS) == plan and not found.invented, line
