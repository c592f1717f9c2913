"""Renaming without replacing, at once and in steps; things known again; a step cut off in its middle."""

from __future__ import annotations

import os

import pytest

from llmos_cli.policy.disk import Mark, _rename_in_steps, copy_file, delete_tree, rename_new
from llmos_cli.policy.operations import Operation

ON_DISK = True


@pytest.mark.parametrize("rename", [rename_new, _rename_in_steps])
def test_a_rename_never_replaces(rename, tmp_path):
    for name in ("a", "b", "folder/x", "full/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "empty").mkdir()
    for source in ("a", "folder", "dangling"):
        for target in ("b", "full", "empty", "dangling"):
            if source != target:
                with pytest.raises(FileExistsError):
                    rename(str(tmp_path / source), str(tmp_path / target))
        rename(str(tmp_path / source), str(tmp_path / f"{source} moved"))
        assert os.path.lexists(tmp_path / f"{source} moved")
        assert not os.path.lexists(tmp_path / source)
    assert (tmp_path / "b").read_text() == "b" and (tmp_path / "full/y").read_text() == "full/y"
    with pytest.raises(OSError):
        rename(str(tmp_path / "full"), str(tmp_path / "full/inside"))
    with pytest.raises(FileNotFoundError):
        rename(str(tmp_path / "missing"), str(tmp_path / "x"))


def test_a_rename_in_steps_that_was_cut_off_is_taken_back(tmp_path):
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    (tmp_path / "a").write_text("a")
    step = Operation("rename", b, Mark.of(os.lstat(a)), a)
    os.link(a, b)  # and the first name was not yet taken away
    assert not step.is_done()
    step.take_back(set())
    assert os.listdir(tmp_path) == ["a"]


def test_a_second_name_is_not_taken_for_half_a_rename(tmp_path):
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    (tmp_path / "a").write_text("a")
    os.link(a, b)
    Operation("rename", b, Mark.of(os.lstat(a)), a).take_back(set())
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_thing_is_known_by_inode_and_unchanged_by_size_and_time(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    mark = Mark.of(os.lstat(path))
    path.write_text("other")
    assert mark.fits(os.lstat(path)) and not mark.unchanged(os.lstat(path))
    (tmp_path / "b").write_text("one")
    os.utime(tmp_path / "b", ns=(0, mark.mtime))
    assert mark.unchanged(os.lstat(tmp_path / "b")) and not mark.fits(os.lstat(tmp_path / "b"))
    assert Mark.of(os.lstat(tmp_path / "b"), steady=False).fits(os.lstat(tmp_path / "b"))


def test_copies_are_whole_also_of_files_that_say_no_size(tmp_path):
    copy_file("/proc/version", str(tmp_path / "v"))
    with open("/proc/version", "rb") as file:
        assert (tmp_path / "v").read_bytes() == file.read()
    (tmp_path / "holes").write_bytes(b"")
    os.truncate(tmp_path / "holes", 10_000_000)
    copy_file(str(tmp_path / "holes"), str(tmp_path / "h"))
    assert os.stat(tmp_path / "h").st_size == 10_000_000


def test_deep_and_closed_folders_are_deleted(tmp_path):
    deep = tmp_path / "t"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", 0o700, dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "t/closed").mkdir(mode=0o000)
    (tmp_path / "t/link").symlink_to(tmp_path)
    delete_tree(str(deep))
    assert os.listdir(tmp_path) == []
