"""The few acts on the disk that all changes are made of, and how a thing is recognised there."""

from __future__ import annotations

import errno
import os
import stat as statmodule
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

AT_FDCWD = -100
RENAME_NOREPLACE = 1  # linux/fs.h
RENAME_EXCL = 4  # macOS, sys/stdio.h
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
CHUNK = 1 << 20
MOST_AT_ONCE = 1 << 30
SYNC_ALL_FROM = 32  # from so many files on, one syncfs is quicker than an fsync each


def kind_of(stat: os.stat_result) -> str:
    """'file', 'folder', 'link' or 'other' (a pipe, a socket, a device)."""
    kinds = {statmodule.S_IFREG: "file", statmodule.S_IFDIR: "folder", statmodule.S_IFLNK: "link"}
    return kinds.get(statmodule.S_IFMT(stat.st_mode), "other")


def look(path: str) -> os.stat_result | None:
    """The `lstat` of what is there; None where there is nothing. Raises OSError for other reasons."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


@dataclass(frozen=True)
class Mark:
    """By what a thing is known again: its inode (0 where the file system does not keep them), size and mtime.

    `size` -1 says that contents do not matter: a second name of a file, a folder that was made.
    """

    kind: str
    ino: int
    size: int
    mtime: int
    links: int

    @staticmethod
    def of(stat: os.stat_result, *, steady: bool = True) -> Mark:
        ino = stat.st_ino if steady else 0
        return Mark(kind_of(stat), ino, stat.st_size, stat.st_mtime_ns, stat.st_nlink)

    def fits(self, stat: os.stat_result | None) -> bool:
        """Whether this is the same thing, whatever was written into it since."""
        if stat is None or kind_of(stat) != self.kind:
            return False
        return stat.st_ino == self.ino if self.ino else self.unchanged(stat)

    def unchanged(self, stat: os.stat_result) -> bool:
        """Whether it holds what it held. A folder is itself whatever lies in it. Inodes may differ: disks are remounted."""
        if self.kind == "folder" or self.size < 0:
            return kind_of(stat) == self.kind
        return (kind_of(stat), stat.st_size, stat.st_mtime_ns) == (self.kind, self.size, self.mtime)


MADE_FOLDER = Mark("folder", 0, -1, 0, 0)


# ---- renaming without replacing ---------------------------------------------------------------------


def rename_new(source: str, target: str) -> None:
    """Rename; raises FileExistsError where something is at `target`, with no moment in which it could be replaced.

    Where the system cannot do that at once: a second name and then the first one taken away, and for folders, and on
    file systems without second names, a look and then a rename.
    """
    exclusive = _exclusive_rename()
    if exclusive is not None:
        code = exclusive(os.fsencode(source), os.fsencode(target))
        if code == 0:
            return
        if code not in UNSUPPORTED:
            raise OSError(code, os.strerror(code), source, None, target)
    _rename_in_steps(source, target)


def _rename_in_steps(source: str, target: str) -> None:
    stat = os.lstat(source)
    if not statmodule.S_ISDIR(stat.st_mode):
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError as error:
            if error.errno not in {*UNSUPPORTED, errno.EPERM, errno.EMLINK}:
                raise
        else:
            os.unlink(source)
            return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target)
    if statmodule.S_ISDIR(stat.st_mode) and os.path.realpath(target).startswith(os.path.realpath(source) + os.sep):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), source, None, target)
    os.rename(source, target)


@cache
def _exclusive_rename() -> Callable[[bytes, bytes], int] | None:
    """The system's own rename that never replaces, giving an errno; None where it has none."""
    import ctypes  # here and below: only changes need it, and it takes 5 ms

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            renamex = libc.renamex_np
            return lambda a, b: 0 if renamex(a, b, RENAME_EXCL) == 0 else ctypes.get_errno()
        renameat2 = libc.renameat2
    except (AttributeError, OSError, TypeError):
        return None
    return lambda a, b: 0 if renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE) == 0 else ctypes.get_errno()


# ---- copying ----------------------------------------------------------------------------------------


