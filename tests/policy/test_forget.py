"""Words go out of the journal for good; what undo needs stays, or goes as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.effects import Move, Write
from llmos_cli.policy.forget import GONE
from llmos_cli.policy.journal import Journal


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "salary.txt").write_text("old")
    return home, tmp_path / "state", tmp_path / "vault"


@pytest.fixture
def journal(folders: tuple[Path, Path, Path]) -> Journal:
    _, state, vault = folders
    return Journal(state, vault, env={"HOME": str(folders[0])})


def test_words_are_found_in_what_is_shown_and_in_what_undo_needs(journal, folders):
    home = str(folders[0])
    first = journal.apply([Move(f"{home}/salary.txt", f"{home}/pay.txt")], note="hide it", plan="rename x", turn="t1")
    second = journal.apply([Write(f"{home}/new.txt", b"x")], note="about Salary", turn="t2")
    assert journal.mentioning(lambda text: "salary" in text.lower()) == [first.id, second.id]
    assert journal.mentioning(lambda text: False, frozenset({"t2"})) == [second.id]
    assert journal.mentioning(lambda text: text == "rename") == []  # what the sorts of effects are called does not count


def test_the_entry_is_empty_and_can_still_be_undone(journal, folders):
    home, state, _ = folders
    entry = journal.apply([Move(f"{home}/salary.txt", f"{home}/pay.txt")], note="hide the salary", plan="rename salary.txt to=pay.txt")
    done = journal.forget([entry.id, "none"])
    assert done.entries == (entry.id,) and done.undoable == (entry.id,)
    (now,) = journal.history()
    assert (now.note, now.plan, [e["op"] for e in now.effects]) == (GONE, "", ["move"])
    assert b"salary" not in (state / "journal.db").read_bytes()
    assert journal.mentioning(lambda text: "salary" in text) == [entry.id]
    journal.undo(entry.id)
    assert (home / "salary.txt").read_text() == "old"


def test_with_undo_too_the_former_contents_go(journal, folders):
    home, state, vault = folders
    entry = journal.apply([Write(f"{home}/salary.txt", b"new", overwrite=True)], note="x")
    assert any(path.is_file() for path in vault.rglob("*"))
    assert journal.forget([entry.id], undo_too=True).undoable == ()
    assert journal.history() == [] and not any(path.is_file() for path in vault.rglob("*"))
    assert (home / "salary.txt").read_text() == "new" and b"salary" not in (state / "journal.db").read_bytes()


def test_nothing_to_forget_makes_no_journal(journal, folders):
    assert journal.forget([]).entries == () and journal.mentioning(lambda text: True) == []
    assert not folders[1].exists()
