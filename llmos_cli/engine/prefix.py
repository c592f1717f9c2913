"""What was computed for the start of a prompt, on the disk: restored with one copy by a later process.

A file holds: MAGIC, the key, how many tokens and bytes follow, the SHA-256 of the bytes, the tokens as
int32, the bytes that llama.cpp gave for them. The key says of which weights, build and setup they are;
llama.cpp itself would take those of any model of the same shape. Files are written under another name
and renamed, so under their own they are whole; the checksum finds what the disk has done to them since.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import struct
import threading
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmos_cli.paths import private

MAGIC = b"llmos prefix 1\n\0"
_HEAD = struct.Struct("<16s32sQQ32s")
ENDING = ".prefix"
LEAST = 64  # tokens from which on a file is worth it
MOST_ONE = 1 << 30  # bytes of a file
MOST_ALL = 4 << 30  # bytes of all files; the oldest go
STALE = 3600.0  # seconds after which a half-written file is nobody's


class Prefixes:
    """Those of one model as it is run. Any thread may use it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """`key`: what else the bytes depend on; its SHA-256 is in each file."""
        self._folder = folder
        self._key = hashlib.sha256(key).digest()
        self._saving: list[threading.Thread] = []

    def load(self, tokens: Sequence[int]) -> memoryview | None:
        """The state for exactly these tokens, to be copied from at once; None where there is no sound file."""
        path = self._path(tokens)
        try:
            with open(path, "rb") as file:
                found = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError):
            return None
        whole = memoryview(found)
        state = _sound(whole, self._key, tokens)
        if state is None:
            path.unlink(missing_ok=True)
            return None
        try:
            os.utime(path)
        except OSError:
            pass
        return state

    def has(self, tokens: Sequence[int]) -> bool:
        return self._path(tokens).exists()

    def save(self, tokens: Sequence[int], state: memoryview) -> None:
        """Write it in a thread of its own. What cannot be written is not: it is a cache."""
        if len(tokens) < LEAST or state.nbytes > MOST_ONE:
            return
        self._saving = [thread for thread in self._saving if thread.is_alive()]
        thread = threading.Thread(target=self._write, args=(self._path(tokens), tokens, state), daemon=True)
        self._saving.append(thread)
        thread.start()

    def wait(self, seconds: float = 10.0) -> None:
        """Until what was to be saved is."""
        until = time.monotonic() + seconds
        for thread in self._saving:
            thread.join(max(0.0, until - time.monotonic()))

    def _write(self, path: Path, tokens: Sequence[int], state: memoryview) -> None:
        head = _HEAD.pack(MAGIC, self._key, len(tokens), state.nbytes, hashlib.sha256(state).digest())
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            private(self._folder)
            _tidy(self._folder, MOST_ALL - state.nbytes)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for block in (head, _packed(tokens), state):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()

    def _path(self, tokens: Sequence[int]) -> Path:
        return self._folder / (hashlib.sha256(self._key + _packed(tokens)).hexdigest()[:40] + ENDING)


def _packed(tokens: Sequence[int]) -> bytes:
    return array("i", tokens).tobytes()


def _sound(whole: memoryview, key: bytes, tokens: Sequence[int]) -> memoryview | None:
    """The state in the bytes of a file, None where anything about it is not as it should be."""
    if whole.nbytes < _HEAD.size:
        return None
    magic, its_key, count, size, digest = _HEAD.unpack_from(whole)
    start = _HEAD.size + 4 * len(tokens)
    if (magic, its_key, count) != (MAGIC, key, len(tokens)) or whole.nbytes != start + size:
        return None
    if whole[_HEAD.size : start] != _packed(tokens):
        return None
    state = whole[start:]
    return state if hashlib.sha256(state).digest() == digest else None


def _tidy(folder: Path, most: int) -> None:
    """Delete the files that were used longest ago until all together have at most `most` bytes, and what was left half-written."""
    files: list[tuple[float, int, Path]] = []
    now = time.time()
    for path in folder.iterdir():
        found: Any = path.stat()
        if path.suffix != ENDING:
            if now - found.st_mtime > STALE:
                path.unlink(missing_ok=True)
        else:
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most:
            return
        path.unlink(missing_ok=True)
        total -= size
