"""No name, subject, text, file name, or mail that is answered adds a header or a recipient: tried at every place, and read back."""

from __future__ import annotations

import email.policy
import itertools
import os
import unicodedata
from email.header import decode_header
from email.utils import getaddresses

import pytest

from llmos_cli.effects import Mail, Send
from llmos_cli.errors import LlmosError
from llmos_cli.mail import drafts
from llmos_cli.mail.boxes import chosen, open_box
from llmos_cli.tools import TOOLS

EVIL = "evil@evil.example"
PAYLOADS = [
    "hi\nBcc: evil@evil.example", "hi\r\nBcc: evil@evil.example", "hi\rBcc: evil@evil.example", "hi\r\n\r\nBcc: evil@evil.example",
    "hi\n\nBcc: evil@evil.example\n\n", "\nBcc: evil@evil.example", "hi\n Bcc: evil@evil.example", "hi\n\tBcc: evil@evil.example",
    "hi\0\nBcc: evil@evil.example", "hi\x00Bcc: evil@evil.example", "hi\x0bBcc: evil@evil.example", "hi\x0cBcc: evil@evil.example",
    "hi\x1c\x1d\x1eBcc: evil@evil.example", "hi\x85Bcc: evil@evil.example", "hi\u2028Bcc: evil@evil.example",
    "hi\u2029Bcc: evil@evil.example", "hi\x1b[2JBcc: evil@evil.example", "hi\x7fBcc: evil@evil.example",
    "=?utf-8?q?hi=0ABcc=3A_evil=40evil.example?=", "=?utf-8?q?hi=0D=0ABcc=3A_evil=40evil.example?=",
    "=?utf-8?b?aGkKQmNjOiBldmlsQGV2aWwuZXhhbXBsZQ==?=", "=?utf-8?q?hi=00=0ABcc=3A_evil=40evil.example?=",
    "=?utf-8?q?hi?= =?utf-8?q?=0ABcc=3A_evil=40evil.example?=", "=?utf-8?q?hi?=\n =?utf-8?q?=0ABcc=3A_evil=40evil.example?=",
    "=?iso-2022-jp?b?GyRC?=\nBcc: evil@evil.example", "=?utf-7?q?hi+AAo-Bcc=3A_evil=40evil.example?=",
    "=?utf-16?b?aABpAAoAQgBjAGMAOgA=?=", "hi" + "x" * 990 + "\nBcc: evil@evil.example", "hi " * 300 + "\r\nBcc: evil@evil.example",
    "grüße\nBcc: evil@evil.example", "你好\r\nBcc: evil@evil.example", "hi\ud800\nBcc: evil@evil.example", 'hi"\nBcc: evil@evil.example',
    "hi\\\nBcc: evil@evil.example", "hi>, <evil@evil.example", 'hi" <evil@evil.example>, "x', "hi\nContent-Type: text/html\n\n<b>",
    'hi"\nContent-Type: multipart/mixed; boundary=x\n\n--x', "hi\n--===============0==\nBcc: evil@evil.example", "=?utf-8?q?a?=" * 40,
]  # fmt: skip
PARTS = {"content-type", "mime-version", "content-transfer-encoding", "content-disposition"}
OURS = {"to", "cc", "subject", "date", "message-id", "in-reply-to", "references", *PARTS} - {"content-disposition"}


def decoded(value: str) -> str:
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii", "replace") for part, charset in decode_header(value))


def shown(effect: Mail) -> set[str]:
    """The addresses that a person is shown."""
    return {person.rpartition("<")[2].rstrip(">").lower() for person in (*effect.to, *effect.cc, *effect.bcc)}


def assert_sound(effect: Mail, people: set[str]) -> None:
    """The bytes hold our headers, each once, nobody but those that are shown, and no control in anything that a reader makes of them."""
    data = effect.data
    block = data.partition(b"\n\n")[0]
    assert b"\r" not in data and all(c == 10 or c == 9 or 32 <= c < 127 for c in block)
    assert shown(effect) == people
    for policy in (email.policy.compat32, email.policy.default, email.policy.SMTP):
        read = email.message_from_bytes(data, policy=policy)
        names = [name.lower() for name in read.keys()]  # noqa: SIM118 a message may hold a name twice
        assert set(names) <= OURS and len(names) == len(set(names)), names
        found = getaddresses([str(value) for name in ("to", "cc", "bcc", "resent-to") for value in read.get_all(name, [])])
        assert {address.lower() for _, address in found} == people
        for part in read.walk():
            if part is not read:
                assert {name.lower() for name in part.keys()} <= PARTS  # noqa: SIM118
            said = "".join(decoded(str(value).replace("\n", "")) for value in part.values())
            assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in said)


def tried(make, people: set[str]) -> bool:
    """Whether a mail came of it, which then is sound; it may also be refused with a sentence."""
    try:
        (effect,) = make()
    except LlmosError as error:
        assert error.message and "\n" not in error.message
        return False
    assert_sound(effect, people)
    return True


