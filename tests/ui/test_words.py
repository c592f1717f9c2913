"""Numbers, sizes, ages and paths in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.places import Place
from llmos_cli.ui.names import Names
from llmos_cli.ui.words import age, bare, iso, joined, number, plural, size

DAY = 86400


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (10_240, "10 KB"),
        (1024 * 1024 - 1, "1 MB"),
        (35_651_584, "34 MB"),
        (3_435_973_836, "3.2 GB"),
        (-1536, "-1.5 KB"),
        (2**90, "1,024 YB"),
    ],
)
def test_size(count: int, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (3 * DAY, "3 days ago"),
        (15 * DAY, "2 weeks ago"),
        (90 * DAY, "3 months ago"),
        (800 * DAY, "2 years ago"),
        (-7200, "in 2 hours"),
    ],
)
def test_age(seconds: float, said: str) -> None:
    assert age(1e9, 1e9 - seconds) == said


def test_numbers() -> None:
    assert (number(1204), number(0.1 + 0.2), number(3.0), number(-0.0)) == ("1,204", "0.3", "3", "0")
    assert (bare(1572864), bare(0.1 + 0.2), bare(3.0), bare(1e300)) == ("1572864", "0.3", "3", "1e+300")
    assert (plural(1, "file"), plural(1204, "file"), plural(0, "file")) == ("1 file", "1,204 files", "0 files")
    assert [joined(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_times() -> None:
    assert iso(1_800_000_000.7) == "2027-01-15T08:00:00Z"
    assert iso(-1) == "1969-12-31T23:59:59Z"
    assert iso(1e18) is None
    assert iso(float("nan")) is None


@pytest.mark.parametrize("path", ["/h/u", "/h/u/a", "/h/u/w", "/h/u/w/a/b", "/h/u/wide/x", "/etc/passwd", "/h", "/"])
@pytest.mark.parametrize("cwd", ["/h/u/w", "/h/u", "/"])
def test_short_paths_are_those_of_place(path: str, cwd: str) -> None:
    assert Names(cwd, "/h/u").short(path) == Place(Path(cwd), Path("/h/u"), 0).short(path)


def test_paths_for_programs() -> None:
    names = Names("/h/u/w", "/h/u")
    assert names.usable("/h/u/w/a") == "a"
    assert names.usable("/h/u/w/-rf") == "./-rf"
    assert names.usable("/h/u/b") == "/h/u/b"
    assert names.usable("/h/u/w") == "."


def test_names_that_look_like_words_of_ours_are_quoted() -> None:
    names = Names("/w", "/h")
    assert names.shown("/w/a b.pdf") == "a b.pdf"
    assert names.shown("/w/a → b") == '"a → b"'
    assert names.folder("/w/a  b") == '"a  b/"'
    assert names.shown("/w/x (replaces what is there)") == '"x (replaces what is there)"'
