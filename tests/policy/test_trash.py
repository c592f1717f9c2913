"""The trash, as freedesktop.org's specification has it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from llmos_cli.effects import Trash
from llmos_cli.errors import LlmosError
from llmos_cli.policy.trash import Can, can_for, fitting, origin, put, restore
from llmos_cli.policy.volumes import Volume, Volumes


@pytest.fixture
def can(tmp_path: Path) -> Can:
    return Can(str(tmp_path / "data/Trash"))


def test_the_info_file_says_where_and_when(tmp_path, can):
    path = tmp_path / "täglich 100%.txt"
    path.write_text("x")
    spot = put(str(path), can, 1_700_000_000)
    text = Path(spot.info).read_text()
    assert text.startswith("[Trash Info]\nPath=/")
    assert "t%C3%A4glich%20100%25.txt\n" in text
    assert re.search(r"\nDeletionDate=2023-11-1\dT\d\d:\d\d:\d\d\n$", text)
    assert origin(spot, can) == str(path)
    assert Path(spot.info).name == Path(spot.files).name + ".trashinfo"
    for folder in (can.root, *can.halves()):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    restore(spot, str(path))
    assert path.read_text() == "x"


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "n" * 246 + ".tar.gz", "x." + "e" * 253,
                                  os.fsdecode(b"\xff" * 250), "a\nb", "-f", "~"])  # fmt: skip
def test_any_name_can_be_trashed_and_comes_back(name, tmp_path, can):
    path = str(tmp_path / name)
    for text in ("first", "second"):
        Path(path).write_text(text)
        spot = put(path, can, 0)
        assert len(os.fsencode(os.path.basename(spot.info))) <= 255
        assert origin(spot, can) == path
        assert Path(spot.files).read_text() == text
    assert len(os.listdir(can.halves()[0])) == 2
    restore(spot, path)
    assert Path(path).read_text() == "second"


def test_links_and_folders_are_trashed_themselves(tmp_path, can):
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    for name in ("dangling", "to-folder"):
        assert os.path.islink(put(str(tmp_path / name), can, 0).files)
    assert (tmp_path / "folder").is_dir()


def test_a_name_without_info_file_is_not_replaced(tmp_path, can):
    can.make()
    Path(can.root, "files/a").write_text("left by another program")
    (tmp_path / "a").write_text("mine")
    spot = put(str(tmp_path / "a"), can, 0)
    assert Path(spot.files).name != "a"
    assert sorted(os.listdir(can.halves()[0])) == [Path(spot.info).name]
    assert Path(can.root, "files/a").read_text() == "left by another program"


def test_what_cannot_be_moved_leaves_no_info_file(tmp_path, can):
    with pytest.raises(FileNotFoundError):
        put(str(tmp_path / "missing"), can, 0)
    assert os.listdir(can.halves()[0]) == []


class Elsewhere(Volumes):
    """As if all but the home lay on a volume of its own, mounted at `top`."""

    def __init__(self, top: Path) -> None:
        super().__init__(str(top))
        self.top = str(top)

    def of(self, folder: str) -> Volume:
        return Volume(self.top, 2) if folder.startswith(self.top) else Volume("/", 1)


def test_another_volume_has_its_own_trash(tmp_path):
    top, env = tmp_path / "stick", {"HOME": str(tmp_path / "home")}
    top.mkdir()
    uid = os.getuid()
    volumes = Elsewhere(top)
    at_home = Can(f"{env['HOME']}/.local/share/Trash")
    assert can_for(env["HOME"], volumes, env) == at_home
    assert can_for(env["HOME"], volumes, {**env, "XDG_DATA_HOME": "/data"}).root == "/data/Trash"
    own = Can(f"{top}/.Trash-{uid}", str(top))
    assert can_for(str(top), volumes, env) == own
    (top / ".Trash").mkdir()
    assert can_for(str(top), volumes, env) == own, "a shared trash that is not sticky is not used"
    (top / ".Trash").chmod(0o1777)
    assert can_for(str(top), volumes, env) == Can(f"{top}/.Trash/{uid}", str(top))
    (top / "x").mkdir()
    (top / "x/f").write_text("f")
    spot = put(str(top / "x/f"), own, 0)
    assert "\nPath=x/f\n" in Path(spot.info).read_text()
    assert origin(spot, own) == str(top / "x/f")


def test_a_link_is_never_taken_for_the_trash(tmp_path):
    top, env = tmp_path / "stick", {"HOME": str(tmp_path / "home")}
    (top / "trap").mkdir(parents=True)
    (top / "trap").chmod(0o1777)
    (top / ".Trash").symlink_to("trap")
    (top / f".Trash-{os.getuid()}").symlink_to("trap")
    assert can_for(str(top), Elsewhere(top), env).root == f"{env['HOME']}/.local/share/Trash"


def test_names_are_shortened_at_whole_characters():
    assert fitting("a.txt", fresh=False) == "a.txt"
    short = fitting("ü" * 127 + ".txt", fresh=False)
    assert short.endswith(".txt") and short.startswith("üüü")
    assert len(short.encode()) <= 245
    assert fitting("a.txt", fresh=True) != fitting("a.txt", fresh=True)


def test_by_the_journal_with_the_same_names(home, journal, manifest):
    before = manifest(home)
    for folder in ("docs", "empty", "docs/deep"):
        (home / folder / "same").write_text(folder)
    before = manifest(home)
    journal.apply([Trash(f"{home}/{folder}/same") for folder in ("docs", "empty", "docs/deep")])
    files = home / ".local/share/Trash/files"
    assert {path.read_text() for path in files.iterdir()} == {"docs", "empty", "docs/deep"}
    assert {path.name + ".trashinfo" for path in files.iterdir()} == set(os.listdir(home / ".local/share/Trash/info"))
    journal.undo()
    assert manifest(home) == before
    with pytest.raises(LlmosError, match="holds"):
        journal.apply([Trash(f"{home}/.local")])
