"""Files of computed prefixes: whole or not there, theirs or not used."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmos_cli.engine import prefix
from llmos_cli.engine.prefix import Prefixes
from tests.engine.conftest import ROOT

TOKENS = [*range(100)]
STATE = bytes(range(256)) * 500


def saved(folder: Path, key: bytes = b"key") -> Prefixes:
    made = Prefixes(folder, key)
    made.save(TOKENS, memoryview(STATE))
    made.wait()
    return made


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_was_saved_is_loaded_and_only_its_owner_may_read_it(tmp_path: Path):
    folder = tmp_path / "cache" / "prefixes"
    made = saved(folder)
    assert made.load(TOKENS) == STATE and made.has(TOKENS)
    (file,) = files(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_key_or_other_tokens_find_nothing(tmp_path: Path):
    made = saved(tmp_path)
    assert Prefixes(tmp_path, b"other").load(TOKENS) is None
    assert made.load(TOKENS[:-1]) is None and made.load([*TOKENS[:-1], 7]) is None
    assert made.load(TOKENS) == STATE


@pytest.mark.parametrize("at", [0, 20, 50, 60, 70, 90, 120, 300, 600, -1])
def test_a_changed_byte_anywhere_is_found_and_the_file_goes(tmp_path: Path, at: int):
    made = saved(tmp_path)
    (file,) = files(tmp_path)
    raw = bytearray(file.read_bytes())
    raw[at] ^= 0x40
    file.write_bytes(raw)
    assert made.load(TOKENS) is None and not files(tmp_path)


@pytest.mark.parametrize("size", [0, 1, 95, 96, 400, 5000, -1])
def test_a_cut_or_longer_file_is_not_used(tmp_path: Path, size: int):
    made = saved(tmp_path)
    (file,) = files(tmp_path)
    raw = file.read_bytes()
    file.write_bytes(raw + b"x" if size < 0 else raw[:size])
    assert made.load(TOKENS) is None


def test_a_file_of_another_model_under_this_ones_name_is_not_used(tmp_path: Path):
    one, other = saved(tmp_path / "one", b"one"), saved(tmp_path / "two", b"two")
    os.replace(files(tmp_path / "two")[0], files(tmp_path / "one")[0])
    assert one.load(TOKENS) is None and other.load(TOKENS) is None


def test_short_ones_are_not_worth_a_file(tmp_path: Path):
    made = Prefixes(tmp_path / "none", b"key")
    made.save([1, 2, 3], memoryview(STATE))
    made.wait()
    assert not (tmp_path / "none").exists()


def test_the_longest_unused_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prefix, "MOST_ALL", 3 * len(STATE) + 5000)
    made = Prefixes(tmp_path, b"key")
    for first in range(5):
        made.save([first, *TOKENS], memoryview(STATE))
        made.wait()
        os.utime(made._path([first, *TOKENS]), (first, first))
        made.load([0, *TOKENS])  # is used again and again
    assert [first for first in range(5) if made.has([first, *TOKENS])] == [0, 4] or made.has([0, *TOKENS])
    assert len(files(tmp_path)) <= 3


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path):
    (tmp_path / "file").write_text("")
    made = saved(tmp_path / "file" / "folder")
    assert made.load(TOKENS) is None


def test_killed_while_it_writes_there_is_no_file_under_the_final_name(tmp_path: Path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom llmos_cli.engine.prefix import Prefixes\nmade = Prefixes(Path(sys.argv[1]), b'key')\n"
        "state = memoryview(bytes(200 << 20))\nprint('x', flush=True)\n"
        "for at in range(50): made.save([at, *range(100)], state); made.wait()\n"
    )
    for delay in (0.05, 0.15, 0.3):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1)
        assert child.stdout is not None
        child.stdout.read(1)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    made = Prefixes(tmp_path, b"key")
    for file in files(tmp_path):
        if file.suffix == prefix.ENDING:
            assert any(made._path([at, *range(100)]) == file and made.load([at, *range(100)]) is not None for at in range(50))
