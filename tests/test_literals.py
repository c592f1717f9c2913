import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.literals import Amount, Chars, Choice, During, Ext, Flag, Glob, Literal, Mode, PathName, Size, When, Whole
from llmos_cli.tools import TOOLS

MB = 1024 * 1024
ALL = {param.type for tool in TOOLS.values() for param in tool.params.values()}


@given(st.text(max_size=40), st.sampled_from(sorted(ALL, key=repr)))
def test_the_canonical_text_of_a_canonical_text_is_itself(text, literal):
    try:
        canonical = literal.canon(text)
    except ValueError:
        return
    assert literal.canon(canonical) == canonical or isinstance(literal, Chars)


# ---- numbers and sizes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "canonical"), [("5", "5"), ("five", "5"), ("2nd", "2"), ("a couple of", "2"), ("1,000", "1000"), ("5.0", "5")]
)
def test_whole_numbers(place, said, canonical):
    assert Whole().canon(said) == canonical
    assert Whole().bind(said, place) == int(canonical)


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many", "", "9" * 20, "9" * 5000])
def test_what_is_no_whole_number(text):
    with pytest.raises(ValueError, match="whole number"):
        Whole().canon(text)


@pytest.mark.parametrize(("said", "canonical", "size"), [
    ("10MB", "10MB", 10 * MB), ("ten megs", "10MB", 10 * MB), ("half a gig", "0.5GB", 512 * MB), ("a gigabyte", "1GB", 1024 * MB),
    ("1.5 GiB", "1.5GB", 1536 * MB), ("1,5 GB", "1.5GB", 1536 * MB), ("100 bytes", "100B", 100), ("500k", "500KB", 500 * 1024),
    ("0", "0B", 0), ("1,000", "1000B", 1000), ("1234567 KB", "1234567KB", 1234567 * 1024), ("1.2345678MB", "1.2345678MB", 1294538),
    ("20000000", "20000000B", 20000000), ("10兆", "10MB", 10 * MB), ("a couple of gigs", "2GB", 2048 * MB), ("2TB", "2TB", 2 * MB * MB),
])  # fmt: skip
def test_sizes(place, said, canonical, size):
    assert Size().canon(said) == canonical
    assert Size().bind(canonical, place) == size


@pytest.mark.parametrize("text", ["", "big", "10 parsecs", "-5MB", "MB MB", "9" * 300 + "TB", "1e5MB", "two files"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="10MB"):
        Size().canon(text)


@pytest.mark.parametrize(("said", "value"), [
    ("12.5", 12.5), ("-3", -3), ("$1,200", 1200), ("-$5", -5), ("100 dollars", 100), ("50%", 50), ("five", 5), ("10MB", 10 * MB),
])  # fmt: skip
def test_amounts(place, said, value):
    assert Amount().bind(Amount().canon(said), place) == value


def test_an_amount_is_a_number():
    with pytest.raises(ValueError, match=r"12\.5"):
        Amount().canon("lots")


# ---- times ---------------------------------------------------------------------------------------


def test_when_is_an_age_a_date_or_a_file(place):
    made = place.cwd / "Makefile"
    made.touch()
    os.utime(made, (1000, 1000))
    (place.cwd / "march.txt").touch()
    os.utime(place.cwd / "march.txt", (2000, 2000))
    when = When()
    assert when.canon("two weeks") == "2w" and when.canon("last tuesday") == "last tuesday"
    assert when.bind("2w", place) == place.now - 14 * 86400
    assert when.bind("yesterday", place) == place.now - 36 * 3600
    assert when.bind(when.canon("Makefile"), place) == 1000
    assert when.bind(when.canon("march.txt"), place) == 2000
    assert when.bind(when.canon("./Makefile"), place) == 1000


def test_when_says_what_is_neither(place):
    with pytest.raises(ValueError, match="last tuesday"):
        When().canon("the best of times")
    with pytest.raises(LlmosError, match="no file or folder 'tuesdya'"):
        When().bind("tuesdya", place)


def test_during(place):
    assert During().bind(During().canon("yesterday"), place) == (place.now - 36 * 3600, place.now - 12 * 3600)
    assert During().bind(During().canon("last 2 days"), place) == (place.now - 2 * 86400, place.now)
    with pytest.raises(ValueError):
        During().canon("Makefile")


# ---- endings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "canonical"), [
    ("pdf", "pdf"), (".PDF", "pdf"), ("*.pdf", "pdf"), ("PDFs", "pdf"), ("pdf's", "pdf"), ("python", "py"), ("markdown", "md"),
    ("jpegs", "jpg"), ("tiff", "tif"), ("yml", "yaml"), ("tar.gz", "tar.gz"), ("tgz", "tar.gz"), ("logs", "log"), ("dbs", "db"),
    ("ods", "ods"), (".ejs", "ejs"), ("js", "js"), ("css", "css"), ("opus", "opus"), ("eps", "eps"), ("xls", "xls"), ("odts", "odt"),
    ("class", "class"), ("rss", "rss"), ("kts", "kts"), ("Word", "word"), ("docx", "docx"),
])  # fmt: skip
def test_endings(said, canonical):
    assert Ext().canon(said) == canonical


