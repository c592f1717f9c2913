"""A home with files of every kind, a journal beside it, and a manifest of a tree to compare before and after."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmos_cli.policy.journal import Journal

Manifest = dict[str, tuple[object, ...]]


def manifest_of(folder: Path) -> Manifest:
    """Path → type and mode, owner, mtime, contents or link target, extended attributes; folders too."""
    found = {}
    for here, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = os.path.normpath(os.path.join(here, name))
            about = os.lstat(path)
            held: object = None
            if stat.S_ISLNK(about.st_mode):
                held = os.readlink(path)
            elif stat.S_ISREG(about.st_mode):
                held = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            marks = {n: os.getxattr(path, n, follow_symlinks=False) for n in _xattrs(path)}
            found[os.path.relpath(path, folder)] = (
                about.st_mode, about.st_uid, about.st_gid, about.st_mtime_ns, held, str(marks),
            )  # fmt: skip
    return found


def _xattrs(path: str) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []


MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: each entry syncs the disk a dozen times. Modules with ON_DISK stay there.

    `LLMOS_TEST_ON_DISK=1` puts all of them there.
    """
    on_disk = getattr(request.module, "ON_DISK", False) or "LLMOS_TEST_ON_DISK" in os.environ
    if on_disk or not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def manifest() -> Callable[[Path], Manifest]:
    return manifest_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("a.pdf", "b.pdf", "note.txt", "docs/one.txt", "docs/deep/two.txt", "run.sh"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}\n")
    (home / "run.sh").chmod(0o750)
    (home / "empty").mkdir(mode=0o711)
    (home / "link").symlink_to("note.txt")
    (home / "dangling").symlink_to("nowhere")
    (home / "to-docs").symlink_to("docs")
    for n, path in enumerate(sorted(home.rglob("*"), reverse=True)):
        os.utime(path, ns=(10**18 + n, 10**18 + n * 1001), follow_symlinks=False)
    (home / ".local/share/Trash/files").mkdir(parents=True)
    (home / ".local/share/Trash/info").mkdir(parents=True)
    return home


@pytest.fixture
def make_journal(home: Path, tmp_path: Path) -> Callable[..., Journal]:
    def make(**more: object) -> Journal:
        env = {"HOME": str(home)}
        return Journal(tmp_path / "state", tmp_path / "data/vault", env=env, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def journal(make_journal: Callable[..., Journal]) -> Iterator[Journal]:
    return make_journal()
