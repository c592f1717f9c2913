"""What policy says of mail: drafts are like other files of the person's, what is sent is asked about whatever else is allowed."""

import pytest

from llmos_cli.effects import Decision, Mail, Send, Write
from llmos_cli.policy.judge import judge

DATA = b"To: ana@example.org\n\nhi\n"


@pytest.fixture
def judged(tmp_path):
    home, data = tmp_path / "home", tmp_path / "llmos/data"
    (home / ".ssh").mkdir(parents=True), data.mkdir(parents=True)

    def judged(kind, where="mail/drafts/cur/1", trusted=(), tool="", **fields):
        effect = kind(str(data / where), DATA, **fields)
        verdict = judge([effect], home=home, cwd=home, trusted=trusted, trusted_tool=tool, own=(data.parent / "state", data))
        return verdict.decision, verdict.rule, verdict.loud

    return judged, home


def test_a_draft_is_asked_about_and_allowed_where_all_is(judged):
    judged, home = judged
    assert judged(Mail) == (Decision.ASK, "own files", False)
    assert judged(Mail, trusted=[home.parent]) == (Decision.ALLOW, "trusted folder", False)


def test_sending_is_asked_about_always(judged):
    judged, home = judged
    for allowed in ({}, {"trusted": [home.parent]}, {"tool": "mail.send"}):
        assert judged(Send, "mail/outbox/cur/1", **allowed) == (Decision.ASK, "mail is sent", True)


def test_mail_gives_no_way_to_other_files(judged):
    judged, home = judged
    for where in ("memory.db", "vault/x", "mail", "mail/../memory.db", "../state/journal.db"):
        expected = (Decision.DENY, "llmos's own files", True)
        assert where == "mail" or judged(Mail, where) == expected, where
    assert judged(Mail, sources=(str(home / ".ssh/id_ed25519"),))[1] == "keys and start-up files"
    assert judged(Send, sources=(str(home / ".ssh/id_ed25519"),))[1] == "keys and start-up files"
    assert judged(Mail, sources=("/mnt/other/x.pdf",))[1] == "outside"


def test_what_is_no_mail_may_not_write_into_the_mailboxes(judged):
    judged, _ = judged
    assert judged(Write)[1] == "llmos's own files"
