"""`/open`: a file in the program that the desktop has for it, or in the person's editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.host import Host
from llmos_cli.shell.positions import LAST, positions

MOST_AT_ONCE = 10
SECONDS = 2.0  # that an opener is watched for, to say that it failed


def chosen(said: str, shown: Sequence[str], host: Host) -> list[Path]:
    """The files meant by `3`, `1,4`, `2-5`, `the second one`, `last`, or a name; alone, the only one shown. Raises LlmosError."""
    if not said and len(shown) != 1:
        raise UsageError("say which one: its number or its name", hint="/open 1" if shown else "/open notes.txt")
    numbers = [len(shown) if n == LAST else n for n in positions(said)] if said else [1]
    if not numbers:
        return [host.place().resolve(_unquoted(said))]
    if not shown:
        raise NotFound("nothing with numbers has been shown yet", hint="list")
    wrong = next((n for n in numbers if not 0 < n <= len(shown)), None)
    if wrong is not None:
        raise NotFound(f"there is no number {wrong}: {len(shown)} were shown", hint="/last shows them again")
    if len(numbers) > MOST_AT_ONCE:
        raise UsageError(f"{len(numbers)} at once are too many", hint=f"at most {MOST_AT_ONCE}")
    return [Path(shown[n - 1]) for n in numbers]


def _unquoted(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text


def open_file(path: Path, host: Host) -> str:
    """Open it; the name of the program. Raises LlmosError where there is none, or it says that it failed."""
    if not os.path.lexists(path):
        raise NotFound(f"{host.place().short(path)} is not there any more", hint="/last shows what is")
    if opener := _opener(host):
        _started([opener, str(path)], host)
        return os.path.basename(opener)
    if editor := host.env.get("VISUAL") or host.env.get("EDITOR"):
        done = subprocess.run([*shlex.split(editor), str(path)], cwd=host.cwd, env=dict(host.env), check=False)
        if done.returncode:
            raise LlmosError(f"{editor} ended with exit status {done.returncode}")
        return editor
    raise LlmosError("there is no program to open it with", hint="set EDITOR, or install xdg-utils")


def _opener(host: Host) -> str:
    """The desktop's opener; '' without a desktop, where the editor is better."""
    if sys.platform == "darwin":
        return shutil.which("open", path=host.env.get("PATH")) or ""
    there = host.env.get("DISPLAY") or host.env.get("WAYLAND_DISPLAY") or not (host.env.get("VISUAL") or host.env.get("EDITOR"))
    return (shutil.which("xdg-open", path=host.env.get("PATH")) or "") if there else ""


def _started(command: list[str], host: Host) -> None:
    """Start it without a terminal, and leave it to itself."""
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=host.cwd, env=dict(host.env), stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return
    if code:
        raise LlmosError(f"{os.path.basename(command[0])} could not open it (exit status {code})", hint="!file NAME says what it is")
