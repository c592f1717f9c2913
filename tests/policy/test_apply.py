"""Each effect: it works, it is refused with a sentence, and undo gives the same tree back, byte for byte."""

from __future__ import annotations

import os
import tarfile
import zipfile

import pytest

from llmos_cli.archives import list_members
from llmos_cli.effects import (
    Copy,
    Link,
    MakeFolder,
    Move,
    Pack,
    Remove,
    SetMode,
    SetOwner,
    Trash,
    Unpack,
    Write,
)  # fmt: skip
from llmos_cli.errors import LlmosError


def read(home, name):
    return (home / name).read_text()


def is_made(home, name):
    return os.path.lexists(home / name)


WORKS = {
    "move": (lambda h: [Move(h + "/a.pdf", h + "/new/sub/c.pdf")],
             lambda h: read(h, "new/sub/c.pdf") == "this is a.pdf\n" and not is_made(h, "a.pdf")),
    "move over": (lambda h: [Move(h + "/a.pdf", h + "/b.pdf", overwrite=True)],
                  lambda h: read(h, "b.pdf") == "this is a.pdf\n"),
    "move folder": (lambda h: [Move(h + "/docs", h + "/empty/docs")],
                    lambda h: read(h, "empty/docs/deep/two.txt")),
    "move link": (lambda h: [Move(h + "/dangling", h + "/docs/dangling")],
                  lambda h: os.readlink(h / "docs/dangling") == "nowhere"),
    "move through link": (lambda h: [Move(h + "/a.pdf", h + "/to-docs/a.pdf")],
                          lambda h: is_made(h, "docs/a.pdf")),
    "swap": (lambda h: [Move(h + "/a.pdf", h + "/t"), Move(h + "/b.pdf", h + "/a.pdf"),
                        Move(h + "/t", h + "/b.pdf")],
             lambda h: read(h, "a.pdf") == "this is b.pdf\n" and not is_made(h, "t")),
    "chain": (lambda h: [Move(h + "/b.pdf", h + "/c"), Move(h + "/a.pdf", h + "/b.pdf")],
              lambda h: read(h, "b.pdf") == "this is a.pdf\n" and read(h, "c") == "this is b.pdf\n"),
    "there and back": (lambda h: [Move(h + "/a.pdf", h + "/c"), Move(h + "/c", h + "/a.pdf")],
                       lambda h: read(h, "a.pdf") == "this is a.pdf\n"),
    "other case": (lambda h: [Move(h + "/a.pdf", h + "/A.PDF")], lambda h: is_made(h, "A.PDF")),
    "made, then moved into": (lambda h: [MakeFolder(h + "/n"), Move(h + "/a.pdf", h + "/n/a.pdf"),
                                         Move(h + "/n", h + "/m")],
                              lambda h: is_made(h, "m/a.pdf") and not is_made(h, "n")),
    "folder, then inside": (lambda h: [Move(h + "/docs", h + "/d"),
                                       Move(h + "/d/one.txt", h + "/d/deep/1.txt"),
                                       Move(h + "/d/deep", h + "/x")],
                            lambda h: is_made(h, "x/1.txt") and is_made(h, "x/two.txt")),
    "copy": (lambda h: [Copy(h + "/run.sh", h + "/bin/run.sh")],
             lambda h: os.stat(h / "bin/run.sh").st_mtime_ns == os.stat(h / "run.sh").st_mtime_ns
             and os.stat(h / "bin/run.sh").st_mode & 0o777 == 0o750),
    "copy over": (lambda h: [Copy(h + "/a.pdf", h + "/b.pdf", overwrite=True)],
                  lambda h: read(h, "b.pdf") == read(h, "a.pdf")),
    "copy folder": (lambda h: [Copy(h + "/docs", h + "/docs2")],
                    lambda h: read(h, "docs2/deep/two.txt") == read(h, "docs/deep/two.txt")),
    "copy link": (lambda h: [Copy(h + "/link", h + "/link2")],
                  lambda h: os.readlink(h / "link2") == "note.txt"),
    "copy, then change the first": (lambda h: [Copy(h + "/docs", h + "/d"), Trash(h + "/docs/one.txt"),
                                               Move(h + "/d/deep", h + "/deep")],
                                    lambda h: is_made(h, "d/one.txt") and is_made(h, "deep/two.txt")),
    "copy what is written": (lambda h: [Write(h + "/w", b"w"), Copy(h + "/w", h + "/v")],
                             lambda h: read(h, "v") == "w"),
    "trash": (lambda h: [Trash(h + "/docs"), Trash(h + "/dangling"), Trash(h + "/a.pdf")],
              lambda h: not is_made(h, "docs") and is_made(h, ".local/share/Trash/files/docs/one.txt")),
    "make folder": (lambda h: [MakeFolder(h + "/x/y/z"), MakeFolder(h + "/docs")],
                    lambda h: (h / "x/y/z").is_dir()),
    "write": (lambda h: [Write(h + "/x/new.txt", b"new")], lambda h: read(h, "x/new.txt") == "new"),
    "write over": (lambda h: [Write(h + "/run.sh", b"new", overwrite=True)],
                   lambda h: os.stat(h / "run.sh").st_mode & 0o777 == 0o750
                   and read(h, "run.sh") == "new"),
    "write twice": (lambda h: [Write(h + "/w", b"1"), Write(h + "/w", b"2", overwrite=True)],
                    lambda h: read(h, "w") == "2"),
    "symbolic link": (lambda h: [Link(h + "/l", "docs/one.txt")],
                      lambda h: read(h, "l") == "this is docs/one.txt\n"),
    "hard link": (lambda h: [Link(h + "/l", h + "/a.pdf", hard=True)],
                  lambda h: os.path.samefile(h / "l", h / "a.pdf")),
    "mode": (lambda h: [SetMode(h + "/a.pdf", 0o600), SetMode(h + "/a.pdf", 0o640),
                        Move(h + "/a.pdf", h + "/c"), SetMode(h + "/c", 0o444)],
             lambda h: os.stat(h / "c").st_mode & 0o777 == 0o444),
    "pack and unpack": (lambda h: [Pack(h + "/p.zip", ((h + "/docs", "docs"),), "zip")],
                        lambda h: zipfile.ZipFile(h / "p.zip").namelist()
                        == ["docs/", "docs/deep/", "docs/deep/two.txt", "docs/one.txt"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKS)
def test_works_and_is_undone_and_redone(name, home, journal, manifest):
    effects, looks_right = WORKS[name]
    before = manifest(home)
    entry = journal.apply(effects(str(home)), note=name, plan="the plan")
    assert looks_right(home)
    assert (entry.state, entry.note, entry.plan, entry.undoable) == ("applied", name, "the plan", True)
    after = manifest(home)
    assert journal.undo().state == "undone"
    assert manifest(home) == before
    assert journal.redo().id == entry.id
    assert {p: (a[0], a[4]) for p, a in manifest(home).items()} == {p: (a[0], a[4]) for p, a in after.items()}
    journal.undo(entry.id)
    assert manifest(home) == before


REFUSED = {
    "missing": (lambda h: Move(h + "/zzz", h + "/b"), "zzz does not exist"),
    "taken": (lambda h: Move(h + "/a.pdf", h + "/b.pdf"), "b.pdf exists already"),
    "itself": (lambda h: Move(h + "/a.pdf", h + "/./a.pdf"), "is already there"),
    "into itself": (lambda h: Move(h + "/docs", h + "/docs/deep/docs"), "moved into itself"),
    "into itself, by a link": (lambda h: Move(h + "/docs", h + "/to-docs/x"), "moved into itself"),
    "parent is a file": (lambda h: Move(h + "/a.pdf", h + "/b.pdf/a"), "is a file, not a folder"),
    "file over folder": (lambda h: Move(h + "/a.pdf", h + "/docs", overwrite=True), "is a folder and"),
    "folder over its own": (lambda h: Move(h + "/docs/deep", h + "/docs", overwrite=True), "lies in"),
    "relative": (lambda h: Move("a.pdf", h + "/x"), "not an absolute path"),
    "relative target": (lambda h: Move(h + "/a.pdf", "x"), "not an absolute path"),
    "relative member": (lambda h: Pack(h + "/x.zip", (("docs", "d"),), "zip"), "not an absolute path"),
    "no name": (lambda h: Write(h + "/a\0b", b""), "not an absolute path"),
    "no bytes": (lambda h: Write(h + "/\ud800", b""), "not an absolute path"),
    "link to nothing": (lambda h: Link(h + "/x", ""), "nothing that a link"),
    "root": (lambda h: Trash("/"), "root folder"),
    "circle": (lambda h: Move(h + "/a.pdf", h + "/circle/x"), "in a circle"),
    "copy onto itself": (lambda h: Copy(h + "/a.pdf", h + "/a.pdf"), "onto itself"),
    "copy into itself": (lambda h: Copy(h + "/docs", h + "/docs/d"), "into itself"),
    "copy a pipe": (lambda h: Copy(h + "/pipe", h + "/p"), "pipe"),
    "copy taken": (lambda h: Copy(h + "/a.pdf", h + "/dangling"), "exists already"),
    "trash missing": (lambda h: Trash(h + "/zzz"), "does not exist"),
    "remove missing": (lambda h: Remove(h + "/zzz"), "does not exist"),
    "folder is file": (lambda h: MakeFolder(h + "/a.pdf"), "is a file"),
    "write taken": (lambda h: Write(h + "/a.pdf", b""), "exists already"),
    "write folder": (lambda h: Write(h + "/docs", b"", overwrite=True), "is a folder"),
    "write link": (lambda h: Write(h + "/link", b"", overwrite=True), "is a link"),
    "link taken": (lambda h: Link(h + "/link", "x"), "exists already"),
    "hard folder": (lambda h: Link(h + "/x", h + "/docs", hard=True), "only a file"),
    "mode of link": (lambda h: SetMode(h + "/link", 0o600), "no permissions of its own"),
    "mode wrong": (lambda h: SetMode(h + "/a.pdf", 0o77777), "not a file mode"),
    "owner missing": (lambda h: SetOwner(h + "/zzz", 0), "does not exist"),
    "pack format": (lambda h: Pack(h + "/x.rar", ((h + "/docs", "d"),), "rar"), "not a format"),
    "pack twice": (lambda h: Pack(h + "/x.zip", ((h + "/docs", "d"), (h + "/empty", "d")), "zip"), "twice"),
    "pack up": (lambda h: Pack(h + "/x.zip", ((h + "/docs", "../d"),), "zip"), "outside"),
    "unpack a text": (lambda h: Unpack(h + "/note.txt", h + "/o", ("x",)), "not an archive"),
    "unpack folder": (lambda h: Unpack(h + "/docs", h + "/o", ("x",)), "not an archive"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_and_nothing_happens(name, home, journal, manifest):
    wrong, says = REFUSED[name]
    os.mkfifo(home / "pipe")
    (home / "circle").symlink_to("circle")
    before = manifest(home)
    with pytest.raises(LlmosError, match=says) as caught:
        journal.apply([Move(f"{home}/run.sh", f"{home}/empty/new"), wrong(str(home))])
    assert "vault" not in caught.value.message
    assert manifest(home) == before
    assert journal.history() == []


def test_remove_is_final_and_frees_the_space(home, journal, tmp_path):
    entry = journal.apply([Move(f"{home}/a.pdf", f"{home}/c"), Remove(f"{home}/docs")])
    assert not entry.undoable
    assert not (home / "docs").exists()
    assert not list((tmp_path / "data/vault").glob("*/*"))
    with pytest.raises(LlmosError, match="for ever"):
        journal.undo()
    assert (home / "c").exists()


@pytest.mark.parametrize("format", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_pack_then_unpack_gives_the_same_files(format, home, journal, manifest):
    packed = home / f"p.{format}"
    journal.apply([Pack(str(packed), ((f"{home}/docs", "docs"), (f"{home}/run.sh", "run.sh"),
                                      (f"{home}/link", "docs/link")), format)])  # fmt: skip
    first = packed.read_bytes()
    before = manifest(home)
    journal.apply([Unpack(str(packed), f"{home}/out/new", list_members(packed))])
    assert read(home, "out/new/docs/deep/two.txt") == "this is docs/deep/two.txt\n"
    assert os.readlink(home / "out/new/docs/link") == "note.txt"
    assert os.stat(home / "out/new/run.sh").st_mode & 0o777 == 0o750
    assert abs(os.stat(home / "out/new/run.sh").st_mtime - os.stat(home / "run.sh").st_mtime) <= 2
    journal.undo()
    assert manifest(home) == before
    journal.undo()
    journal.apply([Pack(str(packed), ((f"{home}/run.sh", "run.sh"), (f"{home}/link", "docs/link"),
                                      (f"{home}/docs", "docs")), format)])  # fmt: skip
    assert packed.read_bytes() == first


def test_unpack_joins_folders_and_never_replaces(home, journal, manifest):
    with tarfile.open(home / "t.tar", "w") as tar:
        tar.add(home / "docs", "docs")
        tar.add(home / "run.sh", "docs/run.sh")
    members = list_members(home / "t.tar")
    with pytest.raises(LlmosError, match=r"docs/.*exists already"):
        journal.apply([Unpack(f"{home}/t.tar", str(home), members)])
    journal.apply([Move(f"{home}/docs/one.txt", f"{home}/1"), Trash(f"{home}/docs/deep")])
    before = manifest(home)
    journal.apply([Unpack(f"{home}/t.tar", str(home), members)])
    assert read(home, "docs/run.sh") and read(home, "docs/deep/two.txt")
    journal.undo()
    assert manifest(home) == before
    with pytest.raises(LlmosError, match="was changed since"):
        journal.apply([Unpack(f"{home}/t.tar", f"{home}/o", members[1:])])


def test_unpack_single_gz(home, journal):
    import gzip

    (home / "log.txt.gz").write_bytes(gzip.compress(b"log"))
    members = list_members(home / "log.txt.gz")
    assert members == ("log.txt",)
    journal.apply([Unpack(f"{home}/log.txt.gz", f"{home}/empty", members)])
    assert read(home, "empty/log.txt") == "log"


def test_names_of_any_bytes(home, journal, manifest):
    odd = os.fsdecode(b"\xff\xfe new\nline")
    (home / odd).write_text("odd")
    before = manifest(home)
    journal.apply([Move(f"{home}/{odd}", f"{home}/x/{odd}2"), Trash(f"{home}/x/{odd}2")], note=odd)
    journal.undo()
    assert manifest(home) == before
    assert journal.history()[0].note == odd


def test_sparse_files_and_attributes_are_kept(home, journal):
    big = home / "sparse"
    with open(big, "wb") as file:
        file.truncate(1 << 24)
        file.seek(1 << 20)
        file.write(b"middle")
    try:
        os.setxattr(big, "user.note", b"mine")
    except OSError:
        pytest.skip("no extended attributes here")
    journal.apply([Copy(str(big), f"{home}/copy")])
    assert (home / "copy").read_bytes() == big.read_bytes()
    assert os.stat(home / "copy").st_blocks <= os.stat(big).st_blocks + 16
    assert os.getxattr(home / "copy", "user.note") == b"mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change owners")
def test_owner(home, journal, manifest):
    (home / "run.sh").chmod(0o4755)
    before = manifest(home)
    journal.apply([SetOwner(f"{home}/run.sh", 1234, 99), SetOwner(f"{home}/link", 7)])
    assert (os.stat(home / "run.sh").st_uid, os.lstat(home / "link").st_uid) == (1234, 7)
    assert not os.stat(home / "run.sh").st_mode & 0o4000
    journal.undo()
    assert manifest(home) == before


def test_new_files_join_the_group_of_their_folder(home, journal):
    if os.geteuid() != 0:
        pytest.skip("only root may give files to any group")
    os.chown(home / "empty", -1, 4321)
    (home / "empty").chmod(0o2775)
    journal.apply([Write(f"{home}/empty/w", b""), MakeFolder(f"{home}/empty/f")])
    assert os.stat(home / "empty/w").st_gid == os.stat(home / "empty/f").st_gid == 4321
