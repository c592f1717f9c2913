import zipfile

import pytest

from llmos_cli.effects import Pack, Unpack, Write
from llmos_cli.errors import LlmosError
from llmos_cli.values import Files, Table, Text


@pytest.fixture
def at(place):
    return lambda name: str(place.cwd / name)


@pytest.mark.parametrize(("given", "data"), [
    (Text(("a", "", "b\udcff")), b"a\n\nb\xff\n"),
    (Files.at(["/x/a", "/x/b c"]), b"/x/a\n/x/b c\n"),
    (Table(("path", "n"), (("/a,b", 1), ('say "hi"', None))), b'path,n\n"/a,b",1\n"say ""hi""",\n'),
    (Text(()), b""),
])  # fmt: skip
def test_what_comes_from_the_pipe_is_written(run, at, given, data):
    assert run("write to=new.txt", given) == (Write(at("new.txt"), data),)


def test_write(run, at, make, frozen):
    make("old.txt", "old")
    frozen()
    assert run("write eggs,milk to=shop.txt") == (Write(at("shop.txt"), b"eggs\nmilk\n"),)
    assert run("write hi to=old.txt overwrite=yes") == (Write(at("old.txt"), b"hi\n", True),)
    with pytest.raises(LlmosError, match="say what to write"):
        run("write to=x.txt")
    with pytest.raises(LlmosError, match="comes from the pipe here, and is said too"):
        run("write text=hi to=x.txt", Text(("a",)))


@pytest.mark.parametrize(("tool", "before", "after"), [
    ("append", b"a\n", b"a\nx\ny\n"), ("append", b"a", b"a\nx\ny\n"), ("append", b"", b"x\ny\n"),
    ("append", b"a\r\nb", b"a\r\nb\r\nx\r\ny\r\n"),
    ("append", b"\xff\0", b"\xff\0\nx\ny\n"),
    ("prepend", b"a\n", b"x\ny\na\n"), ("prepend", b"", b"x\ny\n"), ("prepend", b"a\r\n", b"x\r\ny\r\na\r\n"),
    ("prepend", b"\xef\xbb\xbfa", b"\xef\xbb\xbfx\ny\na"),
])  # fmt: skip
def test_lines_at_the_end_and_at_the_start(run, at, make, frozen, tool, before, after):
    make("f.txt", before)
    frozen()
    assert run(f"{tool} x,y to=f.txt") == (Write(at("f.txt"), after, True),)


def test_a_file_that_is_not_there_yet_is_made(run, at, make, place):
    make("docs/notes.txt", "x\n")
    assert run("append hi to=new.txt") == (Write(at("new.txt"), b"hi\n", False),)
    assert run("append hi to=notes.txt") == (Write(at("docs/notes.txt"), b"x\nhi\n", True),)
    with pytest.raises(LlmosError, match="docs is a folder"):
        run("prepend hi to=docs")


def test_clear(run, at, make, place, frozen):
    make("full", "x")
    make("empty")
    (place.cwd / "link").symlink_to("full")
    frozen()
    assert run("clear full,empty") == (Write(at("full"), b"", True),)
    assert run("clear link") == (Write(at("full"), b"", True),)
    with pytest.raises(LlmosError, match="is not a file"):
        run("clear .")


@pytest.mark.parametrize(("text", "before", "after"), [
    ("replace f.txt old=teh new=the", b"teh cat\r\nteh end", b"the cat\r\nthe end"),
    ("replace f.txt old=a.c new=x", b"abc a.c", b"abc x"),
    ("replace f.txt old=x", b"axb", b"ab"),
    ("replace f.txt old=a new=\"\\\\1\"", b"a", b"\\1"),
    ('replace f.txt old="(\\\\w+)@x" new="\\\\1" regex=yes', b"ann@x bob@x", b"ann bob"),
    ('replace f.txt old="^#.*$" regex=yes', b"#a\nb\n#c", b"\nb\n"),
    ("replace f.txt old=\xe9 new=e", b"\xc3\xa9\xff\xe9", b"e\xff\xe9"),
    ("replace f.txt old=spaces new=_", b"a b", b"a_b"),
    ("remove_lines f.txt contains=no", b"yes\nno\r\nno way\nnot", b"yes\n"),
    ("remove_lines f.txt contains=a,b", b"a\r\nc\r\nb", b"c\r\n"),
    ("remove_lines f.txt blank=yes", b"a\n\n  \r\nb\n", b"a\nb\n"),
    ("remove_lines f.txt contains=x", b"page\x0cone x\ntwo\xe2\x80\xa8x y\nthree\n", b"three\n"),
])  # fmt: skip
def test_editing(run, at, make, frozen, text, before, after):
    make("f.txt", before)
    frozen()
    assert run(text) == (Write(at("f.txt"), after, True),)


