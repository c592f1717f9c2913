"""Requests about mail, end to end on real mailboxes and files: `scenario.jsonl`, checked by answers and by what lies in the mailboxes.

Each row has the words of a person, the plan that they mean, plans that were run `first`, and what must be so afterwards. Here the plans
are run; with the bundled planner the words are, once it knows these tools.
"""

from __future__ import annotations

import io
import json
import mailbox
import os
from pathlib import Path
from typing import Any

import pytest

from llmos_cli.events import Answered
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.mail import boxes, mime, read
from llmos_cli.mail import headers as head
from llmos_cli.values import Number, Table, Text

ROWS = [json.loads(line) for line in (Path(__file__).parent / "scenario.jsonl").read_text().splitlines()]
NOW = 1795435200.0  # Monday 23 November 2026, noon
INBOX = [  # day, sender, subject, text, read, a file
    (22, "Billing <billing@example.net>", "Invoice October", "please pay", False, "invoice.pdf"),
    (21, "Ana Ruiz <ana@example.org>", "Papers for the review", "here they are", True, "papers.zip"),
    (20, "Bo <bo@example.org>", "Lunch on friday?", "shall we?", False, ""),
    (10, "Ana Ruiz <ana@example.org>", "Garden plans", "within the budget", True, ""),
    (5, "Carl <carl@example.org>", "Budget 2026", "numbers", True, "budget.xlsx"),
    (1, "Welcome <hello@example.net>", "Welcome", "hello", True, ""),
]


def message(day: int, sender: str, subject: str, text: str, file: str) -> bytes:
    heads = f"From: {sender}\nTo: me@example.org\nSubject: {subject}\nMessage-ID: <{day}@x>\nDate: {day} Nov 2026 10:00 +0000\n"
    heads += "Cc: Ana Ruiz <ana@example.org>\n" if sender.startswith("Bo") else ""
    if not file:
        return f"{heads}\n{text}\n".encode()
    part = f"--b\nContent-Disposition: attachment; filename={file}\n\ndata\n--b--\n"
    return f"{heads}Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n{part}".encode()


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return kernel_in(tmp_path)


def kernel_in(tmp_path: Path) -> Kernel:
    """One with a home of files, an inbox and an archive, on a Monday noon."""
    home = tmp_path / "home"
    for name in ("report.pdf", "notes.txt", "Downloads/a.pdf", "Downloads/b.pdf", "Downloads/c.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    (tmp_path / "llmos/data/mail").mkdir(parents=True, mode=0o700)
    inbox = mailbox.Maildir(tmp_path / "llmos/data/mail/inbox")
    for day, sender, subject, text, seen, file in INBOX:
        one = mailbox.MaildirMessage(message(day, sender, subject, text, file))
        one.set_subdir("cur" if seen else "new")
        one.set_flags("S" * seen)
        inbox.add(one)
    (home / "Mail").mkdir()
    archive = mailbox.mbox(home / "Mail/archive.mbox")
    for i in range(6):
        archive.add(f"From: old@example.org\nSubject: old {i}\nDate: {i + 1} Jan 2020 10:00 +0000\n\n{'compost' * (i == 3)}\n".encode())
    archive.flush()
    env = {"HOME": str(home), "LLMOS_HOME": str(tmp_path / "llmos"), "PATH": os.environ["PATH"]}
    return Kernel(Host(io.StringIO(), io.StringIO(), io.StringIO(), home, env, clock=lambda: NOW))


def run(kernel: Kernel, request: str, typed: bool, go_on: bool = False) -> Any:
    """The last answer; everything is approved."""
    found = None
    for event in kernel.turn(request, lambda effects, verdict: True, Options(go_on=go_on), typed=typed):
        if isinstance(event, Answered):
            found = event.value.held()
    return found


def stored(kernel: Kernel, box: str) -> list[dict[str, Any]]:
    """What lies in a mailbox of llmos's own, newest first."""
    found = []
    for letter in boxes.chosen(boxes.open_box(box, kernel.host.place())):
        headers, leaves = letter.headers(), mime.parts(letter.raw())
        people = {name: [address for _, address in head.people(headers.get(name, ()))] for name in ("to", "cc")}
        files = [mime.name_of(part) for part in mime.attached(leaves)]
        found.append({**people, "subject": read.subject(headers), "files": files, "text": mime.text_of(leaves)})
    return found


def what_is_wrong(kernel: Kernel, row: dict[str, Any], answer: Any) -> str:
    """'' where all is as the row says."""
    if "rows" in row and not (isinstance(answer, Table) and [line[3] for line in answer.rows] == row["rows"]):
        return f"shown: {answer}"
    if "cells" in row and not (isinstance(answer, Table) and [list(line) for line in answer.rows][: len(row["cells"])] == row["cells"]):
        return f"shown: {answer}"
    if "number" in row and not (isinstance(answer, Number) and answer.value == row["number"]):
        return f"shown: {answer}"
    if "text" in row and not (isinstance(answer, Text) and all(any(said in line for line in answer.lines) for said in row["text"])):
        return f"shown: {answer}"
    for box in ("drafts", "outbox"):
        wanted, there = row.get(box, []), stored(kernel, box)
        if len(wanted) != len(there) or not all(map(_fits, there, wanted)):
            return f"{box}: {there}"
    return ""


def _fits(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a stored message is as wanted; of its text, the start is said."""
    return all(there[key].startswith(said) if key == "text" else there[key] == said for key, said in wanted.items())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["say"])
def test_the_plan_does_what_the_words_mean(kernel, row):
    for plan in row.get("first", ()):
        run(kernel, plan, typed=True)
    assert what_is_wrong(kernel, row, run(kernel, row["plan"], typed=True)) == ""


@pytest.mark.slow
def test_the_bundled_planner_understands_most_of_them(kernel, tmp_path_factory):
    if "<t:mail.list>" not in kernel.planner.vocabulary:
        pytest.skip("the planner was trained before these tools were there")
    wrong = []
    for i, row in enumerate(ROWS):
        fresh = kernel_in(tmp_path_factory.mktemp(f"row{i}"))
        for plan in row.get("first", ()):
            run(fresh, plan, typed=True)
        if why := what_is_wrong(fresh, row, run(fresh, row["say"], typed=False, go_on=bool(row.get("first")))):
            wrong.append(f"{row['say']}: {why}")
    assert len(ROWS) - len(wrong) >= 0.6 * len(ROWS), "\n".join(wrong)
