"""A home with llmos's own mail folders, and letters put into them as a mail program would."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from llmos_cli.mail.boxes import Letter, chosen, open_box
from llmos_cli.places import Place

Deliver = Callable[..., Letter]
DAY = 24 * 3600


@pytest.fixture
def place(place: Place, tmp_path: Path) -> Place:
    return replace(place, mail=tmp_path / "llmos/data/mail")


@pytest.fixture
def deliver(place: Place) -> Deliver:
    """Put a message into one of llmos's own mailboxes: `raw`, or one made of headers and a text; the letter that then lies there."""
    count = 0

    def deliver(raw: bytes = b"", *, box: str = "inbox", text: str = "hello", days: float = 1, **headers: str) -> Letter:
        nonlocal count
        count += 1
        given = {
            "From": "Ana Ruiz <ana@example.org>", "To": "me@example.org", "Subject": "Papers",
            "Date": formatdate(place.now - days * DAY), "Message-ID": f"<{count}@example.org>",
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        made = raw or ("".join(f"{name}: {value}\n" for name, value in given.items()) + f"\n{text}\n").encode()
        (place.mail / box).parent.mkdir(parents=True, exist_ok=True)
        key = mailbox.Maildir(place.mail / box).add(made)
        return next(letter for letter in chosen(open_box(box, place)) if key in letter.path)

    return deliver
