"""Mail as a person uses it: processes, a real Maildir and mbox on the disk, the journal, undo."""

import hashlib
import io
import json
import mailbox
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llmos_cli import main
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel

COMMAND = [sys.executable, "-c", "from llmos_cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    """A home with two pdfs, an inbox of two messages, one of them hostile, and an mbox."""
    home = tmp_path / "home"
    (home / "Mail").mkdir(parents=True)
    for name in ("a.pdf", "b.pdf", "notes.txt"):
        (home / name).write_text(f"%PDF {name}")
    (tmp_path / "llmos/data/mail").mkdir(parents=True, mode=0o700)
    inbox = mailbox.Maildir(tmp_path / "llmos/data/mail/inbox")
    inbox.add(
        b"From: Ana <ana@example.org>\nTo: me@example.org\nSubject: Papers\nMessage-ID: <1@x>\nDate: 22 Nov 2026 10:00 +0000\n\nhere\n"
    )
    inbox.add(
        b"From: =?utf-8?q?Eve=1B=5B2J?= <eve@example.net>\nSubject: \x1b]0;owned\x07=?utf-8?q?=0ABcc=3A_x=40x.org?=\n"
        b"Date: 1 Nov 2026 10:00 +0000\nContent-Type: text/html\n\n<p>click\x1b[2J <a href='http://evil.example/'>here</a>\x07\n"
    )
    archive = mailbox.mbox(home / "Mail/archive.mbox")
    for i in range(5):
        archive.add(f"From: bo@example.org\nSubject: old {i}\nDate: {i + 1} Jan 2020 10:00 +0000\n\ntext {i}\n".encode())
    archive.flush()
    return home


def environment(home):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "dumb", "COLUMNS": "100"}
    return env | {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "LLMOS_SESSION": "one", "PWD": str(home)}


def process(home, *args):
    return subprocess.run([*COMMAND, *args], cwd=home, env=environment(home), input=b"", capture_output=True, timeout=60, check=False)


def llmos(home, *args):
    """As `process`, within this one, which is quicker."""
    with pytest.MonkeyPatch.context() as here, open(os.devnull) as nothing:
        here.chdir(home)
        for name, value in environment(home).items():
            here.setenv(name, value)
        here.setattr(sys, "stdin", nothing)
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        here.setattr(sys, "stdout", streams[0])
        here.setattr(sys, "stderr", streams[1])
        code = main.run(args)
    return subprocess.CompletedProcess(args, code, *(stream.buffer.getvalue() for stream in streams))


def run(home, plan, *flags, by=llmos):
    done = by(home, "run", "--json", *flags, plan)
    return json.loads(done.stdout) | {"code": done.returncode}


def tree(home):
    """Names and contents of all mail."""
    folder = home.parent / "llmos/data/mail"
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_list_pick_and_read_over_turns(home):
    said = run(home, "mail.list", by=process)
    at = said["result"]["columns"].index("subject")
    assert [row[at] for row in said["result"]["rows"]] == ["Papers", "]0;owned Bcc: x@x.org"] and said["outcome"] == "done"
    assert run(home, "@last | pick second | mail.read", by=process)["result"]["text"].startswith("From: Eve [2J <eve@example.net>")
    found = run(home, "mail.search old in=~/Mail/archive.mbox")
    assert [row[at] for row in found["result"]["rows"]] == [f"old {i}" for i in (4, 3, 2, 1, 0)]
    assert run(home, "@last | last 1 | mail.read")["result"]["text"].endswith("Subject: old 0\n\ntext 0")


def test_nothing_in_a_mail_reaches_the_terminal(home):
    shown = b""
    for plan in ("mail.list", "mail.list | last 1 | mail.read", "mail.list | last 1 | mail.reply"):
        leader, follower = pty.openpty()
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos")}
        done = subprocess.Popen(
            [*COMMAND, "run", "-n", plan], cwd=home, env={**env, "TERM": "dumb", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
        )  # fmt: skip
        os.close(follower)
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(leader)
        assert done.wait(20) == 0
    assert b"\x1b" not in shown and b"\x07" not in shown and b"here <http://evil.example/>" in shown


def test_a_draft_is_made_sent_and_taken_back_byte_for_byte(home):
    before = tree(home)
    drafted = run(home, 'find ext=pdf | mail.draft to=ana@example.org subject="Papers"', "-y")
    assert drafted["code"] == 0 and drafted["undo"] and len(tree(home)) == len(before) + 1
    (effect,) = drafted["effects"]
    assert effect["op"] == "draft" and effect["attachments"] == [{"name": "a.pdf", "size": 10}, {"name": "b.pdf", "size": 10}]
    with_draft = tree(home)
    folder = home.parent / "llmos/data/mail/drafts"
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert len(mailbox.Maildir(folder, create=False)) == 1, "other programs can read it"
    sent = run(home, "mail.send", "-y")
    assert sent["effects"][0]["op"] == "send" and sent["effects"][0]["to"] == ["ana@example.org"] and sent["effects"][0]["account"] is None
    assert [name.split("/")[0] for name in tree(home) if name not in before] == ["outbox"]
    assert llmos(home, "undo").returncode == 0 and tree(home) == with_draft
    assert llmos(home, "redo").returncode == 0 and llmos(home, "undo").returncode == 0 and tree(home) == with_draft
    assert llmos(home, "undo", drafted["undo"]).returncode == 0
    assert tree(home) == before and not folder.exists()


def test_what_has_left_the_outbox_stays_sent(home):
    assert run(home, "mail.send to=ana@example.org body=hi", "-y")["code"] == 0
    outbox = home.parent / "llmos/data/mail/outbox/cur"
    next(outbox.iterdir()).unlink()
    done = llmos(home, "undo")
    assert done.returncode == 1 and b"is not there any more" in done.stderr


def test_an_answer_and_a_file_put_on_it(home):
    assert run(home, "mail.search from=ana | mail.reply hello", "-y")["code"] == 0
    before = tree(home)
    assert run(home, "mail.attach notes.txt", "-y")["effects"][0]["attachments"] == [{"name": "notes.txt", "size": 14}]
    assert len(tree(home)) == len(before), "the draft is replaced"
    text = run(home, "mail.list drafts | mail.read")["result"]["text"]
    assert "To: Ana <ana@example.org>" in text and "Subject: Re: Papers\nAttached: notes.txt (14 bytes)\n\nhello\n" in text
    assert llmos(home, "undo").returncode == 0 and tree(home) == before


def test_sending_is_shown_and_refused_where_nobody_is_there(home):
    run(home, "mail.draft to=ana@example.org,bo@example.org cc=carl@example.org subject=Papers attach=a.pdf body=hello", "-y")
    before = tree(home)
    done = process(home, "run", "mail.send")
    assert done.returncode == 3 and tree(home) == before
    told = ["To: ana@example.org", "To: bo@example.org", "Cc: carl@example.org", "Subject: Papers", "Attached: a.pdf (10 bytes)", "| hello"]
    assert all(line in done.stderr.decode() for line in told)
    done = llmos(home, "run", "-y", "mail.send")
    assert done.returncode == 0 and b"no mail account is set up" in done.stderr


def test_a_draft_that_is_changed_while_the_question_stands_is_not_sent(home):
    """The check that the applier makes: what was shown is what is sent."""
    run(home, "mail.draft to=ana@example.org subject=Papers", "-y")
    draft = next((home.parent / "llmos/data/mail/drafts/cur").iterdir())
    host = Host(sys.stdin, sys.stdout, sys.stderr, home, {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos")})

    def changed(effects, verdict):
        draft.write_bytes(draft.read_bytes().replace(b"ana@", b"eve@"))
        os.utime(draft, ns=(1, 1))
        return True

    last = list(Kernel(host).turn("mail.send", changed, typed=True))[-1]
    assert last.outcome == "failed" and "changed in the meantime" in last.error.message
    assert draft.exists() and not list((home.parent / "llmos/data/mail").glob("outbox/cur/*"))


def test_who_it_is_to_is_asked(home):
    done = llmos(home, "run", "-y", "mail.send to=bo subject=hi")
    assert done.returncode == 4 and b"What is the mail address of bo?" in done.stderr
