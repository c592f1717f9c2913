"""Pictures for terminals that can show them."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path

import pytest

from llmos_cli.ui.pictures import CHUNK, drawn, protocol, sixels
from llmos_cli.ui.show import Show
from llmos_cli.values import Files
from tests.ui.fakes import printed, terminal


def png(width: int, height: int, *, noise: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", noise) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("env", "how"), [
    ({"TERM": "xterm-kitty"}, "kitty"),
    ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
    ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "kitty"),
    ({"TERM": "foot"}, "sixel"),
    ({"TERM": "xterm-256color"}, ""),
    ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, ""),
    ({"TERM": "xterm-256color", "LLMOS_IMAGES": "sixel"}, "sixel"),
    ({"TERM": "xterm-kitty", "LLMOS_IMAGES": "none"}, ""),
])  # fmt: skip
def test_what_the_terminal_can(env, how):
    assert protocol(env) == how


def test_a_png_goes_to_kitty_as_it_is(tmp_path: Path) -> None:
    data = png(30, 20, noise=bytes(range(256)) * 40)
    (tmp_path / "a.png").write_bytes(data)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn(str(tmp_path / "a.png"), "kitty"))
    assert base64.b64decode("".join(text for _, text in parts)) == data
    assert parts[0][0] == "a=T,f=100,q=2,r=6,m=1" and parts[-1][0] == "m=0" and all(len(text) <= CHUNK for _, text in parts)


def test_what_is_no_picture_or_too_large_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(b"\x1b[2J" * 100)
    (tmp_path / "huge.png").write_bytes(png(10, 10)[:16] + struct.pack(">II", 60_000, 60_000) + png(10, 10)[24:])
    (tmp_path / "long.png").write_bytes(png(10, 10, noise=b"x" * 2_000_000))
    (tmp_path / "folder.png").mkdir()
    for name in ("text.png", "huge.png", "folder.png", "none.png"):
        assert drawn(str(tmp_path / name), "kitty") == ""


def test_sixels_of_two_colours() -> None:
    """Two bands: six rows of 7 red pixels, then one row of red and blue ones."""
    red, blue = b"\0", b"\1"
    made = sixels(7, 7, [(255, 0, 0), (0, 0, 255)], red * 42 + red * 3 + blue * 4)
    assert made == '\x1bP0;1q"1;1;7;7#0;2;100;0;0#1;2;0;0;100#0!7~$-#0@@@!4?$#1???!4@$-\x1b\\'


def test_a_few_pictures_are_shown_and_many_are_not(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(png(3, 3))
    (tmp_path / "a.txt").touch()
    paths = [str(tmp_path / f"{i}.png") for i in range(8)]

    def pictures(paths: list[str], **env: str) -> int:
        host = terminal(tmp_path, colour=True)
        object.__setattr__(host, "env", {**host.env, **env})
        Show(host).value(Files.at(paths))
        return printed(host).count("\x1b_Ga=T")

    assert pictures(paths[:2], LLMOS_IMAGES="kitty") == 2
    assert pictures(paths, LLMOS_IMAGES="kitty") == pictures([*paths[:2], str(tmp_path / "a.txt")], LLMOS_IMAGES="kitty") == 0
    assert pictures(paths[:2]) == pictures(paths[:2], LLMOS_IMAGES="kitty", NO_COLOR="1") == 0
