"""A full disk, a read-only one, another volume, no permission: all or none, and a sentence that says why.

The disks are real: small tmpfs mounts in a mount namespace of a child process, which reports what it saw.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from llmos_cli.effects import Copy, MakeFolder, Move, Write
from llmos_cli.errors import LlmosError

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import manifest_of
from llmos_cli.effects import *
from llmos_cli.errors import LlmosError
from llmos_cli.policy.journal import Journal
home, other = Path({home!r}), Path({other!r})
journal = Journal(Path({state!r}), Path({vault!r}), env={{"HOME": str(home)}})
def refused(*effects):
    before = manifest_of(home), manifest_of(other)
    try:
        journal.apply(effects)
    except LlmosError as error:
        assert (manifest_of(home), manifest_of(other)) == before, "the tree was changed"
        return error.message
    raise AssertionError("it was not refused")
"""


def has_namespaces() -> bool:
    try:
        found = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    except FileNotFoundError:
        return False
    return found.returncode == 0


needs_mounts = pytest.mark.skipif(not has_namespaces(), reason="no mount namespaces here")


@pytest.fixture
def on_mounts(home, tmp_path):
    """Run code in a child that sees `mounts` (shell lines, with $OTHER and $HOME_ set); the folder `other` is for them."""
    other = tmp_path / "other"
    other.mkdir()

    def run(mounts: str, code: str) -> None:
        prelude = PRELUDE.format(
            tests=str(Path(__file__).parent), home=str(home), other=str(other),
            state=str(tmp_path / "state"), vault=str(tmp_path / "data/vault"),
        )  # fmt: skip
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-ec", f'{mounts}\nexec "$0" -c "$1"', sys.executable,
             prelude + code],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OTHER": str(other),
                 "HOME_": str(home), "TOP": str(tmp_path)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    return run


@needs_mounts
def test_the_room_is_looked_at_before(on_mounts):
    on_mounts(
        "mount -t tmpfs -o size=1m none $OTHER",
        """
(home / "big").write_bytes(os.urandom(2 << 20))
says = refused(Write(f"{other}/small", b"x"), Copy(f"{home}/big", f"{other}/big"))
assert "this needs 2.1 MB" in says and "only 1.0 MB free" in says, says
assert not [p for p in other.rglob("*")], "something was left"
""",
    )


@needs_mounts
def test_a_disk_that_fills_up_meanwhile(on_mounts):
    """Room is promised for the contents; there is none for so many names. The tree stays as it was."""
    on_mounts(
        "mount -t tmpfs -o size=1m,nr_inodes=60 none $OTHER",
        """
effects = [MakeFolder(f"{other}/n")] + [Write(f"{other}/n/{i}", b"x") for i in range(100)]
says = refused(*effects)
assert "the disk is full" in says, says
journal.apply([Write(f"{other}/n/1", b"x")])
""",
    )


@needs_mounts
def test_the_records_cannot_be_written(on_mounts):
    on_mounts(
        "mkdir $TOP/state; mount -t tmpfs -o size=20k none $TOP/state",
        """
says = refused(*[Move(f"{home}/a.pdf", f"{home}/{i}/" + "n" * 200) for i in range(1)],
               *[Write(f"{home}/f{i}" + "n" * 200, b"") for i in range(200)])
assert "is full" in says or "cannot be used" in says, says
assert not list(Path(journal._vault).glob("*")), "something was left"
""",
    )


@needs_mounts
def test_a_read_only_disk(on_mounts):
    on_mounts(
        "mount -t tmpfs none $OTHER; echo x > $OTHER/x; mount -o remount,ro $OTHER",
        """
for effects in ([Move(f"{home}/a.pdf", f"{other}/a")], [Trash(f"{other}/x")], [Remove(f"{other}/x")],
                [MakeFolder(f"{other}/n")], [Move(f"{other}/x", f"{home}/x")],
                [Move(f"{home}/a.pdf", f"{home}/b2"), SetMode(f"{other}/x", 0o600)]):
    says = refused(*effects)
    assert "may not be" in says or "only be read" in says, (effects, says)
journal.apply([Copy(f"{other}/x", f"{home}/x")])
""",
    )


@needs_mounts
def test_a_read_only_home_for_records(on_mounts):
    on_mounts(
        "mkdir $TOP/state; mount -t tmpfs -o ro none $TOP/state",
        """
says = refused(Move(f"{home}/a.pdf", f"{home}/c"))
assert "state" in says, says
""",
    )


