"""The process that runs general models: `python -m llmos_cli.engine.worker JSON`. Started by `starting`, it ends by itself.

Whatever a model file, a template or llama.cpp does to it, only it is lost: whoever waits is told in one
sentence, and the next request starts another. It is one for each person and build, which a lock sees to.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli.engine.starting import BEGINS
from llmos_cli.engine.templates import Templates
from llmos_cli.paths import Paths

if TYPE_CHECKING:
    from llmos_cli.engine.pool import Pool
    from llmos_cli.engine.serving import Server

SHARE = 0.75  # of the machine's memory that models may take
ADDRESSES = 8 << 30  # bytes of addresses beside the models': threads, libraries, buffers
LINGER = 10.0  # seconds that a worker without a model stays
GATHER = 0.0005  # seconds after which a thread lets another have Python
LAST_SECONDS = 5.0  # for what came just before the end
WAIT_LOCK = 15.0  # seconds for the worker before to end


def main() -> None:
    given = json.loads(sys.argv[1])
    ready = int(given["ready"])
    if os.fork():
        os._exit(0)  # who started us need not wait for our end
    _settle()
    lock = _locked(Path(given["lock"]))
    if lock is None:
        os._exit(0)  # there is one already, and it answers
    listener = _listen(Path(given["socket"]))
    sys.stderr.write(BEGINS)
    sys.stderr.flush()
    os.write(ready, b"\n")
    os.close(ready)
    templates = Templates()  # its process starts while we load the rest
    _run(given, listener, templates)
    templates.close()
    os._exit(0)  # threads that wait for somebody who says nothing would keep us


def _run(given: dict[str, Any], listener: socket.socket, templates: Templates) -> None:
    from llmos_cli.engine import trials
    from llmos_cli.engine.pool import Pool
    from llmos_cli.engine.serving import Server

    paths = Paths(*(Path(given[name]) for name in ("config", "data", "state", "cache")))
    machine = trials.machine(paths)
    most = given["memory"] or int(SHARE * trials.memory())
    if not machine.devices:  # graphics cards want more addresses than there is memory
        _limit(most)
    pool = Pool(paths, machine, templates, most)
    about = {"pid": os.getpid(), "build": trials.build(), "memory": most, "machine": list(machine.why)}
    stop = threading.Event()

    def leave(*_: object) -> None:
        Path(given["socket"]).unlink(missing_ok=True)  # from here on others start a new one, which waits for our lock
        stop.set()
        server.wake()

    server = Server(listener, pool, about, leave)
    signal.signal(signal.SIGTERM, leave)
    _serve(server, pool, stop)
    leave()
    until = time.monotonic() + LAST_SECONDS
    while server.accept(0.002) or (server.busy and time.monotonic() < until):
        continue  # those that came at the last moment are answered
    pool.stop(None)


def _serve(server: Server, pool: Pool, stop: threading.Event) -> None:
    """Until nothing is left to do, or somebody wants the end."""
    idle = time.monotonic()
    while not stop.is_set():
        left = pool.expire()
        now = time.monotonic()
        if server.busy or not pool.empty:
            idle = now
        elif now - idle >= LINGER:
            return
        wait = 0.5 if server.busy else LINGER if left is None else min(left, LINGER)
        server.accept(max(0.05, wait))


def _settle() -> None:
    """A process of its own: no terminal, no folder, no core files; where it crashes is written down."""
    os.setsid()
    os.umask(0o077)
    sys.setswitchinterval(GATHER)
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _limit(most: int) -> None:
    """Past this, what asks for memory fails, and the machine does not begin to swap."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (2 * most + ADDRESSES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _locked(path: Path) -> int | None:
    """Hold the lock for as long as we live; None where another worker keeps it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + WAIT_LOCK
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() > until:
                return None
            time.sleep(0.02)


def _listen(path: Path) -> socket.socket:
    """The socket, which only its owner may use, under its name once it answers."""
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(part))
    os.chmod(part, 0o600)
    listener.listen(128)
    os.replace(part, path)
    return listener


if __name__ == "__main__":
    main()
