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

from llmos_cli.config import Settings
from llmos_cli.errors import LlmosError
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
        return Host(_open(sys.stdin, "r"), _open(sys.stdout, "w"), _open(sys.stderr, "w"), cwd, dict(os.environ))

    @cached_property
    def home(self) -> Path:
        home = self.env.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            raise LlmosError("there is no home folder", hint="set HOME, or LLMOS_HOME for llmos's own files")
        return Path(home)

    @cached_property
    def paths(self) -> Paths:
        return Paths.of(self.env)

    @cached_property
    def settings(self) -> Settings:
        """As the config folder and the environment say now; flags come on top where they are."""
        return Settings.of(self.paths.config, self.env)

    @cached_property
    def session(self) -> str:
        """What the turns of one terminal share: LLMOS_SESSION, or the number of the process session."""
        return self.env.get("LLMOS_SESSION") or str(os.getsid(0))

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
    def plain(self) -> bool:
        """Text is read out by a screen reader: no drawings, no colours, nothing that moves (`--plain`, LLMOS_PLAIN=1)."""
        return bool(self.settings["plain"])

    @property
    def colour(self) -> bool:
        wanted = self.settings["colour"]
        if wanted == "auto":
            return self.env.get("NO_COLOR", "") == "" and self.env.get("TERM", "") not in ("", "dumb") and not self.plain
        return bool(wanted == "always") and not self.plain

    def place(self, last: tuple[str, ...] = (), reach: str = "home") -> Place:
        """The folder, home, clock and known folders for binding a plan's words."""
        known, own = known_folders(self.home, self.env), self.paths
        me = str(self.settings["mail.from"])
        return Place(self.cwd, self.home, self.clock(), known, last, reach, me=me, mail=own.data / "mail", prompts=own.config / "prompts")


def _open(stream: TextIO | None, mode: str) -> TextIO:
    """The stream, or one that goes nowhere where the process was started with it closed."""
    return stream if stream is not None else open(os.devnull, mode, encoding="utf-8")  # type: ignore[return-value]


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
