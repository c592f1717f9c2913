"""A mailbox at the terminal, and mail before it is sent."""

import pytest

from llmos_cli.effects import Decision, Mail, Send, Verdict
from llmos_cli.mail.read import COLUMNS
from llmos_cli.ui import letters
from llmos_cli.ui.cells import width
from llmos_cli.ui.names import Names
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.proposal import Proposal

NOW = 1795435200.0
ROW = (
    "inbox#1a",
    "Ana Ruiz <ana@example.org>",
    "me@example.org",
    "Papers for the review",
    "2026-11-22T12:00:00Z",
    "yes",
    "a.pdf, b.pdf",
    9000,
)


def proposal(*effects, columns=80):
    verdict = Verdict(Decision.ASK, "mail is sent", "once a mail has left, it cannot be taken back", True)
    return Proposal(effects, verdict, Names("/home/ana", "/home/ana"), Paint(False), columns)


def send(n=1, **more):
    to = tuple(f"p{i}@example.org" for i in range(n))
    return Send("/llmos/outbox/cur/1", b"", to=to, **({"subject": "Papers", "text": "hello"} | more))


def test_the_columns_are_those_of_the_table():
    assert letters.COLUMNS == COLUMNS


def test_a_message_is_one_line():
    assert letters.heading(3, ROW, 80, NOW, Paint(False)) == (
        "  3 * Ana Ruiz              Papers for the review (+2 files)           1 day ago"
    )


@pytest.mark.parametrize("room", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("text", ["x" * 300, "你好" * 90, "\x1b[2J\x07" * 40, "", "a\u202eb"])
def test_it_fits_and_is_harmless_whatever_it_says(room, text):
    line = letters.heading(1, ("inbox#1", f"{text} <a@x>", "", text, "2026-11-22T12:00:00Z", "no", text, 1), room, NOW, Paint(False))
    assert width(line) <= max(room, 40) and line.isprintable()


def test_of_our_own_mail_it_is_said_to_whom_it_goes():
    assert "to me@example.org" in letters.heading(1, ("drafts#1", "", *ROW[2:]), 80, NOW, Paint(False))


def test_every_recipient_and_file_is_shown_before_a_mail_is_sent():
    effect = send(
        30, cc=("Bo <bo@example.org>",), bcc=("\x1b[2Jcarl@example.org",), attachments=tuple((f"{i}.pdf", 2048) for i in range(12))
    )
    lines = list(proposal(effect).lines())
    for i in range(30):
        assert f"  To: p{i}@example.org" in lines
    assert "  Cc: Bo <bo@example.org>" in lines and "  Bcc: \\x1b[2Jcarl@example.org" in lines and "  Subject: Papers" in lines
    assert all(f"  Attached: {i}.pdf (2 KB)" in lines for i in range(12)) and "  | hello" in lines
    assert lines[0].startswith("Send a mail to 32 people") and "\x1b" not in "".join(lines)


def test_a_long_text_is_shown_whole_when_all_is_asked_for():
    one = proposal(send(text="\n".join(f"line {i}" for i in range(50))))
    assert one.hides and "  | line 49" not in one.lines() and "  | line 49" in one.lines(everything=True)


def test_of_several_mails_each_is_shown_with_all_who_get_it():
    lines = list(proposal(*(send(3, subject=f"mail {i}") for i in range(15))).lines())
    assert lines[0] == "Send 15 mails" and sum("Subject: mail" in line for line in lines) == 15
    assert sum("To: p2@example.org" in line for line in lines) == 15 and not any("more" in line for line in lines)


def test_a_draft_says_so():
    draft = Mail("/llmos/drafts/cur/1", b"", to=("ana@example.org",), subject="Papers", attachments=(("a.pdf", 10),))
    assert next(proposal(draft).lines()) == 'Make a draft to ana@example.org, "Papers", with 1 file'
