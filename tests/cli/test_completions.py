"""The completion scripts do in the real shells what a person at the prompt expects, where the shells are installed; bash is everywhere."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from llmos_cli.cli import completions
from llmos_cli.cli.offers import offers
from llmos_cli.cli.tree import tree
from llmos_cli.errors import UsageError
from llmos_cli.host import Host
from llmos_cli.kernel.saved import SavedPlans
from llmos_cli.tools import TOOLS
from tests.cli.conftest import Run
from tests.cli.terminals import Terminal

ROOT = Path(__file__).parents[2]
Ask = Callable[[tuple[str, ...], Path, dict[str, str]], set[str]]
CASES = {  # the words typed, the last of them half: some that are offered, one that is not
    ("",): ({"ask", "run", "map", "undo", "history", "config", "completions"}, "--json"),
    ("com",): ({"completions"}, "ask"),
    ("ask", "--"): ({"--json", "--jsonl", "--yes"}, "--limit"),
    ("run", "dup"): ({"duplicates"}, "find"),
    ("run", "-f", "notes.txt", "dup"): ({"duplicates"}, "notes"),
    ("tools", "re"): ({"read", "rename", "replace", "reverse"}, "find"),
    ("completions", ""): ({"bash", "zsh", "fish"}, "ask"),
    ("config", ""): ({"get", "set", "edit", "path", "list"}, "ask"),
    ("config", "set", ""): ({"keys", "colour", "sure.read"}, "get"),
    ("config", "set", "keys", ""): ({"emacs", "vi"}, "colour"),
    ("run", "@"): ({"@last", "@old-pdfs", "@weekly"}, "find"),
    ("save", "o"): ({"old-pdfs"}, "find"),
}
FILES = {("ask", "no"): "notes one.txt", ("run", "no"): "notes one.txt", ("ask", "-f", "no"): "notes one.txt"}


def run(shell: str, code: str, folder: Path, env: dict[str, str], *arguments: str) -> str:
    found = shutil.which(shell)
    if found is None:
        assert shell != "bash", "bash is everywhere: these tests must not all be passed over"
        pytest.skip(f"{shell} is not installed")
    flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [found, *flags, "-c", code, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
    return done.stdout


def bash(words: tuple[str, ...], folder: Path, env: dict[str, str]) -> set[str]:
    code = f'source {ROOT}/completions/llmos.bash; COMP_WORDS=(llmos "$@"); COMP_CWORD=$#; _llmos; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return {*run("bash", code, folder, env, "bash", *words).split("\n")} - {""}


def fish(words: tuple[str, ...], folder: Path, env: dict[str, str]) -> set[str]:
    return fish_all([words], folder, env)[0]


def fish_all(cases: Iterable[tuple[str, ...]], folder: Path, env: dict[str, str]) -> list[set[str]]:
    """Of all cases in one fish, which takes its time to start."""
    asked = "".join(f"; echo NEXT; complete -C '{' '.join(('llmos', *words))}'" for words in cases)
    parts = run("fish", f"source {ROOT}/completions/llmos.fish{asked}", folder, env).split("NEXT\n")[1:]
    return [{line.split("\t")[0].replace("\\ ", " ") for line in part.splitlines()} for part in parts]


def zsh(words: tuple[str, ...], folder: Path, env: dict[str, str]) -> set[str]:
    """In a terminal of zsh's own: what is listed, or put in, after Tab."""
    line = " ".join(["llmos", *words])
    code = f"""
        zmodload zsh/zpty
        zpty -b inner zsh -f -i
        zpty -w inner "PROMPT=; RPROMPT=; autoload -Uz compinit; compinit -u -D; LISTMAX=1000; setopt no_beep; stty columns 150"
        zpty -w inner "source {ROOT}/completions/_llmos; echo READ''Y"
        zpty -r inner out '*READY*'
        zpty -w -n inner $'{line}\\t'
        sleep 1.5
        while zpty -rt inner part; do print -r -- $part; done
        zpty -d inner
    """
    return {*re.findall(r"[@\w.-]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", run("zsh", code, folder, env)))}


@pytest.fixture
def files(folder: Path) -> Path:
    (folder / "notes one.txt").write_text("")
    plans = SavedPlans(Host.real().paths, TOOLS)
    plans.save("old-pdfs", "find ext=pdf older={age}")
    plans.save("weekly", "find newer=7d")
    return folder


