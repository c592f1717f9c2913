"""SIGKILL at random moments, spread over staging, records and operations: nothing is lost, and nothing stays half done."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from llmos_cli.effects import Copy, Effect, MakeFolder, Move, Trash, Write
from llmos_cli.policy.journal import Journal

ON_DISK = True


def make_tree(home: Path, files: int) -> None:
    for n in range(files):
        (home / f"in/{n % 10}").mkdir(parents=True, exist_ok=True)
        (home / f"in/{n % 10}/{n}.txt").write_text(f"file {n}\n")
    (home / "out").mkdir()
    for n in range(0, files, 20):
        (home / f"out/{n}.txt").write_text(f"old {n}\n")
    (home / "copied").mkdir()


def effects(home: Path, files: int) -> list[Effect]:
    """So many moves, each twentieth over another file; among them some copies, trashings and new files."""
    found: list[Effect] = [MakeFolder(f"{home}/new")]
    for n in range(files):
        to = f"{home}/new/{n % 7}/{n}.txt" if n % 2 else f"{home}/out/{n}.txt"
        found.append(Move(f"{home}/in/{n % 10}/{n}.txt", to, overwrite=n % 20 == 0))
        if n % 100 == 0:
            found.append(Copy(to, f"{home}/copied/{n}"))
            found.append(Write(f"{home}/copied/w{n}", b"written"))
            found.append(Trash(to))
    return found


def in_child(act) -> int:
    """The id of a process that does it, and says on a pipe that it begins."""
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(go, b"x")
        try:
            act()
        finally:
            os._exit(0)
    os.read(ready, 1)
    os.close(ready)
    os.close(go)
    return child


def killed_after(seconds: float, act, begun: Path | None = None) -> float:
    """Do it in a process that is killed after so long (from when `begun` appears); how long it took where it was faster."""
    begin = time.perf_counter()
    child = in_child(act)
    while (begun is not None and not begun.exists()) or time.perf_counter() - begin < seconds:
        if begun is not None and not begun.exists():
            begin = time.perf_counter()
        if os.waitpid(child, os.WNOHANG)[0]:
            return time.perf_counter() - begin
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return seconds


def act_with_its_own(act, make_journal) -> None:
    act(make_journal())


def progress(home: Path, files: int) -> str:
    moved = files - sum(1 for _ in (home / "in").rglob("*.txt"))
    return "none moved" if not moved else "all moved" if moved == files else "some moved"


def kill_many(home: Path, make_journal, manifest, files: int, kills: int, seed: int) -> Counter[str]:
    """Each journal is a fresh one: no database connection is carried into another process."""
    make_tree(home, files)
    chance = random.Random(seed)
    plan = effects(home, files)
    before = manifest(home)
    make_journal().apply(plan)
    after = {path: (about[0], about[4]) for path, about in manifest(home).items()}
    make_journal().undo()
    assert manifest(home) == before
    seen: Counter[str] = Counter()
    length = {"apply": 0.3, "undo": 0.3, "redo": 0.3}
    applied = undone = False
    call = {"apply": lambda j: j.apply(plan), "undo": Journal.undo, "redo": Journal.redo}
    while seen["kills"] < kills:
        act = "undo" if applied else "redo" if undone and chance.random() < 0.3 else "apply"
        inside = seen["kills"] % 2 == 1  # every second one once the first file has moved
        begun = home / (f"in/9/{files - 1}.txt" if act == "undo" else "new") if inside else None
        wait = chance.random() * (0.03 if inside else length[act] * 1.1)
        took = killed_after(wait, partial(act_with_its_own, call[act], make_journal), begun)
        if took < wait and not inside:
            length[act] = took
        seen["kills"] += 1
        seen[f"{act}: {progress(home, files)}"] += 1
        recovered = make_journal().recover()
        seen["something to recover"] += bool(recovered)
        assert make_journal().recover() == []
        now = manifest(home)
        bare = {path: (about[0], about[4]) for path, about in now.items()}
        trash = [path for path in bare if "/Trash/" in path]
        applied = progress(home, files) == "all moved"
        if applied:
            strip = lambda tree: {p: a for p, a in tree.items() if "/Trash/" not in p}  # noqa: E731
            assert strip(bare) == strip(after)
            assert len([p for p in trash if "/files/" in p]) == files // 100
        else:
            assert now == before
        undone = not applied and make_journal().history(1)[0].state == "undone"
        assert {e.state for e in make_journal().history(500)} <= {"applied", "undone", "failed"}
    return seen


def test_ten_kills(home, make_journal, manifest):
    assert kill_many(home, make_journal, manifest, 400, 10, seed=1)["kills"] == 10


@pytest.mark.slow
def test_two_hundred_kills(home, make_journal, manifest, capsys):
    seen = kill_many(home, make_journal, manifest, 1000, 200, seed=2)
    with capsys.disabled():
        print("\n", dict(seen))
    assert sum(count for what, count in seen.items() if "some moved" in what) >= 30


SYSCALLS = ("renameat2 mkdir chmod fsync fdatasync unlink utimensat ftruncate pwrite64 rmdir symlink write sendfile").split()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("act", ["apply", "undo"])
def test_a_kill_at_each_system_call(home, make_journal, manifest, act, capsys, tmp_path):
    """Not at random: before each call that changes the disk, from the lock to the last record."""
    before = manifest(home)
    code = f"""if 1:
        from pathlib import Path
        from llmos_cli.effects import *
        from llmos_cli.policy.journal import Journal
        journal = Journal(Path({str(tmp_path / "state")!r}), Path({str(tmp_path / "data/vault")!r}),
                          env={{"HOME": {str(home)!r}}})
        home = {str(home)!r}
        if {act!r} == "undo":
            journal.undo()
        else:
            journal.apply([Move(home + "/a.pdf", home + "/n/c"), Write(home + "/b.pdf", b"1", True),
                           Copy(home + "/docs", home + "/n/d"), Trash(home + "/note.txt"),
                           SetMode(home + "/run.sh", 0o600), Link(home + "/l", "x")])
        """
    boundaries = 0
    points = ((call, when) for call in SYSCALLS for when in range(1, 400))
    over = ""
    for call, when in points:
        if call == over:
            continue  # it is not called so often
        done = make_journal().history(1)
        if act == "undo" and not (done and done[0].state == "applied"):
            subprocess.run([sys.executable, "-c", code.replace("'undo' ==", "'' ==")], check=True)
        run = subprocess.run(
            ["strace", "-qq", "-o", "/dev/null",
             "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}",
             sys.executable, "-c", code],
        )  # fmt: skip
        make_journal().recover()
        assert make_journal().recover() == []
        newest = make_journal().history(1)
        if newest and newest[0].state == "applied":
            assert (home / "n/c").exists() and (home / "b.pdf").read_text() == "1"
            if act == "apply":
                make_journal().undo()
        if not (newest and newest[0].state == "applied" and act == "undo"):
            assert manifest(home) == before, (call, when)
        if run.returncode == 0:
            over = call
        else:
            boundaries += 1
    with capsys.disabled():
        print(f"\n{act}: killed at {boundaries} system calls")
    assert boundaries > 20
