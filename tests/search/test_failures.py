"""A kill in the middle, a full disk, a damaged file, two at once: the next search finds everything, and nobody sees a traceback."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.db import open_database
from llmos_cli.errors import LlmosError
from llmos_cli.search.library import Library
from llmos_cli.search.store import MIGRATIONS

ROOT = Path(__file__).resolve().parents[2]
SEARCH = "import sys; from pathlib import Path; from llmos_cli.search.library import Library\n"
SEARCH += "print(len(list(Library(Path(sys.argv[1]), Path(sys.argv[2]), []).search(sys.argv[3]))))\n"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,500 files, each with `apple`."""
    home = tmp_path_factory.mktemp("many")
    rng = random.Random(1)
    for i in range(1500):
        folder = home / f"{i % 25}"
        folder.mkdir(exist_ok=True)
        (folder / f"{i}.txt").write_text("apple " + " ".join(f"{rng.randrange(10**6):x}" for _ in range(100)))
        os.utime(folder / f"{i}.txt", (1_700_000_000, 1_700_000_000))
    return home


def started(cache: Path, home: Path, words: str = "apple") -> subprocess.Popen[str]:
    env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, cache, home, words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def sound(cache: Path) -> bool:
    db = open_database(cache / "files.db", MIGRATIONS)
    db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    return [tuple(row) for row in db.execute("PRAGMA integrity_check")] == [("ok",)]


def killed_at(cache: Path, home: Path, seconds: float) -> None:
    process = started(cache, home)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_killed_while_it_indexes(many: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for seconds in (0.2, 0.35, 0.5):
        killed_at(cache, many, seconds)
    assert len(list(Library(cache, many, []).search("apple"))) == 1500 and sound(cache)


@pytest.mark.slow
def test_killed_at_any_moment(many: Path, tmp_path: Path) -> None:
    rng, cache = random.Random(2), tmp_path / "cache"
    for turn in range(60):
        (many / f"{turn % 25}" / "new.txt").write_text(f"apple {turn}")
        killed_at(cache, many, rng.uniform(0.05, 1.2))
        if turn % 10 == 9:
            assert len(list(Library(cache, many, []).search("apple"))) == 1500 + min(turn + 1, 25) and sound(cache)
    for folder in range(25):
        (many / f"{folder}/new.txt").unlink()


def test_two_at_once_are_both_answered(many: Path, tmp_path: Path) -> None:
    processes = [started(tmp_path / "cache", many) for _ in range(3)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert answers == [("1500\n", "")] * 3
    assert sound(tmp_path / "cache")


def test_the_second_does_not_index_again(many: Path, tmp_path: Path) -> None:
    told: list[str] = []
    first = started(tmp_path / "cache", many)
    while not (tmp_path / "cache/files.lock").exists() and first.poll() is None:
        time.sleep(0.01)
    library = Library(tmp_path / "cache", many, [], lambda what, done, total: told.append(what))
    assert len(list(library.search("apple"))) == 1500
    assert first.communicate()[0] == "1500\n"
    if "waiting for another search to index your files" in told:
        assert "indexing your files" not in told


# ---- a damaged file --------------------------------------------------------------------------------------


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)


def text(path: Path) -> None:
    path.write_text("this is no database at all\n" * 300)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def holes(path: Path) -> None:
    """All but the first pages are noise."""
    noise = random.Random(3).randbytes(path.stat().st_size - 3 * 4096)
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(noise)


@pytest.mark.parametrize("damage", [zeros, text, cut, emptied, holes])
def test_a_damaged_index_is_set_aside_and_made_again(
    tmp_path: Path, home: Path, make: Callable[..., Path], damage: Callable[[Path], None]
) -> None:
    for i in range(100):
        make(f"{i}.txt", f"apple {i}" * 50)
    list(Library(tmp_path / "cache", home, []).search("apple"))
    damage(tmp_path / "cache/files.db")
    assert len(list(Library(tmp_path / "cache", home, []).search("apple"))) == 100
    assert sound(tmp_path / "cache")


def test_damaged_while_it_is_open(tmp_path: Path, home: Path, make: Callable[..., Path], library: Library) -> None:
    for i in range(100):
        make(f"{i}.txt", f"apple {i}" * 50)
    other = Library(tmp_path / "cache", home, [])
    assert len(list(library.search("apple"))) == len(list(other.search("apple"))) == 100
    holes(tmp_path / "cache/files.db")
    make("new.txt", "apple")
    assert len(list(library.search("apple"))) == 101
    assert len(list(other.search("apple"))) == 101
    assert len(list((tmp_path / "cache").glob("*.damaged"))) == 1


# ---- the disk --------------------------------------------------------------------------------------------

FULL = """
import os, sys
from pathlib import Path
from llmos_cli.errors import LlmosError
from llmos_cli.search.library import Library
cache, home = Path(sys.argv[1]), Path(sys.argv[2])
def search():
    try:
        return len(list(Library(cache / "search", home, []).search("apple")))
    except LlmosError as error:
        return error.message
filler = cache / "filler"
def fill(left):
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                assert file.write(b"x" * 4096) == 4096
        except (OSError, AssertionError):
            pass
    os.truncate(filler, max(os.stat(filler).st_size - left, 0))
for left in (0, 60_000, 400_000, 1_500_000):
    fill(left)
    print(search())
filler.unlink()
print(search())
fill(0)
print(search())
(home / "0/new.txt").write_text("apple")
print(search())
filler.unlink()
print(search())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a mount namespace")
def test_a_full_disk(many: Path, tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")
    (tmp_path / "cache").mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-ec", 'mount -t tmpfs -o size=16m none "$2"; exec "$0" -c "$1" "$2" "$3"', sys.executable, FULL,
         tmp_path / "cache", many],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    (many / "0/new.txt").unlink(missing_ok=True)
    assert done.stderr == ""
    says = done.stdout.splitlines()
    assert all("full" in line or "no space left" in line for line in says[:4]), says
    assert says[4:6] == ["1500", "1500"] and "full" in says[6] and says[7] == "1501", says


def test_a_cache_that_may_not_be_written(tmp_path: Path, make: Callable[..., Path], home: Path) -> None:
    make("a.txt", "apple")
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(LlmosError, match="cache"):
        list(Library(tmp_path / "cache", home, []).search("apple"))
