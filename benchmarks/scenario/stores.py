"""What lies in the world, read with the standard library alone: mailboxes with `mailbox` and `email`, files by a walk and a look inside.

Nothing of llmos is used here: this is what its answers are compared with.
"""

from __future__ import annotations

import fnmatch
import hashlib
import html
import mailbox
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any

DAY = 86400
OWN = ("inbox", "drafts", "outbox", "sent")
Spec = dict[str, Any]


@dataclass(frozen=True)
class Mail:
    """`files` are (name, SHA-256); `to` and `cc` are addresses in lower case; `names` those of all its headers, as often as they stand."""

    raw: bytes
    unread: bool
    id: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    date: float
    text: str
    files: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    answers: str

    @property
    def first_line(self) -> str:
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")


def box(path: Path) -> list[Mail]:
    """The messages of a Maildir or an mbox, newest first; none where it is not there."""
    if not path.exists():
        return []
    found = []
    if path.is_dir():
        for message in mailbox.Maildir(path, create=False):
            found.append(mail(message.as_bytes(), message.get_subdir() == "new" or "S" not in message.get_flags()))
    else:
        for kept in mailbox.mbox(path, create=False):
            found.append(mail(kept.as_bytes(), "R" not in kept.get_flags()))
    return sorted(found, key=lambda one: -one.date)


def mail(raw: bytes, unread: bool) -> Mail:
    message = message_from_bytes(raw)
    leaves = [part for part in message.walk() if not part.is_multipart()]
    return Mail(
        raw=raw,
        unread=unread,
        id=_value(message, "Message-ID"),
        sender=next(iter(_people(message, "From")), ""),
        to=_people(message, "To"),
        cc=_people(message, "Cc"),
        subject=_value(message, "Subject"),
        date=parsedate_to_datetime(_value(message, "Date")).timestamp(),
        text=_text(leaves),
        files=tuple((_name(part), _digest(_data(part))) for part in leaves if part.get_filename() is not None),
        names=tuple(name.lower() for name, _ in message.items()),
        answers=_value(message, "In-Reply-To"),
    )


def _people(message: Message, name: str) -> tuple[str, ...]:
    return tuple(address.lower() for _, address in getaddresses(list(map(str, message.get_all(name, [])))) if address)


def _value(message: Message, name: str) -> str:
    return clean(str(make_header(decode_header(str(message.get(name, ""))))))


def clean(text: str) -> str:
    """On one line, controls as spaces."""
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


def _name(part: Message) -> str:
    said = part.get_filename("") or ""
    return re.split(r"[/\\]", clean(str(make_header(decode_header(said)))))[-1]


def _data(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(leaves: Iterable[Message]) -> str:
    """The plain texts, or where there are none what the HTML says."""
    read = {"text/plain": "", "text/html": ""}
    for part in leaves:
        if part.get_filename() is None and part.get_content_type() in read:
            said = _data(part).decode(part.get_content_charset("utf-8"), "replace")
            read[part.get_content_type()] += said
    return read["text/plain"] or untagged(read["text/html"])


def untagged(source: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"</(?:p|h1)>", "\n", source)))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- the whole world ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """The mail in llmos's own boxes, and the home folder: a digest for each path from there, '' for a folder."""

    boxes: dict[str, list[Mail]]
    tree: dict[str, str]


def state(world: Path) -> State:
    home, tree = world / "home", {}
    for folder, folders, names in os.walk(home):
        for name in folders:
            tree[os.path.relpath(os.path.join(folder, name), home)] = ""
        for name in names:
            path = Path(folder, name)
            tree[str(path.relative_to(home))] = _digest(os.readlink(path).encode() if path.is_symlink() else path.read_bytes())
    return State({name: box(world / "llmos/data/mail" / name) for name in OWN}, tree)


def mails(spec: Spec, world: Path, now: float) -> list[Mail]:
    """The messages that a case means, newest first. `day` counts back from today (UTC); `nth` is one of them, `newest` how many."""
    name = spec.get("box", "inbox")
    found = box(world / "llmos/data/mail" / name if name in OWN else world / "home" / name)
    day = int(now // DAY) - spec.get("day", 0)
    tests = {
        "from": lambda m: m.sender == spec["from"],
        "subject": lambda m: spec["subject"].lower() in m.subject.lower(),
        "words": lambda m: all(word in f"{m.subject}\n{m.text}".lower() for word in spec["words"].lower().split()),
        "unread": lambda m: m.unread == spec["unread"],
        "attached": lambda m: bool(m.files) == spec["attached"],
        "day": lambda m: m.date // DAY == day,
    }
    found = [m for m in found if all(test(m) for key, test in tests.items() if key in spec)]
    if "nth" in spec:
        return found[spec["nth"] - 1 : spec["nth"]]
    return found[: spec.get("newest", len(found))]


def files(spec: Spec, world: Path, now: float) -> list[str]:
    """The paths, from the home folder, that a case means: by folder, name, words that they say, ending, age in days, month."""
    home, found = world / "home", []
    for folder, _, names in os.walk(home / spec.get("under", "")):
        for name in names:
            path = Path(folder, name)
            when = path.stat().st_mtime
            if (
                fnmatch.fnmatch(name, spec.get("name", "*"))
                and ("ext" not in spec or path.suffix == "." + spec["ext"])
                and ("days" not in spec or when > now - spec["days"] * DAY)
                and ("month" not in spec or _in_month(when, spec["month"], now))
                and ("says" not in spec or _says(path, spec["says"]))
            ):
                found.append(str(path.relative_to(home)))
    return sorted(found)


def _in_month(when: float, month: int, now: float) -> bool:
    """Whether it is of the latest month of that number that has begun."""
    at, today = datetime.fromtimestamp(when, UTC), datetime.fromtimestamp(now, UTC)
    return at.month == month and at.year == (today.year if today.month >= month else today.year - 1)


def _says(path: Path, words: str) -> bool:
    """Whether all words stand whole in the file or its name; what is not ASCII may stand anywhere."""
    told = f"{path.stem}\n{_said(path)}".lower()
    return all(re.search(rf"\b{word}\b", told) if word.isascii() else word in told for word in words.lower().split())


def _said(path: Path) -> str:
    if path.suffix == ".docx":
        return untagged(zipfile.ZipFile(path).read("word/document.xml").decode().replace("</w:p>", "\n"))
    if path.suffix == ".pdf":
        packed = re.findall(rb"stream\n(.*?)\nendstream", path.read_bytes(), re.DOTALL)
        return "\n".join(line.decode() for part in packed for line in re.findall(rb"\((.*?)\) Tj", zlib.decompress(part)))
    text = path.read_bytes().decode("utf-8", "replace")
    return untagged(text) if path.suffix == ".html" else text
