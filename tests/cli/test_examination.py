"""`llmos doctor`: what works is tried, what does not is said with what to do, and the exit code tells scripts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.host import Host
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def tried_before(machine_known: Callable[[Path], None]) -> None:
    machine_known(Path(os.environ["LLMOS_HOME"]))


def found(run: Run) -> dict[str, dict[str, object]]:
    return {finding["what"]: finding for finding in run("doctor", "--json").json["findings"]}


def test_a_machine_where_all_works(llmos: Run) -> None:
    ran = llmos("doctor")
    assert ran.code == 0 and "All that is needed works." in ran.err
    lines = {line[4:18].strip(): line[:2] for line in ran.out.splitlines() if not line.startswith(" ")}
    assert {lines[what] for what in ("planner", "llama.cpp", "SQLite", "journal", "memory", "trash", "data folder")} == {"ok"}
    all_found = found(llmos)
    assert "ms" in str(all_found["planner"]["detail"]) and "processor" in str(all_found["llama.cpp"]["detail"])


def test_a_folder_that_others_can_read_is_said_with_what_to_do(llmos: Run) -> None:
    data = Host.real().paths.data
    data.mkdir(parents=True)
    data.chmod(0o755)
    ran = llmos("doctor")
    assert ran.code == 1 and "Not working: data folder." in ran.err and f"chmod 700 {data}" in ran.out


def test_records_that_are_damaged_are_found(llmos: Run) -> None:
    llmos("run", "-y", "delete b.txt")
    journal = next(Host.real().paths.state.glob("*.db"))
    journal.write_bytes(b"no database" * 1000)
    ran = llmos("doctor", "--json")
    assert ran.code == 1 and not {f["what"]: f["ok"] for f in ran.json["findings"]}["journal"]


def test_settings_that_are_wrong_are_no_reason_to_stop(llmos: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_KEYS", "nano")
    ran = llmos("doctor")
    assert ran.code == 0 and "LLMOS_KEYS='nano' should be one of emacs, vi" in ran.out and ran.err.count("LLMOS_KEYS") == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_it_knows_whether_tab_works(llmos: Run, folder: Path) -> None:
    before = found(llmos)["Tab in bash"]
    assert not before["ok"] and not before["needed"]
    to = Path(str(before["hint"]).rpartition("> ")[2])
    to.parent.mkdir(parents=True)
    to.write_text(llmos("completions", "bash").out)
    assert found(llmos)["Tab in bash"]["ok"]
