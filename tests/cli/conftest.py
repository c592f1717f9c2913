"""Commands in this process, with a real pipe for standard input; and shells that find the program as `llmos`."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmos_cli import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in a home of its own: two texts, of two and of five words."""
    folder = tmp_path / "home/work"
    folder.mkdir(parents=True)
    (folder / "b.txt").write_text("one two\n")
    (folder / "notes.txt").write_text("one two\nthree four five\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PWD", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


@pytest.fixture
def llmos(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """A command: its exit code and what it prints. `given` is piped in; without it, standard input is a closed pipe."""

    def run(*arguments: str, given: bytes = b"") -> Ran:
        reading, writing = os.pipe()

        def write() -> None:
            with open(writing, "wb") as pipe:
                try:
                    pipe.write(given)
                except BrokenPipeError:
                    pass

        writer = threading.Thread(target=write)
        writer.start()
        with open(reading) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            if not given:
                writer.join()
            code = main.run(arguments)
        writer.join()
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def on_path(tmp_path: Path, folder: Path) -> dict[str, str]:
    """An environment in which `llmos` is this program."""
    program = tmp_path / "bin/llmos"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -c "from llmos_cli.main import main; main()" "$@"\n')
    program.chmod(0o755)
    keep = {name: os.environ[name] for name in ("HOME", "LLMOS_HOME", "TZ", "PWD")}
    return {**keep, "PATH": f"{program.parent}:{os.environ['PATH']}", "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}
