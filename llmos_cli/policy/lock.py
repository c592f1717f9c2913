"""One process at a time changes files: a lock that the system drops when its holder dies, and a note left in it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmos_cli import paths
from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import write_all

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there yet
    fcntl = None  # type: ignore[assignment]

PATIENCE = 60.0  # seconds
PAUSE = 0.005


class Note:
    """What the holder is preparing, for whoever finds it after a crash. It survives a kill, not a power cut."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self) -> str:
        return os.pread(self._handle, 1 << 20, 0).decode("utf-8", "surrogateescape")

    def write(self, text: str) -> None:
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        write_all(self._handle, text.encode("utf-8", "surrogateescape"))


@contextmanager
def locked(path: Path) -> Iterator[Note]:
    """Hold the lock at `path`. Raises LlmosError where another process keeps it for a minute."""
    paths.private(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _take(handle)
        yield Note(handle)
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    if fcntl is None:
        return
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise LlmosError("another llmos is changing files right now", hint="wait for it, then try again") from None
            time.sleep(PAUSE)
        else:
            return
