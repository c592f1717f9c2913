"""Changes to the world that have not been made yet. Tools return them; `policy/` judges and applies them.

All paths are absolute. `path` is what is changed, `result` what lies there afterwards (None where nothing does).
An effect never overwrites unless it says so; then what was there is kept for undo.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar

MAIL_TEXT = 4000  # characters of a mail's text that are said of it in JSON, and kept in the journal


@dataclass(frozen=True)
class Effect:
    op: ClassVar[str]
    path: str

    @property
    def result(self) -> str | None:
        return self.path

    @property
    def final(self) -> bool:
        """Cannot be undone."""
        return False

    def as_json(self) -> dict[str, Any]:
        """`{"op", "path", …}` with every field that differs from its default; bytes are given as their length."""
        found: dict[str, Any] = {"op": self.op}
        for f in fields(self):
            value = getattr(self, f.name)
            if value != f.default and f.name != "seen":
                found[f.name] = len(value) if isinstance(value, bytes) else value
        return found


@dataclass(frozen=True)
class Move(Effect):
    """Move or rename a file, folder or link to the path `to`; its parent folders are made."""

    op = "move"
    to: str
    overwrite: bool = False

    @property
    def result(self) -> str:
        return self.to


@dataclass(frozen=True)
class Copy(Effect):
    """Copy a file, a link (as a link) or a folder with all that is in it; times and modes are kept."""

    op = "copy"
    to: str
    overwrite: bool = False

    @property
    def result(self) -> str:
        return self.to


@dataclass(frozen=True)
class Trash(Effect):
    """Move to the person's trash."""

    op = "trash"

    @property
    def result(self) -> None:
        return None


@dataclass(frozen=True)
class Remove(Effect):
    """Delete for ever."""

    op = "remove"

    @property
    def result(self) -> None:
        return None

    @property
    def final(self) -> bool:
        return True


@dataclass(frozen=True)
class MakeFolder(Effect):
    """Make a folder and its parents; nothing happens where it exists already."""

    op = "mkdir"


@dataclass(frozen=True)
class Write(Effect):
    """Make a file of `data`, or with `overwrite` replace the one that is there, keeping its mode.

    `seen` is the (size, mtime in ns) of the file that `data` was made from: if it has been changed since, nothing is written. `by` is the
    model that wrote the text, '' where it is the person's.
    """

    op = "write"
    data: bytes
    overwrite: bool = False
    seen: tuple[int, int] | None = field(default=None, compare=False)
    by: str = ""


@dataclass(frozen=True)
class Link(Effect):
    """Make a link at `path` that points to `to`: symbolic, or with `hard` a second name of the same file."""

    op = "link"
    to: str
    hard: bool = False


@dataclass(frozen=True)
class SetMode(Effect):
    """Set the permission bits; `mode` is a number such as 0o644."""

    op = "mode"
    mode: int


@dataclass(frozen=True)
class SetOwner(Effect):
    """Set owner and group by number; -1 leaves one as it is."""

    op = "owner"
    uid: int
    gid: int = -1


@dataclass(frozen=True)
class Pack(Effect):
    """Make the archive `path` of `members`: pairs of a file's or folder's path and its name inside. Folders are packed whole."""

    op = "pack"
    members: tuple[tuple[str, str], ...]
    format: str
    overwrite: bool = False


@dataclass(frozen=True)
class Unpack(Effect):
    """Unpack the archive `path` into the folder `into`; `members` are the names it will make there, checked to stay inside."""

    op = "unpack"
    into: str
    members: tuple[str, ...]

    @property
    def result(self) -> str:
        return self.into


@dataclass(frozen=True)
class Remember(Effect):
    """Keep the fact `text` in the memory at `path`; `name` is a name that it gives to `target`, a path or an address."""

    op = "remember"
    text: str
    name: str = ""
    target: str = ""

    @property
    def result(self) -> None:
        return None


@dataclass(frozen=True)
class Mail(Effect):
    """Keep the message `data` as a new file of one of llmos's own Maildirs, 0600, in the place of the draft `replaces`.

    What follows `data` was read back from those very bytes: `attachments` are names and sizes in bytes, `text` is the body. `sources` are
    the files that were attached. `seen` is of the draft, `by` of its text, as in Write.
    """

    op = "draft"
    data: bytes
    replaces: str = ""
    seen: tuple[int, int] | None = field(default=None, compare=False)
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    attachments: tuple[tuple[str, int], ...] = ()
    text: str = ""
    sources: tuple[str, ...] = ()
    by: str = ""

    def as_json(self) -> dict[str, Any]:
        """With the attachments as objects, and the start of the text."""
        files = [{"name": name, "size": size} for name, size in self.attachments]
        return {**super().as_json(), "attachments": files, "text": self.text[:MAIL_TEXT]}


@dataclass(frozen=True)
class Send(Mail):
    """Put the message into the outbox. There it waits until an account is set up, and can be taken back."""

    op = "send"

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "account": None}


Effects = tuple[Effect, ...]


class Decision(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True)
class Verdict:
    """What policy says of exactly these effects, and the rule that said so. `loud` asks to be shown with emphasis; `in_person` that
    somebody says yes who sees them: what was said beforehand, as with `--yes`, does not count."""

    decision: Decision
    rule: str
    reason: str
    loud: bool = False
    in_person: bool = False
