"""The mail tools: what flows in and out of them, and the sentences where something is missing."""

import mailbox
import os
from dataclasses import replace

import pytest

from llmos_cli.effects import Mail, Send
from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.places import Forgetful
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Table, Text


class Knows(Forgetful):
    def address_of(self, name):
        return {"bo": "bo@example.org", "jörg": "Jörg <j@example.org>", "my sister": "Ana <ana@example.org>"}.get(name.lower())


@pytest.fixture
def place(place, tmp_path):
    return replace(place, mail=tmp_path / "llmos/mail", memory=Knows())


@pytest.fixture
def inbox(place):
    """Three messages: Ana's with a file (newest), Bo's, and one to a list."""
    place.mail.mkdir(parents=True)
    box = mailbox.Maildir(place.mail / "inbox")
    body = "here it is\n--b\nContent-Disposition: attachment; filename=a.pdf\n\n%PDF\n--b--\n"
    pdf = f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{body}"
    for day, sender, subject, rest in (
        (22, "Ana Ruiz <ana@example.org>", "Papers", f"Cc: Bo <bo@example.org>\nReferences: <0@x>\n{pdf}"),
        (20, "Bo <bo@example.org>", "Lunch", "\nfriday?\n"),
        (1, "news@example.net", "News", "To: list@example.net\n\nbuy\n"),
    ):
        to = "" if "To:" in rest else "To: me@example.org\n"
        box.add(f"From: {sender}\nSubject: {subject}\nMessage-ID: <{day}@x>\nDate: {day} Nov 2026 10:00 +0000\n{to}{rest}".encode())
    return box


def text(value):
    return "\n".join(value.lines)


def test_a_list_is_a_table_newest_first(run, inbox):
    table = run("mail.list")
    assert table.columns == ("id", "from", "to", "subject", "date", "unread", "attachments", "size")
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert first | {"id": "", "size": 0} == {
        "id": "", "from": "Ana Ruiz <ana@example.org>", "to": "me@example.org, Bo <bo@example.org>", "subject": "Papers",
        "date": "2026-11-22T10:00:00Z", "unread": "yes", "attachments": "a.pdf", "size": 0,
    }  # fmt: skip
    assert [row[3] for row in table.rows] == ["Papers", "Lunch", "News"]
    assert run("mail.list drafts") == Table(table.columns, ()) and run("mail.list unread=no").rows == ()


def test_rows_that_are_picked_filtered_or_kept_are_still_messages(run, inbox):
    assert text(run("mail.list | pick second | mail.read")).endswith("Subject: Lunch\n\nfriday?")
    assert "Subject: News" in text(run("mail.list | sort by=date | take 1 | mail.read"))
    kept = Table(run("mail.list").columns, tuple(list(row) for row in run("mail.list").rows))  # as memory gives it back
    assert "Subject: Lunch" in text(run("pick second | mail.read", kept))
    assert "Attached: a.pdf (4 bytes)\n\nhere it is" in text(run("mail.search from=ana | mail.read"))
    assert text(run("mail.read")) == text(run("mail.list | take 1 | mail.read"))


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ("mail.search from=bo", ["Lunch"]),
        ("mail.search to=bo", ["Papers"]),
        ('mail.search from="my sister"', ["Papers"]),
        ("mail.search friday", ["Lunch"]),
        ("mail.search subject=news", ["News"]),
        ("mail.search newer=2d", ["Papers"]),
        ("mail.search older=2026-11-10", ["News"]),
        ("mail.search during=2026-11-20", ["Lunch"]),
        ("mail.search attached=yes", ["Papers"]),
        ("mail.search unread=yes from=ana", ["Papers"]),
        ("mail.search a.pdf", ["Papers"]),
        ("mail.search zebra", []),
    ],
)
def test_searching(run, inbox, plan, found):
    assert [row[3] for row in run(plan).rows] == found


