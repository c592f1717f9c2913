"""The steps as a person runs them, with a tiny model of random weights in the real worker: what it says is nonsense, its shape is not."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.paths import Paths
from tests.engine.conftest import CHATML
from tests.engine.tinygguf import write_tiny

ROOT = Path(__file__).resolve().parents[2]
MAIN = [sys.executable, "-c", "from llmos_cli.main import main; main()"]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A home with a model in its store."""
    base = tmp_path_factory.mktemp("steps")
    file = write_tiny(base / "tiny.gguf", template=CHATML, size=2048, text=True, context=2048)
    env = {"HOME": str(base), "LLMOS_HOME": str(base / "llmos"), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LLMOS_THREADS": "1"}
    env |= {"TERM": "xterm", "NO_COLOR": "1"}
    subprocess.run([*MAIN, "models", "import", str(file)], env=env, cwd=base, check=True, capture_output=True, timeout=60)
    yield env
    if (client := Client.running(Paths.of(env))) is not None:
        client.stop()


def run(env: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MAIN, *arguments], env=env, cwd=env["HOME"], input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_lines_are_sorted_into_the_kinds_that_were_said(env: dict[str, str]):
    done = run(env, "run", "classify labels=work,private", "--json", given="hello the\nfind in it\n")
    result = json.loads(done.stdout)["result"]
    assert done.returncode == 0 and result["columns"] == ["text", "label"]
    assert [row[0] for row in result["rows"]] == ["hello the", "find in it"] and {row[1] for row in result["rows"]} <= {"work", "private"}


def test_an_answer_has_the_shape_that_was_said(env: dict[str, str]):
    done = run(env, "run", "answer when?", "--schema", "paid yes/no, born date", given="hello the find")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and [*found] == ["paid", "born"] and found["paid"] in (True, False, None)
    assert found["born"] is None or re.fullmatch(r"\d{4}-\d\d-\d\d", found["born"])


def test_a_text_is_longer_than_the_context_and_is_translated_in_parts_into_a_file(env: dict[str, str]):
    prompts = Path(env["LLMOS_HOME"]) / "config/prompts"
    prompts.mkdir(parents=True, exist_ok=True)
    (prompts / "translate.toml").write_text("[options]\nmax_tokens = 8\ntemperature = 0\n")  # else it writes until the context is full
    text = "hello the find hello the find in it.\n\n" * 150
    done = run(env, "run", "--yes", "translate to=French | write to=french.txt", given=text)
    assert done.returncode == 0, done.stderr
    assert "tiny works through it in" in done.stderr and "text written by tiny" in done.stderr and "cut off" in done.stderr
    assert (Path(env["HOME"]) / "french.txt").read_text().count("\n\n") >= 2


def test_on_a_terminal_it_comes_piece_by_piece_and_ctrl_c_ends_the_model_s_work(env: dict[str, str]):
    client = Client.connect(Paths.of(env))
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(env["HOME"])
        os.execve(MAIN[0], [*MAIN, "run", 'answer "hello the find"'], env)
    reads = []
    ends = time.monotonic() + 30
    while len(reads) < 5 and time.monotonic() < ends and select.select([terminal], [], [], 10)[0]:
        reads.append(os.read(terminal, 65536))
    assert len(reads) == 5 and b"\n" not in b"".join(reads[:3])  # its words have no line ends, and are seen all the same
    os.write(terminal, b"\x03")
    said = b""
    while b"Interrupted." not in said and select.select([terminal], [], [], 10)[0]:
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
    assert b"Interrupted." in said and os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    while any(model["writing"] for model in client.ps()) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not any(model["writing"] for model in client.ps())
    os.close(terminal)
