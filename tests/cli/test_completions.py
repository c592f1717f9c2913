"""The completion scripts do in the real shells what a person at the prompt expects, where the shells are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.cli import completions
from llmos_cli.errors import UsageError

ROOT = Path(__file__).parents[2]
CASES = {  # the words typed, the last of them half: some that are offered, one that is not
    ("",): ({"ask", "run", "undo", "history", "completions"}, "--json"),
    ("com",): ({"completions"}, "ask"),
    ("ask", "--"): ({"--json", "--jsonl", "--yes"}, "--limit"),
    ("run", "dup"): ({"duplicates"}, "find"),
    ("tools", "re"): ({"read", "rename", "replace", "reverse"}, "find"),
    ("completions", ""): ({"bash", "zsh", "fish"}, "ask"),
}
FILES = {("ask", "no"): "notes one.txt", ("run", "no"): "notes one.txt", ("ask", "-f", "no"): "notes one.txt"}


def run(shell: str, code: str, folder: Path, *arguments: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run([found, *flags, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    return done.stdout


def bash(words: tuple[str, ...], folder: Path) -> set[str]:
    code = f'source {ROOT}/completions/llmos.bash; COMP_WORDS=(llmos "$@"); COMP_CWORD=$#; _llmos; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return {*run("bash", code, folder, "bash", *words).split("\n")} - {""}


def fish(words: tuple[str, ...], folder: Path) -> set[str]:
    line = " ".join(["llmos", *words])
    out = run("fish", f"source {ROOT}/completions/llmos.fish; complete -C '{line}'", folder)
    return {line.split("\t")[0].replace("\\ ", " ") for line in out.splitlines()}


def zsh(words: tuple[str, ...], folder: Path) -> set[str]:
    """In a terminal of zsh's own: what is listed, or put in, after Tab."""
    line = " ".join(["llmos", *words])
    code = f"""
        zmodload zsh/zpty
        zpty -b inner zsh -f -i
        zpty -w inner "PROMPT=; RPROMPT=; autoload -Uz compinit; compinit -u -D; LISTMAX=1000; setopt no_beep"
        zpty -w inner "source {ROOT}/completions/_llmos; echo READ''Y"
        zpty -r inner out '*READY*'
        zpty -w -n inner $'{line}\\t'
        sleep 1.5
        while zpty -rt inner part; do print -r -- $part; done
        zpty -d inner
    """
    return {*re.findall(r"[@\w.-]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", run("zsh", code, folder)))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes one.txt").write_text("")
    return tmp_path


@pytest.mark.parametrize("words", CASES, ids=" ".join)
@pytest.mark.parametrize("ask", [bash, fish, pytest.param(zsh, marks=pytest.mark.slow)])
def test_a_shell_offers(ask: Callable[[tuple[str, ...], Path], set[str]], words: tuple[str, ...], folder: Path) -> None:
    wanted, unwanted = CASES[words]
    offered = ask(words, folder)
    assert wanted <= offered
    assert unwanted not in offered


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_files_are_offered(words: tuple[str, ...], folder: Path) -> None:
    assert bash(words, folder) == set()  # what makes bash complete a file name
    assert FILES[words] in fish(words, folder)


def test_another_shell_is_refused() -> None:
    with pytest.raises(UsageError, match="tcsh"):
        completions.script("tcsh")


def test_names_with_spaces_and_signs_are_not_run(folder: Path) -> None:
    (folder / "$(touch gotcha)").write_text("")
    for shell in (bash, fish):
        shell(("ask", ""), folder)
        shell(("run", "$(touch gotcha)"), folder)
    assert not (folder / "gotcha").exists()
