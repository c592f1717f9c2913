"""The outside world as an argument: streams, terminal, folder, environment, clock. Tests pass another one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TextIO

from llmos_cli.paths import Paths
from llmos_cli.places import Place


@dataclass(frozen=True)
class Host:
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    @staticmethod
    def real() -> Host:
        """This process's own. Raises FileNotFoundError where the current folder is gone."""
        pwd = os.environ.get("PWD", "")
        cwd = Path(pwd if os.path.isabs(pwd) and os.path.isdir(pwd) and os.path.samefile(pwd, ".") else os.getcwd())
        return Host(sys.stdin, sys.stdout, sys.stderr, cwd, dict(os.environ))

    @cached_property
    def home(self) -> Path:
        return Path(self.env.get("HOME") or os.path.expanduser("~"))

    @cached_property
    def paths(self) -> Paths:
        return Paths.of(self.env)

    @property
    def answers_go_to_terminal(self) -> bool:
        return _tty(self.stdout)

    @property
    def talk_goes_to_terminal(self) -> bool:
        return _tty(self.stderr)

    @property
    def someone_is_there(self) -> bool:
        """A person can be asked: keys come from a terminal, and what is asked is seen."""
        return _tty(self.stdin) and _tty(self.stderr)

    @property
    def colour(self) -> bool:
        return self.env.get("NO_COLOR", "") == "" and self.env.get("TERM", "") not in ("", "dumb")

    def place(self, last: tuple[str, ...] = ()) -> Place:
        """The folder, home, clock and known folders for binding a plan's words."""
        return Place(self.cwd, self.home, self.clock(), known_folders(self.home, self.env), last)


def _tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def known_folders(home: Path, env: Mapping[str, str]) -> dict[str, Path]:
    """Downloads, Desktop and so on as user-dirs.dirs names them, in the user's language; empty where there is no such file."""
    file = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "user-dirs.dirs"
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        key, _, value = line.strip().partition("=")
        if key.startswith("XDG_") and key.endswith("_DIR"):
            found[key[4:-4]] = Path(value.strip('"').replace("$HOME", str(home)))
    return found