def copy_file(source: str, target: str) -> None:
    """The file's contents (holes kept), mode, times, extended attributes, and its owner where that is allowed."""
    with open(source, "rb", buffering=0) as src, open(target, "xb", buffering=0) as dst:
        size = os.fstat(src.fileno()).st_size
        for begin, end in _extents(src.fileno(), size):
            _pour(src.fileno(), dst.fileno(), begin, end)
        os.ftruncate(dst.fileno(), size)
        os.lseek(dst.fileno(), size, os.SEEK_SET)
        os.lseek(src.fileno(), size, os.SEEK_SET)
        while data := os.read(src.fileno(), CHUNK):  # it grew, or does not say how large it is
            write_all(dst.fileno(), data)
    copy_attributes(source, target)


def copy_link(source: str, target: str) -> None:
    os.symlink(os.readlink(source), target)
    copy_attributes(source, target)


def copy_attributes(source: str, target: str) -> None:
    """Owner first: changing it clears bits of the mode."""
    import shutil

    stat = os.lstat(source)
    own = os.lstat(target)
    if (stat.st_uid, stat.st_gid) != (own.st_uid, own.st_gid):
        try:
            os.chown(target, stat.st_uid, stat.st_gid, follow_symlinks=False)
        except PermissionError:
            pass  # the copy belongs to whoever makes it
    shutil.copystat(source, target, follow_symlinks=False)


def write_all(handle: int, data: bytes) -> None:
    """All of it: a write near a limit may take only a part, and say so by its count alone."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _extents(handle: int, size: int) -> Iterator[tuple[int, int]]:
    """From where to where there is data and no hole."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(handle, at, os.SEEK_DATA)
            at = os.lseek(handle, begin, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return  # only a hole is left
        yield begin, at


def _pour(src: int, dst: int, begin: int, end: int) -> None:
    """Copy this part, by reference where the file system can."""
    os.lseek(dst, begin, os.SEEK_SET)
    while begin < end:
        try:
            count = os.copy_file_range(src, dst, min(end - begin, MOST_AT_ONCE), begin)
        except OSError as error:
            if error.errno not in {*UNSUPPORTED, errno.EXDEV, errno.EPERM, errno.EBADF}:
                raise
            count = 0
        if not count:
            data = os.pread(src, min(end - begin, CHUNK), begin)
            if not data:
                return  # it was cut short while we read it
            write_all(dst, data)
            count = len(data)
        begin += count


# ---- keeping and deleting -----------------------------------------------------------------------------


def sync(paths: Iterable[str]) -> None:
    """What was written at these paths is on the disk itself when this returns. Links and missing paths are passed over."""
    wanted = sorted(set(paths))
    if len(wanted) >= SYNC_ALL_FROM and (syncfs := _syncfs()) is not None:
        volumes: dict[int, str] = {}
        for path in wanted:
            if (stat := look(path)) is not None:
                volumes.setdefault(stat.st_dev, path)
        wanted, flush = sorted(volumes.values()), syncfs
    else:
        flush = os.fsync
    for path in wanted:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue  # a link, unreadable, or gone: nothing that we wrote
        try:
            flush(handle)
        except OSError as error:
            if error.errno not in UNSUPPORTED:  # some file systems cannot sync a folder
                raise
        finally:
            os.close(handle)


@cache
def _syncfs() -> Callable[[int], None] | None:
    import ctypes

    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):
        return None

    def flush(handle: int) -> None:
        if syncfs(handle) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    return flush


def delete_tree(path: str) -> None:
    """Delete what is there for ever, folders with all that is in them, also those that nobody may write."""
    stat = look(path)
    if stat is None:
        return
    if not statmodule.S_ISDIR(stat.st_mode):
        os.unlink(path)
        return
    folders = [path]
    for folder in folders:  # grows while it is gone through: parents come before what is in them
        if os.lstat(folder).st_mode & 0o700 != 0o700:
            os.chmod(folder, 0o700)
        with os.scandir(folder) as inside:
            for entry in inside:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    os.unlink(entry.path)
    for folder in reversed(folders):
        os.rmdir(folder)