@needs_mounts
@pytest.mark.parametrize("mount", [
    "mount -t tmpfs none $OTHER",
    "mkdir $TOP/bound; mount --bind $TOP/bound $OTHER",
], ids=["tmpfs", "bind"])  # fmt: skip
def test_between_volumes(on_mounts, mount):
    on_mounts(
        mount,
        """
(other / "x").mkdir()
(other / "x/1").write_text("one")
(other / "x/1").chmod(0o640)
(other / "y").symlink_to("x/1")
journal.apply([Write(f"{home}/first", b"")]); journal.undo()
def tree():
    found = manifest_of(other)
    return manifest_of(home), {p: a for p, a in found.items() if not p.startswith(".llmos-vault")}
before = tree()
journal.apply([Move(f"{home}/docs", f"{other}/docs"), Move(f"{home}/run.sh", f"{other}/y", overwrite=True),
               Move(f"{other}/x", f"{home}/n/x"), Write(f"{other}/docs/one.txt", b"1", overwrite=True),
               Trash(f"{other}/docs/deep"), Copy(f"{home}/link", f"{other}/l"),
               Link(f"{other}/h", f"{other}/docs/one.txt", hard=True)])
assert (other / "docs/one.txt").read_text() == "1" and (home / "n/x/1").read_text() == "one"
assert os.stat(home / "n/x/1").st_mode & 0o777 == 0o640 and (other / "y").read_text() == "this is run.sh\\n"
assert not (home / "docs").exists() and not (other / "x").exists()
assert [p.name for p in other.glob(".Trash-0/files/*")] == ["deep"]
assert "Path=docs/deep" in (other / ".Trash-0/info/deep.trashinfo").read_text()
vault, = other.glob(".llmos-vault-0")
assert vault.stat().st_mode & 0o777 == 0o700
journal.undo()
bare = lambda t: {p: a for p, a in t.items() if not p.startswith(".Trash")}
now = tree()
assert now[0] == before[0], (now[0], before[0])
assert {p: a for p, a in bare(now[1]).items() if p != "."} == {p: a for p, a in before[1].items() if p != "."}
journal.redo()
journal.undo()
assert tree()[0] == before[0]
says = refused(Link(f"{other}/h", f"{home}/a.pdf", hard=True))
assert "another disk" in says, says
""",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_permission(home, tmp_path, manifest):
    """As nobody, in a folder that belongs to root: found before, or taken back after."""
    code = PRELUDE.format(
        tests=str(Path(__file__).parent), home=str(home), other=str(home),
        state=str(tmp_path / "state"), vault=str(tmp_path / "data/vault"),
    ) + """
says = refused(Move(f"{home}/a.pdf", f"{home}/n/a"), Move(f"{home}/docs/one.txt", f"{home}/1"))
assert "docs may not be changed" in says, says
says = refused(Move(f"{home}/a.pdf", f"{home}/n/a"), SetMode(f"{home}/docs", 0o700))
assert "no permission for " + str(home / "docs") in says, says
os.mkdir(home / "closed"); (home / "closed/x").touch(); os.chmod(home / "closed", 0o555)
before = manifest_of(home)
journal.apply([Copy(f"{home}/closed", f"{home}/copy")])
assert os.stat(home / "copy").st_mode & 0o777 == 0o555 and (home / "copy/x").exists()
journal.undo()
assert manifest_of(home) == before
os.mkdir(home / "fine")
journal.apply([Remove(f"{home}/fine")])
"""  # fmt: skip
    os.chown(home, 65534, 65534)
    (home / "run.sh").chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o777 if folder == tmp_path else 0o755)
    child = os.fork()  # and no new Python: its library may be root's alone
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            exec(compile(code, "code", "exec"), {})
            os._exit(0)
        except BaseException:
            (tmp_path / "said").write_text(traceback.format_exc())
            os._exit(1)
    failed = os.waitpid(child, 0)[1]
    assert not failed, (tmp_path / "said").read_text()


def test_a_file_that_may_not_be_so_large(home, journal, manifest):
    before = manifest(home)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    (home / "big").write_bytes(b"x" * (1 << 20))
    before = manifest(home)
    journal.history()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, old[1]))
    try:
        with pytest.raises(LlmosError, match="too large"):
            journal.apply([MakeFolder(f"{home}/n"), Write(f"{home}/n/w", b""),
                           Copy(f"{home}/big", f"{home}/n/big")])  # fmt: skip
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert manifest(home) == before
    assert journal.history() == []


def test_a_name_that_is_too_long(home, journal, manifest):
    before = manifest(home)
    for effect in (Write(f"{home}/{'n' * 256}", b""), Move(f"{home}/a.pdf", f"{home}/{'n' * 256}")):
        with pytest.raises(LlmosError, match="name is too long"):
            journal.apply([MakeFolder(f"{home}/x"), effect])
    assert manifest(home) == before
