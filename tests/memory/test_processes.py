"""Many processes that remember at once: every turn is kept, nobody is told of a lock."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from llmos_cli.db import open_database
from llmos_cli.memory.memory import Memory
from llmos_cli.memory.store import MIGRATIONS
from llmos_cli.memory.turns import Turn
from llmos_cli.values import Files

PROCESSES = 8


def written_at_once(folder: Path, turns: int) -> list[str]:
    """What goes wrong in each of several processes that each record turns, read between, and search."""
    children, ends = [], []
    for n in range(PROCESSES):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            said = ""
            try:
                memory = Memory(folder)
                for m in range(turns):
                    result = Files.at([f"/home/ana/work/{n}/report {m}.pdf", f"/home/ana/work/{n}/notes.txt"])
                    turn = Turn(time.time(), "/home/ana", f"request {m} of {n}", "find ext=pdf", 0.9, "done", "files", result, f"shell-{n}")
                    memory.turns.record(turn)
                    if m % 10 == 0:
                        last = memory.turns.last(f"shell-{n}")
                        assert last is not None and last.request == f"request {m} of {n}"
                    if m % 50 == 0:
                        assert memory.search(f'"request {m}"')
                said = "".join(memory.notices())
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            finally:
                os.write(write, said.encode())
                os._exit(0)
        os.close(write)
        children.append(child)
        ends.append(read)
    said = []
    for child, end in zip(children, ends, strict=True):
        with open(end) as pipe:
            said.append(pipe.read())
        os.waitpid(child, 0)
    return said


def remember_at_once(folder: Path, turns: int) -> None:
    assert written_at_once(folder, turns) == [""] * PROCESSES
    db = open_database(folder / "memory.db", MIGRATIONS)
    assert db.execute("SELECT count(*) FROM turn").fetchone()[0] == PROCESSES * turns
    assert db.execute("SELECT count(*) FROM past_docsize").fetchone()[0] == PROCESSES * turns
    assert db.execute("PRAGMA integrity_check").fetchall()[0][0] == "ok"
    db.execute("INSERT INTO past(past) VALUES('integrity-check')")
    sessions = Memory(folder).sessions.list(-1)
    assert sorted((session.key, session.turns) for session in sessions) == [(f"shell-{n}", turns) for n in range(PROCESSES)]


def test_processes_write_at_once(tmp_path: Path):
    remember_at_once(tmp_path, 20)


@pytest.mark.slow
def test_processes_write_two_thousand_turns_each(tmp_path: Path):
    began = time.perf_counter()
    remember_at_once(tmp_path, 2000)
    print(f"{PROCESSES} x 2000 turns in {time.perf_counter() - began:.0f} s")
