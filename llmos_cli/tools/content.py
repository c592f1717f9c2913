"""What is inside files: with ripgrep where it is installed, by our own reading otherwise, with the same answers.

A file is text if its first 8 KiB hold no NUL byte and do not say that it is UTF-16; others are never searched. Plain texts match
without regard to capitals where they have none themselves.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence

from llmos_cli.errors import LlmosError
from llmos_cli.values import Entry

_HEAD = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BATCH = 500


def pattern(texts: Sequence[str], *, regex: bool = False, word: bool = False, case: bool | None = None, at: str = "") -> re.Pattern[str]:
    """Any of `texts`, as whole words or at the start or end of a line where asked. Raises LlmosError for a bad expression."""
    parts = [text if regex else re.escape(text) for text in texts]
    joined = "|".join(f"(?:{part})" for part in parts)
    if word:
        joined = rf"(?<!\w)(?:{joined})(?!\w)"
    joined = f"^(?:{joined})" if at == "start" else f"(?:{joined})$" if at == "end" else joined
    ignore = not any(c.isupper() for text in texts for c in text) if case is None else not case
    try:
        return re.compile(joined, re.IGNORECASE if ignore else 0)
    except re.error as error:
        raise LlmosError(f"{texts[0]!r} is not a regular expression: {error}") from error


def is_text(path: str) -> bool:
    """False also for pipes and devices, which might never end. Raises OSError where it cannot be read."""
    if not os.path.isfile(path):
        os.stat(path)
        return False
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return b"\0" not in head and not head.startswith(_UTF16)


def lines_of(path: str) -> Iterator[str]:
    """The lines of a file without their ends. Bytes that are not UTF-8 are kept as lone surrogates: written again, they are themselves.

    Raises OSError.
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline=None) as file:
        for line in file:
            yield line.removesuffix("\n")


def containing(entries: Iterable[Entry], contains: Sequence[str], lacks: Sequence[str]) -> Iterator[Entry]:
    """Those that are text files and hold any of `contains`, and none of `lacks`."""
    texts = (e for e in entries if _readable(e))
    found = _holding(texts, contains) if contains else texts
    if not lacks:
        yield from found
        return
    while batch := list(itertools.islice(found, _BATCH)):
        having = set(_holding(iter(batch), lacks))
        yield from (e for e in batch if e not in having)


def _readable(entry: Entry) -> bool:
    try:
        return entry.is_file and is_text(entry.path)
    except OSError:
        return False


def _holding(entries: Iterator[Entry], texts: Sequence[str]) -> Iterator[Entry]:
    rg, wanted = shutil.which("rg"), pattern(texts)
    while batch := list(itertools.islice(entries, _BATCH)):
        having = None
        if rg and os.path.isabs(rg) and len(batch) > 20 and not re.search(r"[\n\r\0]", "".join(texts)):
            having = ripgrep(rg, [e.path for e in batch], texts, bool(wanted.flags & re.IGNORECASE))
        yield from (e for e in batch if (_has(e.path, wanted) if having is None else e.path in having))


def _has(path: str, wanted: re.Pattern[str]) -> bool:
    try:
        return any(wanted.search(line) for line in lines_of(path))
    except OSError:
        return False


def ripgrep(rg: str, paths: Sequence[str], texts: Sequence[str], ignore_case: bool) -> set[str] | None:
    """Those of the files that hold any of the texts; None where ripgrep could not be run."""
    command = [rg, "--no-config", "--null", "-laF", "--encoding=none", "-i" if ignore_case else "-s"]
    command += [word for text in texts for word in ("-e", text)]
    try:
        done = subprocess.run([*command, "--", *paths], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:  # it went away, or the paths are too long for one command
        return None
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path} if done.returncode in (0, 1) or done.stdout else None
