"""`llmos config`: what counts and why, and how it is changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from llmos_cli.host import Host
from tests.cli.conftest import Run


def file() -> Path:
    return Host.real().paths.config / "config.toml"


def test_each_value_says_where_it_comes_from(llmos: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert llmos("config", "set", "sure.change", "0.7").code == 0
    monkeypatch.setenv("LLMOS_KEYS", "vi")
    found = llmos("config", "--json").json["settings"]
    assert found["sure.change"]["value"] == 0.7 and found["sure.change"]["source"] == "file"
    assert found["keys"] == {"value": "vi", "source": "environment", "where": "LLMOS_KEYS"}
    assert found["colour"]["source"] == "default"
    lines = [line.split("\t")[:3] for line in llmos("config", "list").out.splitlines()]
    assert ["keys", "vi", "environment, LLMOS_KEYS"] in lines and ["colour", "auto", "default"] in lines


def test_the_environment_counts_more_than_the_file_and_it_is_said(llmos: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_KEYS", "emacs")
    ran = llmos("config", "set", "keys", "vi")
    assert ran.code == 0 and "LLMOS_KEYS is set, and counts more" in ran.err
    assert llmos("config", "get", "keys").out == "emacs\n"


def test_set_keeps_comments_and_unset_brings_the_default_back(llmos: Run) -> None:
    file().parent.mkdir(parents=True, mode=0o700)
    file().write_text("# mine\n[sure]\nread = 0.1  # careful\n")
    file().chmod(0o600)
    assert llmos("config", "set", "keys", "vi").code == 0
    assert llmos("config", "set", "sure.read", "0.2").code == 0
    assert file().read_text() == '# mine\nkeys = "vi"\n\n[sure]\nread = 0.2  # careful\n'
    assert llmos("config", "unset", "keys").code == 0
    assert (llmos("config", "get", "keys").out, llmos("config", "get", "sure.read").out) == ("emacs\n", "0.2\n")


def test_a_first_set_makes_a_file_that_explains_itself(llmos: Run) -> None:
    os.umask(0)
    llmos("config", "set", "pager", "less -S")
    os.umask(0o022)
    assert 'pager = "less -S"' in file().read_text() and "# keys = " in file().read_text()
    assert stat.S_IMODE(file().stat().st_mode) == 0o600 and stat.S_IMODE(file().parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("arguments", "says"), [
    (["set", "keys", "nano"], "keys should be one of emacs, vi"),
    (["set", "sure.read", "2"], "a number from 0 to 1"),
    (["get", "key"], "did you mean keys?"),
    (["set", "colours", "never"], "did you mean colour?"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(llmos: Run, arguments: list[str], says: str) -> None:
    ran = llmos("config", *arguments)
    assert ran.code == 2 and says in ran.err and not file().exists()


def test_edit_opens_the_editor_on_a_file_with_all_settings(llmos: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "my editor"
    editor.write_text("#!/bin/sh\ngrep -q '# keys' \"$1\" && printf '[sure]\\nkeys = 1\\n' > \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{editor}'")
    ran = llmos("config", "edit")
    assert ran.code == 1 and "line 2: there is no setting 'sure.keys'; did you mean keys?" in ran.err
    assert llmos("config", "path").out.strip() == str(file())
    monkeypatch.setenv("EDITOR", "/nowhere/vi")
    assert "cannot be started" in llmos("config", "edit").err


def test_a_wrong_file_is_said_in_a_sentence_and_the_program_works(llmos: Run) -> None:
    llmos("config", "set", "keys", "vi")
    file().write_text("[sure]\nread = 7\n")
    ran = llmos("run", "find | count")
    assert (ran.code, ran.out) == (0, "2\n")
    assert f"{file()}, line" in ran.err and "sure.read should be a number from 0 to 1" in ran.err and len(ran.err.splitlines()) == 1


def test_settings_are_used(llmos: Run, folder: Path) -> None:
    """How sure is sure enough is the person's to say."""
    assert llmos("ask", "the five largest files here").code == 0
    llmos("config", "set", "sure.read", "1")
    assert llmos("ask", "the five largest files here").code == 4


def test_the_current_folder_sets_nothing(llmos: Run, folder: Path) -> None:
    (folder / "config.toml").write_text('keys = "vi"\n')
    (folder / ".llmos").mkdir()
    (folder / ".llmos/config.toml").write_text('keys = "vi"\n')
    assert llmos("config", "get", "keys").out == "emacs\n"


def test_plans_may_not_change_it(llmos: Run) -> None:
    llmos("config", "set", "keys", "vi")
    ran = llmos("run", "-y", f"delete {file()}")
    assert ran.code == 3 and file().exists()
