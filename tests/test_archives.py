"""Archives are read by what is in them, and nothing in them leads outside or is larger than it says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile

import pytest

from llmos_cli.archives import list_members, open_archive
from llmos_cli.errors import LlmosError


def tar_of(path, *members, mode="w"):
    """Members are a name, or a name with what is to be set; contents are the name."""
    with tarfile.open(path, mode) as tar:
        for name, more in members:
            info = tarfile.TarInfo(name)
            for key, value in more.items():
                setattr(info, key, value)
            data = name.encode() if info.isreg() else b""
            info.size = more.get("size", len(data))
            tar.addfile(info, io.BytesIO(data))
    return path


def zip_of(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, bits in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = bits << 16
            file.writestr(info, f"contents of {name}")
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_by_contents_whatever_its_name(tmp_path, mode):
    path = tar_of(tmp_path / "x.pdf", ("./d/", {"type": tarfile.DIRTYPE}), ("./d/a", {"mode": 0o755}),
                  ("d/l", {"type": tarfile.SYMTYPE, "linkname": "../d/a"}), mode=mode)  # fmt: skip
    assert list_members(path) == ("d", "d/a", "d/l")
    with open_archive(path) as archive:
        folder, file, link = archive.members
        assert (folder.kind, file.kind, link.kind, link.target) == ("folder", "file", "link", "../d/a")
        assert (file.mode, file.size) == (0o755, 5)
        assert archive.open(file).read() == b"./d/a"


def test_zip(tmp_path):
    path = zip_of(tmp_path / "x", ("d/", stat.S_IFDIR | 0o755), ("d/a", stat.S_IFREG | 0o755), ("b\\c", 0))
    assert list_members(path) == ("d", "d/a", "b/c")
    with open_archive(path) as archive:
        assert [member.mode for member in archive.members] == [0o755, 0o755, 0o600]
        assert archive.open(archive.members[1]).read() == b"contents of d/a"


@pytest.mark.parametrize(("pack", "end"), [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")])
def test_one_compressed_file(tmp_path, pack, end):
    path = tmp_path / f"log.txt.{end}"
    path.write_bytes(pack(b"hello" * 100))
    assert list_members(path) == ("log.txt",)
    with open_archive(path) as archive:
        assert archive.open(archive.members[0]).read() == b"hello" * 100


def test_a_hard_link_is_the_file_again(tmp_path):
    path = tar_of(tmp_path / "x.tar", ("a", {}), ("b", {"type": tarfile.LNKTYPE, "linkname": "a"}))
    with open_archive(path) as archive:
        assert archive.members[1].size == 1
        assert archive.open(archive.members[1]).read() == b"a"


def test_of_two_with_one_name_the_later_counts(tmp_path):
    path = tar_of(tmp_path / "x.tar", ("a", {"mode": 0o600}), ("b", {}), ("./a", {"mode": 0o640}))
    with open_archive(path) as archive:
        assert [(m.name, m.mode) for m in archive.members] == [("b", 0o644), ("a", 0o640)]


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
HOSTILE_TARS = {
    "up": [("../a", {})],
    "up inside": [("d/../../a", {})],
    "absolute": [("/etc/cron.d/a", {})],
    "drive": [("C:\\a", {})],
    "link out": [("l", {"type": LINK, "linkname": "/etc"})],
    "link up": [("d/l", {"type": LINK, "linkname": "../../x"})],
    "link by a link": [("d/e/l", {"type": LINK, "linkname": "../.."}), ("k", {"type": LINK, "linkname": "d/e/l/.."})],
    "through a link": [("l", {"type": LINK, "linkname": "d"}), ("l/a", {})],
    "through a file": [("f", {}), ("f/a", {})],
    "hard link out": [("h", {"type": HARD, "linkname": "/etc/passwd"})],
    "hard link later": [("h", {"type": HARD, "linkname": "a"}), ("a", {})],
    "device": [("dev", {"type": tarfile.CHRTYPE})],
    "pipe": [("p", {"type": tarfile.FIFOTYPE})],
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_TARS)
def test_hostile_tars_are_refused(tmp_path, name):
    path = tar_of(tmp_path / "x.tar", ("fine", {}), *HOSTILE_TARS[name])
    with pytest.raises(LlmosError, match="outside|through a link|device"):
        list_members(path)


@pytest.mark.parametrize(("name", "bits"), [
    ("../a", 0), ("/a", 0), ("a/../../b", 0), ("..\\a", 0), ("C:\\a", 0),
    ("dev", stat.S_IFCHR | 0o666), ("link", stat.S_IFLNK | 0o777),
])  # fmt: skip
def test_hostile_zips_are_refused(tmp_path, name, bits):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("x")
        info.filename, info.external_attr = name, bits << 16
        file.writestr(info, "/etc/passwd")
    with pytest.raises(LlmosError, match="outside|device"):
        list_members(path)


def test_an_encrypted_zip(tmp_path):
    path = zip_of(tmp_path / "x.zip", ("a", 0))
    held = bytearray(path.read_bytes())
    held[held.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(held)
    with pytest.raises(LlmosError, match="encrypted"):
        list_members(path)


def test_bombs_are_found_without_unpacking_them(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("zeros", "w") as zeros:
        for _ in range(120):
            zeros.write(bytes(1 << 20))
    with pytest.raises(LlmosError, match="far more"):
        list_members(path)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(120 << 20), 9))
    with pytest.raises(LlmosError, match="far more"):
        list_members(tmp_path / "bomb.gz")
    tar = tmp_path / "claims.tar"
    info = tarfile.TarInfo("huge")
    info.size = 10**12
    tar.write_bytes(info.tobuf() + bytes(10240))
    with pytest.raises(LlmosError, match="far more"):
        list_members(tar)


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path):
    """A gz names its size at its end, where anyone can write another number; bz2 names none."""
    from llmos_cli.effects import Unpack
    from llmos_cli.policy.journal import Journal

    path = tmp_path / "bomb.bz2"
    path.write_bytes(bz2.compress(bytes(130 << 20)))
    assert list_members(path) == ("bomb",)
    journal = Journal(tmp_path / "s", tmp_path / "v", env={"HOME": str(tmp_path)})
    with pytest.raises(LlmosError, match="far more"):
        journal.apply([Unpack(str(path), str(tmp_path / "out"), ("bomb",))])
    assert not (tmp_path / "out").exists() and not list((tmp_path / "v").iterdir())


def test_what_is_no_archive(tmp_path):
    for name, held in {"t": b"just text", "e": b"", "z": b"PK\x03\x04 and then nothing", "g": b"\x1f\x8b\x08"}.items():
        (tmp_path / name).write_bytes(held)
        with pytest.raises(LlmosError, match="not an archive|damaged"):
            list_members(tmp_path / name)
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(LlmosError, match="cannot be read"):
            list_members(missing)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz", "gz"])
def test_damage_gives_a_sentence_or_the_right_bytes(tmp_path, kind):
    """Cut off anywhere, or with a byte changed: only our own error, never a traceback."""
    path = tmp_path / "x"
    if kind == "zip":
        zip_of(path, ("a", 0), ("d/b", stat.S_IFREG | 0o644))
    elif kind == "gz":
        path.write_bytes(gzip.compress(os.urandom(300)))
    else:
        tar_of(path, ("a", {}), ("d/b", {}), mode="w:" + kind.partition(".")[2])
    whole = path.read_bytes()
    damaged = [whole[:cut] for cut in range(0, len(whole), max(1, len(whole) // 60))]
    for at in range(0, min(len(whole), 1500), 7):
        damaged.append(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
    for held in damaged:
        path.write_bytes(held)
        try:
            with open_archive(path) as archive:
                for member in archive.members:
                    assert ".." not in member.name.split("/") and not member.name.startswith("/")
        except LlmosError:
            pass