def test_a_draft_with_files_or_text_from_the_pipe(run, make, frozen, place):
    make("a.pdf", b"%PDF-a"), make("b b.pdf", b"%PDF-b"), make("notes.txt", "one\ntwo")
    frozen()
    (effect,) = run("find ext=pdf | mail.draft to=ana@example.org,bo cc=jörg subject=Papers body=hi attach=notes.txt")
    assert type(effect) is Mail and effect.path.startswith(str(place.mail / "drafts/cur"))
    assert effect.to == ("ana@example.org", "bo@example.org") and effect.cc == ("Jörg <j@example.org>",)
    assert effect.attachments == (("a.pdf", 6), ("b b.pdf", 6), ("notes.txt", 7)) and (effect.subject, effect.text) == ("Papers", "hi")
    assert effect.sources == tuple(str(place.cwd / name) for name in ("a.pdf", "b b.pdf", "notes.txt"))
    (effect,) = run("read notes.txt | mail.draft to=ana@example.org")
    assert effect.text == "one\ntwo" and effect.attachments == ()


def test_the_text_is_kept_as_it_was_said(run):
    for said in ("grüße 你好\n\n.\nFrom here\n> quoted  \n\ttab", "x" * 5000, "=3D =?utf-8?q?x?=", "a\\b"):
        (effect,) = run("mail.draft to=ana@example.org", Text(tuple(said.split("\n"))))
        assert effect.text == said


def test_an_answer_quotes_and_is_threaded(run, inbox):
    (effect,) = run('mail.search from=ana | mail.reply "thank you"')
    assert (effect.to, effect.cc, effect.subject) == (("Ana Ruiz <ana@example.org>",), (), "Re: Papers")
    assert effect.text == "thank you\n\nOn 2026-11-22, Ana Ruiz <ana@example.org> wrote:\n> here it is"
    assert b"\nIn-Reply-To: <22@x>\n" in effect.data and b"\nReferences: <0@x>\n <22@x>\n" in effect.data and effect.attachments == ()
    (all,) = run("mail.list | take 1 | mail.reply all=yes")
    assert all.cc == ("me@example.org", "Bo <bo@example.org>")
    inbox.add(b"From: x@x.org\nReply-To: Y <y@x.org>\nSubject: RE: again\nDelivered-To: me@x.org\nTo: me@x.org, z@x.org\n\n")
    (newest,) = run("mail.reply all=yes")
    assert (newest.to, newest.cc, newest.subject) == (("Y <y@x.org>",), ("z@x.org",), "RE: again")


def keep(effect):
    """As the applier does."""
    os.makedirs(os.path.dirname(effect.path), exist_ok=True)
    with open(effect.path, "wb") as file:
        file.write(effect.data)
    if effect.replaces:
        os.unlink(effect.replaces)


def test_files_are_put_on_the_newest_draft(run, make, place):
    with pytest.raises(NotFound, match="there is no draft"):
        make("a.txt", "a")
        run("mail.attach a.txt")
    keep(run("mail.draft to=ana@example.org subject=Papers body=grüße")[0])
    (once,) = run("mail.attach a.txt")
    keep(once)
    (twice,) = run("find name=a.txt | mail.attach")
    assert twice.attachments == (("a.txt", 1), ("a.txt", 1)) and (twice.text, twice.to) == ("grüße", ("ana@example.org",))
    assert twice.replaces == once.path and twice.sources == (str(place.cwd / "a.txt"),)