def test_editing_writes_only_what_changes_and_follows_links(run, at, make, place):
    make("a.txt", "one")
    make("b.txt", "two")
    (place.cwd / "link").symlink_to("a.txt")
    assert run("find | replace one new=1") == (Write(at("a.txt"), b"1", True),)
    assert run("replace link old=one new=1") == (Write(at("a.txt"), b"1", True),)
    assert run("remove_lines a.txt,b.txt contains=zzz") == ()


@pytest.mark.parametrize(("text", "says"), [
    ("replace f.bin old=a new=b", "not a text"), ("replace . old=a", "is a folder"), ("replace f.txt old=( regex=yes",
    "not a regular expression"),
    ('replace f.txt old=a new="\\\\2" regex=yes', "not a regular expression"), ('replace f.txt old=""', "say which text"),
    ("replace f.txt old=nothing", "say which"),
    ('remove_lines f.txt contains=""', "every line"),
])  # fmt: skip
def test_what_is_refused(run, make, frozen, text, says):
    make("f.txt", "aaa")
    make("f.bin", b"a\0")
    frozen()
    with pytest.raises(LlmosError, match=says):
        run(text)


# ---- archives ------------------------------------------------------------------------------------


@pytest.fixture
def tree(make, frozen):
    for name in ("a.txt", "docs/b.txt", "docs/deep/c.txt", "other/b.txt", "old.tar.gz"):
        make(name, name)
    frozen()


@pytest.mark.parametrize(("text", "archive", "format"), [
    ("pack a.txt", "a.zip", "zip"), ("pack docs", "docs.zip", "zip"), ("pack docs/b.txt", "docs/b.zip", "zip"), ("pack a.txt,docs",
    "archive.zip", "zip"),
    ("pack docs to=x", "x.zip", "zip"), ("pack docs to=x.tgz", "x.tgz", "tar.gz"), ("pack docs to=x.tar.xz", "x.tar.xz", "tar.xz"),
    ("pack docs format=tar.gz", "docs.tar.gz", "tar.gz"), ("pack docs to=x into=other", "other/x.zip", "zip"),
    ("pack docs to=other/x.tar", "other/x.tar", "tar"),
    ("pack old.tar.gz", "old.zip", "zip"),
])  # fmt: skip
def test_the_name_and_format_of_an_archive(tree, run, at, text, archive, format):
    (effect,) = run(text)
    assert (effect.path, effect.format) == (at(archive), format)


def test_what_is_packed(tree, run, at):
    assert run("pack a.txt,docs to=x.zip") == (Pack(at("x.zip"), ((at("a.txt"), "a.txt"), (at("docs"), "docs")), "zip"),)
    assert run("pack docs,docs/b.txt,docs/deep/c.txt to=x.zip")[0].members == ((at("docs"), "docs"),)
    assert run("find in=docs | pack to=x.zip")[0].members == ((at("docs/b.txt"), "b.txt"), (at("docs/deep/c.txt"), "deep/c.txt"))
    assert run("pack docs to=x.zip flat=yes")[0].members == ((at("docs/b.txt"), "b.txt"), (at("docs/deep/c.txt"), "c.txt"))
    with pytest.raises(LlmosError, match="two of the files have the same name"):
        run("pack docs/b.txt,other/b.txt flat=yes")
    with pytest.raises(LlmosError, match="nothing to pack"):
        run("find ext=none-such | pack to=x.zip")


def test_unpack(run, at, place, frozen):
    with zipfile.ZipFile(place.cwd / "x.zip", "w") as archive:
        archive.writestr("a.txt", "a")
        archive.writestr("d/b.txt", "b")
    (place.cwd / "no.zip").write_text("no archive")
    frozen()
    for text, into in (("unpack x.zip", str(place.cwd)), ("unpack x.zip into=new", at("new"))):
        (effect,) = run(text)
        assert isinstance(effect, Unpack) and (effect.path, effect.into) == (at("x.zip"), into)
        assert {name.rstrip("/") for name in effect.members} >= {"a.txt", "d/b.txt"}
    with pytest.raises(LlmosError):
        run("unpack no.zip")
