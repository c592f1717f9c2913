"""What Tab offers, and how a line is coloured."""

from __future__ import annotations

import pytest
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError

from llmos_cli.places import Place
from llmos_cli.shell.colours import LineLexer
from llmos_cli.shell.completion import offers
from llmos_cli.shell.past import Past
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
    ("find ext=p", ["find ext=pdf"], ["find ext=txt"]),
    ("find larger=1", ["find larger=10MB"], ["find larger=today"]),
    ('find during=l', ['find during="last week"'], []),
    ("/open no", ["/open notes.txt"], []),
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


@pytest.mark.parametrize(("text", "wrong"), [
    ("find ext=pdf | taek 2 | count", ["taek"]),
    ("find colour=red | count", ["colour=", "red"]),
    ("count | find ext=pdf", ["count"]),
    ("find ext=pdf | ta", []),  # still being typed
    ("find name=a | count", []),
])  # fmt: skip
def test_what_is_wrong_in_a_plan_is_marked(text, wrong):
    fragments = LineLexer(TOOLS, plan=True).lex_document(Document(text))(0)
    assert [fragment[1] for fragment in fragments if fragment[0] == "class:wrong"] == wrong


def test_a_tool_and_a_file_are_a_plan(work):
    lexer = LineLexer(TOOLS, folder=lambda: work)
    assert lexer.lex_document(Document("delete notes.txt"))(0)[0] == ("class:tool", "delete")
    assert lexer.lex_document(Document("delete nothing.txt"))(0) == [("", "delete nothing.txt")]


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
    host = make().host
    past = Past(host.paths, lambda: host.cwd)
    for text in ("the largest file", " a secret", "two\nlines", "two\nlines"):
        past.add(text)
    assert [typed.text for typed in Past(host.paths, lambda: host.cwd).lines] == ["the largest file", "two\nlines"]
    assert [typed.text for typed in Past(host.paths, lambda: host.cwd, most=1).lines] == ["two\nlines"]
    none = Past(host.paths, lambda: host.cwd, most=0)
    none.add("not kept")
    assert [typed.text for typed in none.lines] == ["not kept"]
    assert "not kept" not in (host.paths.data / "typed").read_text()
    file = host.paths.data / "typed"
    assert file.stat().st_mode & 0o777 == 0o600 and host.paths.data.stat().st_mode & 0o777 == 0o700


def test_what_is_suggested_was_typed_here_if_it_can(make, work):
    host, folder = make().host, work
    past = Past(host.paths, lambda: folder)
    past.add("find ext=pdf")
    folder = work / "thesis"
    past.add("find ext=tex")
    assert past.suggestion("find") == " ext=tex"
    folder = work
    assert past.suggestion("find") == " ext=pdf" and past.suggestion("find ext=t") == "ex"
    assert past.suggestion("") == past.suggestion("find ext=pdf") == past.suggestion("count") == ""


def test_a_history_on_a_disk_that_takes_nothing_is_kept_in_memory(make, work):
    (work.parents[1] / "llmos").write_text("in the way")
    past = Past(make().host.paths, lambda: work)
    past.add("find")
    assert past.suggestion("f") == "ind"
