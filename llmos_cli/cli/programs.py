"""Other programs that take the terminal for a while: the person's editor, and what shows long lists."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.shell import pager
from llmos_cli.ui.cells import columns

EDITORS = ("sensible-editor", "nano", "vi", "notepad")


def edit(file: Path, host: Host) -> None:
    """Open it in VISUAL, EDITOR or what is there, and wait. Raises LlmosError."""
    line = host.env.get("VISUAL") or host.env.get("EDITOR") or next(filter(shutil.which, EDITORS), "")
    if not line:
        raise LlmosError("there is no editor", hint=f"EDITOR=…, or edit {file}")
    try:
        code = subprocess.run([*shlex.split(line), str(file)], cwd=host.cwd, check=False).returncode
    except (OSError, ValueError) as error:
        raise LlmosError(f"the editor {line!r} cannot be started: {error}", hint="EDITOR=nano llmos config edit") from error
    if code:
        raise LlmosError(f"the editor ended with {code}", hint=f"the settings are in {file}")


class _Piped(TextIOWrapper):
    """A pager's input, which is a terminal for those who write to it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged(host: Host, lines: int) -> Iterator[Host]:
    """A host whose answers go through the pager where `lines` are more than the screen has, or the same host."""
    command = pager.command(host) if host.answers_go_to_terminal and lines >= pager.rows(host) - pager.KEPT_ROWS else ""
    if not command:
        yield host
        return
    env = {**host.env, "LESS": host.env.get("LESS") or "-FRX"}
    process = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, env=env)
    assert process.stdin is not None
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    stream = _Piped(process.stdin, host.stdout.encoding, "surrogateescape")
    try:
        yield replace(host, stdout=stream, env={**host.env, "COLUMNS": str(columns(host))})
        stream.flush()
    except BrokenPipeError:  # it was left before its end
        pass
    finally:
        try:
            stream.close()
        except OSError:
            pass
        process.wait()
        signal.signal(signal.SIGINT, before)
