"""The person's trash: freedesktop.org's Trash specification 1.0, and ~/.Trash on macOS.

The info file is made first and with O_EXCL, so two processes never get the same name; the thing is then renamed next to
it without replacing anything. Nothing is opened, so dangling links and unreadable files can be trashed.
"""

from __future__ import annotations

import errno
import os
import stat as statmodule
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import rename_new, sync, write_all
from llmos_cli.policy.volumes import Volumes

INFO = ".trashinfo"
LONGEST = 255 - len(INFO)  # bytes of a name in the trash: its info file's name must fit too
ATTEMPTS = 100


@dataclass(frozen=True)
class Trashed:
    """Where a trashed thing lies: the thing, and the file that says where it was ('' on macOS, which has none)."""

    info: str
    files: str


@dataclass(frozen=True)
class Can:
    """One trash folder. `top` is the volume's top, to which its info files are relative; '' for the home trash."""

    root: str
    top: str = ""
    plain: bool = False  # macOS: things lie directly in it, without info files

    def spot(self, name: str) -> Trashed:
        if self.plain:
            return Trashed("", f"{self.root}/{name}")
        return Trashed(f"{self.root}/info/{name}{INFO}", f"{self.root}/files/{name}")

    def make(self) -> None:
        """Its folders, 0700. Raises OSError."""
        for folder in (self.root,) if self.plain else (self.root, *self.halves()):
            if not os.path.isdir(folder):
                os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
                try:
                    os.mkdir(folder, 0o700)
                except FileExistsError:
                    continue  # another process was faster
                os.chmod(folder, 0o700)

    def halves(self) -> tuple[str, str]:
        return f"{self.root}/info", f"{self.root}/files"

    def about(self, path: str, when: float) -> bytes:
        """The info file of what was at `path`."""
        from urllib.parse import quote  # 4 ms that only trashing needs

        at = os.path.relpath(path, self.top) if self.top else path
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(when))
        return f"[Trash Info]\nPath={quote(os.fsencode(at))}\nDeletionDate={date}\n".encode()


def can_for(folder: str, volumes: Volumes, env: Mapping[str, str]) -> Can:
    """The trash for things in `folder`: the home trash, or on another volume that volume's own if it is safe to use."""
    home = env.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return Can(f"{home}/.Trash", plain=True)
    data = env.get("XDG_DATA_HOME") or f"{home}/.local/share"
    at_home = Can(f"{data}/Trash")
    volume = volumes.of(folder)
    if volumes.of(data) == volume:
        return at_home
    shared = f"{volume.top.rstrip('/')}/.Trash"
    if _is_sticky_folder(shared) and _usable(f"{shared}/{volumes.uid}", volumes.uid):
        return Can(f"{shared}/{volumes.uid}", volume.top)
    own = f"{shared}-{volumes.uid}"
    return Can(own, volume.top) if _usable(own, volumes.uid) else at_home


def put(path: str, can: Can, when: float) -> Trashed:
    """Move what is at `path` into `can`, which is on the same volume. Raises OSError; then it is still there."""
    can.make()
    for attempt in range(ATTEMPTS):
        spot = can.spot(fitting(os.path.basename(path), fresh=attempt > 0))
        try:
            _reserve(spot, can.about(path, when))
        except FileExistsError:
            continue
        try:
            rename_new(path, spot.files)
        except BaseException as error:
            if spot.info:
                os.unlink(spot.info)
            if isinstance(error, FileExistsError):
                continue  # something without an info file lies there
            raise
        sync([os.path.dirname(spot.files), os.path.dirname(path)])
        return spot
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)


def restore(spot: Trashed, to: str) -> None:
    """Put a trashed thing back, at `to`, where nothing may be. Raises LlmosError."""
    try:
        rename_new(spot.files, to)
    except FileExistsError as error:
        raise LlmosError(f"{to} is taken, so it was left in the trash") from error
    except FileNotFoundError as error:
        if os.path.lexists(spot.files):
            raise LlmosError(f"the folder of {to} is gone", hint="make it, then try again") from error
        raise LlmosError(f"{os.path.basename(to)} is no longer in the trash") from error
    if spot.info:
        os.unlink(spot.info)


def origin(spot: Trashed, can: Can) -> str:
    """Where a thing in `can` was, by its info file. Raises OSError, LlmosError where it does not say."""
    from urllib.parse import unquote_to_bytes

    with open(spot.info, "rb") as file:
        for line in file:
            if line.startswith(b"Path="):
                path = os.fsdecode(unquote_to_bytes(line[5:].strip()))
                return os.path.normpath(os.path.join(can.top, path))
    raise LlmosError(f"{spot.info} does not say where the thing was")


def fitting(name: str, *, fresh: bool) -> str:
    """A name for the trash: the thing's own, shortened where an info file's could not be written; `fresh` makes it unique."""
    raw = os.fsencode(name)
    if not fresh and len(raw) <= LONGEST:
        return name
    token = f".{os.urandom(4).hex()}".encode()
    stem, end = os.path.splitext(raw)
    end = end[:20]
    stem = stem[: LONGEST - len(token) - len(end)]
    while stem and (os.fsencode(os.fsdecode(stem)) != stem or _cut(stem)):
        stem = stem[:-1]
    return os.fsdecode(stem + token + end)


def _cut(raw: bytes) -> bool:
    """Whether the last character was cut in the middle."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _reserve(spot: Trashed, about: bytes) -> None:
    if not spot.info:
        return
    handle = os.open(spot.info, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(handle, about)
        os.fsync(handle)
    except BaseException:
        os.unlink(spot.info)
        raise
    finally:
        os.close(handle)


def _is_sticky_folder(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return statmodule.S_ISDIR(mode) and bool(mode & statmodule.S_ISVTX)


def _usable(folder: str, uid: int) -> bool:
    """Whether it is our own folder, no link, and can be written; or is missing and can be made."""
    try:
        stat = os.lstat(folder)
    except FileNotFoundError:
        return os.access(os.path.dirname(folder), os.W_OK | os.X_OK)
    except OSError:
        return False
    return statmodule.S_ISDIR(stat.st_mode) and stat.st_uid == uid and os.access(folder, os.W_OK)
