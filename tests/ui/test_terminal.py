"""What a person sees of answers, at 80 and at 40 columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.events import Answered
from llmos_cli.ui.show import Show
from llmos_cli.values import Cell, Entry, Files, Number, Table, Text, Value
from tests.ui.fakes import harm, printed, said, terminal

NAMES = ("report.pdf", "notes.txt", "thesis", "latest", "../outside.csv", "gone")


def seen(folder: Path, value: Value, width: int = 80) -> str:
    host = terminal(folder, width=width)
    Show(host).event(Answered(value))
    assert said(host) == ""
    return printed(host)


def files(work: Path) -> Files:
    return Files.at([str(work / name) if not name.startswith("../") else str(work.parent / name[3:]) for name in NAMES])


def test_files(work: Path) -> None:
    assert seen(work, files(work)) == (
        "report.pdf               1.5 MB  3 days ago\n"
        "notes.txt               6 bytes  13 months ago\n"
        "thesis/                          2 weeks ago\n"
        "latest -> thesis/a.tex           1 minute ago\n"
        "~/outside.csv             34 MB  just now\n"
        "gone\n"
    )


def test_files_in_a_narrow_terminal(work: Path) -> None:
    assert seen(work, files(work), 40) == (
        "report.pdf               1.5 MB\n"
        "notes.txt               6 bytes\n"
        "thesis/\n"
        "latest -> thesis/a.tex\n"
        "~/outside.csv             34 MB\n"
        "gone\n"
    )


def test_a_long_name_is_never_cut(work: Path) -> None:
    long = "n" * 50 + ".txt"
    (work / long).write_bytes(b"12345")
    found = seen(work, Files.at([str(work / "report.pdf"), str(work / long)]), 40)
    assert found == f"report.pdf   1.5 MB\n{long}\n            5 bytes\n"


def test_wide_letters_are_aligned(work: Path) -> None:
    (work / "报告.txt").write_bytes(b"1")
    (work / "b.txt").write_bytes(b"22")
    found = seen(work, Files.at([str(work / "报告.txt"), str(work / "b.txt")]), 40)
    assert found == "报告.txt   1 byte\nb.txt     2 bytes\n"


TABLE: list[list[Cell]] = [["/etc/fstab", "link", 1536, 2027, 0.5, None], ["sum", "x", 10, 7, 12.25, "-"]]
HEADS = ("path", "type", "size", "year", "share", "note")


def test_a_table(work: Path) -> None:
    assert seen(work, Table(HEADS, iter(TABLE))) == (
        "path        type      size  year  share  note\n"
        "/etc/fstab  link    1.5 KB  2027    0.5\n"
        "sum         x     10 bytes     7  12.25  -\n"
    )


def test_a_table_that_is_too_wide_becomes_records(work: Path) -> None:
    assert seen(work, Table(HEADS, iter(TABLE)), 40) == (
        "path   /etc/fstab\ntype   link\nsize   1.5 KB\nyear   2027\nshare  0.5\nnote   \n"
        "\npath   sum\ntype   x\nsize   10 bytes\nyear   7\nshare  12.25\nnote   -\n"
    )


def test_disks_have_sizes_in_all_their_columns(work: Path) -> None:
    table = Table(("path", "size", "used", "free"), [["/", 2**40, 2**30, 2**39]])
    assert seen(work, table, 40) == "path  size  used    free\n/     1 TB  1 GB  512 GB\n"


def test_lines_found_in_files(work: Path) -> None:
    table = Table(("path", "line", "text"), [[f"{work}/notes.txt", 12, "\tTODO: x\x1b[2J"], [f"{work}/a b", 3, ""]])
    assert seen(work, table) == "notes.txt:12:     TODO: x\\x1b[2J\na b:3: \n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Number(1572864, "bytes"), "1.5 MB (1,572,864 bytes)\n"),
        (Number(512, "bytes"), "512 bytes\n"),
        (Number(1204), "1,204\n"),
        (Number(2.5), "2.5\n"),
        (Text(["a", "\tb\r", "c\x9b"]), "a\n\tb\nc\\x9b\n"),
    ],
)
def test_text_and_numbers(work: Path, value: Value, text: str) -> None:
    assert seen(work, value) == text


def test_nothing_is_said_to_be_nothing(work: Path) -> None:
    host = terminal(work)
    for value in (Files(()), Table(("a",), ()), Text(())):
        Show(host).value(value)
    assert printed(host) == ""
    assert said(host) == "Nothing found.\nNothing found.\n(empty)\n"


def test_colour_is_only_around_the_same_text(work: Path) -> None:
    plain, coloured = terminal(work), terminal(work, colour=True)
    for host in (plain, coloured):
        for value in (files(work), Table(HEADS, TABLE), Table(("path", "line", "text"), [["/a", 1, "b"]])):
            Show(host).value(value)
    assert "\x1b[1;34mthesis/\x1b[0m" in printed(coloured)
    assert not harm(printed(coloured))
    text = printed(coloured)
    for code in ("0", "2", "1;34", "36"):
        text = text.replace(f"\x1b[{code}m", "")
    assert text == printed(plain)


def test_a_list_is_shown_in_blocks_and_not_held(work: Path) -> None:
    host = terminal(work)
    taken = ahead = 0

    def entries() -> Iterator[Entry]:
        nonlocal taken, ahead
        for taken in range(1, 20_001):
            ahead = max(ahead, taken - printed(host).count("\n") if taken < 1000 or taken % 100 == 0 else 0)
            yield Entry(f"{work}/{taken:06}")

    Show(host).event(Answered(Files(entries())))
    assert printed(host).count("\n") == 20_000
    assert ahead <= 201


def test_what_comes_slowly_is_shown_as_it_comes(work: Path) -> None:
    host = terminal(work)
    now = 0.0
    object.__setattr__(host, "clock", lambda: now)

    def entries() -> Iterator[Entry]:
        nonlocal now
        for i in range(5):
            assert printed(host).count("\n") == i
            now += 2
            yield Entry(f"{work}/{i}")

    Show(host).event(Answered(Files(entries())))
    assert printed(host).count("\n") == 5


def test_numbers_stand_before_files_and_say_what_they_mean(work: Path) -> None:
    host = terminal(work)
    show = Show(host, numbered=True)
    show.value(files(work))
    assert printed(host).startswith("  1  report.pdf               1.5 MB  3 days ago\n  2  notes.txt ")
    assert show.listed == [entry.path for entry in files(work).items]
    for table in (Table(("size", "path"), [[3, "/a/b"], [4, "/c"]]), Table(("path", "line", "text"), [["/a/b", 1, "x"], ["/c", 2, "y"]])):
        show.value(table)
        assert show.listed == ["/a/b", "/c"]
    assert printed(host).endswith("  1  /a/b:1: x\n  2  /c:2: y\n")
    show.value(Table(("ext", "count"), [["pdf", 1]]))
    assert show.listed == []


def test_numbers_of_records_and_of_long_names(work: Path) -> None:
    host = terminal(work, width=40)
    show = Show(host, numbered=True)
    show.value(Files.at([str(work / "report.pdf"), str(work / ("n" * 50))]))
    show.value(Table(HEADS, TABLE))
    assert printed(host).startswith(f"  1  report.pdf  1.5 MB\n  2  {'n' * 50}\n")
    assert "1\npath   /etc/fstab\n" in printed(host) and "\n2\npath   sum\n" in printed(host)


def test_read_out(work: Path) -> None:
    """For a screen reader: phrases, one a line, with nothing to align."""
    host = terminal(work)
    object.__setattr__(host, "env", {**host.env, "LLMOS_PLAIN": "1"})
    show = Show(host, numbered=True)
    show.value(Files.at([str(work / "report.pdf"), str(work / "thesis")]))
    show.value(Table(("ext", "count"), [["pdf", 2]]))
    show.value(Table(("path", "size", "used", "free"), [["/", 2048, 1024, 1024]]))
    show.value(Table(FOUND, [[str(work / "notes.txt"), 3, "c\x1b"]]))
    assert printed(host) == (
        "1. report.pdf, 1.5 MB, 3 days ago\n2. thesis/, 2 weeks ago\npdf, 2\n"
        "1. path /, size 2 KB, used 1 KB, free 1 KB\n1. notes.txt, line 3: c\\x1b\n"
    )


FOUND = ("path", "line", "text")