@pytest.mark.parametrize(("said", "endings"), [
    ("pdf", ("pdf",)), ("jpg", ("jpg", "jpeg")), ("tif", ("tif", "tiff")), ("docx", ("docx",)), ("word", ("docx", "doc")),
    ("tgz", ("tar.gz", "tgz")), ("stls", ("stls", "stl")), ("ods", ("ods",)),
])  # fmt: skip
def test_endings_that_an_ending_stands_for(place, said, endings):
    assert Ext().bind(said, place) == endings


@pytest.mark.parametrize(
    ("said", "ending"), [("tiff", "tiff"), (".JPEG", "jpeg"), ("yml", "yml"), ("markdown", "md"), ("word", "docx"), ("bak", "bak")]
)
def test_an_ending_to_give_is_the_one_that_was_said(place, said, ending):
    assert Ext(exact=True).bind(Ext(exact=True).canon(said), place) == (ending,)


@pytest.mark.parametrize("text", ["", ".", "*.", "a/b", "pdf files"])
def test_what_is_no_ending(text):
    with pytest.raises(ValueError, match="pdf"):
        Ext().canon(text)


# ---- the rest ------------------------------------------------------------------------------------


def test_texts_are_kept_byte_for_byte(place):
    text = "  A“b”\\n\udcff "
    assert Literal().canon(text) == text == Literal().bind(text, place)


def test_characters_by_name():
    assert [Chars().canon(word) for word in ("spaces", "Underscore", "dashes", "tabs", "nothing", "x y", "空格")] == [
        " ",
        "_",
        "-",
        "\t",
        "",
        "x y",
        " ",
    ]


def test_choices_and_flags(place):
    assert Choice("x", ("asc", "desc")).canon("asc") == "asc"
    with pytest.raises(ValueError, match="asc, desc"):
        Choice("x", ("asc", "desc")).canon("up")
    assert Choice("x", ("size",), open=True).canon("Amount") == "Amount"
    assert Flag("flag", ("yes", "no")).bind("yes", place) is True


def test_modes():
    assert [Mode().canon(text) for text in ("755", "0644", "4755", "private")] == ["755", "0644", "4755", "private"]
    for text in ("", "888", "rwx", "77", "77777"):
        with pytest.raises(ValueError, match="644"):
            Mode().canon(text)


def test_names_and_paths(place):
    with pytest.raises(ValueError):
        Glob().canon(" ")
    for text in ("", " ", "a\0b"):
        with pytest.raises(ValueError):
            PathName().canon(text)
    assert PathName().canon("home") == "~" and PathName().canon(" here ") == "."
    assert PathName(new=True, loose=True).bind("b.txt", place) == "b.txt"
    assert PathName(new=True, loose=True).bind("~/b.txt", place) == place.home / "b.txt"
    for name in ("a", "b"):
        (place.cwd / name / "thesis").mkdir(parents=True)
    with pytest.raises(NotUnderstood):
        PathName(folder=True).bind("thesis", place)
