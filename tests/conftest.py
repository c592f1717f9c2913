"""For all tests: a home of their own, an environment cut down, one time zone, and no way out to the network."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from llmos_cli.paths import Paths, private
from llmos_cli.places import Place

KEPT = ("PATH", "TMPDIR", "LANG", "PYTEST_CURRENT_TEST", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
NOON = datetime(2026, 11, 23, 12, 0)  # a Monday


def pytest_configure() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C, which the tests' own processes would inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that were not there yet: counted here, as pytest would look through all that there are for each."""
    parent = tmp_path_factory.mktemp("homes")
    return (parent / str(i) for i in itertools.count())


@pytest.fixture(autouse=True)
def surroundings(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    base = next(homes)
    base.mkdir()
    for name in os.environ.keys() - set(KEPT):
        monkeypatch.delenv(name)
    given = {"HOME": base / "home", "LLMOS_HOME": base / "llmos", "TZ": "UTC", "COLUMNS": 80, "NO_COLOR": 1, "TERM": "dumb"}
    (base / "home").mkdir()
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets of this machine may be used; what leads out of it raises."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test wants to connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded)


@pytest.fixture(scope="session")
def machine_tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the engine found out of this machine, in processes that take seconds; once for all tests."""
    from llmos_cli.engine import trials

    paths = Paths.of({"LLMOS_HOME": str(tmp_path_factory.mktemp("machine"))})
    trials.machine(paths)
    return paths.cache / "engine"


@pytest.fixture
def machine_known(machine_tried: Path) -> Callable[[Path], None]:
    """For tests of something else than these trials: `machine_known(llmos_home)` puts there what was found."""

    def known(home: Path) -> None:
        shutil.copytree(machine_tried, private(home / "cache") / "engine")

    return known


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The current folder `work` in the home `home`, on a Monday noon."""
    cwd = tmp_path / "home/work"
    cwd.mkdir(parents=True)
    return Place(cwd, tmp_path / "home", NOON.timestamp())
