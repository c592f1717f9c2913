"""A host whose terminal is a string, and a scan that finds what no output may hold."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

from llmos_cli.host import Host
from llmos_cli.ui.paint import STYLES

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
_OURS = re.compile("|".join(re.escape(f"\x1b[{code}m") for code in ("0", *STYLES.values())))
_FINE = {"\n", "\t"}


class Screen(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Pipe(io.TextIOWrapper):
    """A stream of bytes that counts what has been sent."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding)

    @property
    def sent(self) -> bytes:
        return self.raw_bytes.getvalue()


def terminal(folder: Path, *, width: int = 80, keys: str = "", colour: bool = False, now: float = NOW) -> Host:
    """A person at a terminal in `folder`, with its parent as the home."""
    env = {"COLUMNS": str(width), "TERM": "xterm", "HOME": str(folder.parent), **({} if colour else {"NO_COLOR": "1"})}
    return Host(Screen(keys), Screen(), Screen(), folder, env, lambda: now)


def pipe(folder: Path, *, encoding: str = "utf-8") -> Host:
    """Answers go into a pipe, talk into a file, nobody is there."""
    return Host(io.StringIO(), Pipe(encoding), io.StringIO(), folder, {"HOME": str(folder.parent)}, lambda: NOW)


def printed(host: Host) -> str:
    assert isinstance(host.stdout, io.StringIO)
    return host.stdout.getvalue()


def said(host: Host) -> str:
    assert isinstance(host.stderr, io.StringIO)
    return host.stderr.getvalue()


def sent(host: Host) -> bytes:
    assert isinstance(host.stdout, Pipe)
    return host.stdout.sent


def harm(text: str, *, fine: str = "") -> list[str]:
    """What is left that could act on a terminal once our own colours are taken away: controls, format marks, surrogates."""
    rest = _OURS.sub("", text)
    return [ascii(c) for c in rest if c not in _FINE and c not in fine and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
