"""The child that reads: a file that ends it is lost alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmos_cli.search import child
from llmos_cli.search.library import Library
from llmos_cli.search.reader import Reader, Said

CHILD = """
import os, sys, time
sys.path.insert(0, {root!r})
from llmos_cli.search import child
sound = child.read
def read(path):
    if b"crash" in path: os.kill(os.getpid(), 11)
    if b"spin" in path:
        while True: pass  # for more than CPU_SECONDS
    if b"hang" in path: time.sleep(60)
    if b"memory" in path: bytearray(1 << 31)
    if b"lies" in path: sys.stdout.buffer.write(b"\\0\\0\\0\\2[]"); sys.stdout.buffer.flush()
    if b"floods" in path: sys.stdout.buffer.write(b"\\xff" * 1000000); sys.stdout.buffer.flush()
    return sound(path)
child.read = read
child.CPU_SECONDS = 1
child.main()
"""


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that file names can do harm to."""
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(root=str(Path(child.__file__).parents[2])))
    started = subprocess.Popen
    monkeypatch.setattr("llmos_cli.search.reader.subprocess.Popen", lambda command, **how: started([command[0], "-P", str(script)], **how))


@pytest.mark.usefixtures("evil")
def test_a_hostile_file_loses_only_itself(tmp_path: Path) -> None:
    names = ["a", "crash1", "b", "spin", "c", "hang", "lies", "d", "memory", "floods", "crash2", "crash3", "e"]
    for name in names:
        (tmp_path / name).write_text(f"text of {name}")
    with Reader(seconds=1.5) as reader:
        said = dict(zip(names, reader.read(os.fsencode(tmp_path / name) for name in names), strict=True))
    assert {name for name, answer in said.items() if answer.state == "lines"} == set("abcde")
    assert all(said[name].text == f"text of {name}" for name in "abcde")
    assert all(answer.state == "unreadable" and answer.why for name, answer in said.items() if len(name) > 1)
    assert "took too long" in said["hang"].why and "memory" in said["memory"].why


@pytest.mark.usefixtures("evil")
def test_it_is_remembered_until_it_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("crash.txt", "sound.txt"):
        (home / name).write_text("apple")
        os.utime(home / name, (1, 1))
    library = Library(tmp_path / "cache", home, [])
    assert [hit.name for hit in library.search("apple")] == ["sound.txt"]
    assert [hit.name for hit in library.search("crash")] == ["crash.txt"]
    state = "SELECT state, why FROM file WHERE name = ?"
    assert library._store.db.execute(state, (b"crash.txt",)).fetchone()["state"] == "unreadable"
    (home / "crash.txt").rename(home / "harmless.txt")
    assert len(list(library.search("apple"))) == 2


def test_many_files_ahead_and_some_not_opened(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 200) / ("y" * 200)
    long.mkdir(parents=True)
    paths: list[bytes | None] = []
    for i in range(100):
        (long / str(i)).write_text(f"{i} " * (i * 100))
        paths += [os.fsencode(long / str(i)), None, os.fsencode(long / f"none {i}")]
    with Reader() as reader:
        said = list(reader.read(paths))
    assert [answer.state for answer in said] == ["lines", "name", "gone"] * 100
    assert said[3 * 99].text.count("99") == 9900


def test_what_is_not_opened_needs_no_child() -> None:
    with Reader() as reader:
        assert list(reader.read([None, None])) == [Said("name")] * 2 and reader._child is None


def test_the_child_writes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom llmos_cli.search import child\nchild._limit()\n"
        f"try:\n    os.write(os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY), b'x'); print('wrote')\n"
        "except OSError: print('refused')\n"
        "try:\n    bytearray(3 << 30); print('took')\nexcept MemoryError: print('refused')\n"
    )
    env = {"PYTHONPATH": str(Path(child.__file__).parents[2]), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused", "refused"], done.stderr


def test_the_child_leaves_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    reader = Reader()
    assert next(reader.read([os.fsencode(tmp_path / "a")])).text == "x"
    assert reader._child is not None and reader._child.stdin is not None
    reader._child.stdin.close()
    assert reader._child.wait(10) == 0
    reader._child.stdin = None
    reader._end()


def test_a_parent_that_is_killed_leaves_no_child(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    script = (
        "import os, time\nfrom llmos_cli.search.reader import Reader\nreader = Reader()\n"
        f"next(reader.read([{os.fsencode(tmp_path / 'a')!r}]))\nprint(reader._child.pid, flush=True)\ntime.sleep(60)\n"
    )
    env = {"PYTHONPATH": str(Path(child.__file__).parents[2]), "PATH": os.environ["PATH"]}
    with subprocess.Popen([sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child still runs")
