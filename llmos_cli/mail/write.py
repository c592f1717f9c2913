"""Messages are built here: no name, subject, text or file name can add a header to them.

Every header is plain ASCII, or encoded words in base64 (RFC 2047). What comes out is read again before it is shown or kept: the effects
say what is in the final bytes, and bytes that hold more than they should are refused.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError
from llmos_cli.mail import headers as head
from llmos_cli.mail.people import Person

if TYPE_CHECKING:
    from email.message import Message

MAX_ATTACHED = 50 * 1024 * 1024  # bytes; more than most servers take
MAX_LINE = 76  # characters of a header's line
WORD_BYTES = 42  # of UTF-8 in one encoded word, which then has 56 letters and 12 marks
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FILE_NAME = re.compile(r"[A-Za-z0-9 !#$&'()+,.;=@\[\]^_`{}~-]{1,100}")


@dataclass(frozen=True)
class Attachment:
    """`source` is the absolute path of the file that `data` was read from."""

    name: str
    data: bytes
    source: str = ""


@dataclass(frozen=True)
class Words:
    """What a person says of a mail. `answers` is the id of the message that it answers, `thread` those before it; `sender` is the person,
    where that is known."""

    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    subject: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    answers: str = ""
    thread: tuple[str, ...] = ()
    sender: tuple[Person, ...] = ()


def build(words: Words, now: float) -> bytes:
    """The message, dated `now` in seconds since the epoch, with line ends `\\n` as Maildirs have them."""
    from email.mime.multipart import MIMEMultipart

    message: Message = _text(words.body)
    if words.attachments:
        whole = MIMEMultipart()
        whole.attach(message)
        for attachment in words.attachments:
            whole.attach(_file(attachment))
        message = whole
    for name, value in _headers(words, now):
        message[name] = value
    return _bytes(message)


def with_attachments(data: bytes, attachments: Sequence[Attachment]) -> bytes:
    """The message with more files attached; its own headers and parts stay. Raises LlmosError for one that cannot be taken apart."""
    from email import message_from_bytes
    from email.mime.multipart import MIMEMultipart

    try:
        message = message_from_bytes(data)
    except RecursionError:
        raise LlmosError("that draft has too many parts inside each other") from None
    if message.get_content_type() != "multipart/mixed":
        whole = MIMEMultipart()
        for name, value in message.items():
            if not name.lower().startswith("content-") and name.lower() != "mime-version":
                whole[name] = value
                del message[name]
        whole.attach(message)
        message = whole
    for attachment in attachments:
        message.attach(_file(attachment))
    return _bytes(message)


def dated(data: bytes, now: float) -> bytes:
    """The message with its date set to `now`; no other byte is changed."""
    block, gap, body = data.partition(b"\n\n")
    rest = re.sub(rb"^date:[^\n]*\n(?:[ \t][^\n]*\n)*", b"", block + b"\n", flags=re.IGNORECASE | re.MULTILINE)
    return f"Date: {_date(now)}\n".encode() + rest.removesuffix(b"\n") + gap + body


# ---- headers -------------------------------------------------------------------------------------------------


def _headers(words: Words, now: float) -> Iterator[tuple[str, str]]:
    for name, people in (("From", words.sender[:1]), ("To", words.to), ("Cc", words.cc)):
        if people:
            yield name, ",\n ".join(map(_mailbox, people))
    yield "Subject", encoded(one_line(words.subject), len("Subject: "))
    yield "Date", _date(now)
    yield "Message-ID", f"<{secrets.token_hex(16)}@llmos.local>"
    if answers := head.ids((words.answers,))[:1]:
        yield "In-Reply-To", answers[0]
        yield "References", "\n ".join((*head.ids(words.thread)[-20:], answers[0]))


def _date(now: float) -> str:
    from email.utils import formatdate

    return formatdate(now, localtime=True)


def _mailbox(person: Person) -> str:
    name, address = one_line(person[0]), person[1]
    if not name:
        return address
    return f"{name if _NAME.fullmatch(name) and len(name) < 60 else _words(name)}\n <{address}>"


def one_line(text: str) -> str:
    """`text` on one line without controls, also for readers that decode twice: no encoded word is left in it."""
    for _ in range(5):
        text = head.text(text)
    return text.replace("=?", "= ?")


def encoded(text: str, indent: int) -> str:
    """A text of one line for a header, behind `indent` characters: as it is, or in encoded words."""
    plain = _PLAIN.fullmatch(text) and len(text) + indent <= MAX_LINE
    return text if plain or not text else _words(text)


def _words(text: str) -> str:
    """Encoded words of whole characters, one a line."""
    import base64

    pieces, piece = [], b""
    for char in text:
        data = char.encode("utf-8", "replace")
        if len(piece) + len(data) > WORD_BYTES:
            pieces.append(piece)
            piece = b""
        piece += data
    return "\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in (*pieces, piece))


# ---- parts ---------------------------------------------------------------------------------------------------


def _text(body: str) -> Message:
    """Plain text: as it is where that is ASCII in short lines, else quoted-printable."""
    from email import charset
    from email.mime.text import MIMEText

    lines = body.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    lines = lines if not lines or lines.endswith("\n") else lines + "\n"
    if re.fullmatch(r"(?:[\t -~]{0,900}\n)*", lines):
        return MIMEText(lines, "plain", "us-ascii")
    quoted = charset.Charset("utf-8")
    quoted.body_encoding = charset.QP
    return MIMEText(lines, "plain", quoted)  # type: ignore[arg-type]  # a Charset is taken too


def _file(attachment: Attachment) -> Message:
    import mimetypes
    from email.encoders import encode_base64
    from email.mime.base import MIMEBase

    name = one_line(attachment.name).replace("/", "_").replace("\\", "_")[:200] or "file"
    kind, encoding = mimetypes.guess_type(name)
    main, _, sub = (kind if kind and not encoding else "application/octet-stream").partition("/")
    main, sub = ("application", "octet-stream") if main in ("multipart", "message") else (main, sub)
    part = MIMEBase(main, sub)
    part.set_payload(attachment.data)
    encode_base64(part)
    plain = _FILE_NAME.fullmatch(name) and not name.startswith(" ")
    part.add_header("Content-Disposition", "attachment", filename=name if plain else ("utf-8", "", name))
    return part


def _bytes(message: Message) -> bytes:
    """Raises LlmosError for headers that cannot be written."""
    from email.errors import MessageError
    from email.generator import BytesGenerator
    from email.policy import compat32
    from io import BytesIO

    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, policy=compat32.clone(max_line_length=None, linesep="\n")).flatten(message)
    except (MessageError, UnicodeError, RecursionError) as error:
        raise LlmosError("the message cannot be written", hint="look at it with mail.read") from error
    return out.getvalue()
