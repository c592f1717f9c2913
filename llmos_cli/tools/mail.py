"""Mail: reading any Maildir or mbox, and writing into llmos's own: drafts, and the outbox from which nothing leaves yet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from llmos_cli.effects import Effect
from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.literals import During, Literal, PathName, When
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.facts import YES_NO
from llmos_cli.values import Files, Table, Text

if TYPE_CHECKING:
    from llmos_cli.mail.boxes import Box, Letter
    from llmos_cli.mail.write import Words

ADDRESS, TEXT = Literal("address"), Literal("text")
BOX = PathName("path", ("inbox", "drafts", "outbox", "sent"))
Where = Annotated[Path | str, BOX, "one of llmos's own, or a Maildir or mbox on the disk; the inbox if left out"]
To = Annotated[tuple[str, ...], ADDRESS, "who gets it: ana@example.org, or Ana <ana@example.org>"]
Copies = Annotated[tuple[str, ...], ADDRESS, "who gets a copy"]
Subject = Annotated[str, TEXT, "the subject"]
Body = Annotated[str, TEXT, "the text; left out where it comes from the pipe"]
Attach = Annotated[tuple[Path, ...], PathName("path"), "files to attach"]
Unread = Annotated[bool | None, YES_NO, "not read yet"]


@tool(name="mail.list")
def list_(place: Place, in_: Where = "inbox", unread: Unread = None) -> Table:
    """The messages in a mailbox, newest first."""
    from llmos_cli.mail import boxes, read

    return read.table(boxes.chosen(_opened(in_, place), [] if unread is None else [read.is_unread(unread)]))


@tool(name="mail.search", one_of=("words", "in", "from", "to", "subject", "newer", "older", "during", "unread", "attached"))
def search(
    place: Place,
    words: Annotated[str, TEXT, "text anywhere in the message: all of these words"] = "",
    in_: Where = "inbox",
    from_: Annotated[str, ADDRESS, "who wrote it: a name or an address, or the start of one"] = "",
    to: Annotated[str, ADDRESS, "who got it, also as a copy"] = "",
    subject: Annotated[str, TEXT, "words in the subject"] = "",
    newer: Annotated[float | None, When("when"), "since an age or a date"] = None,
    older: Annotated[float | None, When("when"), "before an age or a date"] = None,
    during: Annotated[tuple[float, float] | None, During("period"), "within a day, week, month or year"] = None,
    unread: Unread = None,
    attached: Annotated[bool | None, YES_NO, "with files attached"] = None,
) -> Table:
    """Messages by their text, people, subject or date, newest first."""
    from llmos_cli.mail import boxes, read

    tests = [
        *([read.is_between(newer, older)] if newer is not None or older is not None else ()),
        *([read.is_between(*during)] if during else ()),
        *([read.is_unread(unread)] if unread is not None else ()),
        *([read.is_by(_called(from_, place), "from")] if from_ else ()),
        *([read.is_by(_called(to, place), "to", "cc", "bcc")] if to else ()),
        *([read.is_about(subject)] if subject else ()),
        *([read.has_files(attached)] if attached is not None else ()),
        *([read.has_words(words)] if words else ()),
    ]  # what costs least first
    return read.table(boxes.chosen(_opened(in_, place), tests))


@tool(name="mail.read")
def read(given: Table | None, place: Place) -> Text:
    """The text of messages; standing first, of the newest one in the inbox."""
    from llmos_cli.mail import read

    letters = [_newest(place)] if given is None else _letters(given, place)
    return Text(line for i, letter in enumerate(letters) for line in (*([""] * (i > 0)), *read.text(letter)))


@tool(name="mail.draft")
def draft(
    given: Files | Text | None, place: Place, to: To = (), cc: Copies = (), subject: Subject = "", body: Body = "", attach: Attach = ()
) -> tuple[Effect, ...]:
    """Write a mail and keep it as a draft; files from the pipe are attached, text from the pipe is its body."""
    from llmos_cli.mail import drafts

    if given is None and not (to or cc or subject or body or attach):
        raise NotUnderstood("Who is the mail to, and what should it say?", hint='mail.draft to=ana@example.org subject="Papers"')
    return (drafts.keep(_words(given, place, to, cc, subject, body, attach), place),)


@tool(name="mail.reply")
def reply(
    given: Table | None, place: Place, body: Body = "", all: Annotated[bool, YES_NO, "to everyone who got the message too"] = False
) -> tuple[Effect, ...]:
    """Keep a draft that answers a message; standing first, the newest one in the inbox."""
    from llmos_cli.mail import drafts

    letters = [_newest(place)] if given is None else _letters(given, place)
    if len(letters) != 1:
        raise LlmosError(f"a reply answers one message, and these are {len(letters)}", hint="mail.search from=ana | take 1 | mail.reply")
    return (drafts.answer(letters[0], body, all, place),)


@tool(name="mail.attach", named=True)
def attach(given: Files, place: Place) -> tuple[Effect, ...]:
    """Put files on the newest draft."""
    from llmos_cli.mail import drafts

    found = drafts.files(entry.path for entry in given.items)
    return (drafts.attach(drafts.newest(place), found, place),) if found else ()


@tool(name="mail.send")
def send(
    given: Table | Files | Text | None,
    place: Place,
    to: To = (),
    cc: Copies = (),
    subject: Subject = "",
    body: Body = "",
    attach: Attach = (),
) -> tuple[Effect, ...]:
    """Send a mail that is written here, or drafts: those from the pipe, or the newest one."""
    from llmos_cli.mail import drafts

    given = given.held() if isinstance(given, Files) else given
    said = to or cc or subject or body or attach
    if not said and (kept := _drafts(given, place)) is not None:
        return tuple(drafts.send_draft(letter, place) for letter in kept)
    if isinstance(given, Table):
        raise LlmosError("a draft goes out as it is", hint="leave out the arguments, or write a mail without the table")
    if not to:
        raise NotUnderstood("Who should get the mail?", hint="mail.send to=ana@example.org")
    return (drafts.send(_words(given, place, to, cc, subject, body, attach), place),)


def _opened(where: Path | str, place: Place) -> "Box":
    """The mailbox, whose people are known from now on."""
    from llmos_cli.mail import boxes

    box = boxes.open_box(where, place)
    if isinstance(where, Path):
        place.people.met_in(where)
    return box


def _called(said: str, place: Place) -> tuple[str, ...]:
    """What somebody may be called in a message: as it is said, and by the address that the person asked to be kept."""
    from llmos_cli.mail import headers

    known = place.memory.address_of(said)
    return (said, *(address for _, address in headers.people((known or "",))))


def _newest(place: Place) -> "Letter":
    from llmos_cli.mail import boxes

    found = boxes.chosen(boxes.open_box("inbox", place))
    if not found:
        raise NotFound("the inbox is empty", hint="mail.list in=~/Mail/archive.mbox")
    return found[0]


def _letters(given: Table, place: Place) -> "list[Letter]":
    """The messages that the rows of a table are about. Raises LlmosError where it is about none."""
    from llmos_cli.mail import boxes

    if "id" not in given.columns or given.by:  # what a model has written names no message
        raise LlmosError("this table has no messages in it", hint="mail.list | take 1 | mail.read")
    at = given.columns.index("id")
    found = [boxes.letter_of(str(row[at]), place) for row in given.rows if at < len(row)]
    if not found:
        raise NotFound("no message matches", hint="mail.list shows what is there")
    return found


def _drafts(given: Table | Files | Text | None, place: Place) -> "list[Letter] | None":
    """The drafts that are meant: a table's rows, files that are drafts, or the newest; None for what is no draft. Raises LlmosError."""
    from llmos_cli.mail import drafts

    if given is None:
        return [drafts.newest(place)]
    if isinstance(given, Files):
        found = [drafts.at(entry.path, place) for entry in given.items]
        return [letter for letter in found if letter] if found and all(found) else None
    if isinstance(given, Text):
        return None
    letters = _letters(given, place)
    if wrong := next((letter for letter in letters if letter.box != drafts.DRAFTS), None):
        raise LlmosError(f"only drafts can be sent, and one of these lies in {wrong.box}", hint="mail.list drafts | take 1 | mail.send")
    return letters


def _words(
    given: Files | Text | None, place: Place, to: tuple[str, ...], cc: tuple[str, ...], subject: str, body: str, attach: tuple[Path, ...]
) -> "Words":
    """What is said of a new mail, with the files or the text that come from the pipe. Raises LlmosError."""
    from llmos_cli.mail import drafts
    from llmos_cli.mail.people import recipients
    from llmos_cli.mail.write import Words

    if isinstance(given, Text):
        if body:
            raise LlmosError("the text comes from the pipe here, and is said too", hint="leave one of the two out")
        body = "\n".join(given.lines)
    piped = [entry.path for entry in given.items] if isinstance(given, Files) else []
    if isinstance(given, Files) and not piped:
        raise NotFound("no file matches, so there is nothing to attach")
    look_up, named = place.memory.address_of, place.people.named
    return Words(recipients(to, look_up, named), recipients(cc, look_up, named), subject, body, drafts.files((*piped, *map(str, attach))))
