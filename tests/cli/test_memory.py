"""`llmos memory …`, `llmos sessions`, `llmos teach`, as a person and as a script see them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from llmos_cli import main


class Llmos:
    """Runs command lines in this process: (exit code, what stdout got, what stderr got)."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main.run(words)
        out, err = self._capsys.readouterr()
        return code, out, err

    def out(self, *words: str) -> str:
        code, out, err = self(*words)
        assert code == 0, err
        return out


@pytest.fixture
def llmos(capsys, monkeypatch, tmp_path) -> Llmos:
    home = Path(os.environ["HOME"])
    (home / "research").mkdir()
    (home / "research/one.pdf").touch()
    monkeypatch.chdir(home)
    monkeypatch.setenv("PWD", str(home))
    monkeypatch.setenv("LLMOS_SESSION", "a")
    return Llmos(capsys)


@pytest.fixture
def lived(llmos) -> Llmos:
    llmos.out("run", "find in=research")
    llmos.out("run", 'remember "my papers live in ~/research"')
    llmos.out("run", "find in=papers | count")
    return llmos


def test_what_was_asked_is_listed_searched_and_shown(lived):
    assert [line.split("\t")[3] for line in lived.out("memory", "list").splitlines()] == [
        "find in=papers | count", 'remember "my papers live in ~/research"', "find in=research",
    ]  # fmt: skip
    assert lived.out("memory") == lived.out("memory", "list")
    assert len(lived.out("memory", "list", "-l", "1").splitlines()) == 1
    found = lived.out("memory", "search", "one", "pdf", "research").splitlines()
    assert "find in=research" in found[-1] and "research/one.pdf" in found[-1]
    assert lived.out("memory", "search", "zebra") == ""
    shown = lived.out("memory", "show", "1")
    assert "find in=research" in shown and "one.pdf" in shown
    data = json.loads(lived.out("memory", "show", "1", "--json"))
    assert data["result"]["items"][0]["path"].endswith("one.pdf") and data["time"].endswith("Z")
    assert lived("memory", "show", "99")[0] == 1


def test_facts_are_listed_and_dropped(lived):
    (fact,) = json.loads(lived.out("memory", "facts", "--json"))
    assert fact["fact"] == "my papers live in ~/research" and fact["means"].startswith("papers = /")
    lived.out("memory", "facts", "--remove", str(fact["id"]))
    assert lived.out("memory", "facts") == "" and lived("run", "find in=papers")[0] == 1


def test_sessions_are_listed_and_renamed(lived, monkeypatch):
    monkeypatch.setenv("LLMOS_SESSION", "b")
    lived.out("run", "list")
    assert [line.split("\t")[-1] for line in lived.out("sessions").splitlines()] == ["list", "find in=research"]
    lived.out("sessions", "rename", "find", "papers", "for", "march")
    (newest, other) = json.loads(lived.out("sessions", "--json"))
    assert (newest["title"], other["title"], other["requests"]) == ("list", "papers for march", 3)
    assert len(lived.out("memory", "list", "--session", "papers").splitlines()) == 3
    code, _, err = lived("sessions", "rename", "zebra", "x")
    assert code == 1 and "there is no session" in err


def test_a_phrase_is_taught_used_and_dropped(lived):
    lived.out("teach", "show the papers", "find in=papers ext=pdf")
    assert lived.out("ask", "-x", "Show the papers, please").strip() == "find in=papers ext=pdf"
    assert lived.out("ask", "show the papers").strip().endswith("research/one.pdf")
    (phrase,) = json.loads(lived.out("memory", "taught", "--json"))
    lived.out("memory", "taught", "--remove", str(phrase["id"]))
    assert lived.out("memory", "taught") == ""
    code, _, err = lived("teach", "go", "explode now")
    assert code == 2 and "no tool is called 'explode'" in err


def test_forgetting_asks_and_without_anybody_does_nothing(lived, monkeypatch):
    code, out, err = lived("memory", "forget", "--word", "papers")
    assert code == 3 and out == "" and "nothing was forgotten" in err and "--yes" in err
    assert "papers" in lived.out("memory", "list")


def test_forgetting_is_proved(lived):
    code, _, err = lived("memory", "forget", "--word", "papers", "--yes")
    assert code == 0 and "Forgotten: 2 requests, 1 fact" in err and "searched byte by byte: none has it" in err
    assert "papers" not in lived.out("memory", "list")
    home = Path(os.environ["LLMOS_HOME"])
    assert not [path for path in home.rglob("*") if path.is_file() and b"papers" in path.read_bytes()]
    code, _, err = lived("memory", "forget", "--word", "papers", "-y")
    assert code == 1 and "nothing to forget" in err


def test_what_still_has_it_is_the_exit_code(lived):
    lived.out("run", "move research/one.pdf into=kept", "-y")
    code, _, err = lived("memory", "forget", "-w", "kept", "--yes")
    assert code == 6 and "It is still in" in err and "--undo-too" in err
    lived.out("undo")
    data = json.loads(lived("memory", "forget", "--all", "--undo-too", "--yes", "--json")[1])
    assert data["proof"]["holding"] == [] and data["proof"]["searched"] > 0
    assert lived.out("memory", "list") == ""


def test_forgetting_needs_to_be_told_what(lived):
    for words in ((), ("1", "--all"), ("--word", "x", "--session", "y")):
        assert lived("memory", "forget", *words)[0] == 2
    assert lived("memory", "forget", "77", "-y")[0] == 1


def test_export_and_import(lived, tmp_path, monkeypatch):
    file = tmp_path / "mine.jsonl"
    lived.out("memory", "export", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code, _, err = lived("memory", "export", str(file))
    assert code == 2 and "exists already" in err
    assert file.read_text() == lived.out("memory", "export")
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "other"))
    code, _, err = lived("memory", "import", str(file))
    assert code == 0 and "3 turns, 1 fact" in err
    assert "nothing new" in lived("memory", "import", str(file))[2]
    assert "find in=research" in lived.out("memory", "list") and lived("run", "find in=papers")[0] == 0
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    for name, code in (("bad", 2), ("none", 1)):
        assert lived("memory", "import", str(tmp_path / name))[0] == code


def test_a_damaged_memory_does_not_stop_anything(lived):
    file = Path(os.environ["LLMOS_HOME"]) / "data/memory.db"
    file.write_bytes(b"garbage" * 5000)
    code, out, err = lived("run", "find in=research")
    assert code == 0 and out.strip().endswith("one.pdf") and err.count("set aside") == 1
    file.write_bytes(b"garbage" * 5000)
    code, out, err = lived("memory", "list")
    assert code == 0 and out == "" and err.count("set aside") == 1
