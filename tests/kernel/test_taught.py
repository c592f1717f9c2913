"""A taught phrase wins for its wording and near variants, and puts nothing into a plan that was not said."""

from __future__ import annotations

import pytest

from llmos_cli.kernel.taught import Match, as_said, match
from llmos_cli.memory.taught import Phrase
from llmos_cli.plan import parse, show
from llmos_cli.tools import TOOLS

TAUGHT = {
    "tidy the pdfs in Downloads": "find in=Downloads ext=pdf older=30d | move into=~/archive",
    "clean up": "find in=~/Downloads older=30d | delete",
    "show files bigger than ten megs here": "find larger=10MB",
    "read report.pdf": "read report.pdf | take 5",
    "everything about thesis": "find *thesis*",
    "back up notes to usb": "find in=notes | copy into=usb",
    "帮我整理下载里的照片": "find in=下载 kind=image | organize by=month",
    "the 5 newest in Desktop": "find in=Desktop | sort by=modified order=desc | take 5",
    "what changed last tuesday": "find during=\"last tuesday\"",
    "rename draft to final": "rename draft to=final",
    "copy a b and c": "copy a,b,c into=copies",
}  # fmt: skip
PHRASES = [Phrase(n, n, words, show(parse(plan, TOOLS), TOOLS)) for n, (words, plan) in enumerate(TAUGHT.items(), 1)]


def found(request: str) -> Match | None:
    return match(request, PHRASES, TOOLS)


def plan(request: str) -> str | None:
    it = found(request)
    return it and show(it.plan, TOOLS)


@pytest.mark.parametrize("words", TAUGHT)
def test_its_own_words_mean_its_plan(words):
    for request in (
        words,
        words.upper() if words.isascii() and "." not in words else words,
        f"  {words}!",
        f"Please {words}",
        f"could you {words}, thanks",
    ):
        assert plan(request) is not None and plan(request).lower() == show(parse(TAUGHT[words], TOOLS), TOOLS).lower()
        assert found(request).exact


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("tidy the jpgs in Desktop", "find in=Desktop ext=jpg older=30d | move into=~/archive"),
        ("Please tidy the PDFs in photos", "find in=photos ext=pdf older=30d | move into=~/archive"),
        ("show files bigger than 200 MB here", "find larger=200MB"),
        ("show files bigger than 3gb here", "find larger=3GB"),
        ("read budget.txt", "read budget.txt | take 5"),
        ("everything about taxes", "find *taxes*"),
        ("back up usb to notes", "find in=usb | copy into=notes"),
        ("请帮我整理桌面里的照片", "find in=桌面 kind=image | organize by=month"),
        ("the 12 newest in Downloads", "find in=Downloads | sort by=modified order=desc | take 12"),
        ("the seven newest in Downloads", "find in=Downloads | sort by=modified order=desc | take 7"),
        ("what changed yesterday", "find during=yesterday"),
        ("copy d b and e", "copy d,b,e into=copies"),
    ],
)
def test_other_names_and_numbers_take_the_place_of_the_old_ones(request_, expected):
    assert plan(request_) == show(parse(expected, TOOLS), TOOLS)
    it = found(request_)
    assert not it.exact
    for (p, s, name), spans in it.sources.items():  # each literal that is not the taught plan's own stands in the request
        assert all(request_[a:b].strip() for a, b in spans) and name in it.plan.pipelines[p][s].args


@pytest.mark.parametrize(
    "request_",
    [
        "tidy my pdfs in Downloads", "tidy the files in Downloads", "tidy the pdfs", "tidy the pdfs in Downloads and Desktop",
        "tidy all in Downloads", "do not tidy the pdfs in Downloads", "tidy the apples in Downloads",  # no file ending
        "clean up Downloads", "clean up everything", "clean", "show files bigger than everything here",
        "show files smaller than ten megs here",
        "read it", "read the report", "read report", "everything about it", "back up them to usb", "back up the notes to usb",
        "the many newest in Desktop", "what changed in Desktop", "rename it to final", "", "?!", "整理照片",
    ],
)  # fmt: skip
def test_other_words_are_other_requests(request_):
    assert plan(request_) is None


def test_the_phrase_most_alike_wins_then_the_newest():
    phrases = [
        Phrase(3, 3, "list notes", "find in=notes"),
        Phrase(2, 2, "list drafts", "find in=drafts ext=md"),
        Phrase(1, 1, "list papers", "find in=papers"),
    ]
    assert show(match("list drafts", phrases, TOOLS).plan, TOOLS) == "find in=drafts ext=md"
    assert match("list letters", phrases, TOOLS).phrase.words == "list notes"


def test_words_that_cannot_be_told_apart_stay_as_they_were():
    phrase = Phrase(1, 1, "put report final in report", 'find in=report | move into="report final"')
    assert match("put report final in report", [phrase], TOOLS).exact
    assert match("put letter final in letter", [phrase], TOOLS) is None or "report" not in show(
        match("put letter final in letter", [phrase], TOOLS).plan, TOOLS
    )


def test_a_plan_whose_tool_is_gone_is_passed_over():
    assert match("do it", [Phrase(1, 1, "do it", "vanished x=1")], TOOLS) is None


def test_a_long_request_takes_no_long_time():
    phrase = Phrase(1, 1, "find a a a a a a a a", "find in=a | copy into=a")
    for text in ("find " + "a " * 2000, "please " * 2000, "a" * 20_000):
        match(text, [phrase, *PHRASES], TOOLS)


@pytest.mark.parametrize(
    ("words", "plan", "raw"),
    [
        (
            "tidy the pdfs in Downloads",
            "find in=Downloads ext=pdf | move into=~/Downloads",
            "find in=Downloads ext=pdfs | move into=~/Downloads",
        ),
        ("show files bigger than ten megs here", "find larger=10MB", 'find larger="ten megs"'),
        ("everything about thesis", "find *thesis*", "find *thesis*"),
        ("bin the invoices", "find *invoice* | delete", "find *invoices* | delete"),
        ("the five newest", "find | sort by=modified order=desc | take 5", "find | sort by=modified order=desc | take five"),
        ("count it", "find | count", "find | count"),
    ],
)
def test_a_phrase_is_learned_with_its_literals_as_they_were_said(words, plan, raw):
    sentence = as_said(Phrase(1, 1, words, show(parse(plan, TOOLS), TOOLS)), TOOLS)
    assert sentence is not None and sentence.say == words and sentence.plan == parse(raw, TOOLS, raw=True)


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ("clean up", "find in=~/Downloads older=30d | delete"),
        ("tidy Downloads", "find in=Downloads | move into=~/archive"),
        ("read it", "vanished x=1"),
        ("word " * 200, "find | count"),
        ("", "find"),
    ],
)
def test_a_phrase_whose_literals_are_not_said_cannot_be_learned(words, plan):
    assert as_said(Phrase(1, 1, words, plan), TOOLS) is None
