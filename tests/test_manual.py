"""The man page says what there is, in a form that man can read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from llmos_cli.cli.tree import tree
from llmos_cli.config import SETTINGS

PAGE = Path(__file__).parents[1] / "docs/man/llmos.1"


def test_every_command_option_and_setting_is_in_it() -> None:
    text = PAGE.read_text().replace("\\-", "-")
    for command in tree().all:
        assert " ".join(("llmos", *command.path)) in text
        assert all(name in text for option in command.options for name in option.names)
    assert all(name in text for name in SETTINGS)


@pytest.mark.parametrize(("program", "command"), [
    ("groff", ["groff", "-man", "-Tutf8", "-ww", "-z"]),
    ("mandoc", ["mandoc", "-T", "lint", "-W", "error"]),
])  # fmt: skip
def test_what_reads_it_has_no_complaint(program: str, command: list[str]) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([*command, str(PAGE)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_signs_come_out_as_they_were_typed() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", str(PAGE)], capture_output=True, text=True, timeout=30, check=True)
    words = " ".join(done.stdout.split())
    assert "llmos run 'find ext=log older=30d | pack to=old-logs.zip'" in words and "~/.config/llmos/config.toml" in words
