"""Finding the worker of this person and build, or starting it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import select
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmos_cli.engine.child import command, died, environment
from llmos_cli.errors import LlmosError
from llmos_cli.paths import Paths, private

START_SECONDS = 30.0
CONNECT_SECONDS = 10.0
MOST_NAME = 90  # bytes of a socket's path; systems take 104 or 108
MOST_LOG = 1 << 20
BEGINS = "llmos: a worker begins\n"  # in its log
_STARTED: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Where:
    """The worker's files: `folder` is 0700."""

    folder: Path
    name: str
    log: Path

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.folder / f"{self.name}.lock"

    @property
    def starting(self) -> Path:
        """Held by who starts it."""
        return self.folder / f"{self.name}.start"


def where(paths: Paths, build: str) -> Where:
    """In the state folder; where that has too long a name for a socket, in a private folder for temporary files. Raises LlmosError."""
    name = f"engine-{build[:8]}"
    folder = paths.state / "engine"
    log = folder / "engine.log"
    try:
        private(folder)
        if len(os.fsencode(folder / f"{name}.sock.0000000")) > MOST_NAME:
            import tempfile  # slow to load, and seldom needed

            short = hashlib.sha256(os.fsencode(paths.state)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"llmos-{os.getuid()}-{short}"
            _mine(folder)
    except OSError as error:
        raise LlmosError(f"{folder} cannot be used: {(error.strerror or str(error)).lower()}", hint=f"ls -ld {folder}") from error
    return Where(folder, name, log)


def _mine(folder: Path) -> None:
    """Make it, or see that nobody else did. Raises OSError, LlmosError."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    about = os.lstat(folder)
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise LlmosError(f"{folder} is not a private folder of yours", hint=f"rm -r {folder}")


def connect(at: Where) -> socket.socket | None:
    """A connection to the worker, None where there is none. It has answered on it: one that is about to end still lets others connect."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(CONNECT_SECONDS)
    try:
        made.connect(str(at.socket))
        made.sendall(b"GET /hello HTTP/1.1\r\n\r\n")
        said = b""
        while not said.endswith(b"}"):
            said += (part := made.recv(1 << 16))
            if not part:
                raise ConnectionResetError
    except OSError:
        made.close()
        return None
    return made


def start(at: Where, paths: Paths, memory: int) -> socket.socket:
    """Start the worker, unless somebody else just has, and connect. Raises LlmosError."""
    with _alone(at):
        if (made := connect(at)) is not None:
            return made
        _spawn(at, paths, memory)
        if (made := connect(at)) is not None:
            return made
    raise LlmosError(f"the process that runs models does not start: {reason(at)}", hint=f"tail {at.log}")


def _spawn(at: Where, paths: Paths, memory: int) -> None:
    """Start it, and wait until it listens or has ended."""
    folders = {"config": paths.config, "data": paths.data, "state": paths.state, "cache": paths.cache}
    ready, tell = os.pipe()
    given = {"socket": at.socket, "lock": at.lock, "ready": tell, "memory": memory, **folders}
    said = json.dumps({name: str(value) if isinstance(value, Path) else value for name, value in given.items()})
    try:
        with open(os.open(at.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            if os.fstat(log.fileno()).st_size > MOST_LOG:
                os.ftruncate(log.fileno(), 0)
            process = subprocess.Popen(
                command("worker", said), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment(),
                pass_fds=(tell,), start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        os.close(ready)
        raise LlmosError(f"the process that runs models does not start: {error}", hint="llmos doctor") from error
    finally:
        os.close(tell)
    poll = select.poll()
    poll.register(ready, select.POLLIN | select.POLLHUP)
    poll.poll(START_SECONDS * 1000)
    os.close(ready)
    try:
        process.wait(1)  # it has made a process of its own, and ended
    except subprocess.TimeoutExpired:
        _STARTED.append(process)


@contextmanager
def _alone(at: Where) -> Iterator[None]:
    """Only one process at a time starts a worker."""
    handle = os.open(at.starting, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise LlmosError("another process has been starting the model's process for long", hint="llmos models stop") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def reason(at: Where) -> str:
    """Why the worker has ended, as far as its log says."""
    try:
        with open(at.log, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 4096))
            said = log.read().decode(errors="replace")
    except OSError:
        said = ""
    for line in reversed(said.rpartition(BEGINS)[2].splitlines()):
        if line.startswith("Fatal Python error: "):
            return f"it crashed ({line.removeprefix('Fatal Python error: ').strip()[:100]})"
        if "GGML_ASSERT" in line or "GGML_ABORT" in line or "what():" in line:
            return died(0, line)
    return "it was killed, or used too much memory"
