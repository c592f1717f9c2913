"""What takes the terminal for a while: the pager for a long history."""

from __future__ import annotations

from pathlib import Path

from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from tests.cli.terminals import Terminal


def changes(folder: Path, number: int) -> None:
    kernel = Kernel(Host.real())
    for i in range(number):
        list(kernel.turn(f"mkdir made-{i}", lambda effects, verdict: True, Options(), typed=True))


def test_a_long_history_is_paged_and_a_short_one_is_not(folder: Path, on_path: dict[str, str]) -> None:
    changes(folder, 14)
    there = Terminal("bash", folder, {**on_path, "PAGER": "sed s/^/PAGED/"}, rows=15)
    try:
        there.type("llmos history --limit 4\r")
        assert "PAGED" not in there.wait("made-10")
        there.wait("READY> ")
        there.type("llmos history\r")
        assert "PAGED" in there.wait("made-0")
        there.wait("READY> ")
        there.type("llmos history | tail -1\r")
        assert "PAGED" not in there.wait("made-0")
        there.wait("READY> ")
        there.run("export PAGER='head -3'")
        there.type("llmos history; echo code $?\r")
        assert "Traceback" not in there.wait("code 0")
    finally:
        there.close()
