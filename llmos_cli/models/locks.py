"""One process at a time: a lock that the system drops when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmos_cli import paths

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there yet
    fcntl = None  # type: ignore[assignment]

PAUSE = 0.1


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock at `path`; `waiting` is called ten times a second until it is ours. With `wait` off, False says that it is not."""
    paths.private(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield _take(handle, waiting, wait)
    finally:
        os.close(handle)


def _take(handle: int, waiting: Callable[[], None], wait: bool) -> bool:
    while fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if not wait:
                return False
            waiting()
            time.sleep(PAUSE)
    return True
