import hashlib
import os
import pwd

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.tools.facts import size_below
from llmos_cli.values import Entry, Files


@pytest.fixture
def tree(make, place):
    make("a.txt", "12345", mtime=1_700_000_000, mode=0o640)
    make("docs/b.tar.gz", "x" * 10)
    make("docs/deep/c.md", "x" * 100)
    (place.cwd / "loop").symlink_to(".")
    return place.cwd


def test_stat(tree, run, place):
    assert run("stat a.txt").columns == ("path", "type", "size", "modified", "mode", "owner")
    ((path, kind, size, modified, mode, owner),) = run("stat a.txt").rows
    assert (path, kind, size, modified, mode) == (str(tree / "a.txt"), "file", 5, "2023-11-14T22:13:20Z", "-rw-r-----")
    assert owner == pwd.getpwuid(os.getuid()).pw_name
    assert [row[1] for row in run("stat docs,loop").rows] == ["folder", "link"]


def test_a_time_that_no_calendar_has(make, run):
    about = os.stat_result((0o100644, 1, 1, 1, 0, 0, 1, 2**60, 2**60, 2**60))
    far = Files((Entry(str(make("far.txt")), about),))
    assert run("stat", far).rows[0][3] == ""
    assert run("group by=year", far).rows == (("", 1),)


def test_sizes(tree, run):
    assert run("sizes docs,a.txt,loop").rows == ((str(tree / "docs"), 110), (str(tree / "a.txt"), 5), (str(tree / "loop"), 0))
    os.link(tree / "a.txt", tree / "second")
    assert size_below(str(tree)) == 115  # a file with two names takes its room once


def test_tree(tree, run):
    assert run("tree").lines == (
        "work", "├── a.txt", "├── docs/", "│   ├── b.tar.gz", "│   └── deep/", "│       └── c.md", "└── loop",
    )  # fmt: skip
    assert run("tree docs depth=1").lines == ("docs", "├── b.tar.gz", "└── deep/")
    with pytest.raises(LlmosError, match=r"a\.txt is not a folder"):
        run("tree a.txt")


def test_a_tree_deeper_than_the_stack(place, run):
    folders = [str(place.cwd) + "/d" * depth for depth in range(1, 1021)]
    for folder in folders:
        os.mkdir(folder)
    try:
        assert len(run("tree").lines) == 1021
    finally:
        for folder in reversed(folders):  # pytest's own cleaning up would end in a RecursionError
            os.rmdir(folder)


def test_parents_and_names(tree, run, names):
    assert names("find | parents") == [".", "docs", "docs/deep"]
    assert run("find in=docs | names").lines == ("b.tar.gz", "c.md")
    assert run("find in=docs | names stem=yes").lines == ("b", "c")
    assert run("names docs,a.txt stem=yes").lines == ("docs", "a")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_checksum(tree, run, algorithm):
    table = run(f"checksum a.txt,docs algorithm={algorithm}")
    assert table.columns == ("path", algorithm)
    assert table.rows == ((str(tree / "a.txt"), hashlib.new(algorithm, b"12345").hexdigest()),)


def test_disks(run):
    table = run("disks")
    assert table.columns == ("path", "size", "used", "free") and table.rows[0][0] == "/"


def test_duplicates(make, names, run):
    for name, content, age in (("a", "same", 3), ("b/copy of a", "same", 2), ("b/c", "diff", 1), ("d", "same", 1), ("e", "other size", 1)):
        make(name, content, mtime=1000 - age)
    assert names("find | duplicates") == ["a", "d", "b/copy of a"]
    assert names("find | duplicates extra=yes") == ["b/copy of a", "d"]  # the oldest is kept
    assert names("find depth=1 | duplicates of=b") == ["a", "d"]
    assert names("duplicates b of=.") == ["b/copy of a"]
    assert names("duplicates .") == ["a", "d", "b/copy of a"]


def test_a_file_is_not_its_own_duplicate(make, names, place):
    make("docs/a.txt", "one")
    (place.cwd / "link.txt").symlink_to("docs/a.txt")
    assert names("duplicates docs,docs/a.txt,docs extra=yes") == []
    assert names("find type=any | duplicates extra=yes") == []
    assert names("duplicates docs of=docs") == []
