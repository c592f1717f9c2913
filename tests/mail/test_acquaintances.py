"""Names in place of addresses: found in the mail that was read, exact and without doubt, and safe whatever strangers call themselves."""

from __future__ import annotations

import mailbox
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.errors import NotUnderstood
from llmos_cli.mail import boxes
from llmos_cli.mail.acquaintances import Acquaintances
from llmos_cli.mail.people import recipients
from llmos_cli.mail.write import Words, build
from llmos_cli.places import Place
from llmos_cli.tools import TOOLS
from tests.mail.conftest import Deliver


@pytest.fixture
def people(place: Place, tmp_path: Path) -> Acquaintances:
    return Acquaintances(tmp_path / "cache/people.db", place.mail)


def nobody(name: str) -> None:
    return None


def test_a_name_a_part_of_it_or_what_stands_before_the_at(deliver: Deliver, people: Acquaintances) -> None:
    deliver()
    deliver(From="bo.nyman@example.com", To="王芳 <wang@example.cn>", Cc='"Weil, Jonas" <jw@example.net>')
    for said in ("Ana Ruiz", "ana", "RUIZ", "aña", "ana@example.org"):
        assert people.named(said) == ("Ana Ruiz <ana@example.org>",)
    assert people.named("bo") == people.named("nyman") == ("bo.nyman@example.com",)
    assert people.named("王芳") == ("王芳 <wang@example.cn>",)
    assert people.named("jonas weil") == () and people.named("weil jonas") == ("Weil, Jonas <jw@example.net>",)
    assert people.named("an") == people.named("") == people.named("%") == people.named("nobody") == ()


def test_the_whole_name_goes_before_a_part_of_one(deliver: Deliver, people: Acquaintances) -> None:
    deliver(From="Ana <ana@example.org>")
    deliver(From="Ana Ruiz <ruiz@example.org>")
    assert people.named("ana") == ("Ana <ana@example.org>",)
    assert people.named("ruiz") == ("Ana Ruiz <ruiz@example.org>",)


def test_several_lead_to_a_question_with_the_commonest_first(deliver: Deliver, people: Acquaintances) -> None:
    deliver(From="Ana Ruiz <ruiz@example.org>")
    deliver(From="Ana Lopez <lopez@example.org>")
    deliver(box="sent", From="me@example.org", To="Ana Lopez <lopez@example.org>")
    with pytest.raises(
        NotUnderstood, match=r"Which Ana do you mean: Ana Lopez <lopez@example\.org>, Ana Ruiz <ruiz@example\.org>\?"
    ) as caught:
        recipients(("Ana",), nobody, people.named)
    assert caught.value.choices == ("Ana Lopez <lopez@example.org>", "Ana Ruiz <ruiz@example.org>")
    assert recipients(("Ana Ruiz",), nobody, people.named) == (("Ana Ruiz", "ruiz@example.org"),)
    with pytest.raises(NotUnderstood, match="What is the mail address of Zoe"):
        recipients(("Zoe",), nobody, people.named)


def test_somebody_who_takes_a_friends_name_is_not_written_to_unseen(deliver: Deliver, people: Acquaintances) -> None:
    deliver()
    deliver(From="Ana Ruiz <mallory@evil.example>")
    with pytest.raises(NotUnderstood, match=r"mallory@evil\.example"):
        recipients(("Ana Ruiz",), nobody, people.named)


def test_what_the_person_said_goes_before_what_mail_says(deliver: Deliver, people: Acquaintances) -> None:
    deliver()
    assert recipients(("ana",), lambda name: "ana@home.example", people.named) == (("", "ana@home.example"),)


@pytest.mark.parametrize("name", [
    "Ana\r\nBcc: x@evil.example", "Ana =?utf-8?q?=0D=0ABcc:_x@evil.example?=", 'Ana" <x@evil.example>, "',
    "=?utf-8?b?QW5hCkJjYzogeA==?= Ana",
    "Ana,x@evil.example", "Ana\x1b[31m", "Ana\u2028Bcc: x@evil.example", "Ana;", "Ana <x@evil.example>",
])  # fmt: skip
def test_no_name_adds_a_header_or_a_person(deliver: Deliver, people: Acquaintances, name: str, place: Place) -> None:
    raw = f"From: {name} <ana@example.org>\nSubject: x\n\nhello\n".encode()
    deliver(raw)
    found = people.named("ana")
    try:
        to = recipients(("ana",), nobody, people.named)
    except NotUnderstood:
        assert len(found) != 1
        return
    block = build(Words(to=to, subject="s", body="b"), place.now).partition(b"\n\n")[0]
    names = [line.partition(b":")[0] for line in block.split(b"\n") if not line.startswith(b" ")]
    assert len(names) == len(set(names)) and b"Bcc" not in names and len(to) == 1


def test_other_mailboxes_count_once_they_were_read(place: Place, people: Acquaintances) -> None:
    archive = mailbox.mbox(place.home / "archive.mbox")
    archive.add(b"From: Holt Estates <office@holt.example>\nSubject: x\n\nhello\n")
    archive.close()
    assert people.named("holt") == ()
    place = replace(place, people=people)
    TOOLS["mail.list"].run(place=place, in_=place.home / "archive.mbox")
    assert people.named("holt") == ("Holt Estates <office@holt.example>",)
    (effect,) = TOOLS["mail.draft"].run(given=None, place=place, to=("Holt Estates",), body="hello")
    assert effect.to == ("Holt Estates <office@holt.example>",)
    (place.home / "archive.mbox").unlink()
    assert people.named("holt") == ()


def test_mail_that_comes_and_goes(deliver: Deliver, people: Acquaintances, place: Place) -> None:
    letter = deliver()
    assert people.named("ana") and not people.named("bo")
    deliver(From="Bo <bo@example.org>")
    assert people.named("bo")
    os.unlink(letter.path)
    assert not people.named("ana")


def test_only_what_came_since_is_read(deliver: Deliver, people: Acquaintances, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver()
    assert people.named("ana")
    read = []
    monkeypatch.setattr(boxes.Letter, "headers", lambda letter, headers=boxes.Letter.headers: read.append(letter.path) or headers(letter))
    deliver(From="Bo <bo@example.org>")
    read.clear()
    assert people.named("bo") and len(read) == 1


def test_a_database_that_is_damaged_is_made_again(deliver: Deliver, place: Place, tmp_path: Path) -> None:
    deliver()
    (tmp_path / "people.db").write_bytes(b"nonsense" * 1000)
    assert Acquaintances(tmp_path / "people.db", place.mail).named("ana")


@pytest.mark.slow
def test_twenty_thousand_messages(people: Acquaintances, place: Place, tmp_path: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (place.mail / "inbox" / part).mkdir(parents=True)
    for i in range(20_000):
        head = f"From: Person {i % 500} <p{i % 500}@example.org>\nTo: me@example.org\nSubject: {i}\n\n"
        (place.mail / f"inbox/cur/{i}.x:2,S").write_text(head + "hello\n" * 200)
    time.sleep(0.1)
    assert people.named("person 7") == ("Person 7 <p7@example.org>",)
    start = time.process_time()
    assert Acquaintances(tmp_path / "cache/people.db", place.mail).named("person 8") == ("Person 8 <p8@example.org>",)
    assert time.process_time() - start < 0.3
    (place.mail / "inbox/new/new").write_text("From: Zoe <zoe@example.org>\nSubject: x\n\n")
    start = time.process_time()
    assert people.named("zoe") == ("Zoe <zoe@example.org>",)
    assert time.process_time() - start < 1
