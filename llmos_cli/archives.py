"""Reading archives: zip, tar (plain, gz, bz2, xz) and single gz files, told apart by what is in them, not by their names.

Nothing here writes. Every name is checked before it is given out: no archive can make anything outside the folder
it is unpacked into, neither by its names nor by its links, and none can be larger than it has a right to be.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import posixpath
import re
import stat as statmodule
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol, cast

from llmos_cli.errors import LlmosError

MAX_MEMBERS = 200_000
FREE_SIZE = 100 << 20  # up to this size any compression is believed
MAX_RATIO = 200  # beyond it: unpacked bytes for each byte of the archive
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error,
    EOFError, struct.error, NotImplementedError, UnicodeDecodeError,
)  # fmt: skip
SINGLE: dict[bytes, Callable[[str, str], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
TAR_NAME = re.compile(r"\.(tar(\.\w+)?|t[gbx]z2?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Member:
    """One thing in an archive. `name` is relative and clean; `mode` None where the archive does not say; `target` of a link."""

    name: str
    kind: str  # file, folder, link
    size: int
    mode: int | None
    modified: float | None
    target: str = ""
    key: object = None  # what the format knows it by


class Archive(Protocol):
    @property
    def members(self) -> tuple[Member, ...]: ...

    def open(self, member: Member) -> IO[bytes]: ...


def list_members(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names that unpacking will make, folders without a slash. Raises LlmosError, also for an archive that is not safe."""
    with open_archive(path) as archive:
        return tuple(member.name for member in archive.members)


@contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[Archive]:
    """The archive at `path`, its members read and checked. Raises LlmosError."""
    name = os.fspath(path)
    with ExitStack() as stack:
        with readable(name):
            archive = _opened(name, stack)
        yield archive


@contextmanager
def readable(path: str) -> Iterator[None]:
    """What goes wrong while reading the archive at `path`, as one sentence."""
    try:
        yield
    except DAMAGED as error:
        raise LlmosError(f"{path} is damaged, or not a whole archive: {error}") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LlmosError(f"{path} cannot be read: {why}") from error


def _opened(path: str, stack: ExitStack) -> Archive:
    with open(path, "rb") as file:
        start = file.read(6)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _Zip(path, stack.enter_context(zipfile.ZipFile(path)))
    single = next((magic for magic in SINGLE if start.startswith(magic)), b"")
    try:
        tar = _Tar(path, stack.enter_context(tarfile.open(path)))
    except tarfile.ReadError:
        if not single:
            raise LlmosError(f"{path} is not an archive that llmos reads", hint="zip, tar, gz, bz2 or xz") from None
        return _Single(path, single)
    # Compressed zeros are, for tarfile, an archive with nothing in it.
    is_one_file = single and not tar.members and not TAR_NAME.search(path)
    return _Single(path, single) if is_one_file else tar


class _Zip:
    def __init__(self, path: str, file: zipfile.ZipFile) -> None:
        self._file = file
        kept = _Kept(path)
        for info in file.infolist():
            kept.add(self._member(path, info))
        self.members = kept.checked()

    def _member(self, path: str, info: zipfile.ZipInfo) -> Member:
        if info.flag_bits & 1:
            raise LlmosError(f"{path} is encrypted, which llmos cannot unpack")
        bits = info.external_attr >> 16
        raw = info.filename if "/" in info.filename else info.filename.replace("\\", "/")
        kind = "folder" if raw.endswith("/") else "file"
        if statmodule.S_IFMT(bits) not in (0, statmodule.S_IFREG, statmodule.S_IFDIR):
            if not statmodule.S_ISLNK(bits):
                raise LlmosError(f"{path} holds a device: {info.filename}")
            kind = "link"
        target = os.fsdecode(self._file.read(info)) if kind == "link" else ""
        size = info.file_size if kind == "file" else 0
        mode = bits & 0o777 or None
        return Member(clean(path, raw), kind, size, mode, _zip_time(info), target, info)

    def open(self, member: Member) -> IO[bytes]:
        return self._file.open(cast(zipfile.ZipInfo, member.key))


