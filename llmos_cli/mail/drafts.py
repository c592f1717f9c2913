"""llmos's own drafts and outbox: what is to be kept or sent, as effects that say what is in the final bytes."""

from __future__ import annotations

import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import TypeVar

from llmos_cli.effects import Mail, Send
from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.mail import boxes, mime, people, read, write
from llmos_cli.mail import headers as head
from llmos_cli.mail.boxes import Letter
from llmos_cli.mail.headers import Headers
from llmos_cli.mail.people import Person, is_address
from llmos_cli.mail.write import MAX_ATTACHED, Attachment, Words
from llmos_cli.places import Place

DRAFTS, OUTBOX = "drafts", "outbox"
MAX_FILES, MAX_SUBJECT, MAX_QUOTED = 100, 1000, 2000  # attached files; characters; lines
ONCE = ("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references")
_LINE = re.compile(rb"[!-9;-~]+:[\t -~]*|[ \t]+[!-~][\t -~]*")
_ANSWERED = re.compile(r"\s*(re|aw|sv|antw|回复|答复)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE)
Kind = TypeVar("Kind", bound=Mail)


# ---- making them ---------------------------------------------------------------------------------------------


def keep(words: Words, place: Place) -> Mail:
    """A new draft."""
    return _effect(Mail, _built(words, place), place, sources=_sources(words.attachments))


def send(words: Words, place: Place) -> Send:
    """A mail that goes out as it is written. Raises NotUnderstood where nobody gets it."""
    return _effect(Send, _built(words, place), place, sources=_sources(words.attachments))


def send_draft(draft: Letter, place: Place) -> Send:
    """A draft that goes out, dated now."""
    seen, raw = _seen(draft)
    return _effect(Send, write.dated(raw, place.now), place, draft=draft, seen=seen)


def attach(draft: Letter, files: tuple[Attachment, ...], place: Place) -> Mail:
    """The draft with more files on it."""
    seen, raw = _seen(draft)
    if any(file.source == draft.path for file in files):
        raise LlmosError("a draft cannot be attached to itself")
    return _effect(Mail, write.with_attachments(raw, files), place, draft=draft, seen=seen, sources=_sources(files))


def answer(letter: Letter, body: str, everyone: bool, place: Place) -> Mail:
    """A draft that answers a message: to whom it asks for, its text quoted below. Raises LlmosError where it asks for nobody."""
    raw = letter.raw()
    headers = mime.split(raw)[0]
    to = _valid(headers, "reply-to") or _valid(headers, "from")
    if not to:
        raise LlmosError("the message has no address that can be answered", hint="mail.draft to=ana@example.org")
    own = {address.lower() for _, address in (*_valid(headers, "delivered-to", "x-original-to"), *_me(place))}
    taken = own | {address.lower() for _, address in to}
    cc = tuple(one for one in _valid(headers, "to", "cc") if one[1].lower() not in taken) if everyone else ()
    about = read.subject(headers)
    thread = head.ids(headers.get("references", ())) or head.ids(headers.get("in-reply-to", ()))
    words = Words(
        to, cc, (about if _ANSWERED.match(about) else f"Re: {about}".strip())[:MAX_SUBJECT], body + _quoted(raw, headers, letter),
        answers=next(iter(head.ids(headers.get("message-id", ()))), ""), thread=thread,
    )  # fmt: skip
    return keep(words, place)


def _valid(headers: Headers, *names: str) -> tuple[Person, ...]:
    """Those in these headers who have an address that can be written to, each once."""
    found: dict[str, Person] = {}
    for name, address in head.people(tuple(value for header in names for value in headers.get(header, ()))):
        if is_address(address):
            found.setdefault(address.lower(), (name, address))
    return tuple(found.values())


def _quoted(raw: bytes, headers: Headers, letter: Letter) -> str:
    who = next(iter(read.people(headers, "from")), "somebody")
    when = (read.iso(boxes.date(letter, headers)) or "")[:10]
    lines = mime.text_of(mime.parts(raw)).strip().split("\n")
    quoted = "\n".join(f"> {line}".rstrip() for line in lines[:MAX_QUOTED])
    return f"\n\n{f'On {when}, ' if when else ''}{who} wrote:\n{quoted}\n"


def files(paths: Iterable[str]) -> tuple[Attachment, ...]:
    """The files to attach, read whole. Raises LlmosError for folders, for what cannot be read, and where they are too many or too large."""
    found: list[Attachment] = []
    room = MAX_ATTACHED
    for path in dict.fromkeys(paths):
        name, about = os.path.basename(path), os.stat(path)
        if stat.S_ISDIR(about.st_mode):
            raise LlmosError(f"{name} is a folder, and only files can be attached", hint=f"pack {name} to={name}.zip")
        if not stat.S_ISREG(about.st_mode):
            raise LlmosError(f"{name} is no file that can be attached")
        room -= about.st_size
        if room < 0 or len(found) >= MAX_FILES:
            many = f"{MAX_FILES} files" if len(found) >= MAX_FILES else f"{MAX_ATTACHED >> 20} MB"
            raise LlmosError(f"at most {many} can be attached to a mail", hint="pack them, or attach fewer")
        with open(path, "rb") as file:
            found.append(Attachment(name, file.read(about.st_size + 1), path))
    return tuple(found)


# ---- finding them ----------------------------------------------------------------------------------------------


def newest(place: Place) -> Letter:
    """Raises NotFound where there is no draft."""
    found = boxes.chosen(boxes.open_box(DRAFTS, place))
    if not found:
        raise NotFound("there is no draft", hint='mail.draft to=ana@example.org subject="Papers"')
    return found[0]


def at(path: str, place: Place) -> Letter | None:
    """The draft that is this file, None where it is none of llmos's own."""
    if not Path(path).is_relative_to(place.mail / DRAFTS):
        return None
    return next((letter for letter in boxes.open_box(DRAFTS, place).letters() if letter.path == path), None)


# ---- the final bytes -------------------------------------------------------------------------------------------


def _built(words: Words, place: Place) -> bytes:
    if len(words.subject) > MAX_SUBJECT:
        raise LlmosError(f"a subject has at most {MAX_SUBJECT} characters", hint="put the text into body=")
    return write.build(replace(words, sender=_me(place)), place.now)


def _me(place: Place) -> tuple[Person, ...]:
    """Whom mail is from, nobody where that is not said. Raises LlmosError for what is no address."""
    try:
        return tuple((head.clean(name), people.address(said)) for name, said in head.people((place.me,))[:1])
    except ValueError as error:
        hint = 'llmos config set mail.from "Ana Ruiz <ana@example.org>"'
        raise LlmosError(f"the setting mail.from is {place.me!r}, which is no mail address", hint=hint) from error


def _sources(attachments: tuple[Attachment, ...]) -> tuple[str, ...]:
    return tuple(attachment.source for attachment in attachments)


def _seen(draft: Letter) -> tuple[tuple[int, int], bytes]:
    mark = os.stat(draft.path)
    return (mark.st_size, mark.st_mtime_ns), draft.raw()


def _effect(
    kind: type[Kind],
    data: bytes,
    place: Place,
    *,
    draft: Letter | None = None,
    seen: tuple[int, int] | None = None,
    sources: tuple[str, ...] = (),
) -> Kind:
    """What the bytes hold, read from them. Raises LlmosError where they hold what they should not, NotUnderstood where nobody gets them."""
    headers = _checked(data)
    told = {name: tuple(map(head.said, head.people(headers.get(name, ())))) for name in ("to", "cc", "bcc")}
    if kind is Send and not any(told.values()):
        raise NotUnderstood("Who should get the mail?", hint="mail.send to=ana@example.org")
    leaves = mime.parts(data)
    folder, flags = (OUTBOX, "S") if kind is Send else (DRAFTS, "DS")
    name = f"{int(place.now)}.{secrets.token_hex(8)}.llmos:2,{flags}"
    attachments = tuple((mime.name_of(part), len(part.data)) for part in mime.attached(leaves))
    return kind(
        str(place.mail / folder / "cur" / name), data, draft.path if draft else "", seen, told["to"], told["cc"], told["bcc"],
        subject=read.subject(headers), attachments=attachments, text=mime.text_of(leaves), sources=sources,
    )  # fmt: skip


def _checked(data: bytes) -> Headers:
    """The headers of a message that says one thing only, whoever reads it. Raises LlmosError for any other."""
    block = data.partition(b"\n\n")[0]
    headers = head.parse(block)
    whole = message_from_bytes(block)
    names = [name.lower() for name, _ in whole.items()]
    wrong = next((name for name in names if names.count(name) > 1 and name in ONCE or name.startswith("resent-")), "")
    if not all(map(_LINE.fullmatch, block.split(b"\n"))) or sorted(names) != sorted(n for n in headers for _ in headers[n]):
        wrong = "a header"
    for name, values in headers.items():
        if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for value in values for char in head.decoded(value)):
            wrong = name
    for name in ("from", "to", "cc", "bcc"):
        ours = [address for _, address in head.people(headers.get(name, ()))]
        if ours != [address for _, address in getaddresses(headers.get(name, ()))] or not all(map(is_address, ours)):
            wrong = name
    if wrong:
        raise LlmosError(f"the message cannot be kept: {head.clean(wrong)[:60]} holds what mail may not have", hint="write it anew")
    return headers
