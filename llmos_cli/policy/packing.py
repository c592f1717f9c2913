"""Writing archives, and unpacking them, into a vault: nothing here touches what the person sees."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import time
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, cast

from llmos_cli import archives
from llmos_cli.archives import Member
from llmos_cli.errors import LlmosError
from llmos_cli.policy.staging import join_group
from llmos_cli.policy.world import Node

CHUNK = 1 << 20
PER_MEMBER = 1024  # bytes an archive needs for each member besides its contents, at most
FORMATS = ("zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz")
ZIP_YEARS = (1980, 2107)

Items = Sequence[tuple[str, Node]]


@dataclass(frozen=True)
class NewArchive:
    """An archive of `items`: names inside, and nodes. The same files give the same bytes: sorted, no owners, no clock."""

    place: str
    format: str
    items: Items
    group: int | None = None

    @property
    def size(self) -> int:
        return sum(node.size + PER_MEMBER for _, node in self.items)

    def run(self) -> list[str]:
        with open(self.place, "xb") as file:
            write = _write_zip if self.format == "zip" else _write_tar
            write(file, self.format, sorted(self.items, key=lambda item: item[0]))
            join_group(file.fileno(), self.group)
        return [self.place]


@dataclass(frozen=True)
class Unpacked:
    """The archive at `archive`, all its `members` below the folder `place`. `limit` is in bytes."""

    place: str
    archive: str
    members: tuple[Member, ...]
    limit: int

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members)

    def run(self) -> list[str]:
        os.mkdir(self.place, 0o700)
        with archives.open_archive(self.archive) as opened:
            if opened.members and [m.name for m in opened.members] != [m.name for m in self.members]:
                raise LlmosError(f"{self.archive} was changed meanwhile")
            left = self.limit
            links = [member for member in opened.members if member.kind == "link"]
            for member in opened.members:
                target = self._path(member)
                if member.kind == "folder":
                    os.makedirs(target, exist_ok=True)
                elif member.kind == "file":
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with archives.readable(self.archive):
                        source = opened.open(member)
                    with source:
                        left -= self._copy(source, target, left)
            for member in links:  # last, so that nothing is ever written through one
                os.makedirs(os.path.dirname(self._path(member)), exist_ok=True)
                os.symlink(member.target, self._path(member))
            self._finish(opened.members)
        return [self.place, *(self._path(member) for member in self.members)]

    def _path(self, member: Member) -> str:
        return f"{self.place}/{member.name}"

    def _copy(self, source: IO[bytes], target: str, limit: int) -> int:
        written = 0
        with open(target, "xb") as file:
            while True:
                with archives.readable(self.archive):
                    data = source.read(CHUNK)
                if not data:
                    return written
                written += len(data)
                if written > limit:
                    raise archives.too_large(self.archive)
                file.write(data)

    def _finish(self, members: tuple[Member, ...]) -> None:
        """Modes and times, the deepest first, as filling a folder changes its own. What is unpacked stays usable."""
        for member in sorted(members, key=lambda member: member.name, reverse=True):
            path = self._path(member)
            if member.kind != "link" and member.mode is not None:
                os.chmod(path, member.mode | (0o700 if member.kind == "folder" else 0o600))
            if member.modified is not None and member.modified >= 0:
                os.utime(path, (member.modified, member.modified), follow_symlinks=False)


def _write_zip(file: IO[bytes], format: str, items: Items) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, node in items:
            stat = os.lstat(node.source) if node.source else None
            slash = "/" if node.kind == "folder" else ""
            info = zipfile.ZipInfo(name + slash, _zip_date(stat.st_mtime if stat else 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, which says that modes are given
            info.external_attr = (stat.st_mode if stat else 0o40755) << 16
            if node.kind == "folder":
                info.external_attr |= 0x10  # MS-DOS: a folder
                archive.writestr(info, b"")
            elif node.kind == "link":
                archive.writestr(info, os.fsencode(os.readlink(node.source)))
            else:
                info.file_size = stat.st_size if stat else 0
                with open(node.source, "rb") as source, archive.open(info, "w") as target:
                    while data := source.read(CHUNK):
                        target.write(data)


def _zip_date(modified: float) -> tuple[int, int, int, int, int, int]:
    date = time.localtime(modified)[:6]
    year = min(max(date[0], ZIP_YEARS[0]), ZIP_YEARS[1])
    return date if year == date[0] else (year, 1, 1, 0, 0, 0)


def _write_tar(file: IO[bytes], format: str, items: Items) -> None:
    with ExitStack() as stack:
        out: IO[bytes] = file
        if format in ("tar.gz", "tgz"):
            out = stack.enter_context(cast(IO[bytes], gzip.GzipFile("", "wb", 6, file, mtime=0)))
        elif format == "tar.bz2":
            out = stack.enter_context(cast(IO[bytes], bz2.BZ2File(file, "wb")))
        elif format == "tar.xz":
            out = stack.enter_context(cast(IO[bytes], lzma.LZMAFile(file, "wb")))
        archive = stack.enter_context(tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT))
        for name, node in items:
            _add(archive, name, node)


def _add(archive: tarfile.TarFile, name: str, node: Node) -> None:
    info = tarfile.TarInfo(name)
    stat = os.lstat(node.source) if node.source else None
    info.mode = stat.st_mode & 0o7777 if stat else 0o755
    info.mtime = int(stat.st_mtime) if stat else 0
    if node.kind == "folder":
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    elif node.kind == "link":
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(node.source)
        archive.addfile(info)
    else:
        info.size = stat.st_size if stat else 0
        with open(node.source, "rb") as source:
            archive.addfile(info, source)
