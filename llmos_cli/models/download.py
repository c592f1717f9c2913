"""One file from the Hub to the disk: resumed, checked, and under its final name only when it is whole.

What has come lies in `partial/KEY.part`, KEY being the file's checksum where the Hub says one, so that bytes of another version are never
joined to it. Beside it, `KEY.json` has the tag that the server of the bytes gave, for `If-Range`, and `KEY.lock` is held by whoever writes.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmos_cli import paths
from llmos_cli.errors import LlmosError
from llmos_cli.models.about import accept
from llmos_cli.models.amounts import MIB, said
from llmos_cli.models.hub import Hub, Trouble, explained
from llmos_cli.models.locks import locked

CHUNK = 1 << 18
TRIES = 5  # failures in a row without `ENOUGH` bytes between them
ENOUGH = MIB
OLD = 14 * 86400  # seconds after which what was left of a download is dropped
Notice = Callable[[str, int, int], None]  # what is done, bytes so far, of how many


@dataclass(frozen=True)
class Wanted:
    """`name` is the file's name here, `part` its number in a split model, `sha256` is '' where the Hub says none."""

    name: str
    url: str
    size: int
    sha256: str
    about: str
    part: int = 1

    @property
    def key(self) -> str:
        return self.sha256 or hashlib.sha256(f"{self.url} {self.size}".encode()).hexdigest()


@dataclass(frozen=True)
class Fetched:
    """`came` is how many bytes came over the wire now, `kept` how many were there from before."""

    sha256: str
    came: int = 0
    kept: int = 0


class _Again(Exception):
    """What is there is of no use: begin anew."""


def fetch(wanted: Wanted, target: Path, partials: Path, hub: Hub, notice: Notice) -> Fetched:
    """Bring the file to `target`. Where another process is doing so, wait for it and share. Raises LlmosError."""
    part = partials / f"{wanted.key}.part"
    with locked(partials / f"{wanted.key}.lock", lambda: notice(f"{wanted.name}: another llmos pulls it", _size(part), wanted.size)):
        if _size(target) == wanted.size:  # under its final name, so it is whole
            notice(wanted.name, wanted.size, wanted.size)
            return Fetched(wanted.sha256 or digest(target))
        with _explained(partials):
            return _Download(wanted, part, hub, notice).to(target)


