"""Finding files by what they say, and keeping up with what happens to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.search.library import Library
from llmos_cli.search.reader import Reader

Found = Callable[..., list[str]]
Make = Callable[..., Path]


def test_text_title_and_name_best_first(make: Make, found: Found) -> None:
    make("long.txt", "budget " + "other words here " * 200)
    make("budget.txt", "nothing of the sort")
    make("plan.md", "# The budget\n\nmore")
    make("holiday/房租.txt", "今年的预算已经用完了")
    make("pictures/budget trip.jpg", b"\xff\xd8\0budget")
    for i in range(9):  # what stands in nearly all files weighs nothing
        make(f"{i}.txt", "something else")
    first, second, *others = found("budget")
    assert {first, second} == {"budget.txt", "pictures/budget trip.jpg"} and others == ["plan.md", "long.txt"]
    assert found("预算") == found("预") == found("房租") == ["holiday/房租.txt"]


def test_a_last_word_may_be_unfinished_where_nothing_else_is_found(make: Make, found: Found) -> None:
    make("a.txt", "the budgetary plan")
    assert found("plan budg") == ["a.txt"]
    make("b.txt", "a plan budg")
    assert found("plan budg") == ["b.txt"]


def test_the_index_keeps_up(make: Make, found: Found, home: Path) -> None:
    make("a.txt", "apple")
    make("sub/b.txt", "apple")
    assert sorted(found("apple")) == ["a.txt", "sub/b.txt"]
    make("a.txt", "pear!", at=1_700_000_001)  # as long as before
    make("new.txt", "apple")
    assert sorted(found("apple")) == ["new.txt", "sub/b.txt"] and found("pear") == ["a.txt"]
    os.rename(home / "sub", home / "moved")
    os.rename(home / "new.txt", home / "newer.md")
    assert sorted(found("apple")) == ["moved/b.txt", "newer.md"] and found('"new"') == []
    (home / "moved/b.txt").unlink()
    assert found("apple") == ["newer.md"]
    os.rename(home / "newer.md", home / "swap")
    os.rename(home / "a.txt", home / "newer.md")
    os.rename(home / "swap", home / "a.txt")
    assert found("apple") == ["a.txt"] and found("pear") == ["newer.md"]
    shutil.rmtree(home)
    home.mkdir()
    assert found("apple") == found("pear") == []


def test_a_file_written_again_at_once_is_read_again(home: Path, found: Found) -> None:
    for word in ("first", "again", "third"):
        (home / "a.txt").write_text(word)
        assert found(word) == ["a.txt"]


def test_only_what_changed_is_read(make: Make, found: Found, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes | None] = []
    paths_of = Reader.read
    monkeypatch.setattr(Reader, "read", lambda self, paths: paths_of(self, (read.append(p) or p for p in paths)))  # type: ignore[func-returns-value]
    for i in range(20):
        make(f"{i % 3}/{i}.txt", f"word{i}")
    found("word1")
    assert len(read) == 20
    read.clear()
    make("1/1.txt", "changed", at=1_700_000_009)
    os.rename(home / "2", home / "two")
    assert found("changed") == ["1/1.txt"] and found("word2") == ["two/2.txt"]
    assert read == [os.fsencode(home / "1/1.txt")]


def test_what_is_hidden_is_found_only_where_it_is_asked_for(make: Make, found: Found) -> None:
    make(".secret/a.txt", "apple")
    make("node_modules/b.txt", "apple")
    make("c.txt", "apple")
    assert found("apple") == ["c.txt"]
    assert found("apple", ".secret") == [".secret/a.txt"] and found("apple", "node_modules") == ["node_modules/b.txt"]
    assert found("apple") == ["c.txt"]
    assert sorted(found("apple", ".secret", ".")) == [".secret/a.txt", "c.txt"]


def test_a_folder_in_the_home_is_a_part_of_its_index(make: Make, found: Found) -> None:
    make("a/x.txt", "apple")
    make("ab/y.txt", "apple")
    assert found("apple", "a") == ["a/x.txt"]
    assert sorted(found("apple")) == ["a/x.txt", "ab/y.txt"] and found("apple", "ab", "ab") == ["ab/y.txt"]


def test_outside_of_the_home(tmp_path: Path, library: Library) -> None:
    for name in ("disk/a/x.txt", "disk/y.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("apple")
    (tmp_path / "link").symlink_to(tmp_path / "disk/a")
    assert [hit.name for hit in library.search("apple", [tmp_path / "link"])] == ["x.txt"]
    assert sorted(hit.name for hit in library.search("apple", [tmp_path / "disk"])) == ["x.txt", "y.txt"]
    assert list(library.search("apple")) == []


def test_llmos_itself_is_not_searched(tmp_path: Path, home: Path, make: Make) -> None:
    make("llmos/data/a.txt", "apple")
    library = Library(home / "llmos/cache", home, [home / "llmos/data"])
    assert list(library.search("apple")) == []


def test_the_excerpt_shows_the_hits(make: Make, library: Library) -> None:
    make("a.txt", "first\nsecond\n" + "filler " * 100 + "\nthe Budgets for\r\nnext year\n" + "filler " * 100)
    make("b.txt", "上一年的预算报告")
    make("budget.jpg")
    hits = {hit.name: hit.excerpt for hit in library.search("budget year")}
    assert hits["a.txt"] is not None and hits["a.txt"].line == 4
    assert [piece for piece, is_hit in hits["a.txt"].pieces if is_hit] == ["Budgets", "year"]
    assert "the Budgets for next year filler" in hits["a.txt"].text and len(hits["a.txt"].text) < 200
    (chinese,) = library.search("预算")
    assert chinese.excerpt is not None and chinese.excerpt.text == "上一年的预算报告"
    assert ("预算", True) in chinese.excerpt.pieces
    (picture,) = library.search("budget.jpg")
    assert picture.excerpt is None


def test_names_that_are_not_utf8_and_other_strange_ones(home: Path, library: Library) -> None:
    names = [b"\xff\xfebad.txt", b"new\nline.txt", b"\x1b[31m.txt", "名字😀.txt".encode(), b"x" * 250 + b".txt"]
    for name in names:
        with open(os.path.join(os.fsencode(home), name), "w") as file:
            file.write("apple")
    assert {os.fsencode(hit.name) for hit in library.search("apple")} == set(names)


def test_files_from_other_times(make: Make, found: Found) -> None:
    for name, at in (("a.txt", -(2**31)), ("b.txt", 2**34), ("c.txt", 0)):
        make(name, "apple", at=at)
    assert sorted(found("apple")) == sorted(found("apple")) == ["a.txt", "b.txt", "c.txt"]


def test_special_files_are_not_opened(home: Path, make: Make, found: Found) -> None:
    os.mkfifo(home / "pipe.txt")
    (home / "null.txt").symlink_to("/dev/zero")
    make("a.txt", "apple")
    assert found("apple") == ["a.txt"]


@pytest.mark.parametrize(
    "words", ["NEAR(a b", "text:x AND", "'; drop table words; --", "a" * 5000, "( OR x)", "\\x", "x\0y", "\ud800x", "^x -y"]
)
def test_no_words_are_an_error(make: Make, library: Library, words: str) -> None:
    make("a.txt", "apple")
    assert list(library.search(words)) == []


def test_a_query_without_a_word_is_said(library: Library) -> None:
    with pytest.raises(LlmosError, match="no word"):
        list(library.search("* !"))


def test_the_work_is_told(tmp_path: Path, home: Path, make: Make) -> None:
    for i in range(50):
        make(f"{i}.txt", "apple")
    told: list[tuple[str, int, int]] = []
    list(Library(tmp_path / "cache", home, [], lambda *what: told.append(what)).search("apple"))
    assert ("indexing your files", 25, 50) in told and told[-1] == ("", 0, 0)


def test_files_are_private(tmp_path: Path, make: Make, found: Found) -> None:
    make("a.txt", "apple")
    found("apple")
    assert {path.stat().st_mode & 0o77 for path in (tmp_path / "cache", *(tmp_path / "cache").iterdir())} == {0}


# ---- forgetting ------------------------------------------------------------------------------------------


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()


def test_what_is_forgotten_leaves_no_byte(tmp_path: Path, make: Make, found: Found, library: Library, home: Path) -> None:
    for i in range(100):
        make(f"{i % 7}/{i}.txt", f"ordinary words number{i}")
    make("diary/monday.txt", "xyzzysecret at the top")
    make("diary/deep/tuesday.txt", "anotherunmistakable")
    make("letters/plover.txt", "Dear Quuxwell")
    make("quuxwell/x.txt", "of its folder")
    for word in ("xyzzysecret", "anotherunmistakable", "quuxwell"):
        assert found(word)
    assert b"xyzzysecret" in bytes_of(tmp_path / "cache")
    assert library.forget([home / "diary"]) == 2
    assert library.forget(words="QuuxWell") == 2
    held = bytes_of(tmp_path / "cache")
    for gone in (b"xyzzysecret", b"anotherunmistakable", b"diary", b"monday", b"quuxwell", b"plover", b"dear"):
        assert gone not in held, gone
    assert found("xyzzysecret") == found("quuxwell") == found("anotherunmistakable", "diary") == []
    assert found("number17") == ["3/17.txt"] and b"xyzzysecret" not in bytes_of(tmp_path / "cache")


def test_forgetting_in_an_index_that_is_not_there(tmp_path: Path, library: Library) -> None:
    assert library.forget(words="x") == 0 and not (tmp_path / "cache").exists()
