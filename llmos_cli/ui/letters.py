"""Mail: a mailbox as a person likes to see it, and all that a draft or a mail that is sent says of itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from llmos_cli.effects import Mail, Send
from llmos_cli.ui.cells import cut, pad, width
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe, safe_line
from llmos_cli.ui.words import age, plural, size
from llmos_cli.values import Cell

COLUMNS = ("id", "from", "to", "subject", "date", "unread", "attachments", "size")
NARROW = 60
WAITS = " into the outbox; no mail account is set up, so it waits there"


def heading(n: int, row: Sequence[Cell], room: int, now: float, paint: Paint) -> str:
    """A message on one line: its number, `*` where it is unread, who, what about, its files, its age."""
    cells = dict(zip(COLUMNS, ("" if cell is None else str(cell) for cell in row), strict=False))
    ours = cells["id"].partition("#")[0] in ("drafts", "outbox", "sent") or not cells["from"]
    who = f"to {_names(cells['to'])}" if ours else _names(cells["from"])
    files = f" (+{plural(cells['attachments'].count(', ') + 1, 'file')})" if cells["attachments"] else ""
    when = age(now, _seconds(cells["date"])) if cells["date"] and room >= NARROW else ""
    first = max(10, min(24, room // 4))
    left = room - 6 - first - 2 - width(files) - (width(when) + 2 if when else 0)
    subject = cut(safe(cells["subject"]) or "(no subject)", max(8, left))
    line = f"{n:>3} {'*' if cells['unread'] == 'yes' else ' '} {pad(cut(who, first), first)}  "
    text = paint(subject, "strong") if cells["unread"] == "yes" else subject
    space = " " * max(0, left - width(subject))
    end = f"{space}  {paint(when, 'dim')}" if when else ""
    return f"{line}{text}{paint(files, 'dim')}{end}".rstrip()


def _names(people: str) -> str:
    """`Ana Ruiz, Bo`: the names without the addresses of those who have one."""
    said = [person.partition(" <")[0] if person.partition(" <")[0] else person for person in people.split(", ")]
    return safe(", ".join(said)) or "nobody"


def _seconds(date: str) -> float:
    try:
        return datetime.fromisoformat(date).timestamp()
    except ValueError:
        return time.time()


# ---- effects -----------------------------------------------------------------------------------------------


def what(effects: Sequence[Mail]) -> str:
    """`a mail to ana@example.org: Papers`, `3 mails`."""
    if len(effects) > 1:
        return f"{len(effects)} {'mails' if isinstance(effects[0], Send) else 'drafts'}"
    one = effects[0]
    people = (*one.to, *one.cc, *one.bcc)
    to = ", ".join(map(safe, people)) if len(people) <= 3 else f"{len(people)} people"
    to = to or "nobody yet"
    about = f', "{safe(one.subject)}"' if one.subject else ""
    files = f", with {plural(len(one.attachments), 'file')}" if one.attachments else ""
    return f"{'a mail' if isinstance(one, Send) else 'the draft of a mail' if one.replaces else 'a draft'} to {to}{about}{files}"


def about(effect: Mail) -> Iterator[str]:
    """Everyone who gets it, its subject, its files with their sizes: all of them, always."""
    for label, people in (("To", effect.to), ("Cc", effect.cc), ("Bcc", effect.bcc)):
        yield from (f"{label}: {safe(person)}" for person in people)
    yield f"Subject: {safe(effect.subject) or '(none)'}"
    if effect.by:
        yield f"Text: written by {safe(effect.by)}"
    yield from (f"Attached: {safe(name)} ({size(bytes)})" for name, bytes in effect.attachments)
    if isinstance(effect, Send):
        yield "No mail account is set up: it will wait in the outbox."


def text(effect: Mail) -> Iterator[str]:
    yield from (f"| {safe_line(line)}" for line in effect.text.rstrip("\n").split("\n") if effect.text.strip())
