"""SQLite as llmos opens it: private, migrated once whoever comes first, and clear when it cannot be used."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llmos_cli.db import PRAGMAS, open_database, transaction
from llmos_cli.errors import LlmosError

FIRST = """
CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'x;y');
CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET a = a + 1; END;
"""
SECOND = "INSERT INTO t (a) VALUES (1); ALTER TABLE t ADD COLUMN c;"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data/llmos/x.db"


def test_it_is_private_whatever_the_umask(path):
    old = os.umask(0)
    try:
        db = open_database(path, [FIRST])
        with transaction(db):
            db.execute("INSERT INTO t (a) VALUES (1)")
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600} and len(modes) > 1  # its journal too
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    open_database(path, [FIRST])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_migrations_run_once_and_in_order(path):
    db = open_database(path, [FIRST])
    assert db.execute("PRAGMA user_version").fetchone()[0] == 1
    db = open_database(path, [FIRST, SECOND])
    row = db.execute("SELECT * FROM t").fetchone()
    assert (row["a"], row["b"], row["c"]) == (2, "x;y", None)
    open_database(path, [FIRST, SECOND])
    assert db.execute("SELECT count(*) FROM t").fetchone()[0] == 1
    with pytest.raises(LlmosError, match="newer llmos"):
        open_database(path, [FIRST])


def test_a_migration_that_fails_leaves_nothing(path):
    open_database(path, [FIRST])
    with pytest.raises(LlmosError, match="cannot be used"):
        open_database(path, [FIRST, "CREATE TABLE u (a); CREATE TABLE t (a);"])
    db = open_database(path, [FIRST])
    assert [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")] == ["t"]


def test_many_processes_start_at_once(path):
    children = []
    for n in range(8):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                db = open_database(path, [FIRST, SECOND])
                for m in range(10):
                    with transaction(db):
                        db.execute("INSERT INTO t (b) VALUES (?)", (f"{n} {m}",))
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    db = open_database(path, [FIRST, SECOND])
    assert db.execute("SELECT count(*) FROM t").fetchone()[0] == 81
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_transaction_is_all_or_none(path):
    db = open_database(path, [FIRST])
    with pytest.raises(ZeroDivisionError), transaction(db):
        db.execute("INSERT INTO t (a) VALUES (1)")
        raise ZeroDivisionError
    assert not db.in_transaction
    assert db.execute("SELECT count(*) FROM t").fetchone()[0] == 0
    with pytest.raises(LlmosError, match="cannot be used"), transaction(db):
        db.execute("INSERT INTO nowhere VALUES (1)")


@pytest.mark.parametrize("held", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_said_so(path, held):
    path.parent.mkdir(parents=True)
    path.write_bytes(held)
    with pytest.raises(LlmosError, match="damaged") as caught:
        open_database(path, [FIRST])
    assert caught.value.hint.startswith("mv ")
    assert path.read_bytes() == held


def test_a_place_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LlmosError, match="cannot keep its records"):
        open_database(tmp_path / "file/x.db", [FIRST])
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(LlmosError, match="may not write"):
        open_database(tmp_path / "folder.db", [FIRST])


@pytest.mark.parametrize(("options", "says"), [("ro", "read-only|may not write"), ("size=8k", "is full")])
def test_a_disk_that_takes_nothing(tmp_path, options, says):
    code = f"""if 1:
        from pathlib import Path
        from llmos_cli.db import open_database
        from llmos_cli.errors import LlmosError
        try:
            open_database(Path({str(tmp_path)!r}) / "x.db", ["CREATE TABLE a (a);" * 1] +
                          [f"CREATE TABLE t{{n}} (a)" for n in range(50)])
        except LlmosError as error:
            print(error.message)
        """

    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-ec", f'mount -t tmpfs -o {options} none {tmp_path}; exec "$0" -c "$1"',
             sys.executable, code],
            capture_output=True, text=True, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.returncode == 0, done.stderr

    assert re.search(says, done.stdout), done.stdout


def test_the_journal_mode_fits_the_library(path):
    db = open_database(path, [FIRST])
    asked = PRAGMAS[0].partition("=")[2].lower()
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == asked
    assert db.execute("PRAGMA synchronous").fetchone()[0] >= 2
    assert db.execute("PRAGMA busy_timeout").fetchone()[0] == 30_000
