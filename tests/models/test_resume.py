"""Downloads over several processes: killed at any moment, resumed with what was there, shared, stopped by a full disk."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.models.models import Models
from tests.engine.tinygguf import write_tiny
from tests.models.conftest import FILE, REPO, finals, fresh, parts
from tests.models.hubserver import Faults, HubServer, sha

ROOT = Path(__file__).resolve().parents[2]
Child = subprocess.Popen[str]


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A GGUF of 3 MB."""
    return write_tiny(tmp_path_factory.mktemp("gguf") / FILE, kind="Q8_0", layers=6, width=256, feed_forward=1024).read_bytes()


def start(*words: str, **env: str) -> Child:
    command = [sys.executable, str(ROOT / "tests/models/pulling.py"), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(child: Child) -> tuple[int, str]:
    out, err = child.communicate(timeout=60)
    assert "Traceback" not in err, err
    return child.returncode, out.strip()


def until(condition: object) -> None:
    """Wait, at most 30 seconds, for what a callable says."""
    deadline = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def killed_at(sent: int, hub: HubServer, models: Models, later: float = 0.0) -> int:
    """Start a pull, kill it when so many bytes were sent, `later` seconds after that; how many it has kept."""
    child = start(REPO)
    before = hub.sent
    until(lambda: hub.sent - before >= sent or child.poll() is not None)
    time.sleep(later)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)
    return sum(path.stat().st_size for path in parts(models))


def test_what_a_killed_process_has_left_is_used(models: Models, hub: HubServer, large: bytes) -> None:
    hub.repos[REPO].files[FILE] = large
    hub.faults = Faults(slow=0.004)
    kept = killed_at(1_000_000, hub, models)
    assert 300_000 < kept < len(large) and finals(models) == []
    assert parts(models)[0].stat().st_mode & 0o777 == 0o600
    hub.faults = Faults()
    hub.log.clear()
    pulled = models.pull(REPO)
    assert pulled.model.path.read_bytes() == large
    (asked,) = hub.bytes_asked()
    assert asked.range == f"bytes={kept}-" and re.fullmatch(r'"[0-9a-f]{32}"', asked.if_range)
    assert sum(asked.sent) == pulled.came == len(large) - kept and pulled.kept == kept