@dataclass
class _Download:
    wanted: Wanted
    path: Path
    hub: Hub
    notice: Notice
    have: int = 0
    came: int = 0
    kept: int = 0
    tag: str = ""  # of the bytes that are there
    _hash: Any = field(default_factory=hashlib.sha256)
    _handle: int = -1

    def to(self, target: Path) -> Fetched:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._handle = os.open(paths.private(self.path.parent) / self.path.name, flags, 0o600)
        try:
            os.fchmod(self._handle, 0o600)
            self._take_up()
            self._complete()
            try:
                self._check()
            except _Again:  # what was kept from before was not the same file's
                self._begin_anew()
                self._complete()
                self._check()
            os.fsync(self._handle)
            paths.private(target.parent)
            os.replace(self.path, target)
            sync(target.parent)
        finally:
            os.close(self._handle)
            if self.have == 0:  # what came was thrown away
                self.path.unlink(missing_ok=True)
        self._tag_file.unlink(missing_ok=True)
        return Fetched(self._hash.hexdigest(), self.came, self.kept)

    # ---- what is there -----------------------------------------------------------------------------------

    @property
    def _tag_file(self) -> Path:
        return self.path.with_suffix(".json")

    def _take_up(self) -> None:
        """Count and hash what an earlier process has left. Without a checksum to come it is used only if its server gave a tag."""
        try:
            self.tag = str(json.loads(self._tag_file.read_bytes()[:4096])["tag"])
        except (OSError, ValueError, KeyError, TypeError):
            self.tag = ""
        size = os.fstat(self._handle).st_size
        if size > self.wanted.size or not (self.wanted.sha256 or self.tag):
            self._begin_anew()
            return
        while self.have < size:
            data = os.pread(self._handle, 4 * CHUNK, self.have)
            if not data:
                break
            self._hash.update(data)
            self.have += len(data)
            self.notice(f"{self.wanted.name}: what is there", self.have, self.wanted.size)
        self.kept = self.have

    def _begin_anew(self) -> None:
        os.ftruncate(self._handle, 0)
        self.have, self.kept, self.tag, self._hash = 0, 0, "", hashlib.sha256()
        self._tag_file.unlink(missing_ok=True)

    def _remember(self, tag: str) -> None:
        """Strong tags only: a weak one may stand for other bytes."""
        self.tag = tag if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', tag) else ""
        if self.tag:
            with open(os.open(self._tag_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
                json.dump({"tag": self.tag}, file)

    # ---- what comes --------------------------------------------------------------------------------------

    def _complete(self) -> None:
        """Ask until all bytes are there. Raises what went wrong last where it goes wrong too often."""
        failures = 0
        while self.have < self.wanted.size:
            before = self.came
            try:
                self._ask()
                continue
            except _Again:
                self._begin_anew()
                trouble = Trouble(f"{self.wanted.name} changes while it is pulled", hint="try again in a while")
            except Trouble as error:
                trouble = error
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in _FULL:
                    raise
                trouble = explained(error, self.wanted.url)
            failures = 1 if self.came - before >= ENOUGH else failures + 1
            if failures >= TRIES:
                raise trouble
            self.hub.pause(min(trouble.wait or 0.5 * 2**failures, 60))

    def _ask(self) -> None:
        headers = {"Range": f"bytes={self.have}-"} if self.have else {}
        if self.have and self.tag:
            headers["If-Range"] = self.tag
        response = self.hub.open("GET", self.wanted.url, headers, about=self.wanted.about)
        try:
            self._begin(response)
            self._receive(response)
        finally:
            response.close()

    def _begin(self, response: Any) -> None:
        """Check what the answer says of itself against what is there and what is wanted."""
        tag, size = response.headers.get("ETag") or "", self.wanted.size
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise LlmosError(
                f"the server sends {self.wanted.name} packed, though it was asked not to", hint="is there a proxy? try without"
            )
        if response.status == 416:
            raise _Again
        if response.status == 206:
            range_ = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", response.headers.get("Content-Range") or "")
            if range_ is None or int(range_[1]) != self.have or (self.tag and tag and tag != self.tag):
                raise _Again
            total = int(range_[3]) if range_[3] != "*" else size
        else:  # the whole file, whether or not it was asked for
            if self.have:
                self._begin_anew()
            length = response.headers.get("Content-Length") or ""
            total = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else size
        if total != size:
            raise LlmosError(
                f"the server sends {total:,} bytes for {self.wanted.name}, and the Hub says {size:,}", hint="try again in a while"
            )
        if tag != self.tag:
            self._remember(tag)

    def _receive(self, response: Any) -> None:
        """Write what comes, until it ends. Raises Trouble where it ends too early, LlmosError where it does not end or is no GGUF."""
        while self.have < self.wanted.size:
            data = response.read1(min(CHUNK, self.wanted.size - self.have))
            if not data:
                raise explained(ConnectionResetError("it ended too early"), self.wanted.url)
            _write(self._handle, data, self.have)
            self._hash.update(data)
            self.have += len(data)
            self.came += len(data)
            if self.have - len(data) < 4 <= self.have and os.pread(self._handle, 4, 0) != b"GGUF":
                self._begin_anew()
                raise LlmosError(
                    f"what comes in place of {self.wanted.name} is no GGUF file", hint="is there a login page between? open it in a browser"
                )
            self.notice(self.wanted.name, self.have, self.wanted.size)
        if response.length is None and response.read1(1):
            self._begin_anew()
            raise LlmosError(f"the server sends more of {self.wanted.name} than the Hub says there is", hint="try again in a while")

    def _check(self) -> None:
        """Raises LlmosError for a wrong file, and drops it; _Again where part of it was from before."""
        found = self._hash.hexdigest()
        if self.wanted.sha256 and found != self.wanted.sha256:
            if self.kept:
                raise _Again
            self._begin_anew()
            raise LlmosError(
                f"what came for {self.wanted.name} is not what the Hub promised (its checksum differs), and was thrown away",
                hint="try again; if it stays so, something on the way changes files",
            )
        try:
            accept(self.path, part=self.wanted.part)
        except LlmosError as error:
            self._begin_anew()
            raise LlmosError(f"{self.wanted.name} was thrown away: it {error.message.removeprefix(str(self.path)).strip()}") from error


# ---- the disk ------------------------------------------------------------------------------------------

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _explained:
    """The disk's own errors, as a sentence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise LlmosError(
                f"the disk that holds {self._folder} is full; what has come is kept",
                hint="make room, then the same command goes on: llmos models",
            ) from error


def _write(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(handle, view, at)
        view, at = view[done:], at + done


def _size(path: Path) -> int:
    """Of a plain file; 0 for what is none, such as a link."""
    try:
        return path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
    except OSError:
        return 0


def digest(path: Path, notice: Notice = lambda what, done, total: None) -> str:
    """The file's SHA-256. Raises OSError."""
    total, done, found = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while data := file.read(1 << 20):
            found.update(data)
            done += len(data)
            notice(path.name, done, total)
    return found.hexdigest()


def sync(folder: Path) -> None:
    """What was renamed in the folder is so after a power cut too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def missing(wanted: Wanted, target: Path, partials: Path) -> int:
    """Bytes that are still to come."""
    return 0 if _size(target) == wanted.size else max(wanted.size - _size(partials / f"{wanted.key}.part"), 0)


def check_room(bytes_: int, folder: Path) -> None:
    """Raises LlmosError where so many bytes more would fill the disk."""
    found = os.statvfs(paths.private(folder))
    free = found.f_bavail * found.f_frsize
    if bytes_ and bytes_ + 64 * MIB > free:
        raise LlmosError(
            f"{said(bytes_)} are still to come, and {said(free)} are free where {folder} is",
            hint="llmos models list shows what could go: llmos models remove NAME",
        )


def drop_old(partials: Path, now: float) -> None:
    """What was left of downloads that nobody has gone on with for two weeks."""
    for part in partials.glob("*.part"):
        try:
            if now - part.stat().st_mtime > OLD:
                with locked(part.with_suffix(".lock"), wait=False) as ours:
                    if ours:
                        part.unlink(missing_ok=True)
                        part.with_suffix(".json").unlink(missing_ok=True)
        except OSError:
            continue
