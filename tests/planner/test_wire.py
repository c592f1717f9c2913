"""Plans and their wire form: what is pointed at is what was said."""

import pytest

from llmos_cli.plan import parse, show
from llmos_cli.planner import wire
from llmos_cli.planner.request import read
from llmos_cli.tools import TOOLS


def there_and_back(say: str, plan: str) -> str:
    request = read(say)
    tokens = wire.encode(parse(plan, TOOLS, raw=True), request, TOOLS)
    assert tokens[-1] == wire.END
    return show(wire.decode(tokens[:-1], request, TOOLS).plan, TOOLS)


@pytest.mark.parametrize(("say", "plan", "meant"), [
    ("the three newest PDFs in my downloads", "find in=downloads ext=PDFs | sort by=modified order=desc | take three",
     "find in=downloads ext=pdf | sort by=modified order=desc | take 3"),
    ("files over ten megs", 'find larger="ten megs"', "find larger=10MB"),
    ("plans.txt on the desktop: bin it", "delete desktop/plans.txt", "delete desktop/plans.txt"),
    ("anything called budget", "find *budget*", "find *budget*"),
    ("between 150 and 250 KB", 'find larger=150 smaller="250 KB"', "find larger=150KB smaller=250KB"),
    ("put spaces where underscores are in names", "find | rename old=underscores new=spaces", 'find | rename old=_ new=" "'),
    ("names with spaces in them", "find *spaces*", 'find "* *"'),
    ("pdfs without an underscore", 'find not_name="*an underscore*" ext=pdfs', "find not_name=*_* ext=pdf"),
    ("名字里有空格的", "find *空格*", 'find "* *"'),
    ("what has a space in its name", "find *space*", 'find "* *"'),
    ("find a space picture", "find *space* kind=image", "find *space* kind=image"),
    ("a new folder tables in my home", "mkdir home/tables", "mkdir ~/tables"),
    ("my space pictures", "find *space* kind=image", "find *space* kind=image"),
    ("the newest", "find | sort by=modified order=desc | take 1", "find | sort by=modified order=desc | take 1"),
])  # fmt: skip
def test_round_trip(say, plan, meant):
    assert there_and_back(say, plan) == meant


def test_the_last_mention_counts_since_people_correct_themselves():
    request = read("into archive, no wait, into archive")
    assert wire.find_span("archive", request) == (6, 6)


def test_what_is_not_in_the_sentence_cannot_be_said():
    with pytest.raises(ValueError, match=r"'secret\.txt' is not in the sentence"):
        wire.encode(parse("delete secret.txt", TOOLS, raw=True), read("delete that file"), TOOLS)


def test_sources_are_offsets_in_the_request():
    say = "move report.doc into the archive"
    request = read(say)
    traced = wire.decode(wire.encode(parse("move report.doc into=archive", TOOLS, raw=True), request, TOOLS)[:-1], request, TOOLS)
    assert {key[2]: [say[a:b] for a, b in spans] for key, spans in traced.sources.items()} == {"files": ["report.doc"], "into": ["archive"]}


@pytest.mark.parametrize(
    ("tokens", "times"),
    [
        ("<t:csv> <files=> <1> <|> <t:max> <column=> <5> <;> <t:csv> <files=> <1> <|> <t:max> <column=> <5>", 1),
        ("<t:move> <files=> <2> <into=> <2>", 1),
        ("<t:find> <ext=> <3> <not_ext=> <3> <,> <3>", 2),
        ("<t:owner> <files=> <1> <user=> <5> <group=> <5>", 0),
        ("<t:mkdir> <path=> <5> </> <8> <,> <5> </> <10>", 0),
        ("<t:find> <ext=> <3> <|> <t:pack> <;> <t:find> <ext=> <3> <|> <t:delete>", 0),
        ("<t:sort> <by=> <w:size> <order=> <w:size>", 0),
    ],
)
def test_what_is_said_twice_is_counted(tokens: str, times: int):
    assert wire.repeated(tokens.split()) == times
