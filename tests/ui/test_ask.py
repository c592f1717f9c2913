"""What is shown before anything is done, and who may say yes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from llmos_cli.effects import (
    Copy,
    Decision,
    Effect,
    Effects,
    Link,
    MakeFolder,
    Move,
    Pack,
    Remove,
    SetMode,
    SetOwner,
    Trash,
    Unpack,
    Verdict,
    Write,
)
from llmos_cli.ui.ask import approve
from tests.ui.fakes import pipe, printed, said, terminal

ALLOW = Verdict(Decision.ALLOW, "trusted folder", "all of it is in folders that you trust")
ASK = Verdict(Decision.ASK, "own files", "files of yours are changed")
LOUD = Verdict(Decision.ASK, "final", "/x would be deleted for ever", loud=True)
DENY = Verdict(Decision.DENY, "system folder", "/etc belongs to the system", loud=True)


def shown(folder: Path, *effects: Effect, verdict: Verdict = ASK, width: int = 80) -> str:
    """The proposal, without the question."""
    host = terminal(folder, width=width)
    assert not approve(host)(effects, verdict)
    assert printed(host) == ""
    return said(host).partition("Do this?")[0]


def moves(work: Path, count: int) -> Effects:
    for i in range(count):
        (work / f"{i:02}.pdf").write_bytes(b"x" * 1024)
    return tuple(Move(f"{work}/{i:02}.pdf", f"{work.parent}/archive/{i:02}.pdf") for i in range(count))


def test_many_moves(work: Path) -> None:
    assert shown(work, *moves(work, 45)) == (
        "Move 45 files (45 KB) into ~/archive\n"
        "  ./ → ~/archive/  45 files     45 KB\n"
        "    00.pdf, 01.pdf, 02.pdf, 03.pdf, 04.pdf, 05.pdf, 06.pdf, 07.pdf … and 37 more\n"
    )
    assert shown(work, *moves(work, 45), width=40) == (
        "Move 45 files (45 KB) into ~/archive\n  ./ → ~/archive/  45 files     45 KB\n    00.pdf, 01.pdf, 02.pdf … and 42 more\n"
    )


def test_many_folders_are_counted(work: Path) -> None:
    effects = []
    for i in range(30):
        (work / f"{i}.txt").write_bytes(b"x" * 100 * i)
        effects.append(Copy(f"{work}/{i}.txt", f"{work}/{i % 10}/{i}.txt"))
    text = shown(work, *effects)
    assert text.startswith("Copy 30 files (42 KB) into 10 folders\n  ./ → 0/  3 files    2.9 KB\n  ./ → 1/  3 files    3.2 KB\n")
    assert text.endswith("  ./ → 7/  3 files      5 KB\n  … and 2 more folders\n")


def test_what_is_replaced_is_counted(work: Path) -> None:
    effects = [Copy(effect.path, effect.result, True) for effect in moves(work, 10)]
    (work.parent / "archive").mkdir()
    (work.parent / "archive/03.pdf").touch()
    assert "10 files, 1 replaced" in shown(work, *effects)


def test_new_names_are_seen_one_by_one(work: Path) -> None:
    renames = [Move(effect.path, f"{work}/x{i}.pdf") for i, effect in enumerate(moves(work, 10))]
    text = shown(work, *renames)
    assert "  00.pdf → x0.pdf      1 KB\n" in text and text.endswith("… and 2 more\n")


def test_everything_is_shown_on_request(work: Path) -> None:
    host = terminal(work, keys="a\ny\n")
    assert approve(host)(moves(work, 12), ASK)
    question = "Do this? [y]es / [n]o / [a]ll (Enter: yes) "
    before, after, rest = said(host).split(question)
    assert "12 files" in before and "11.pdf" not in before
    assert after.count(" → ~/archive/      1 KB\n") == 12
    assert "more" not in after
    assert rest == ""


def test_several_sorts_and_a_warning(work: Path) -> None:
    effects = (
        MakeFolder(f"{work}/new"),
        Move(f"{work}/notes.txt", f"{work}/new/n.txt"),
        Remove(f"{work}/report.pdf"),
        Trash(f"{work}/thesis"),
    )
    assert shown(work, *effects, verdict=LOUD, width=40) == (
        "Make the folder new, move notes.txt (6\n"
        "bytes) to new/n.txt, delete report.pdf\n"
        "(1.5 MB) for ever, move thesis/ (1 KB in\n"
        "2 files) to the trash\n"
        "  delete for ever report.pdf    1.5 MB\n"
        "  make new/\n"
        "  move notes.txt → new/n.txt   6 bytes\n"
        "  trash thesis/                   1 KB\n"
        "! 1 of these cannot be undone.\n"
        "! /x would be deleted for ever\n"
    )


def test_a_line_that_is_too_long_is_broken_and_not_cut(work: Path) -> None:
    long = Move(f"{work}/{'a' * 30}", f"{work}/{'b' * 30}")
    broken = "  " + "a" * 30 + "\n    → " + "b" * 30 + "\n"
    assert shown(work, long, long, width=40) == "Rename 2 items\n" + broken * 2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda w: Move(f"{w}/report.pdf", f"{w}/thesis/report.pdf"), "Move report.pdf (1.5 MB) into thesis\n"),
        (lambda w: Move(f"{w}/report.pdf", f"{w}/r.pdf"), "Rename report.pdf to r.pdf\n"),
        (
            lambda w: Move(f"{w}/report.pdf", f"{w}/notes.txt", True),
            "Rename report.pdf to notes.txt\n  report.pdf → notes.txt (replaces what is there)\n",
        ),
        (lambda w: Copy(f"{w}/thesis", f"{w}/thesis2"), "Copy thesis/ (1 KB in 2 files) to thesis2\n"),
        (lambda w: Trash(f"{w}/latest"), "Move latest to the trash\n"),
        (lambda w: Remove(f"{w}/notes.txt"), "Delete notes.txt (6 bytes) for ever\n! This cannot be undone.\n"),
        (lambda w: MakeFolder(f"{w}/x/y"), "Make the folder x/y\n"),
        (lambda w: Write(f"{w}/new", b"hello\n\x1b[2J"), "Write new (10 bytes)\n  new (10 bytes)\n  + hello\n  + \\x1b[2J\n"),
        (
            lambda w: Write(f"{w}/notes.txt", b"a\nB\nc\nd\n", True),
            "Change notes.txt\n  notes.txt (8 bytes, was 6 bytes)\n  - b\n  + B\n  + d\n",
        ),
        (lambda w: Write(f"{w}/bin", b"\0"), "Write bin (1 byte)\n  bin (1 byte)\n"),
        (lambda w: Link(f"{w}/l", "thesis"), "Make the link l\n  l -> thesis\n"),
        (lambda w: SetOwner(f"{w}/notes.txt", 987654), "Set the owner of notes.txt to 987654\n  notes.txt → 987654\n"),
        (
            lambda w: Pack(f"{w}/x.zip", ((f"{w}/thesis", "thesis"), (f"{w}/notes.txt", "n")), "zip"),
            "Pack 1 file and 1 folder (1 KB in 3 files) into x.zip\n  x.zip\n  thesis/\n  notes.txt → n\n",
        ),
        (lambda w: Unpack(f"{w}/x.zip", f"{w}/out", ("a", "b/c")), "Unpack x.zip (2 items) into out\n  x.zip → out/\n  out/a\n  out/b/c\n"),
    ],
)
def test_each_effect(work: Path, make: type[Effect], text: str) -> None:
    assert shown(work, make(str(work))) == text


def test_permissions(work: Path) -> None:
    (work / "notes.txt").chmod(0o644)
    assert shown(work, SetMode(f"{work}/notes.txt", 0o755)) == (
        "Set the permissions of notes.txt to rwxr-xr-x (755)\n  notes.txt rw-r--r-- → rwxr-xr-x (755)\n"
    )


def test_an_effect_without_words_of_its_own_is_shown_whole(work: Path) -> None:
    @dataclass(frozen=True)
    class Launch(Effect):
        op: ClassVar[str] = "launch"
        to: str
        subject: str

    assert shown(work, Launch("draft", "ana@example.org", "hi\x1b")) == "Launch draft\n  draft to=ana@example.org subject=hi\\x1b\n"


def test_a_long_change_is_counted(work: Path) -> None:
    text = shown(work, Write(f"{work}/new", b"\n".join(b"%d" % i for i in range(100))))
    assert text.endswith("  + 6\n  … and 93 more lines\n")


def test_a_large_change_is_compared_quickly(work: Path) -> None:
    old = "".join(f"{i % 7}\n" for i in range(50_000))
    (work / "big").write_text(old)
    assert shown(work, Write(f"{work}/big", old.encode() + b"end\n", True)).endswith("  + end\n")
    shown(work, Write(f"{work}/big", old.replace("3", "x").encode(), True))


@pytest.mark.parametrize(
    ("keys", "verdict", "answer"),
    [
        ("y\n", ASK, True),
        ("YES\n", LOUD, True),
        ("n\n", ASK, False),
        ("\n", ASK, True),
        ("\n", LOUD, False),
        ("", ASK, False),
        ("what\n\n", ASK, True),
        ("what\n", ASK, False),
        ("a\nn\n", ASK, False),
    ],
)
def test_keys(work: Path, keys: str, verdict: Verdict, answer: bool) -> None:
    assert approve(terminal(work, keys=keys))((Trash(f"{work}/notes.txt"),), verdict) is answer


def test_the_question_says_what_enter_means(work: Path) -> None:
    for verdict, default in ((ASK, "yes"), (LOUD, "no")):
        host = terminal(work)
        approve(host)((Trash(f"{work}/notes.txt"),), verdict)
        assert f"Do this? [y]es / [n]o (Enter: {default}) " in said(host)


@pytest.mark.parametrize(
    ("verdict", "all_yes", "dry_run", "answer", "words"),
    [
        (ALLOW, False, False, True, ""),
        (ALLOW, True, False, True, ""),
        (ASK, True, False, True, ""),
        (LOUD, True, False, True, ""),
        (DENY, True, False, False, "This is not allowed, and was not done.\n"),
        (DENY, False, False, False, "This is not allowed, and was not done.\n"),
        (ASK, False, False, False, "Nobody is here to approve this, so it was not done. `--yes` does it without asking.\n"),
        (ALLOW, False, True, False, "A dry run: this was not done.\n"),
        (ASK, True, True, False, "A dry run: this was not done.\n"),
    ],
)
def test_nobody_there(work: Path, verdict: Verdict, all_yes: bool, dry_run: bool, answer: bool, words: str) -> None:
    host = pipe(work)
    assert approve(host, all_yes, dry_run)((Trash(f"{work}/notes.txt"),), verdict) is answer
    assert said(host).endswith(words)
    assert bool(said(host)) == bool(words)
    assert not words or said(host).startswith("Move notes.txt (6 bytes) to the trash\n")


def test_a_reason_is_only_said_where_it_is_loud(work: Path) -> None:
    assert "files of yours" not in shown(work, Trash(f"{work}/notes.txt"))
    assert "! /x would be deleted for ever\n" in shown(work, Trash(f"{work}/notes.txt"), verdict=LOUD)
