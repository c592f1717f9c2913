"""Wrong words on the command line are one sentence, a hint and exit code 2; with --json, one object."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(("arguments", "says"), [
    (["aks", "x"], "did you mean ask?"),
    (["fnord"], "llmos has no command 'fnord'"),
    (["the", "largest", "files"], "llmos ask 'the largest files'"),
    (["ask", "--jsno", "x"], "did you mean --json"),
    (["run"], "llmos run needs PLAN"),
    (["undo", "a", "b"], "unexpected extra argument"),
    (["history", "--limit", "x"], "--limit"),
    (["config", "sett", "keys", "vi"], "did you mean set?"),
])  # fmt: skip
def test_what_is_wrong_is_said(llmos: Run, arguments: list[str], says: str) -> None:
    ran = llmos(*arguments)
    assert ran.code == 2 and ran.out == "" and says in ran.err and len(ran.err.splitlines()) <= 2


@pytest.mark.parametrize("arguments", [["ask", "--json", "--fnord", "x"], ["run", "--json"], ["history", "--json", "--limit", "x"]])
def test_programs_get_an_object(llmos: Run, arguments: list[str]) -> None:
    ran = llmos(*arguments)
    assert ran.code == 2 and ran.json["outcome"] == "failed" and ran.json["error"]["message"] and ran.err == ""


def test_the_event_stream_ends_too(llmos: Run) -> None:
    ran = llmos("ask", "--jsonl", "--fnord", "x")
    assert json.loads(ran.out)["exit_code"] == 2


def script(text: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_exit_codes_hold_in_scripts(folder: Path, on_path: dict[str, str]) -> None:
    for command, code in (("run 'delete b.txt'", 3), ("ask 'move it there'", 4)):
        ran = script(f"set -e; llmos {command}; echo not here", folder, on_path)
        assert (ran.returncode, ran.stdout) == (code, ""), (command, ran)
    ran = script("set -euo pipefail; llmos run 'find' | sort | tail -1; llmos run 'find | count'", folder, on_path)
    assert (ran.returncode, ran.stdout) == (0, "notes.txt\n2\n")
    assert (folder / "b.txt").exists()


@pytest.mark.parametrize(
    "command", ["tools", "map --plan words", *(pytest.param(c, marks=pytest.mark.slow) for c in ("run find", "config"))]
)
def test_a_reader_that_leaves_is_no_trouble(folder: Path, on_path: dict[str, str], command: str) -> None:
    for i in range(3000 if "find" in command else 0):
        (folder / f"file {i}").touch()
    ran = script(f"set -o pipefail; yes notes.txt | head -2000 | llmos {command} | true", folder, on_path)
    assert ran.stderr == "" and ran.returncode in (0, 141)
