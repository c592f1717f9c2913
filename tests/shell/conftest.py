"""A session whose terminal is a string, in a small home."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.shell.session import Session
from llmos_cli.tools import TOOLS
from tests.ui.fakes import terminal


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "work"
    for name in ("a.pdf", "b.pdf", "notes.txt", "My Folder/c.txt", "thesis/one.tex", "../Downloads/d.pdf"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


class Planless:
    """Stands for the planner, and remembers whether a request spoke of the last result."""

    def __init__(self) -> None:
        self.contexts: list[str] = []

    def candidates(self, text, context="none", names=None):
        from llmos_cli.plan import parse
        from llmos_cli.planner.planner import Proposal

        self.contexts.append(context)
        return iter([Proposal(parse("find ext=pdf | count", TOOLS), 0.8)])


@pytest.fixture
def make(work, monkeypatch):
    """A session with what the person will type at its questions, and what they make of a plan."""
    from dataclasses import replace

    from llmos_cli.kernel.kernel import Kernel

    def made(keys: str = "", edit=lambda text: "") -> Session:
        host = terminal(work, keys=keys)
        env = {**host.env, "LLMOS_HOME": str(work.parents[1] / "llmos"), "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        host = replace(host, env=env)
        return Session(host, TOOLS, edit, Kernel(host, planner=Planless()))

    return made
