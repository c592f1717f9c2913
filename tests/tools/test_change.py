"""What changing tools give is a list of effects, exact to the path; what they do by themselves is nothing."""

import os

import pytest

from llmos_cli.effects import Copy, Link, MakeFolder, Move, Remove, SetMode, SetOwner, Trash, Write
from llmos_cli.errors import LlmosError


@pytest.fixture
def at(place):
    return lambda name: str(place.cwd / name)


@pytest.fixture
def tree(make, place, frozen):
    for name in ("a.txt", "b.txt", "docs/a.txt", "docs/deep/c.md", "Data.tar.gz", ".env"):
        make(name, name, mtime=place.now - 86400 * 40)
    make("new.jpg", "", mtime=place.now)
    (place.cwd / "docs/sub.d").mkdir()
    (place.cwd / "link").symlink_to("a.txt")
    (place.cwd / "dangling").symlink_to("nowhere")
    (place.home / "Documents").mkdir()
    frozen()
    return place.cwd


@pytest.mark.parametrize(("tool", "effect"), [("copy", Copy), ("move", Move)])
def test_into_a_folder_and_to_a_name(tree, run, at, place, tool, effect):
    assert run(f"{tool} a.txt,b.txt into=docs/deep") == (
        effect(at("a.txt"), at("docs/deep/a.txt")),
        effect(at("b.txt"), at("docs/deep/b.txt")),
    )
    assert run(f"{tool} a.txt into=new/folder overwrite=yes") == (effect(at("a.txt"), at("new/folder/a.txt"), True),)
    assert run(f"{tool} a.txt into=documents") == (effect(at("a.txt"), str(place.home / "Documents/a.txt")),)
    assert run(f"{tool} docs/a.txt to=z.txt") == (effect(at("docs/a.txt"), at("docs/z.txt")),)
    assert run(f"{tool} docs/a.txt to=./z.txt") == (effect(at("docs/a.txt"), at("z.txt")),)
    assert run(f"{tool} a.txt to=docs") == (effect(at("a.txt"), at("docs/a.txt")),)
    assert run(f"{tool} dangling to=d2") == (effect(at("dangling"), at("d2")),)
    assert run(f"{tool} docs to=papers") == (effect(at("docs"), at("papers")),)


def test_what_is_in_a_folder_goes_with_it(tree, run, at):
    assert run("move docs,docs/a.txt,docs/deep/c.md,docs into=x") == (Move(at("docs"), at("x/docs")),)
    assert run("find type=any in=docs | delete") == (Trash(at("docs/a.txt")), Trash(at("docs/deep")), Trash(at("docs/sub.d")))


def test_moving_to_where_it_is_does_nothing(tree, run):
    assert run("move a.txt into=.") == ()
    assert run("move docs to=docs") == ()


@pytest.mark.parametrize(("text", "says"), [
    ("move a.txt,b.txt to=c.txt", "several files cannot all be called c.txt"),
    ("copy a.txt into=docs to=x", "say where to"),
    ("move nothing.txt into=docs", "no file or folder 'nothing.txt'"),
    ("rename a.txt,b.txt to=c.txt", "2 files cannot all be called c.txt"),
    ("rename a.txt to=docs/c.txt", "not a file name"),
    ("rename a.txt to=..", "not a file name"),
    ("rename a.txt old=a.txt", "not a file name"),
    ("mkdir docs", "docs is there already"),
    ("link docs into=deep hard=yes", "cannot have a second name"),
    ("owner a.txt user=nobody-like-this", "no user or group 'nobody-like-this'"),
    ("owner a.txt group=no-such-group", "no user or group 'no-such-group'"),
])  # fmt: skip
def test_what_is_refused(tree, run, text, says):
    with pytest.raises(LlmosError, match=says):
        run(text)


