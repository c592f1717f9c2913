"""`!command`: run in the person's own shell, on a terminal of its own between it and theirs, so that what it says is kept."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host

MOST_KEPT = 4 * 1024 * 1024  # bytes of output; what comes later is shown and not kept
MOST_LINES = 10_000
_WHOLE_SCREEN = re.compile(rb"\x1b\[\?(?:1049|47|1047)h")  # an editor, a pager: nothing that could be spoken of
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")
# The first terminal that a session's leader opens becomes its own. Programs that go on in the background outlive the terminal.
_ON_TERMINAL = 'trap "" HUP; exec "$0" -c "$1" <"$2" >"$2" 2>&1'


@dataclass(frozen=True)
class Ran:
    """`said` is how it ended, '' where it ended well; `lines` is its output without colours."""

    said: str
    lines: tuple[str, ...]


def run(command: str, host: Host) -> Ran:
    """Run it to its end. Raises LlmosError where it cannot be started."""
    shell = host.env.get("SHELL") or "/bin/sh"
    env = {**host.env, "PWD": str(host.cwd)}
    try:
        terminal = host.stdin.fileno()
        there = os.isatty(terminal)
    except (OSError, ValueError):
        there = False
    try:
        code, output = _on_terminal(shell, command, host, env, terminal) if there else _piped(shell, command, host, env)
    except OSError as error:
        raise LlmosError(f"{error.filename or shell}: {(error.strerror or str(error)).lower()}") from error
    return Ran(_ending(code), plain_lines(output))


def plain_lines(output: bytes) -> tuple[str, ...]:
    """What a person has read: colours gone, of a line written over the last writing, nothing of programs that took the whole screen."""
    if _WHOLE_SCREEN.search(output):
        return ()
    text = _ESCAPES.sub("", output.decode(errors="replace")).replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n") if text else []
    return tuple(line.rstrip("\r").rpartition("\r")[2] for line in lines[:MOST_LINES])


def _ending(code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit status {code}" if code else ""


def _piped(shell: str, command: str, host: Host, env: dict[str, str]) -> tuple[int, bytes]:
    """Without a terminal: all at once."""
    done = subprocess.run([shell, "-c", command], cwd=host.cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    host.stdout.write(done.stdout.decode(errors="replace"))
    return done.returncode, done.stdout[:MOST_KEPT]


def _on_terminal(shell: str, command: str, host: Host, env: dict[str, str], terminal: int) -> tuple[int, bytes]:
    parent, child = os.openpty()
    try:
        _copy_size(terminal, child)
        process = subprocess.Popen(
            ["/bin/sh", "-c", _ON_TERMINAL, shell, command, os.ttyname(child)],
            cwd=host.cwd, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True,
        )  # fmt: skip
        os.close(child)
        child = -1
        host.stdout.flush()
        with _handed_over(terminal, lambda: _copy_size(terminal, parent)):
            kept = _relayed(process, parent, terminal, host.stdout.fileno())
        return process.wait(), kept
    finally:
        for number in (parent, child):
            if number >= 0:
                os.close(number)


def _relayed(process: subprocess.Popen[bytes], parent: int, keys: int, screen: int) -> bytes:
    """Keys go in and what is said comes out, until the program has ended and all that it said is here."""
    kept, reading = bytearray(), [parent, keys]
    while True:
        ready = select.select(reading, [], [], 0.1)[0]
        if parent in ready:
            try:
                data = os.read(parent, 65536)
            except OSError:  # nobody has it open any more
                data = b""
            if not data:
                return bytes(kept)
            _write_all(screen, data)
            kept += data[: MOST_KEPT - len(kept)]
        elif process.poll() is not None:  # what goes on in the background may still hold the terminal
            return bytes(kept)
        if keys in ready:
            data = os.read(keys, 4096)
            if data:
                _write_all(parent, data)
            else:
                reading.remove(keys)


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


def _copy_size(source: int, target: int) -> None:
    """Give a terminal the size of another."""
    import fcntl
    import termios

    try:
        fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        pass


@contextmanager
def _handed_over(terminal: int, resized: Callable[[], None]) -> Iterator[None]:
    """Every key, Ctrl-C too, is the program's; the terminal's settings are put back however it ended."""
    import termios
    import tty

    before = termios.tcgetattr(terminal)
    handler = signal.signal(signal.SIGWINCH, lambda *_: resized())
    try:
        tty.setraw(terminal, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, handler or signal.SIG_DFL)
