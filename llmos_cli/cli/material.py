"""What a request is about, where it comes with the command: files named with `-f`, or standard input.

Standard input is read only when a step asks for it. So a request in `while read line; do llmos ask …; done` leaves the other lines alone,
unless its plan begins with `@last`.
"""

from __future__ import annotations

import os
import stat as statmodule
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.host import Host
from llmos_cli.values import Files, Text, Value

MAX_BYTES = 512 * 1024 * 1024


class Piped:
    """The lines of standard input, read whole when they are first gone through, and kept. Raises UsageError for what is no text."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lines: list[str] | None = None

    def __iter__(self) -> Iterator[str]:
        if self._lines is None:
            self._lines = text_of(self._host.stdin.buffer.read(MAX_BYTES + 1)).splitlines()
        return iter(self._lines)


def material(host: Host, files: Sequence[Path]) -> Value | None:
    """Files for `-f`, one text for `-f -` or a standard input that has something; None where there is nothing. Raises LlmosError."""
    if any(str(path) == "-" for path in files):
        if len(files) > 1:
            raise UsageError("-f - is standard input, and stands alone", hint="give the files, or -")
        return Text(Piped(host))
    if files:
        return Files.at(_there(host.cwd / path.expanduser(), path) for path in files)
    return Text(Piped(host)) if has_input(host) else None


def _there(path: Path, said: Path) -> str:
    try:
        os.lstat(path)
    except OSError as error:
        raise LlmosError(f"{said}: {(error.strerror or str(error)).lower()}", hint="-f takes a file") from error
    return os.path.normpath(path)


def has_input(host: Host) -> bool:
    """Whether standard input is a file or a pipe with something in it, or one that may still get something. Nothing is read."""
    import select

    try:
        number = host.stdin.fileno()
        about = os.fstat(number)
        if statmodule.S_ISREG(about.st_mode):
            return os.lseek(number, 0, os.SEEK_CUR) < about.st_size
    except (OSError, ValueError):  # closed, or no file at all
        return False
    if not (statmodule.S_ISFIFO(about.st_mode) or statmodule.S_ISSOCK(about.st_mode)):
        return False
    poll = select.poll()
    poll.register(number, select.POLLIN)
    ended = any(found & (select.POLLHUP | select.POLLIN | select.POLLERR) for _, found in poll.poll(0))
    return _unread(number) > 0 or not ended


def _unread(number: int) -> int:
    """Bytes that can be read from a pipe at once."""
    import fcntl
    import struct
    import termios

    try:
        return int(struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, b"\0" * 4))[0])
    except OSError:
        return 1


def said(host: Host) -> str:
    """All of standard input as one request or plan. Raises UsageError."""
    return text_of(host.stdin.buffer.read(MAX_BYTES + 1)).strip()


def text_of(data: bytes) -> str:
    """Raises UsageError for what is too long, or no text."""
    if len(data) > MAX_BYTES:
        raise UsageError("standard input is too long", hint="at most 512 MB of text")
    if b"\0" in data[:8192]:
        raise UsageError("standard input is not text", hint="name the file in the request instead")
    return data.decode("utf-8", "replace")
