"""Throw-away processes of the engine, which speak in lines of JSON: what may go wrong there ends only them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HOME = str(Path(__file__).resolve().parents[2])
PYTHON = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", *PYTHON)
KEPT_PREFIXES = ("CUDA_", "GGML_", "HIP_", "ROCR_", "OMP_", "VK_", "LLMOS_")
MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_MMAP_THRESHOLD_": str(64 << 20)}
MOST_LINE = 128 << 20


class Ended(Exception):
    """The child is gone, or had to be ended; the message says why, as the end of a sentence."""


def environment(**more: str) -> dict[str, str]:
    """What a process of the engine gets of ours: no keys. OpenMP's threads do not spin while they wait, and glibc keeps what
    each step frees and takes again.
    """
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    ours = {"PYTHONPATH": HOME, "GGML_NO_BACKTRACE": "1"}
    return {"OMP_WAIT_POLICY": "passive", **MALLOC, **kept, **ours, **more}


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"llmos_cli.engine.{module}", *arguments]


class Child:
    """One process, started with the object. Not thread-safe."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        """Raises OSError."""
        self._process = subprocess.Popen(
            command(module, *arguments),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, cwd="/",
            env=environment(**(env or {})), start_new_session=True,
        )  # fmt: skip
        self._got = bytearray()

    def ask(self, request: Any, seconds: float) -> dict[str, Any]:
        """Send a line, and wait for the answer's. Raises Ended; the child is gone then."""
        until = time.monotonic() + seconds
        self._write(json.dumps(request).encode() + b"\n", until)
        return self._read(until)

    def answer(self, seconds: float) -> dict[str, Any]:
        """Wait for a line. Raises Ended; the child is gone then."""
        return self._read(time.monotonic() + seconds)

    def close(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._process.wait()

    def _write(self, data: bytes, until: float) -> None:
        assert self._process.stdin is not None
        into = self._process.stdin.fileno()
        os.set_blocking(into, False)
        view = memoryview(data)
        while view:
            if not _ready(into, select.POLLOUT, until):
                raise self._gone("it took too long")
            try:
                view = view[os.write(into, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._gone("") from None

    def _read(self, until: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        out = self._process.stdout.fileno()
        while (end := self._got.find(b"\n")) < 0:
            if not _ready(out, select.POLLIN | select.POLLHUP, until):
                raise self._gone("it took too long")
            chunk = os.read(out, 1 << 20)
            if not chunk or len(self._got) > MOST_LINE:
                raise self._gone("")
            self._got += chunk
        line = bytes(self._got[:end])
        del self._got[: end + 1]
        try:
            answer = json.loads(line)
        except ValueError:
            raise self._gone("it said what makes no sense") from None
        if not isinstance(answer, dict):
            raise self._gone("it said what makes no sense")
        return answer

    def _gone(self, why: str) -> Ended:
        """End it, and say why it has ended."""
        if not why:
            try:
                code = self._process.wait(5)
            except subprocess.TimeoutExpired:
                code = 0
            assert self._process.stderr is not None
            os.set_blocking(self._process.stderr.fileno(), False)
            said = (self._process.stderr.read() or b"").decode(errors="replace")
            why = died(code, said)
        self.close()
        return Ended(why)


def died(code: int, said: str) -> str:
    """How a process ended, from its exit code and the last that it wrote to its standard error."""
    for line in reversed(said.splitlines()):
        if "GGML_ASSERT" in line or "GGML_ABORT" in line or "what():" in line or "MemoryError" in line:
            return f"it was aborted: {line.strip()[-200:]}"
    reasons: Mapping[int, str] = {
        -signal.SIGXCPU: "it used too much time",
        -signal.SIGSEGV: "it crashed (segmentation fault)",
        -signal.SIGFPE: "it crashed (arithmetic)",
        -signal.SIGBUS: "it crashed (bus error)",
        -signal.SIGILL: "it crashed (illegal instruction)",
        -signal.SIGABRT: "it was aborted",
        -signal.SIGKILL: "it was killed, or used too much memory",
    }
    last = said.strip().rpartition("\n")[2][-200:]
    return reasons.get(code, f"it ended with code {code}" + (f": {last}" if last else ""))


def _ready(descriptor: int, what: int, until: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, what)
    left = until - time.monotonic()
    return left > 0 and bool(poll.poll(left * 1000))


def run(module: str, arguments: Sequence[str], seconds: float) -> dict[str, Any]:
    """One line from a process that is ended then. Raises Ended."""
    try:
        child = Child(module, *arguments)
    except OSError as error:
        raise Ended(f"it does not start: {error}") from error
    try:
        return child.answer(seconds)
    finally:  # also where Ctrl-C ends the waiting
        child.close()
