"""`!command`: run in the person's own shell, with the terminal handed over."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host


def run(command: str, host: Host) -> str:
    """Run it to its end. Gives '' where it ended well, else how it ended; raises LlmosError where it cannot be started."""
    shell = host.env.get("SHELL") or "/bin/sh"
    with _terminal_kept(host), _left_to_it():
        try:
            done = subprocess.run([shell, "-c", command], cwd=host.cwd, env={**host.env, "PWD": str(host.cwd)}, check=False)
        except OSError as error:
            raise LlmosError(f"{error.filename or shell}: {(error.strerror or str(error)).lower()}") from error
    if done.returncode < 0:
        return f"ended by {signal.Signals(-done.returncode).name}"
    return f"exit status {done.returncode}" if done.returncode else ""


@contextmanager
def _left_to_it() -> Iterator[None]:
    """Ctrl-C and Ctrl-backslash are for the command. A handler of ours, unlike SIG_IGN, is not passed on to it."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _terminal_kept(host: Host) -> Iterator[None]:
    """The terminal's settings are put back as they were, whatever the command did and however it ended."""
    import termios

    try:
        terminal = host.stdin.fileno()
        settings = termios.tcgetattr(terminal)
    except (OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, settings)


def forget_typed_ahead(host: Host) -> None:
    """Drop what was typed before a question was seen: it must not answer it."""
    import termios

    try:
        termios.tcflush(host.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, ValueError, termios.error):
        pass
