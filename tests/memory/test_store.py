"""The file: private, brought up to date, set aside where it is damaged, and clear where it cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from llmos_cli.db import open_database, transaction
from llmos_cli.errors import LlmosError
from llmos_cli.memory.memory import Memory
from llmos_cli.memory.store import MIGRATIONS
from llmos_cli.memory.turns import Turn
from llmos_cli.values import Text


def turn(request: str) -> Turn:
    return Turn(1e9, "/home/ana", request, "find", 0.9, "done", "text", Text(("one",)), "shell-a")


def old_file(folder: Path) -> None:
    """A memory as the first version left it."""
    db = open_database(folder / "memory.db", MIGRATIONS[:1])
    with transaction(db):
        for n, session in enumerate(("77", "77", "")):
            row = (
                n,
                "/home/ana",
                f"old request {n} 预算",
                "find",
                0.9,
                "done",
                "text",
                '{"text": ["one"], "sources": [], "cut": false}',
                session,
            )
            db.execute(
                "INSERT INTO turn (time, cwd, request, plan, confidence, outcome, context, last, session) VALUES (?,?,?,?,?,?,?,?,?)", row
            )
    db.close()


def test_it_is_private(memory, asked):
    umask = os.umask(0)
    try:
        asked("hello")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(memory.store.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(memory.store.file.parent.stat().st_mode) == 0o700


def test_an_old_file_is_brought_up_to_date_and_loses_nothing(tmp_path):
    old_file(tmp_path)
    memory = Memory(tmp_path)
    assert [t.request for t in memory.turns.recent()] == ["old request 2 预算", "old request 1 预算", "old request 0 预算"]
    assert [(s.key, s.title, s.turns) for s in memory.sessions.list()] == [("", "old request 2 预算", 1), ("77", "old request 0 预算", 2)]
    assert [found.id for found in memory.search("预算")] == [3, 2, 1]
    assert memory.turns.last("x", "/home/ana").last == Text(("one",))
    memory.turns.record(turn("a new one"))
    assert len(memory.turns.recent()) == 4 and memory.notices() == []


@pytest.mark.parametrize("damage", ["no database", "cut", "a page", "foreign"])
def test_a_damaged_file_is_set_aside_whole_and_said_once(tmp_path, damage):
    memory = Memory(tmp_path)
    for n in range(40):
        memory.turns.record(turn(f"request {n}"))
    file = tmp_path / "memory.db"
    before = file.read_bytes()
    broken = {
        "no database": b"this is a poem\n" * 4000,
        "cut": before[: len(before) // 3],
        "a page": before[:4096] + b"\xff" * (len(before) - 8192) + before[-4096:],
        "foreign": b"",
    }[damage]
    file.write_bytes(broken)
    if damage == "foreign":
        db = open_database(file, ["CREATE TABLE turn (id INTEGER PRIMARY KEY, words TEXT)"])
        db.close()
        broken = file.read_bytes()
    memory = Memory(tmp_path)
    memory.turns.record(turn("after"))
    aside = [path for path in tmp_path.iterdir() if "damaged" in path.name]
    assert len(aside) == 1 and aside[0].read_bytes() == broken
    notices = memory.notices()
    assert len(notices) == 1 and aside[0].name in notices[0]
    memory.turns.record(turn("and more"))
    assert memory.notices() == [] and len(memory.turns.recent()) == 2


def test_several_processes_that_find_the_damage_set_it_aside_once(tmp_path):
    (tmp_path / "memory.db").write_bytes(b"x" * 10_000)
    children = []
    for n in range(6):
        if not (child := os.fork()):
            code = 1
            try:
                Memory(tmp_path).turns.record(turn(f"request {n}"))
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    assert len([path for path in tmp_path.iterdir() if "damaged" in path.name]) == 1
    assert len(Memory(tmp_path).turns.recent()) == 6


def test_reading_a_damaged_file_finds_nothing_and_says_so(tmp_path):
    (tmp_path / "memory.db").write_bytes(b"x" * 10_000)
    memory = Memory(tmp_path)
    assert memory.place_of("papers") is None and memory.turns.last() is None
    assert len(memory.notices()) == 1


def test_a_newer_file_is_left_as_it_is(tmp_path):
    db = open_database(tmp_path / "memory.db", [*MIGRATIONS, "CREATE TABLE later (a)"])
    db.close()
    before = (tmp_path / "memory.db").read_bytes()
    memory = Memory(tmp_path)
    with pytest.raises(LlmosError, match="made by a newer llmos"):
        memory.turns.record(turn("x"))
    assert memory.place_of("papers") is None and "newer llmos" in memory.notices()[0]
    assert (tmp_path / "memory.db").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_sentence_and_what_is_there_is_read(tmp_path):
    memory = Memory(tmp_path / "data")
    memory.turns.record(turn("before"))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LlmosError, match="cannot keep its records in .*/file/memory.db: (file exists|not a directory)"):
        Memory(tmp_path / "file").turns.record(turn("x"))
    said = as_nobody(tmp_path / "data")
    assert said == "before|llmos may not write"


def as_nobody(folder: Path) -> str:
    """What a process finds that may read the folder and not write it; root would be let through."""
    read, write = os.pipe()
    file = folder / "memory.db"
    if os.getuid() == 0:
        for path in (folder, file):
            os.chown(path, 65534, 65534)
        for above in folder.parents:
            if not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
    file.chmod(0o400)
    folder.chmod(0o500)
    if os.fork() == 0:
        said = ""
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            memory = Memory(folder)
            said = memory.turns.recent()[0].request
            memory.turns.record(turn("x"))
        except LlmosError as error:
            said += f"|{error.message.partition(' /')[0]}"
        except BaseException as error:
            said += repr(error)
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    os.wait()
    folder.chmod(0o700)
    with open(read) as pipe:
        return pipe.read()
