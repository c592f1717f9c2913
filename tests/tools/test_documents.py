"""Documents are read as text is, by every tool that reads."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.places import Place, Silent
from llmos_cli.search.library import Library
from llmos_cli.values import Number, Table


@dataclass
class Heard(Silent):
    said: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def place(place: Place, tmp_path: Path, heard: Heard) -> Place:
    return replace(place, library=Library(tmp_path / "cache", place.home, []), voice=heard)


@pytest.fixture
def letters(make: Callable[..., Path], place: Place) -> None:
    """A text and two documents with text, one that has none, one that is broken, and a picture that is called a document."""
    make("a.txt", "dear Ana\nthe budget\n")
    for name, lines in (("b.odt", "<p>dear Bo</p><p>the Budget of May</p>"), ("c.odt", "<p>nothing here</p>"), ("empty.odt", "")):
        with zipfile.ZipFile(place.cwd / name, "w") as archive:
            archive.writestr("content.xml", f"<a>{lines}</a>")
    make("broken.odt", b"PK\x03\x04 broken")
    make("picture.pdf", b"\x89PNG\0budget")
    make("page.html", "<p>the budget</p>")


def test_every_reading_tool(letters: None, run: Callable[..., Any], names: Callable[..., list[str]], place: Place, heard: Heard) -> None:
    assert run("read b.odt").lines == ("dear Bo", "the Budget of May")
    assert run("read b.odt | take 1").lines == ("dear Bo",)
    assert run("read a.txt,b.odt | count") == Number(4)
    assert run("grep b.odt budget") == Table(("path", "line", "text"), ((str(place.cwd / "b.odt"), 2, "the Budget of May"),))
    assert run("read b.odt | words") == Number(6)
    assert run("lines b.odt").rows == ((str(place.cwd / "b.odt"), 2),)
    assert run("compare b.odt,c.odt show=first").lines == ("dear Bo", "the Budget of May")
    assert run("read page.html").lines == ("<p>the budget</p>",)
    assert not heard.said


def test_among_many(letters: None, run: Callable[..., Any], names: Callable[..., list[str]], heard: Heard) -> None:
    assert names("find contains=budget") == ["a.txt", "b.odt", "page.html"]
    assert heard.said == ["broken.odt cannot be read: it is broken, or is not what its name says."]
    assert names("find ext=odt lacks=budget") == ["c.odt", "empty.odt"]
    assert names("find ext=odt contains=dear lacks=budget") == []
    assert [row[1:] for row in run("find | grep budget").rows] == [(2, "the budget"), (2, "the Budget of May"), (1, "<p>the budget</p>")]
    assert [(os.path.basename(path), n) for path, n in run("find ext=odt | words").rows] == [("b.odt", 6), ("c.odt", 2), ("empty.odt", 0)]


def test_what_cannot_be_read_is_said(letters: None, run: Callable[..., Any], heard: Heard) -> None:
    for text in ("read broken.odt", "grep broken.odt x", "words broken.odt", "compare a.txt,broken.odt"):
        with pytest.raises(LlmosError, match=r"broken\.odt cannot be read: it is broken"):
            run(text)
    with pytest.raises(LlmosError, match="picture.pdf is not a text file"):
        run("read picture.pdf")
    with pytest.raises(LlmosError, match="b.odt is not a text file"):
        run("csv b.odt")
    assert run("read empty.odt").lines == () and heard.said == ["empty.odt has no text in it; it may be made of pictures."]


def test_an_empty_text_is_no_document_without_text(make: Callable[..., Path], run: Callable[..., Any], heard: Heard) -> None:
    make("empty.txt")
    assert run("read empty.txt").lines == () and not heard.said