def test_sending_drafts_and_at_once(run, make, place):
    keep(run("mail.draft to=ana@example.org subject=one")[0])
    os.utime(run("mail.list drafts | mail.read") and next((place.mail / "drafts/cur").iterdir()))
    (effect,) = run("mail.send")
    assert type(effect) is Send and "/outbox/cur/" in effect.path and "/drafts/cur/" in effect.replaces and effect.subject == "one"
    keep(run("mail.draft to=bo subject=two")[0])
    assert sorted(one.subject for one in run("mail.list drafts | mail.send")) == ["one", "two"]
    draft = next(path for path in (place.mail / "drafts/cur").iterdir() if b"two" in path.read_bytes())
    assert [one.subject for one in run("mail.send", Files.at([str(draft)]))] == ["two"]
    make("a.pdf", b"%PDF")
    (effect,) = run('find ext=pdf | mail.send to=ana@example.org subject="at once"')
    assert effect.replaces == "" and effect.attachments == (("a.pdf", 4),)


@pytest.mark.parametrize(
    ("plan", "error", "said"),
    [
        ("mail.draft", NotUnderstood, "Who is the mail to"),
        ("mail.draft to=carl", NotUnderstood, "What is the mail address of carl"),
        ('mail.draft to="aunt carla"', NotUnderstood, "What is the mail address of aunt carla"),
        ("mail.send to=carl", NotUnderstood, "What is the mail address of carl"),
        ("mail.send subject=hi", NotUnderstood, "Who should get the mail"),
        ("find ext=txt | mail.send", NotUnderstood, "Who should get the mail"),
        ("mail.send", NotFound, "there is no draft"),
        ("mail.send to=ana@", LlmosError, "not a mail address"),
        ('mail.send to="ana@x.org bo@x.org"', LlmosError, "not a mail address"),
        ("mail.send to=ana@-x-.org", LlmosError, "not a mail address"),
        ("mail.draft to=bo attach=sub", LlmosError, "sub is a folder"),
        ("find ext=nothing | mail.draft to=bo", NotFound, "no file matches"),
        ("read notes.txt | mail.draft to=bo body=hi", LlmosError, "said too"),
        ("mail.list | mail.send", LlmosError, "only drafts can be sent"),
        ("mail.list | mail.reply", LlmosError, "a reply answers one message, and these are 3"),
        ("mail.search zebra | mail.read", NotFound, "no message matches"),
        ("disks | mail.read", LlmosError, "no messages in it"),
        ("mail.list in=notes.txt", LlmosError, "not a mailbox"),
        ("mail.list in=nowhere.mbox", LlmosError, "there is no"),
        ("mail.attach sub", LlmosError, "sub is a folder"),
    ],
)
def test_what_is_missing_is_asked_for(run, make, inbox, plan, error, said):
    make("notes.txt", "x"), make("sub/b.md", "y")
    with pytest.raises(error, match=said):
        run(plan)


def test_too_much_is_refused_before_it_is_read(run, make, monkeypatch, place):
    path = make("big.iso")
    os.truncate(path, 1 << 40)
    with pytest.raises(LlmosError, match="at most 50 MB"):
        run("mail.draft to=bo attach=big.iso")
    os.mkfifo(place.cwd / "pipe")
    with pytest.raises(LlmosError, match="no file that can be attached"):
        run("mail.draft to=bo attach=pipe")
    with pytest.raises(LlmosError, match="at most 1000 characters"):
        run(f"mail.draft to=bo subject={'x' * 1001}")


def test_mail_is_from_whom_the_person_says(run, place, inbox):
    place = replace(place, me="Robin Hale <me@example.org>")
    (effect,) = TOOLS["mail.draft"].run(given=None, place=place, to=("bo@example.org",), body="hello")
    assert b"\nFrom: Robin Hale\n <me@example.org>\n" in b"\n" + effect.data
    (effect,) = TOOLS["mail.reply"].run(given=None, place=place, body="yes", all=True)
    assert effect.to == ("Ana Ruiz <ana@example.org>",) and effect.cc == ("Bo <bo@example.org>",)
    for me in ("nobody", "a@b@c", "Robin <robin>"):
        with pytest.raises(LlmosError, match="mail.from is .*, which is no mail address"):
            TOOLS["mail.draft"].run(given=None, place=replace(place, me=me), to=("bo@example.org",), body="hello")
