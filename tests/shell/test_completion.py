"""What Tab offers, and how a line is coloured."""

from __future__ import annotations

import pytest
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError

from llmos_cli.places import Place
from llmos_cli.shell.colours import LineLexer
from llmos_cli.shell.completion import offers
from llmos_cli.shell.past import past
from llmos_cli.shell.prompts import PlanValidator
from llmos_cli.tools import TOOLS
from tests.ui.fakes import NOW


@pytest.fixture
def offered(work):
    (work / "evil\x1b.pdf").touch()
    place = Place(work, work.parent, NOW)
    return lambda text: [text[: len(text) - offer.replaces] + offer.text for offer in offers(text, TOOLS, place)]


@pytest.mark.parametrize(("text", "some", "none"), [
    ("/u", ["/undo"], ["/redo"]),
    ("/tools fi", ["/tools find"], []),
    ("fi", ["find"], ["@last"]),
    ("find ext=pdf | so", ["find ext=pdf | sort"], []),
    ("find ext=pdf | li", [], ["find ext=pdf | list"]),
    ("find la", ["find larger="], []),
    ("find larger=1 la", [], ["find larger=1 larger="]),
    ("sort by=si", ["sort by=size"], []),
    ("find in=do", ["find in=downloads"], []),
    ("find in=th", ["find in=thesis/"], []),
    ("find in=no", [], ["find in=notes.txt"]),
    ("read no", ["read notes.txt"], []),
    ("read My", ['read "My Folder/"'], []),
    ("!cat My", ["!cat 'My Folder/'"], []),
    ("cd My", ["cd My Folder/"], []),
    ("cd ~/D", ["cd ~/Downloads/"], []),
    ("cd no", [], ["cd notes.txt"]),
    ("what is in the", ["what is in thesis/"], []),
    ("what is in e", [], ["what is in evil\x1b.pdf"]),
    ("what is in /nowhere/", [], ["what is in /nowhere/"]),
])  # fmt: skip
def test_offers(offered, text, some, none):
    found = offered(text)
    assert set(some) <= set(found) and not set(none) & set(found)


@pytest.mark.parametrize(("text", "styles"), [
    ("/undo", ["class:slash"]),
    ("!ls", ["class:shell"]),
    ("the largest file", [""]),
    ("find ext=pdf | count", ["class:tool", "class:key", "class:mark", "class:tool"]),
])  # fmt: skip
def test_colours(text, styles):
    fragments = LineLexer(TOOLS).lex_document(Document(text))(0)
    assert "".join(fragment[1] for fragment in fragments) == text
    assert [fragment[0] for fragment in fragments if fragment[0]] == [style for style in styles if style]


def test_each_line_of_several_is_coloured():
    line = LineLexer(TOOLS).lex_document(Document("find ext=pdf\n| count"))
    assert ("class:tool", "count") in line(1) and line(2) == []


def test_an_edited_plan_is_checked_where_it_is_wrong():
    validator = PlanValidator(TOOLS)
    validator.validate(Document("find ext=pdf | count"))
    with pytest.raises(ValidationError, match="did you mean take") as caught:
        validator.validate(Document("find ext=pdf | taek 2"))
    assert caught.value.cursor_position == 15


def test_what_was_typed_is_private(make):
    paths = make().host.paths
    kept = past(paths)
    kept.append_string("the largest file")
    kept.append_string(" a secret")
    assert list(past(paths).load_history_strings()) == ["the largest file"]
    assert (paths.data / "typed").stat().st_mode & 0o777 == 0o600 and paths.data.stat().st_mode & 0o777 == 0o700
