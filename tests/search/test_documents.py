"""Documents are read as people read them, and those that are made to do harm do none."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.search.child import read
from llmos_cli.search.documents import MAX_UNPACKED
from tests.search.conftest import pdf, zipped

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def said(path: Path) -> tuple[str, str, str]:
    answer = read(str(path).encode())
    return answer["state"], answer.get("title", ""), answer.get("text", "").replace("\x1f", "")


def test_word(tmp_path: Path) -> None:
    document = (
        f"<w:document {W}><w:body><w:p><w:r><w:t>The bud</w:t></w:r><w:r><w:t>get &amp; more</w:t></w:r></w:p>"
        "<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>房租</w:t><w:tab/><w:t>800</w:t></w:r></w:p></w:body></w:document>"
    )
    core = '<c:coreProperties xmlns:c="c" xmlns:dc="d"><dc:title>Year plan</dc:title><dc:creator>Ana</dc:creator></c:coreProperties>'
    path = zipped(tmp_path / "a.docx", {"word/document.xml": document, "docProps/core.xml": core, "word/media/x.png": b"\0"})
    assert said(path) == ("text", "Year plan", "The budget & more\n房租 800")


def test_open_document(tmp_path: Path) -> None:
    content = (
        '<office:document-content xmlns:office="o" xmlns:text="t"><office:body><text:h>Rent</text:h>'
        "<text:p>one<text:s/>two<text:line-break/>three</text:p></office:body></office:document-content>"
    )
    meta = '<office:document-meta xmlns:office="o" xmlns:dc="d"><dc:title>Plan</dc:title></office:document-meta>'
    state, title, text = said(zipped(tmp_path / "a.odt", {"content.xml": content, "meta.xml": meta}))
    assert (state, title, text.split()) == ("text", "Plan", ["Rent", "one", "two", "three"])


def test_slides_in_their_order_and_sheets(tmp_path: Path) -> None:
    slides = {f"ppt/slides/slide{i}.xml": f'<a:s xmlns:a="a"><a:p><a:t>page {i}</a:t></a:p></a:s>' for i in (10, 2, 1)}
    text = said(zipped(tmp_path / "a.pptx", dict(slides)))[2]
    assert [line for line in text.split("\n") if line.strip()] == ["page 1", "page 2", "page 10"]
    shared = '<sst xmlns="s"><si><t>rent</t></si><si><r><t>bud</t></r><r><t>get</t></r></si></sst>'
    assert said(zipped(tmp_path / "a.xlsx", {"xl/sharedStrings.xml": shared}))[2].split() == ["rent", "budget"]


def test_epub_and_html(tmp_path: Path) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Rent &amp;\n more</title><style>p {budget}</style></head>"
        "<body><script>budget</script><p>one <b>t</b>wo&nbsp;&eacute;</p><br/>three<div>four</body>"
    )
    (tmp_path / "a.html").write_text(page)
    assert said(tmp_path / "a.html") == ("text", "Rent & more", "one two é\nthree\nfour")
    opf = '<package xmlns:dc="d"><metadata><dc:title>A book</dc:title></metadata></package>'
    path = zipped(tmp_path / "a.epub", {"OEBPS/content.opf": opf, "OEBPS/c2.xhtml": "<p>second", "OEBPS/c1.xhtml": page})
    assert said(path) == ("text", "A book", "one two é\nthree\nfour\nsecond")


def test_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("The budget", "next year", title="Plan"))
    assert said(tmp_path / "a.pdf") == ("text", "Plan", "The budget\nnext year")


@pytest.mark.parametrize(("encoding", "text"), [
    ("utf-8", "Müller 预算"), ("utf-8-sig", "Müller 预算"), ("utf-16", "Müller 预算"), ("utf-32", "Müller 预算"),
    ("cp1252", "Müller naïve"),
    ("gb18030", "今年的预算已经用完了，我们要写一个报告。"),
])  # fmt: skip
def test_plain_text_in_any_encoding(tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert said(tmp_path / "a.txt") == ("lines", "", text.replace("，", ","))


def test_a_long_file_is_kept_in_part_and_a_program_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "long.log").write_text("start " + "é" * 3_000_000)
    state, _, text = said(tmp_path / "long.log")
    assert state == "lines" and text.startswith("start é") and 400_000 < len(text) < 1_100_000 and text.endswith("é")
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0budget")
    assert said(tmp_path / "program")[0] == "name"


def bomb_of_entities(path: Path) -> Path:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 20))
    return zipped(path, {"word/document.xml": f'<!DOCTYPE d [<!ENTITY e0 "budget">{entities}]><d xmlns:w="w"><w:t>&e19;</w:t></d>'})


def outside_entity(path: Path) -> Path:
    return zipped(path, {"word/document.xml": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><t>&x;</t></d>'})


def bomb_of_zeros(path: Path) -> Path:
    return zipped(path, {"word/document.xml": b"<d>" + b"x" * (MAX_UNPACKED + 1) + b"</d>"})


def too_many_parts(path: Path) -> Path:
    return zipped(path, {f"word/{i}": b"" for i in range(30_000)})


def cut_off(path: Path) -> Path:
    zipped(path, {"word/document.xml": b"<d><t>x</t></d>" * 100})
    path.write_bytes(path.read_bytes()[:200])
    return path


def other_parts(path: Path) -> Path:
    return zipped(path, {"../../etc/passwd": b"x"})


def no_archive(path: Path) -> Path:
    path.write_bytes(gzip.compress(b"x"))
    return path


def broken_xml(path: Path) -> Path:
    return zipped(path, {"word/document.xml": b"<d><t>x</d>"})


@pytest.mark.parametrize("make", [
    bomb_of_entities, outside_entity, bomb_of_zeros, too_many_parts, cut_off, other_parts, no_archive, broken_xml,
])  # fmt: skip
def test_harmful_and_broken_documents_are_unreadable(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    answer = read(str(make(tmp_path / "a.docx")).encode())
    assert answer["state"] == "unreadable" and answer["why"] and "root:" not in str(answer)


def test_a_deep_document_does_not_end_the_reader(tmp_path: Path) -> None:
    deep = b"<d>" * 200_000 + b"<t>budget</t>" + b"</d>" * 200_000
    assert "budget" in said(zipped(tmp_path / "a.docx", {"word/document.xml": deep}))[2]
    (tmp_path / "a.html").write_text("<div>" * 100_000 + "budget")
    assert said(tmp_path / "a.html")[2] == "budget"


def test_pdfs_that_are_none(tmp_path: Path) -> None:
    sound = pdf("The budget")
    for name, data in {"a": b"%PDF-1.4\n", "b": b"text", "c": sound.replace(b"xref", b"xxxx")[:300], "d": b""}.items():
        (tmp_path / f"{name}.pdf").write_bytes(data)
        assert said(tmp_path / f"{name}.pdf")[0] == "unreadable", name
    (tmp_path / "loop.pdf").write_bytes(sound.replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"))
    assert "budget" not in said(tmp_path / "loop.pdf")[2]


def test_what_a_link_leads_to_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("/etc/passwd")
    assert said(tmp_path / "a.txt")[0] == "unreadable" and said(tmp_path / "none.txt")[0] == "gone" and said(tmp_path)[0] == "unreadable"
