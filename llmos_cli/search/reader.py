"""Our end of the child that reads documents: asked ahead, so that both cores work; started again when a file has ended it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import cycle, islice, tee
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from llmos_cli.errors import LlmosError
from llmos_cli.search.child import LENGTH, STATES

SECONDS = 40.0  # for one file, by the clock
START_SECONDS = 30.0
AHEAD, AHEAD_BYTES = 32, 8 * 1024  # less than a pipe holds, so that writing never waits
MOST = 4  # children at once
MAX_ANSWER = 32 * 1024 * 1024
_HOME = str(Path(__file__).resolve().parents[2])


class Said(NamedTuple):
    """What is to be kept of a file; see `child.STATES`."""

    state: str
    title: str = ""
    text: str = ""
    why: str = ""


BY_NAME = Said("name")


class _Ended(Exception):
    """The child is gone, or had to be ended; the message says why."""


class Reader:
    """Use as a context manager. The child is started when the first file is read."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._got = bytearray()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def read(self, paths: Iterable[bytes | None]) -> Iterator[Said]:
        """What each file says, in their order; None is one that is not opened. Raises LlmosError where there is no child."""
        source, waiting = iter(paths), deque[bytes | None]()
        more = True
        while True:
            while more and len(waiting) < AHEAD and sum(len(path or b"") + LENGTH.size for path in waiting) < AHEAD_BYTES:
                try:
                    waiting.append(path := next(source))
                except StopIteration:
                    more = False
                else:
                    self._ask(path)
            if not waiting:
                return
            if waiting[0] is None:
                said = BY_NAME
            else:
                try:
                    said = _said(self._answer(self._seconds))
                except _Ended as error:
                    said = Said("unreadable", why=str(error))
                    self._end()
            waiting.popleft()
            yield said
            if self._child is None:
                for path in waiting:
                    self._ask(path)

    def _ask(self, path: bytes | None) -> None:
        if path is None:
            return
        if self._child is None:
            self._start()
        assert self._child is not None and self._child.stdin is not None
        try:
            os.write(self._child.stdin.fileno(), LENGTH.pack(len(path)) + path)
        except BrokenPipeError:
            pass  # it has just ended: that shows when its answer is waited for

    def _start(self) -> None:
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "llmos_cli.search.child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, cwd="/",
                env=env | {"PYTHONPATH": _HOME, "PYTHONDONTWRITEBYTECODE": "1"}, start_new_session=True,
            )  # fmt: skip
            self._answer(START_SECONDS)
        except (OSError, _Ended) as error:
            self._end()
            raise LlmosError(f"the part of llmos that reads documents does not start: {error}", hint="llmos doctor") from error

    def _answer(self, seconds: float) -> bytes:
        """The next frame. Raises _Ended."""
        until = time.monotonic() + seconds
        size = LENGTH.unpack(self._bytes(LENGTH.size, until))[0]
        if size > MAX_ANSWER:
            raise _Ended("its text is too long")
        return self._bytes(size, until)

    def _bytes(self, count: int, until: float) -> bytes:
        assert self._child is not None and self._child.stdout is not None
        out, poll = self._child.stdout.fileno(), select.poll()
        poll.register(out, select.POLLIN | select.POLLHUP)
        while len(self._got) < count:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise _Ended("reading it took too long")
            chunk = os.read(out, 1 << 20)
            if not chunk:
                raise _Ended("reading it used too much time or memory, or ended the reader")
            self._got += chunk
        taken = bytes(self._got[:count])
        del self._got[:count]
        return taken

    def _end(self) -> None:
        child, self._child = self._child, None
        self._got.clear()
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()
        child.wait()


class Readers:
    """Several children, one for each core up to MOST; used as one Reader is. Files are dealt to them in turn."""

    def __init__(self) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._readers = [Reader() for _ in range(min(cores, MOST))]

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for reader in self._readers:
            reader.__exit__(kind, error, trace)

    def read(self, paths: Iterable[bytes | None]) -> Iterator[Said]:
        """As Reader.read."""
        many = len(self._readers)
        shares = (islice(copy, i, None, many) for i, copy in enumerate(tee(paths, many)))
        for answers in cycle([reader.read(share) for reader, share in zip(self._readers, shares, strict=True)]):
            said = next(answers, None)
            if said is None:
                return
            yield said


def _said(frame: bytes) -> Said:
    """Raises _Ended for what a sound child never says."""
    try:
        answer = json.loads(frame)
        said = Said(*(str(answer.get(name, "")) for name in Said._fields))
        for part in said:
            part.encode()  # no half letters, which SQLite refuses
    except (ValueError, AttributeError, RecursionError) as error:
        raise _Ended("its reader gave no sound answer") from error
    if said.state not in STATES:
        raise _Ended("its reader gave no sound answer")
    return said
