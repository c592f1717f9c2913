"""The shell's current folder: how it is written in the prompt, and where `cd` goes."""

from __future__ import annotations

import shlex
from pathlib import Path

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.ui.safe import safe

MAX_SHOWN = 30  # characters; of a longer path the last folders are shown


def short(folder: Path, home: Path) -> str:
    """From `~`, safe to print."""
    if folder == home:
        return "~"
    return safe(f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder))


def shortest(folder: Path, home: Path) -> str:
    """As `short`, with the middle left out where it is long: `~/…/thesis/chapters`."""
    text = short(folder, home)
    if len(text) <= MAX_SHOWN:
        return text
    parts = text.split("/")
    end = "/".join(parts[-2:]) if len(parts[-1]) + len(parts[-2]) < MAX_SHOWN else parts[-1]
    return f"{parts[0]}/…/{end[-MAX_SHOWN:]}"


def target(text: str, host: Host, previous: Path | None) -> Path:
    """The folder that `cd TEXT` goes to: '' is home, `-` the one before; names are looked for as in plans. Raises LlmosError."""
    if text == "-":
        if previous is None:
            raise LlmosError("there is no folder before this one", hint="cd FOLDER")
        return previous
    if text == "..":  # out of a folder that is gone, too
        return next(parent for parent in host.cwd.parents if parent.is_dir())
    found = host.home if not text else host.place().resolve(_unquoted(text), folder=True)
    try:
        next(found.iterdir(), None)
    except OSError as error:
        raise LlmosError(f"{short(found, host.home)}: {(error.strerror or str(error)).lower()}") from error
    return found


def _unquoted(text: str) -> str:
    """`"my folder"` and `my\\ folder` as a shell reads them; several words are one name with spaces."""
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text