def run(name: str, place, **args):
    tool = TOOLS[name]
    return tool.run(place=place, **({"given": None} | args))


FIELDS = {
    "subject": lambda text: {"to": ("ana@example.org",), "subject": text},
    "body": lambda text: {"to": ("ana@example.org",), "body": text},
    "name": lambda text: {"to": (f"{text} <ana@example.org>",)},
    "quoted name": lambda text: {"to": (f'"{text}" <ana@example.org>',)},
    "name of a copy": lambda text: {"to": ("ana@example.org",), "cc": (f"{text} <ana@example.org>",)},
    "address": lambda text: {"to": (f"ana@example.org{text}",)},
    "start of an address": lambda text: {"to": (f"{text}@example.org",)},
}


def test_more_than_500_attempts_add_nothing(place, deliver, tmp_path):
    attempts = made = 0
    for (field, args), text in itertools.product(FIELDS.items(), PAYLOADS):
        for tool in ("mail.draft", "mail.send"):
            attempts += 1
            given = args(text)
            try:
                (effect,) = run(tool, place, **given)
            except LlmosError as error:
                assert error.message
                continue
            made += 1
            people = shown(effect)
            assert EVIL not in people or "<evil@" in text, "only one that was said as a recipient, and is shown as one"
            assert people == {"ana@example.org"} or "address" in field or "<evil@" in text
            assert_sound(effect, people)
    for text in PAYLOADS:
        name = text.replace("/", "_").replace("\0", "")[:80].encode("utf-8", "surrogateescape" if "\ud800" not in text else "replace")
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(text.encode("utf-8", "replace"))
        attempts += 1
        made += tried(lambda path=path: run("mail.draft", place, to=("ana@example.org",), attach=(path,)), {"ana@example.org"})
    assert attempts >= 500 and made >= 250


HEADERS = ("From", "Reply-To", "Subject", "Message-ID", "References", "In-Reply-To", "To", "Cc", "Date", "Delivered-To")


@pytest.mark.parametrize("header", HEADERS)
def test_answers_to_hostile_mail_add_nothing(place, deliver, header):
    made = 0
    for text in PAYLOADS:
        value = f"{text} <ana@example.org>" if header in ("From", "Reply-To", "To", "Cc") else text
        value = f"<{text}@x>" if header in ("Message-ID", "References", "In-Reply-To") else value
        value = value.encode("utf-8", "replace").decode()
        deliver(**{header.replace("-", "_"): value}, text=f"{text}".encode("utf-8", "replace").decode())
        letter = chosen(open_box("inbox", place))[0]
        try:
            effect = drafts.answer(letter, text, True, place)
        except LlmosError:
            continue
        finally:
            os.unlink(letter.path)
        made += 1
        people = shown(effect)
        assert "ana@example.org" in people or header in ("From", "Reply-To")
        assert_sound(effect, people)
    assert made >= 20


def test_a_draft_that_another_program_wrote_is_sent_only_if_it_says_one_thing(place, deliver):
    fine = deliver(box="drafts", Cc="bo@example.org", Bcc="=?utf-8?q?C=C3=A9?= <ce@example.org>")
    sent = drafts.send_draft(fine, place)
    assert (sent.to, sent.cc, sent.bcc) == (("me@example.org",), ("bo@example.org",), ("Cé <ce@example.org>",))
    wrong = [
        b"To: a@x.org\nTo: evil@x.org\n\nhi\n", b"To: a@x.org\nBcc: b@x.org\nBcc: evil@x.org\n\nhi\n",
        b"To: a@x.org\nResent-To: evil@x.org\n\nhi\n",
        b"To: a@x.org\rBcc: evil@x.org\n\nhi\n", b"To: a@x.org\0\n\nhi\n", b"To: a@x.org\nno header\nBcc: evil@x.org\n\nhi\n",
        b"To: a@x.org\nSubject: =?utf-8?q?hi=0ABcc=3A_evil=40x?=\n\nhi\n", b"To: a@x.org, =?utf-8?q?x?= evil@x.org, <>\n\nhi\n",
        b"To: a@x.org\nX\x80: y\n\nhi\n", b"To: a@x.org\n\x20\nBcc: evil@x.org\n\nhi\n",
        b"Subject: nobody\n\nhi\n",
    ]  # fmt: skip
    for raw in wrong:
        letter = deliver(raw, box="drafts")
        try:
            assert not drafts.send_draft(letter, place), raw
        except LlmosError:
            os.unlink(letter.path)


def test_the_checks_would_see_an_added_header(place):
    (good,) = run("mail.send", place, to=("ana@example.org",), subject="hi")
    assert_sound(good, {"ana@example.org"})
    for added in (b"Bcc: evil@evil.example\n", b"To: evil@evil.example\n", b"X-Other: =?utf-8?q?=0A?=\n", b"Subject: \x1b\n"):
        with pytest.raises(AssertionError):
            assert_sound(Send(good.path, added + good.data, to=good.to), {"ana@example.org"})
