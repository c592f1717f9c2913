"""Several processes at once: nothing is lost, and each sees whole batches only."""

from __future__ import annotations

import os
from pathlib import Path

from llmos_cli.effects import Move, Trash, Write
from llmos_cli.errors import LlmosError
from llmos_cli.policy.journal import Journal
from llmos_cli.policy.trash import Can, put, restore
from llmos_cli.policy.volumes import Volumes

EACH = 300


def together(*acts) -> None:
    """All at once, each in its own process; all end well."""
    children = []
    for act in acts:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                act()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(acts)


def same_names(top: Path) -> list[list[Path]]:
    found: list[list[Path]] = []
    for who in ("one", "two"):
        files = [top / who / str(n) / "same.txt" for n in range(EACH)]
        for n, path in enumerate(files):
            path.parent.mkdir(parents=True)
            path.write_text(f"{who} {n}")
        found.append(files)
    return found


def contents(can: Can) -> set[str]:
    return {path.read_text() for path in Path(can.root, "files").iterdir()}


def test_two_processes_trash_equal_names_one_by_one(tmp_path):
    can = Can(str(tmp_path / "Trash"))
    lists = same_names(tmp_path)
    spots = [[], []]
    together(*(lambda files=files: [put(str(path), can, 0) for path in files] for files in lists))
    assert len(contents(can)) == 2 * EACH
    assert len(list(Path(can.root, "info").iterdir())) == 2 * EACH
    assert not any(path.exists() for files in lists for path in files)
    assert spots == [[], []]


def test_two_journals_trash_equal_names(home, tmp_path):
    """Two separate journals, which share no lock, only the trash."""
    lists = same_names(home)

    def run(files, n):
        journal = Journal(tmp_path / f"s{n}", tmp_path / f"v{n}", env={"HOME": str(home)})
        for at in range(0, EACH, 30):
            journal.apply([Trash(str(path)) for path in files[at : at + 30]])

    together(*(lambda files=files, n=n: run(files, n) for n, files in enumerate(lists)))
    can = Can(str(home / ".local/share/Trash"))
    assert len(contents(can)) == 2 * EACH
    assert not any(path.exists() for files in lists for path in files)


def test_two_processes_apply_and_undo_with_one_journal(home, make_journal):
    """Both want the same files: each batch moves all or none of them, whoever comes first."""
    for n in range(20):
        (home / f"docs/{n}").write_text(str(n))

    def run(name):
        for _ in range(8):
            journal = make_journal()
            batch = [Move(f"{home}/docs/{n}", f"{home}/{name}/{n}") for n in range(20)]
            try:
                entry = journal.apply([*batch, Write(f"{home}/{name}/done", b"")])
            except LlmosError:
                continue
            assert len(os.listdir(home / name)) == 21
            journal.undo(entry.id)

    together(lambda: run("one"), lambda: run("two"), lambda: run("three"))
    assert sorted(int(p) for p in os.listdir(home / "docs") if p.isdigit()) == list(range(20))
    assert not any((home / name).exists() for name in ("one", "two", "three"))
    assert {entry.state for entry in make_journal().history(500)} == {"undone"}
    assert Volumes(str(home)).of(str(home)).room() > 0


def test_restore_gives_back_and_never_replaces(tmp_path):
    import pytest

    can = Can(str(tmp_path / "Trash"))
    path = tmp_path / "a"
    path.write_text("first")
    spot = put(str(path), can, 0)
    path.write_text("second")
    with pytest.raises(LlmosError, match="is taken"):
        restore(spot, str(path))
    path.unlink()
    restore(spot, str(path))
    assert path.read_text() == "first" and not os.path.exists(spot.info)
    with pytest.raises(LlmosError, match="no longer in the trash"):
        restore(spot, str(path) + "2")
