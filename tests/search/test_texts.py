"""The text of documents by name: read once, kept where a search would keep it, and what is said of those that cannot be read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.kinds import DOCUMENTS
from llmos_cli.search import reader
from llmos_cli.search.documents import ZIPPED
from llmos_cli.search.library import Library
from tests.search.conftest import Make, pdf, zipped


def test_the_endings_are_those_that_the_child_takes_apart() -> None:
    assert ZIPPED | {"pdf"} == DOCUMENTS


def odt(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    zipped(path, {"content.xml": f"<a><p>{text}</p></a>"})
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.fixture
def papers(make: Make, home: Path) -> list[str]:
    """Forty, so that they are dealt to several children and asked for ahead."""
    made = [make(f"papers/{i}.pdf", pdf(f"paper number {i}")) for i in range(30)]
    return [str(path) for path in (*made, *(odt(home / f"papers/{i}.odt", f"letter {i}") for i in range(10)))]


WANTED = [f"paper number {i}" for i in range(30)] + [f"letter {i}" for i in range(10)]


def test_they_come_in_order_and_the_second_time_from_the_index(
    library: Library, papers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(library.texts(papers)) == WANTED
    monkeypatch.setattr(reader.Reader, "_start", lambda self: pytest.fail("a child was started"))
    assert list(library.texts(papers)) == WANTED


def test_a_file_that_changed_is_read_again(library: Library, make: Make) -> None:
    path = make("a.pdf", pdf("one"))
    assert list(library.texts([str(path)])) == ["one"]
    make("a.pdf", pdf("two"), at=1_700_000_100)
    assert list(library.texts([str(path)])) == ["two"]


def test_what_was_kept_is_found_by_a_search_with_all_else(library: Library, make: Make, papers: list[str], found) -> None:
    make("papers/note.txt", "number of letters")
    list(library.texts(papers[:1]))
    assert sorted(found("number")) == sorted([*(f"papers/{i}.pdf" for i in range(30)), "papers/note.txt"])
    os.unlink(papers[0])
    assert "papers/0.pdf" not in found("number")


def test_what_a_search_leaves_out_is_read_and_not_kept(library: Library, make: Make, tmp_path: Path, found) -> None:
    paths = [make(".hidden/secret.pdf", pdf("secret")), make("a/.secret.pdf", pdf("secret")), make("b/secret.pdf", pdf("secret"))]
    make("b/.ignore", "secret.pdf\n")
    (tmp_path / "elsewhere.pdf").write_bytes(pdf("secret"))
    assert list(library.texts(map(str, [*paths, tmp_path / "elsewhere.pdf"]))) == ["secret"] * 4
    assert b"secret" not in (tmp_path / "cache/files.db").read_bytes()
    assert found("secret") == []


def test_what_was_forgotten_is_not_kept_again(library: Library, make: Make, tmp_path: Path, found) -> None:
    path = make("letters/a.pdf", pdf("aardvark"))
    assert found("aardvark") == ["letters/a.pdf"]
    assert library.forget([path.parent]) == 1
    assert list(library.texts([str(path)])) == ["aardvark"]
    assert b"aardvark" not in (tmp_path / "cache/files.db").read_bytes()


def test_those_that_cannot_be_read_are_told_in_a_sentence(library: Library, make: Make, home: Path) -> None:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(home / "locked.pdf")
    os.mkfifo(home / "pipe.pdf")
    paths = [home / "locked.pdf", make("broken.pdf", b"%PDF-1.4\n"), make("broken.docx", b"PK\3\4"), home / "gone.pdf", home / "pipe.pdf",
             make("sound.pdf", pdf("sound"))]  # fmt: skip
    for _ in range(2):
        *wrong, sound = library.texts(map(str, paths))
        assert sound == "sound" and all(isinstance(one, LlmosError) for one in wrong)
        assert [str(one) for one in wrong] == [
            "locked.pdf cannot be read: it needs a password", "broken.pdf cannot be read: it is broken, or is not what its name says",
            "broken.docx cannot be read: it is broken, or is not what its name says", "gone.pdf: no such file or directory",
            "pipe.pdf is not there any more",
        ]  # fmt: skip


def test_a_link_leads_to_the_document(library: Library, make: Make, home: Path) -> None:
    make("a.pdf", pdf("one"))
    (home / "link.pdf").symlink_to("a.pdf")
    assert list(library.texts([str(home / "link.pdf")])) == ["one"]


def test_without_an_index_they_are_read_all_the_same(tmp_path: Path, home: Path, make: Make) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert list(Library(tmp_path / "cache", home, []).texts([str(make("a.pdf", pdf("one")))])) == ["one"]


def test_another_process_that_indexes_is_not_waited_for(library: Library, make: Make, tmp_path: Path) -> None:
    list(library.texts([str(make("a.pdf", pdf("one")))]))
    with Library(tmp_path / "cache", make("x").parent, [])._store.locked(lambda *_: None):
        assert list(library.texts([str(make("b.pdf", pdf("two")))])) == ["two"]


def test_leaving_off_ends_the_children(library: Library, papers: list[str]) -> None:
    texts = library.texts(papers)
    assert next(texts) == WANTED[0]
    texts.close()
    running = subprocess.run(["ps", "-o", "args", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True).stdout
    assert "llmos_cli.search.child" not in running
