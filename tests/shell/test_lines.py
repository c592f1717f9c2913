"""What a line is taken for."""

from __future__ import annotations

import pytest

from llmos_cli.shell.lines import Kind, Line, begins_as_plan, read, speaks_of_last
from llmos_cli.tools import TOOLS


@pytest.mark.parametrize(("text", "line"), [
    ("", Line(Kind.EMPTY)),
    ("  \n ", Line(Kind.EMPTY)),
    ("/undo", Line(Kind.SLASH, "undo")),
    ("/undo  azjs ", Line(Kind.SLASH, "undo", "azjs")),
    ("/", Line(Kind.SLASH)),
    ("/nonsense", Line(Kind.SLASH, "nonsense")),
    ("cd", Line(Kind.SLASH, "cd")),
    ("cd -", Line(Kind.SLASH, "cd", "-")),
    ("cd My Folder", Line(Kind.SLASH, "cd", "My Folder")),
    ("exit", Line(Kind.SLASH, "quit")),
    ("undo", Line(Kind.SLASH, "undo")),
    ("open the second one", Line(Kind.SLASH, "open", "the second one")),
    ("open 2-4", Line(Kind.SLASH, "open", "2-4")),
    ("!ls -l | wc", Line(Kind.SHELL, "ls -l | wc")),
    ("! echo 'a=b'", Line(Kind.SHELL, "echo 'a=b'")),
    ("!", Line(Kind.SHELL)),
])  # fmt: skip
def test_commands(text, line):
    assert read(text, TOOLS) == line


@pytest.mark.parametrize("text", [
    "list",
    "disks",
    "find ext=pdf",
    "find ext=pdf | count",
    'find name="a b" | sort size',
    "read notes.txt | grep TODO",
    "@last",
    "@last | count",
    "list ; disks; find ext=pdf",
    "find ext=pdf | taek 5",  # wrong, but meant as a plan: its mistake is marked
    "find ext=",
    'find name="not closed',
    "find ext=pdf\n| take 2",
])  # fmt: skip
def test_plans(text):
    assert read(text, TOOLS) == Line(Kind.PLAN, text)


@pytest.mark.parametrize("text", [
    "the five largest pdfs",
    "find the largest file",
    "count",  # cannot stand alone
    "count the files in downloads",
    "delete a.pdf and b.pdf",
    "move the pdfs in downloads to ~/papers",
    "find files where x=3",
    "ext=pdf find",
    "/etc/hosts: how many lines",
    "undo the last move",
    "cdrom images in downloads",
    "quit smoking.txt",
    "open the thesis",
    "查找最大的文件",
    "what is 2 | 3",
])  # fmt: skip
def test_requests(text):
    assert read(text, TOOLS) == Line(Kind.REQUEST, text)


@pytest.mark.parametrize(("text", "line"), [
    ("llmos undo", Line(Kind.SLASH, "undo")),
    ("llmos undo azjs", Line(Kind.SLASH, "undo", "azjs")),
    ("llmos run 'find ext=pdf | count'", Line(Kind.PLAN, "find ext=pdf | count")),
    ('llmos ask "the largest file"', Line(Kind.REQUEST, "the largest file")),
    ("llmos run -y 'delete a.pdf'", Line(Kind.SHELL, "llmos run -y 'delete a.pdf'")),
    ("llmos doctor", Line(Kind.SLASH, "doctor")),
    ("llmos doctor --json", Line(Kind.SHELL, "llmos doctor --json")),
    ("llmos ask 'not closed", Line(Kind.SHELL, "llmos ask 'not closed")),
])  # fmt: skip
def test_hints_can_be_pasted(text, line):
    assert read(text, TOOLS) == line


def test_a_key_of_another_step_or_in_quotes_makes_no_plan():
    assert not begins_as_plan('find the file called "ext=pdf"', TOOLS)
    assert not begins_as_plan("tree of here | find ext=pdf", TOOLS)


def test_what_speaks_of_the_last_result():
    assert all(map(speaks_of_last, ["delete those", "Only the pdfs", "sort them by size", "open the second one", "how big is it?"]))
    assert not any(map(speaks_of_last, ["the largest pdfs in downloads", "items in themes", "files called onlyoffice.txt"]))
