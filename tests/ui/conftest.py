"""A small home with fixed times: what the golden texts are about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.ui.fakes import NOW

DAY = 86400


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """`home/work` with files, a folder and a link; `home` is its parent."""
    folder = tmp_path / "home" / "work"
    (folder / "thesis").mkdir(parents=True)
    files = {"report.pdf": 1_572_864, "notes.txt": 6, "thesis/a.tex": 300, "thesis/b.tex": 724, "../outside.csv": 35_651_584}
    for name, size in files.items():
        with open(folder / name, "wb") as file:
            file.write(b"a\nb\nc\n") if name == "notes.txt" else file.truncate(size)
    os.symlink("thesis/a.tex", folder / "latest")
    for path, days in ((folder / "report.pdf", 3), (folder / "notes.txt", 400), (folder / "thesis", 20), (folder / "../outside.csv", 0)):
        os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    os.utime(folder / "latest", (NOW - 60, NOW - 60), follow_symlinks=False)
    return folder
