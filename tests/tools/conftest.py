"""Running one tool on real files, and seeing that the disk stays as it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos_cli.check import bind
from llmos_cli.places import Place
from llmos_cli.plan import parse
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Table, Text

Run = Callable[..., Any]


@pytest.fixture
def run(place: Place) -> Run:
    """`run("find ext=pdf | take 2")`: what the steps give in turn; `given` is what flows into the first."""

    def run(text: str, given: Any = None) -> Any:
        steps = parse(f"@last | {text}" if given is not None else text, TOOLS).steps
        for one in steps[given is not None :]:
            call = bind(one, TOOLS[one.tool], place)
            arguments = dict(call.args) | ({"place": place} if "place" in call.tool.needs else {})
            if call.files:
                given = Files.at(map(str, call.files))
            if set(call.tool.flow) != {None}:
                arguments["given"] = given
            given = call.tool.run(**arguments)
        return given.held() if isinstance(given, Files | Table | Text) else given

    return run


@pytest.fixture
def names(run: Run, place: Place) -> Callable[..., list[str]]:
    """The paths that a plan gives, from the current folder."""

    def names(text: str, given: Any = None) -> list[str]:
        return [os.path.relpath(entry.path, place.cwd) for entry in run(text, given).items]

    return names


@pytest.fixture
def make(place: Place) -> Callable[..., Path]:
    """Make a file below the current folder."""

    def make(name: str, content: str | bytes = b"", *, mtime: float | None = None, mode: int | None = None) -> Path:
        path = place.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        if mode is not None:
            path.chmod(mode)
        return path

    return make


@pytest.fixture(autouse=True)
def nothing_changes(request: pytest.FixtureRequest, place: Place) -> Iterator[Callable[[], None]]:
    """For tests of tools that change things: from `frozen()` on, the tree must stay as it is."""
    before: dict[str, str] = {}

    def frozen() -> None:
        before.update(_tree(place.home))

    yield frozen
    if before:
        assert _tree(place.home) == before


@pytest.fixture
def frozen(nothing_changes: Callable[[], None]) -> Callable[[], None]:
    return nothing_changes


def _tree(folder: Path) -> dict[str, str]:
    found = {"": ""}
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(here, name)
            about = os.lstat(path)
            held = hashlib.sha256(Path(path).read_bytes()).hexdigest() if name in files and not os.path.islink(path) else ""
            found[path] = f"{about.st_mode} {about.st_mtime_ns} {about.st_uid} {held}"
    return found