class _Tar:
    def __init__(self, path: str, file: tarfile.TarFile) -> None:
        self._file = file
        kept = _Kept(path)
        files: dict[str, tarfile.TarInfo] = {}
        for info in file:  # what is too large is found before it is read past
            real = files.get(info.linkname) if info.islnk() else info
            if real is None:
                raise LlmosError(f"{path} holds a link that leads outside: {info.name}")
            if real.isfile():
                files[info.name] = real
            kept.add(self._member(path, info, real))
        self.members = kept.checked()

    def _member(self, path: str, info: tarfile.TarInfo, real: tarfile.TarInfo) -> Member:
        """`real` is the file itself where `info` is a hard link to it: its contents are then written twice."""
        if not (real.isfile() or real.isdir() or real.issym()):
            raise LlmosError(f"{path} holds a device: {info.name}")
        kind = "folder" if real.isdir() else "link" if real.issym() else "file"
        size = real.size if kind == "file" else 0
        target = real.linkname if kind == "link" else ""
        return Member(clean(path, info.name), kind, size, info.mode & 0o777, float(info.mtime), target, real)

    def open(self, member: Member) -> IO[bytes]:
        opened = self._file.extractfile(cast(tarfile.TarInfo, member.key))
        assert opened is not None, f"{member.name} is a file"
        return opened


class _Single:
    """One compressed file; its size is known beforehand only for gz, and there only up to 4 GiB."""

    def __init__(self, path: str, magic: bytes) -> None:
        self._path, self._magic = path, magic
        size = 0
        if magic == b"\x1f\x8b":
            with open(path, "rb") as file:
                file.seek(-4, os.SEEK_END)
                size = struct.unpack("<I", file.read(4))[0]
        kept = _Kept(path)
        stem, _ = os.path.splitext(os.path.basename(path))
        kept.add(Member(stem, "file", size, None, os.stat(path).st_mtime))
        self.members = kept.checked()
        with self.open(self.members[0]) as opened:
            opened.read(1)  # damaged from the start is said before anything is done

    def open(self, member: Member) -> IO[bytes]:
        return cast(IO[bytes], SINGLE[self._magic](self._path, "rb"))


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError):
        return None  # month 0 and the like are common


# ---- what an archive may hold -------------------------------------------------------------------------


def allowance(path: str) -> int:
    """How many bytes the archive at `path` may unpack to. More is a bomb."""
    return max(FREE_SIZE, os.path.getsize(path) * MAX_RATIO)


def too_large(path: str) -> LlmosError:
    return LlmosError(f"{path} would unpack to far more than an archive of its size holds")


def clean(path: str, name: str) -> str:
    """`name` without `./` and a last slash, '' for the top itself. Raises LlmosError where it leads outside."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or re.match(r"[A-Za-z]:[\\/]", name):
        raise LlmosError(f"{path} would write outside the folder: {name}")
    return "/".join(parts)


class _Kept:
    """The members so far. Of two with one name the later counts, as for tar."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = allowance(path)
        self._members: dict[str, Member] = {}

    def add(self, member: Member) -> None:
        self._left -= member.size
        if self._left < 0 or len(self._members) >= MAX_MEMBERS:
            raise too_large(self._path)
        if member.name:
            self._members.pop(member.name, None)
            self._members[member.name] = member

    def checked(self) -> tuple[Member, ...]:
        """Raises LlmosError for a name below a file or a link, and for a link that leads outside."""
        for member in self._members.values():
            above = member.name
            while above := posixpath.dirname(above):
                if above in self._members and self._members[above].kind != "folder":
                    raise LlmosError(f"{self._path} would write through a link: {member.name}")
            if member.kind == "link" and _leaves(member):
                raise LlmosError(f"{self._path} holds a link that leads outside: {member.name}")
        return tuple(self._members.values())


def _leaves(link: Member) -> bool:
    """Steps up are good only at the start, where they start from a real folder; after a name they could start at a link."""
    parts = [part for part in link.target.split("/") if part not in ("", ".")]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    deep = link.name.count("/")
    return link.target.startswith("/") or ups > deep or ".." in parts[ups:]
