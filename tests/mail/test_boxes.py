"""Mailboxes on the disk, as other programs write them: found, ordered, and each message known again."""

import mailbox
import os
import re

import pytest

from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.mail import boxes, read
from llmos_cli.mail.boxes import chosen, letter_of, open_box


def subjects(letters):
    return [read.subject(letter.headers()) for letter in letters]


@pytest.fixture
def mbox(place):
    """An mbox of 20 messages, one with a line that starts with From."""
    path = place.home / "Mail/archive.mbox"
    path.parent.mkdir(parents=True)
    box = mailbox.mbox(path)
    for i in range(20):
        date = f"Date: Mon, {i + 1} Jun 2026 10:00:00 +0000\n"
        text = f"line\nFrom me to you at 10:30\n{'x' * i * 700}\n"
        box.add(f"From: p{i}@example.org\nSubject: mail {i}\nMessage-ID: <{i}@x>\n{date}\n{text}".encode())
    box.flush()
    return path


def test_newest_first_and_unread_in_a_maildir(place, deliver):
    deliver(Subject="old", days=9)
    deliver(Subject="new", days=1)
    deliver(Subject="middle", days=5)
    letters = chosen(open_box("inbox", place))
    assert subjects(letters) == ["new", "middle", "old"]
    assert [boxes.unread(one, one.headers()) for one in letters] == [True] * 3
    seen = letters[0].path.replace("/new/", "/cur/") + ":2,S"
    os.rename(letters[0].path, seen)
    found = letter_of(letters[0].id, place)
    assert found.path == seen and not boxes.unread(found, found.headers()), "its id is the same when it has been read"


def test_what_is_not_there_yet_is_empty(place):
    assert chosen(open_box("inbox", place)) == []


@pytest.mark.parametrize("chunk", [64, 1003, 5000, boxes.CHUNK])
def test_every_message_of_an_mbox_wherever_it_is_cut(place, mbox, chunk, monkeypatch):
    monkeypatch.setattr(boxes, "CHUNK", chunk)
    letters = chosen(open_box(mbox, place))
    assert subjects(letters) == [f"mail {i}" for i in reversed(range(20))]
    assert [letter.start for letter in reversed(letters)] == sorted(letter.start for letter in letters)
    assert b"\nFrom me to you at 10:30\n" in letters[0].raw() and letters[3].raw().endswith(b"x\n")


def test_a_message_of_an_mbox_is_found_again_when_others_go_or_it_is_read(place, mbox):
    letter = chosen(open_box(mbox, place))[4]
    id = letter.id
    assert re.fullmatch(r"~/Mail/archive\.mbox#[0-9a-f]+-[0-9a-f]{8}", id)
    assert letter_of(id, place).raw() == letter.raw()
    whole = mbox.read_bytes()
    second = whole.index(b"From ", 10)
    mbox.write_bytes(whole[whole.index(b"\n\nFrom ", second) + 2 :].replace(b"Subject: mail 15\n", b"Status: RO\nSubject: mail 15\n"))
    found = letter_of(id, place)
    assert subjects([found]) == ["mail 15"] and not boxes.unread(found, found.headers())
    mbox.write_bytes(whole[: whole.index(b"mail 10")])
    with pytest.raises(NotFound, match="not there any more"):
        letter_of(id, place)


def test_what_is_no_mailbox_is_said_to_be_none(place, mbox):
    (place.cwd / "notes.txt").write_text("From here on: notes\nDear all")
    (place.cwd / "data.csv").write_text("a,b\n")
    (place.cwd / "empty").mkdir()
    for name in ("data.csv", "empty"):
        with pytest.raises(LlmosError, match="not a mailbox"):
            open_box(place.cwd / name, place)
    with pytest.raises(NotUnderstood, match=r"Which mailbox in Mail do you mean: ~/Mail/archive\.mbox"):
        open_box(place.home / "Mail", place)
    for id in ("", "inbox", "inbox#", "inbox#x;y", "/etc/passwd", "#12"):
        with pytest.raises(LlmosError, match="names no message"):
            letter_of(id, place)


def test_searches(place, deliver):
    deliver(Subject="Budget 2026", text="the numbers of the garden", days=3)
    deliver(From="Susana <susana@example.org>", Subject="other", Cc="Bo <bo@example.org>", days=10)
    deliver(From="=?utf-8?q?J=C3=B6rg?= <j@example.org>", Subject="=?utf-8?b?6aKE566X?=", text="今年的预算表", days=20)

    def found(*tests):
        return subjects(chosen(open_box("inbox", place), tests))

    assert found(read.is_by(["ana"], "from")) == ["Budget 2026"], "Susana is not Ana"
    assert found(read.is_by(["ANA@example.org"], "from")) == ["Budget 2026"]
    assert found(read.is_by(["jörg"], "from")) == ["预算"] and found(read.is_by(["bo"], "to", "cc")) == ["other"]
    assert found(read.is_by(["jorg"], "from")) == ["预算"], "accents make no difference"
    assert found(read.is_by(["my boss", "susana@example.org"], "from")) == ["other"]
    assert found(read.has_words("garden budget")) == ["Budget 2026"] and found(read.has_words("garden zebra")) == []
    assert found(read.has_words("预算表")) == ["预算"] and found(read.is_about("budget")) == ["Budget 2026"]
    day = 24 * 3600
    assert found(read.is_between(place.now - 12 * day, place.now - 5 * day)) == ["other"]