@pytest.mark.parametrize(("text", "names"), [
    ("rename a.txt to=z.md", ["z.md"]),
    ("rename a.txt,Data.tar.gz ext=tiff", ["a.tiff", "Data.tiff"]),
    ("rename a.txt ext=markdown", ["a.md"]),
    ("rename .env ext=bak", [".env.bak"]),
    ("rename a.txt,b.txt prefix=old_", ["old_a.txt", "old_b.txt"]),
    ("rename Data.tar.gz suffix=_1", ["Data_1.tar.gz"]),
    ("rename docs/sub.d suffix=_x", ["docs/sub.d_x"]),
    ("rename Data.tar.gz case=lower", ["data.tar.gz"]),
    ("rename a.txt case=upper", ["A.txt"]),
    ("rename docs case=title", ["Docs"]),
    ("rename Data.tar.gz old=a new=o", ["Doto.tar.gz"]),
    ("rename a.txt old=.txt new=.bak", ["a.bak"]),
    ("rename a.txt old=a.t new=b.T", ["b.Txt"]),
    ("rename Data.tar.gz,docs/sub.d old=dots new=_", ["docs/sub_d"]),
    ("rename a.txt old=t new=T", []),
    ("rename a.txt,b.txt number=yes", ["01 a.txt", "02 b.txt"]),
    ("rename dangling prefix=x", ["xdangling"]),
    ("rename a.txt old=zzz new=y", []),
])  # fmt: skip
def test_new_names(tree, run, at, text, names):
    effects = run(text)
    assert all(isinstance(e, Move) and not e.overwrite for e in effects)
    assert [os.path.relpath(e.to, at("")) for e in effects] == names


def test_title_case_leaves_what_follows_an_apostrophe_small(make, run, at):
    make("it's here.TXT")
    assert run('rename "it\'s here.TXT" case=title') == (Move(at("it's here.TXT"), at("It's Here.TXT")),)


def test_delete(tree, run, at):
    assert run("delete a.txt,docs") == (Trash(at("a.txt")), Trash(at("docs")))
    assert run("delete link forever=yes") == (Remove(at("link")),)
    assert run("find ext=none-such | delete") == ()


def test_mkdir_and_touch(tree, run, at, place):
    assert run("mkdir x,y/z") == (MakeFolder(at("x")), MakeFolder(at("y/z")))
    assert run("mkdir documents/tax") == (MakeFolder(str(place.home / "Documents/tax")),)
    assert run("mkdir photos") == (MakeFolder(at("photos")),)
    assert run("touch x.txt,docs/y.txt") == (Write(at("x.txt"), b""), Write(at("docs/y.txt"), b""))


def test_link(tree, run, at):
    assert run("link a.txt into=docs") == (Link(at("docs/a.txt"), at("a.txt")),)
    assert run("link a.txt to=alias hard=yes") == (Link(at("alias"), at("a.txt"), True),)


@pytest.mark.parametrize(("said", "was", "bits"), [
    ("755", 0o644, 0o755), ("0600", 0o644, 0o600), ("executable", 0o640, 0o751), ("readonly", 0o664, 0o444), ("writable", 0o444, 0o644),
    ("private", 0o755, 0o700),
])  # fmt: skip
def test_mode(make, run, at, frozen, said, was, bits):
    make("x", mode=was)
    frozen()
    assert run(f"mode x set={said}") == (SetMode(at("x"), bits),)


def test_a_mode_that_it_has_already_and_links_are_left_alone(tree, run, make):
    assert run("mode link,dangling set=600") == ()


def test_owner(tree, run, at):
    assert run("owner a.txt user=root group=root") == (SetOwner(at("a.txt"), 0, 0),)
    assert run("owner a.txt user=12") == (SetOwner(at("a.txt"), 12, -1),)
    assert run("owner a.txt group=root") == (SetOwner(at("a.txt"), -1, 0),)


def test_organize(tree, run, at):
    assert run("organize a.txt,new.jpg,docs by=ext") == (Move(at("a.txt"), at("txt/a.txt")), Move(at("new.jpg"), at("jpg/new.jpg")))
    assert run("organize a.txt,new.jpg by=kind into=sorted") == (
        Move(at("a.txt"), at("sorted/document/a.txt")), Move(at("new.jpg"), at("sorted/image/new.jpg")),
    )  # fmt: skip
    assert run("organize a.txt,new.jpg by=month") == (Move(at("a.txt"), at("2026-10/a.txt")), Move(at("new.jpg"), at("2026-11/new.jpg")))
    assert run("organize docs by=year") == (Move(at("docs/a.txt"), at("docs/2026/a.txt")),)


def test_organizing_a_folder_means_its_own_files_but_not_hidden_ones(tree, run, at):
    assert {(e.path, e.to) for e in run("organize . by=ext")} == {
        (at("a.txt"), at("txt/a.txt")), (at("b.txt"), at("txt/b.txt")), (at("Data.tar.gz"), at("gz/Data.tar.gz")),
        (at("new.jpg"), at("jpg/new.jpg")),
    }  # fmt: skip


def test_organizing_twice_changes_nothing_more(make, run):
    make("pdf/a.pdf")
    make("none/other/README")
    assert run("find | organize by=ext") == ()
