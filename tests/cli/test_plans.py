"""Plans under a name: saved, listed, run with parameters, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.host import Host
from tests.cli.conftest import Run


def test_a_plan_with_parameters_runs_without_a_model(llmos: Run) -> None:
    saved = llmos("save", "big", "find ext={ext:txt} larger={size} | count")
    assert saved.code == 0 and "llmos run @big ext=txt size=…" in saved.err
    assert llmos("run", "@big", "size=10B").out == "1\n"
    assert llmos("run", "@big size=1B ext=pdf").out == "0\n"
    assert llmos("run", "-x", "@big", "size=ten megs").out == "find ext=txt larger=10MB | count\n"


def test_a_value_is_one_value_whatever_is_in_it(llmos: Run, folder: Path) -> None:
    (folder / "x | delete b.txt").write_text("a b c")
    llmos("save", "words", "read {file} | words")
    assert llmos("run", "-y", "@words", "file=x | delete b.txt").out == "3\n"
    assert llmos("run", "-x", "@words", 'file="a\\b, c"').out == 'read "a\\\\b, c" | words\n'
    assert (folder / "b.txt").exists()


def test_lists_and_quotes(llmos: Run, folder: Path) -> None:
    (folder / "one,two.txt").write_text("x")
    llmos("save", "p", "find ext={ext} | count")
    llmos("save", "r", "find name={name}")
    assert llmos("run", "-x", "@p", "ext=pdf,txt").out == "find ext=pdf,txt | count\n"
    assert llmos("run", "@r", 'name="one,two.txt"').out == "one,two.txt\n"


def test_the_last_plan_here_is_saved_where_none_is_given(llmos: Run) -> None:
    assert llmos("save", "nothing").code == 2
    llmos("ask", "count the words in notes.txt")
    assert llmos("save", "counted").code == 0
    assert llmos("run", "@counted").out == "5\n"


def test_names_are_kept_until_they_are_replaced(llmos: Run) -> None:
    llmos("save", "a", "find ext=pdf")
    taken = llmos("save", "a", "find ext=txt")
    assert taken.code == 2 and "there is a plan 'a' already: find ext=pdf" in taken.err
    assert llmos("save", "a", "find ext=txt", "--replace").code == 0
    assert llmos("save").out == "a\tfind ext=txt\n"
    assert llmos("save", "--delete", "a").code == 0 and llmos("save").out == ""
    assert llmos("save", "--delete", "a").code == 1


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (["run", "@bog", "size=1"], 1, "did you mean @big?"),
    (["run", "@big"], 2, "@big needs size="),
    (["run", "@big", "size=1", "x=2"], 2, "it takes size="),
    (["run", "@big", "size=huge"], 2, "should be a size such as 10MB"),
    (["save", "../evil", "find"], 2, "no name for a plan"),
    (["save", "b", "fnd"], 2, "did you mean find?"),
    (["save", "b", "find | count | take 2"], 2, "take takes files"),
    (["save", "b", "find siez={x}"], 2, "find has no argument"),
])  # fmt: skip
def test_what_makes_no_sense_is_said(llmos: Run, arguments: list[str], code: int, says: str) -> None:
    llmos("save", "big", "find larger={size}")
    ran = llmos(*arguments)
    assert ran.code == code and says in ran.err, ran


def test_they_are_files_to_read_and_edit(llmos: Run) -> None:
    llmos("save", "a", "find ext=pdf")
    file = Host.real().paths.config / "plans/a.plan"
    assert file.read_text() == "find ext=pdf\n" and file.stat().st_mode & 0o777 == 0o600
    file.write_text("# texts of mine\nfind ext=txt\n  | count\n")
    assert llmos("run", "@a").out == "2\n"