@pytest.mark.parametrize("words", CASES, ids=" ".join)
@pytest.mark.parametrize("ask", [bash, pytest.param(zsh, marks=pytest.mark.slow)])
def test_a_shell_offers(ask: Ask, words: tuple[str, ...], files: Path, on_path: dict[str, str]) -> None:
    wanted, unwanted = CASES[words]
    offered = ask(words, files, on_path)
    assert wanted <= offered
    assert unwanted not in offered


def test_fish_offers_the_same(files: Path, on_path: dict[str, str]) -> None:
    for (words, (wanted, unwanted)), offered in zip(CASES.items(), fish_all(CASES, files, on_path), strict=True):
        assert wanted <= offered and unwanted not in offered, words


def test_zsh_offers_words_and_values(files: Path, on_path: dict[str, str]) -> None:
    """The others are slow: zsh's own completion takes its time to load."""
    assert CASES["run", "@"][0] <= zsh(("run", "@"), files, on_path)


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_files_are_offered(words: tuple[str, ...], files: Path, on_path: dict[str, str]) -> None:
    assert bash(words, files, on_path) == set()  # what makes bash complete a file name
    assert FILES[words] in fish(words, files, on_path)


def test_tab_in_a_terminal(files: Path, on_path: dict[str, str]) -> None:
    """Where bash ends words at @ and =, and what it then puts in."""
    there = Terminal("bash", files, on_path)
    try:
        there.run(f"source {ROOT}/completions/llmos.bash")
        there.type("llmos run @w\t")
        there.wait("weekly ")
        there.type("-x\r")
        there.wait("find newer=7d")
        there.type("\x15llmos config set ke\tv\t")
        there.wait("keys vi")
        there.type("\x15llmos ask -f 'notes o\t")
        there.wait("notes one.txt'")
    finally:
        there.close()


def test_names_are_never_run(files: Path, on_path: dict[str, str]) -> None:
    (files / "$(touch gotcha)").write_text("")
    session = "$(touch gotcha) `touch gotcha`"
    program = Path(on_path["PATH"].split(":")[0]) / "llmos"
    program.write_text(f"#!/bin/sh\necho '{session}'\n")
    for shell in (bash, fish):
        for words in (("ask", ""), ("run", "$(touch gotcha)"), ("--session", ""), ("save", ""), ("undo", "$")):
            shell(words, files, on_path)
    assert bash(("undo", "$"), files, on_path) == {re.sub(r"([$() `])", r"\\\1", session)}
    assert not (files / "gotcha").exists()


def test_nothing_is_started_for_what_is_known(files: Path, on_path: dict[str, str]) -> None:
    program = Path(on_path["PATH"].split(":")[0]) / "llmos"
    program.write_text("#!/bin/sh\ntouch started\n")
    for shell in (bash, fish):
        for words in (("",), ("ask", "--"), ("config", "set", ""), ("run", "d"), ("completions", "")):
            shell(words, files, on_path)
        assert not (files / "started").exists(), shell
        shell(("save", ""), files, on_path)
        assert (files / "started").exists()
        (files / "started").unlink()


@pytest.mark.parametrize("kind", ["plans", "sessions", "entries"])
def test_values_are_quick(files: Path, on_path: dict[str, str], kind: str) -> None:
    """150 ms, where a bare Python takes 20: as a ratio of work, since other programs run beside this."""

    def work(*command: str) -> float:
        found = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, cwd=files, env=on_path, capture_output=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(found)

    bare = work(sys.executable, "-c", "import re, json, pathlib, dataclasses")
    assert work("llmos", "completions", "--values", kind) < 4 * bare


def test_values(files: Path, llmos: Run) -> None:
    llmos("run", "-y", "delete b.txt")
    assert llmos("completions", "--values", "plans").out == "old-pdfs\nweekly\n"
    assert re.fullmatch(r"[a-z0-9]{4,}\n", llmos("completions", "--values", "entries").out)
    assert offers("fnord", Host.real()) == []


def test_every_command_and_option_says_what_it_does() -> None:
    for command in tree().all:
        assert command.help and len(command.help) < 130, command.path
        for option in command.options:
            assert option.help.endswith("."), (command.path, option.names)


def test_another_shell_is_refused() -> None:
    with pytest.raises(UsageError, match="tcsh"):
        completions.script("tcsh")


def test_where_they_belong_is_said(llmos: Run, folder: Path) -> None:
    said = llmos("completions").out
    assert "llmos completions bash > " in said and "--keys" in said