def kills(hub: HubServer, models: Models, large: bytes, moments: int) -> None:
    """Kills in threes: in a first download, in one that goes on, and after the last byte, while it is checked, renamed, recorded."""
    hub.repos[REPO].files[FILE] = large
    hub.faults = Faults(slow=0.0002)
    seen = set()
    for moment in range(moments):
        to_come = len(large) - sum(path.stat().st_size for path in parts(models))
        if moment % 3 < 2:
            killed_at(1 + to_come * moment // moments, hub, models)
        else:
            killed_at(to_come, hub, models, later=0.06 * moment / moments)
        for path in finals(models):
            assert sha(path.read_bytes()) == sha(large)
        for path in parts(models):
            assert large.startswith(path.read_bytes())
        installed = fresh(models.host).installed()
        assert all(model.path.read_bytes() == large for model in installed)
        seen.add("installed" if installed else "named" if finals(models) else "part" if parts(models) else "nothing")
        if moment % 3 == 2:
            shutil.rmtree(models.store.folder)
    assert len(seen) > 1
    hub.faults = Faults()
    assert models.pull(REPO).model.path.read_bytes() == large
    assert len(finals(models)) == 1 and parts(models) == []


def test_killed_at_some_moments(models: Models, hub: HubServer, large: bytes) -> None:
    kills(hub, models, large, 9)


@pytest.mark.slow
def test_killed_at_60_moments(models: Models, hub: HubServer, large: bytes) -> None:
    kills(hub, models, large, 60)


def test_killed_when_all_is_there_but_the_name(models: Models, hub: HubServer, tiny: bytes) -> None:
    """The moments between the last byte and the record: what is there is hashed, and not fetched again."""
    model = models.pull(REPO).model
    part = models.store.partials / f"{sha(tiny)}.part"
    model.path.rename(part)
    (model.folder / "record.json").unlink()
    hub.log.clear()
    pulled = fresh(models.host).pull(REPO)
    assert pulled.model.path.read_bytes() == tiny and hub.bytes_asked() == [] and pulled.kept == len(tiny)
    (model.folder / "record.json").unlink()  # and between the name and the record
    assert fresh(models.host).installed() == []
    assert fresh(models.host).pull(REPO).model.path.read_bytes() == tiny and hub.bytes_asked() == []


@pytest.mark.parametrize("left", ["wrong", "longer", "other", "empty", "tag"])
def test_what_was_left_is_checked(left: str, models: Models, hub: HubServer, tiny: bytes) -> None:
    """Partial files that are not the beginning of what is wanted cost a second download, no more."""
    part = models.store.partials / f"{sha(tiny)}.part"
    part.parent.mkdir(parents=True, mode=0o700)
    wrong = {"wrong": b"x" * 40_000, "longer": tiny + b"more", "other": bytes(len(tiny)), "empty": b"", "tag": tiny[:30_000]}
    part.write_bytes(wrong[left])
    if left == "tag":
        part.with_suffix(".json").write_text('{"tag": "\\"old\\""}')
    assert models.pull(REPO).model.path.read_bytes() == tiny and len(finals(models)) == 1
    assert hub.sent <= 2 * len(tiny)


def test_without_checksum_and_tag_nothing_old_is_joined(models: Models, hub: HubServer, tiny: bytes) -> None:
    hub.faults = Faults(no_blobs=True, sha="", no_tags=True, cut=-1, cut_at=50_000)
    with pytest.raises(LlmosError):
        models.pull(REPO)
    hub.faults = Faults(no_blobs=True, sha="", no_tags=True)
    hub.log.clear()
    model = fresh(models.host).pull(REPO).model
    assert model.path.read_bytes() == tiny and not model.version.files[0].promised
    assert [asked.range for asked in hub.bytes_asked()] == [""]


def test_the_version_changes_between_two_processes(models: Models, hub: HubServer, tiny: bytes, tiny2: bytes) -> None:
    hub.faults = Faults(cut=-1, cut_at=90_000)
    with pytest.raises(LlmosError):
        models.pull(REPO)
    hub.repos[REPO].files[FILE], hub.repos[REPO].commit, hub.faults = tiny2, "c" * 40, Faults()
    hub.log.clear()
    assert fresh(models.host).pull(REPO).model.path.read_bytes() == tiny2
    assert [asked.range for asked in hub.bytes_asked()] == [""]  # what was there is another file's


def test_two_at_once_share_one_download(hub: HubServer, large: bytes, models: Models) -> None:
    hub.repos[REPO].files[FILE] = large
    hub.faults = Faults(slow=0.002)
    children = [start(REPO) for _ in range(3)]
    said = [ended(child) for child in children]
    assert {code for code, _ in said} == {0} and len({out.split()[0] for _, out in said}) == 1
    assert len(hub.bytes_asked()) == 1 and hub.sent == len(large)
    assert sorted(int(out.split()[1]) for _, out in said) == [0, 0, len(large)]
    assert models.store.find(REPO).path.read_bytes() == large


def test_the_one_that_waits_takes_over_where_the_other_is_killed(hub: HubServer, large: bytes, models: Models) -> None:
    hub.repos[REPO].files[FILE] = large
    faults = hub.faults = Faults(slow=0.004)
    first = start(REPO)
    until(lambda: hub.sent > 400_000)
    faults.slow = 1.0  # the first is not through before it is killed, however long the second takes to start
    second = start(REPO)
    until(lambda: sum(asked.method == "HEAD" for asked in hub.log) == 2)
    time.sleep(0.2)
    first.kill()
    first.communicate()
    hub.faults = Faults()
    code, out = ended(second)
    assert code == 0 and int(out.split()[2]) > 200_000
    assert models.store.find(REPO).path.read_bytes() == large


def test_a_full_disk(hub: HubServer, large: bytes, models: Models) -> None:
    """A limit on the size of files stands for the disk: the same error of the system, another number."""
    hub.repos[REPO].files[FILE] = large
    code, said = ended(start(REPO, "1000000"))
    assert code == 1 and "is full; what has come is kept" in said and finals(models) == []
    assert sum(path.stat().st_size for path in parts(models)) == 1_000_000
    hub.log.clear()
    assert models.pull(REPO).model.path.read_bytes() == large
    assert hub.bytes_asked()[0].range == "bytes=1000000-"


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounts a small disk")
def test_a_disk_that_is_really_full(hub: HubServer, large: bytes, tmp_path: Path) -> None:
    hub.repos[REPO].files[FILE] = large
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=72m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        (disk / "ballast").write_bytes(bytes(68 << 20))
        code, said = ended(start(REPO, LLMOS_HOME=str(disk / "home")))
        assert code == 1 and "are still to come" in said and hub.bytes_asked() == []  # it is said beforehand
        (disk / "ballast").write_bytes(b"")
        child = start(REPO, LLMOS_HOME=str(disk / "home"))
        hub.faults = Faults(slow=0.003)
        until(lambda: hub.sent > 200_000)
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(bytes(72 << 20))
        code, said = ended(child)
        assert code == 1 and "is full" in said and list(disk.rglob("[!.]*/*.gguf")) == []
        (disk / "ballast").unlink()
        hub.faults = Faults()
        assert ended(start(REPO, LLMOS_HOME=str(disk / "home")))[0] == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_old_remains_are_dropped(models: Models, host: Host) -> None:
    part = models.store.partials / "old.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x")
    young = part.with_name("young.part")
    young.write_bytes(b"y")
    os.utime(part, (1, 1))
    models.pull(REPO)
    assert not part.exists() and young.exists()
