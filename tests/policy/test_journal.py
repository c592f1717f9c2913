"""Undo, redo, history, and the refusals when the world has changed since."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import time

import pytest

from llmos_cli.effects import Copy, Effect, MakeFolder, Move, Remove, SetMode, Trash, Write
from llmos_cli.errors import LlmosError
from llmos_cli.policy.disk import MADE_FOLDER, Mark
from llmos_cli.policy.operations import Operation, unwind_whole


def test_nothing_is_made_before_first_use(journal, tmp_path):
    assert journal.history() == [] and journal.recover() == []
    assert not (tmp_path / "state").exists() and not (tmp_path / "data").exists()
    for act in (journal.undo, journal.redo):
        with pytest.raises(LlmosError, match="nothing to"):
            act()
    with pytest.raises(LlmosError, match="no entry k3f9"):
        journal.undo("k3f9")


def test_all_is_private_whatever_the_umask(home, make_journal, tmp_path):
    old = os.umask(0)
    try:
        make_journal().apply([Write(f"{home}/a.pdf", b"", overwrite=True), Trash(f"{home}/b.pdf")])
    finally:
        os.umask(old)
    for top in (tmp_path / "state", tmp_path / "data/vault"):
        for path in (top, *top.glob("*")):
            allowed = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == allowed, path


def test_history_is_newest_first_and_outlives_the_process(home, make_journal):
    ids = [make_journal().apply([MakeFolder(f"{home}/{n}")], note=str(n)).id for n in range(5)]
    entries = make_journal().history(3)
    assert [entry.id for entry in entries] == ids[:1:-1]
    assert entries[0].effects == ({"op": "mkdir", "path": f"{home}/4"},)
    assert all(len(id) == 4 and id.isalnum() for id in ids) and len(set(ids)) == 5


def test_undo_and_redo_walk_back_and_forth(home, make_journal, manifest):
    trees = [manifest(home)]
    for n in range(4):
        make_journal().apply([Move(f"{home}/a.pdf{n or ''}", f"{home}/a.pdf{n + 1}")])
        trees.append(manifest(home))
    for n in (3, 2, 1, 0):
        make_journal().undo()
        assert manifest(home) == trees[n]
    for n in (1, 2):
        make_journal().redo()
        assert manifest(home).keys() == trees[n].keys()
    make_journal().undo()
    assert manifest(home).keys() == trees[1].keys()
    make_journal().apply([MakeFolder(f"{home}/new")])
    with pytest.raises(LlmosError, match="nothing to redo"):
        make_journal().redo()


def test_undo_of_one_in_the_middle(home, journal):
    first = journal.apply([Move(f"{home}/a.pdf", f"{home}/c")])
    journal.apply([Move(f"{home}/b.pdf", f"{home}/d")])
    assert journal.undo(first.id.upper()).id == first.id
    assert (home / "a.pdf").exists() and (home / "d").exists()
    with pytest.raises(LlmosError, match="undone already"):
        journal.undo(first.id)


def edit(home):
    (home / "x/c").write_text("edited")


def move_away(home):
    (home / "x/c").rename(home / "elsewhere")


def take_old_place(home):
    (home / "a.pdf").write_text("another")


def remove_old_folder(home):
    shutil.rmtree(home / "docs")


def fill(home):
    (home / "copy/deep/mine").write_text("mine")


def edit_copy(home):
    (home / "copy/one.txt").write_text("longer than before")


def empty_trash(home):
    shutil.rmtree(home / ".local/share/Trash/files/note.txt", ignore_errors=True)
    (home / ".local/share/Trash/files/note.txt").unlink()


def change_mode(home):
    (home / "run.sh").chmod(0o700)


def link_instead(home):
    (home / "x").rename(home / "y")
    (home / "x").symlink_to("y")


def lose_vault(home):
    for kept in (home.parent / "data/vault").glob("*/*"):
        kept.unlink()


DRIFT = {
    "edited": ("Move a", edit, "x/c was changed since"),
    "moved": ("Move a", move_away, "x/c is not there any more"),
    "taken": ("Move a", take_old_place, "a.pdf is taken"),
    "linked": ("Move a", link_instead, "is not there any more"),
    "folder gone": ("Move one", remove_old_folder, "docs is not there any more"),
    "filled": ("Copy", fill, "something in .*copy was changed"),
    "copy edited": ("Copy", edit_copy, "something in .*copy was changed"),
    "trash emptied": ("Trash", empty_trash, "is not there any more"),
    "mode": ("SetMode", change_mode, "permissions of .*run.sh were changed"),
    "vault lost": ("Write", lose_vault, "what was kept of .*b.pdf is gone"),
}


def changing(home, which) -> list[Effect]:
    h = str(home)
    return {
        "Move a": [MakeFolder(f"{h}/z"), Move(f"{h}/a.pdf", f"{h}/x/c"), Trash(f"{h}/b.pdf")],
        "Move one": [Trash(f"{h}/b.pdf"), Move(f"{h}/docs/one.txt", f"{h}/1")],
        "Copy": [Copy(f"{h}/docs", f"{h}/copy"), Trash(f"{h}/b.pdf")],
        "Trash": [Trash(f"{h}/note.txt"), Move(f"{h}/a.pdf", f"{h}/c")],
        "SetMode": [SetMode(f"{h}/run.sh", 0o755), Move(f"{h}/a.pdf", f"{h}/c")],
        "Write": [Write(f"{h}/b.pdf", b"new", overwrite=True), Move(f"{h}/a.pdf", f"{h}/c")],
    }[which]


@pytest.mark.parametrize("name", DRIFT)
def test_undo_says_what_has_changed_and_changes_nothing(name, home, journal, manifest):
    which, happens, says = DRIFT[name]
    entry = journal.apply(changing(home, which))
    happens(home)
    before = manifest(home)
    with pytest.raises(LlmosError, match=f"{entry.id} cannot be undone: .*{says}"):
        journal.undo()
    assert manifest(home) == before
    assert journal.history(1)[0].state == "applied"


def test_redo_says_what_has_changed(home, journal, manifest):
    journal.apply([Write(f"{home}/new", b"1"), Move(f"{home}/a.pdf", f"{home}/c")])
    journal.undo()
    (home / "c").write_text("taken")
    before = manifest(home)
    with pytest.raises(LlmosError, match="cannot be done again: .*c is taken"):
        journal.redo()
    assert manifest(home) == before
    (home / "c").unlink()
    journal.redo()
    assert (home / "new").read_text() == "1"


def test_a_made_folder_stays_where_something_else_lies_in_it(home, journal):
    journal.apply([Move(f"{home}/a.pdf", f"{home}/n/deep/a.pdf")])
    (home / "n/mine").write_text("mine")
    journal.undo()
    assert (home / "a.pdf").exists() and (home / "n/mine").exists() and not (home / "n/deep").exists()


def test_a_moved_folder_comes_back_with_what_was_added(home, journal):
    journal.apply([Move(f"{home}/docs", f"{home}/papers")])
    (home / "papers/added").write_text("added")
    journal.undo()
    assert (home / "docs/added").exists() and not (home / "papers").exists()


def test_times_of_folders_that_others_changed_are_left(home, journal):
    journal.apply([Move(f"{home}/a.pdf", f"{home}/docs/a.pdf")])
    (home / "docs/mine").write_text("mine")
    journal.undo()
    assert os.stat(home / "docs").st_mtime > time.time() - 60
    assert os.stat(home).st_mtime_ns < os.stat(home / "docs").st_mtime_ns


def test_an_undo_that_fails_half_way_is_as_if_not_asked_for(home, manifest):
    """What only the operations themselves meet: someone takes a name between the check and the undo."""
    h = str(home)
    steps = []
    for do, path, origin in (("mkdir", "/n", ""), ("rename", "/n/a", "/a.pdf"), ("rename", "/m", "/n"),
                             ("rename", "/b2", "/b.pdf"), ("rename", "/b.pdf", "/note.txt")):  # fmt: skip
        if do == "mkdir":
            steps.append(Operation(do, h + path, MADE_FOLDER))
        else:
            mark = MADE_FOLDER if origin == "/n" else Mark.of(os.lstat(h + origin))
            steps.append(Operation(do, h + path, mark, h + origin))
        steps[-1].carry_out()
    (home / "a.pdf").write_text("taken")
    before = bare(manifest(home))
    with pytest.raises(FileExistsError):
        unwind_whole(steps)
    assert bare(manifest(home)) == before
    (home / "a.pdf").unlink()
    unwind_whole(steps)
    assert (home / "a.pdf").read_text() == "this is a.pdf\n" and not (home / "n").exists()


def bare(tree):
    """Without times: doing things again gives folders new ones."""
    return {path: (about[0], about[4]) for path, about in tree.items()}


def interrupted_after(seconds, act) -> bool:
    """Whether Ctrl-C came in time: by an alarm, without patching."""
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    return False


def test_an_interrupt_leaves_all_or_none(home, make_journal, manifest):
    """Of apply it leaves the tree as it was; of undo either that or the tree before, whole."""
    for n in range(1000):
        (home / f"empty/{n}").touch()
    swaps = [Move(f"{home}/a.pdf", f"{home}/t"), Move(f"{home}/b.pdf", f"{home}/a.pdf"),
             Move(f"{home}/t", f"{home}/b.pdf")]  # fmt: skip
    batch = [*swaps, *(Move(f"{home}/empty/{n}", f"{home}/o/{n}") for n in range(1000)), *swaps]
    before = manifest(home)
    hits = 0
    for n in range(5):
        if interrupted_after(0.02 + n * 0.03, lambda: make_journal().apply(batch)):
            hits += 1
            make_journal().recover()
        if (home / "o").exists():
            make_journal().undo()
        assert manifest(home) == before
    assert hits
    make_journal().apply(batch)
    after = bare(manifest(home))
    hits = 0
    for n in range(5):
        hits += interrupted_after(0.02 + n * 0.03, lambda: make_journal().undo())
        make_journal().recover()
        if (home / "o").exists():
            assert bare(manifest(home)) == after
            assert make_journal().history(1)[0].state == "applied"
        else:
            assert bare(manifest(home)) == bare(before)
            make_journal().apply(batch)
    assert hits


def test_old_entries_are_forgotten_with_what_was_kept(home, make_journal, tmp_path):
    now = [1_000_000.0]
    journal = make_journal(clock=lambda: now[0])
    for n in range(30):
        journal.apply([Write(f"{home}/note.txt", f"{n}".encode(), overwrite=True)])
    assert len(list((tmp_path / "data/vault").iterdir())) == 30
    now[0] += 31 * 24 * 3600
    for n in range(2):
        journal.apply([Write(f"{home}/note.txt", f"late {n}".encode(), overwrite=True)])
    left = journal.history(100)
    assert len(left) == 20
    assert len(list((tmp_path / "data/vault").iterdir())) == 20
    journal.undo()
    assert (home / "note.txt").read_text() == "late 0"


def test_recover_is_cheap_when_nothing_is_pending(home, journal):
    journal.apply([MakeFolder(f"{home}/n")])
    begin = time.perf_counter()
    for _ in range(20):
        journal.recover()
    assert (time.perf_counter() - begin) / 20 < 0.001


def test_final_effects_are_finished_after_a_crash(home, make_journal, tmp_path):
    """As it is after a kill between the record and the deletion: the vault still holds what is to go."""
    make_journal().apply([Remove(f"{home}/docs")])
    entry = make_journal().history(1)[0]
    kept = tmp_path / f"data/vault/{entry.id}"
    kept.mkdir(parents=True)
    (kept / "1").write_text("to go")

    with sqlite3.connect(tmp_path / "state/journal.db") as db:
        db.execute("UPDATE entries SET purge = 1")
    db.close()
    assert [e.id for e in make_journal().recover()] == [entry.id]
    assert not kept.exists() and make_journal().recover() == []


def as_after_a_crash(tmp_path, id, state):
    """The record as a killed process left it. (The disk is made to fit by the test.)"""
    db = sqlite3.connect(tmp_path / "state/journal.db")
    db.execute("UPDATE entries SET state = ? WHERE id = ?", (state, id))
    db.commit()
    db.close()


def test_what_is_in_the_way_of_a_rollback_is_never_replaced(home, make_journal, manifest, tmp_path):
    before = manifest(home)
    batch = [Move(f"{home}/a.pdf", f"{home}/x/a"), Write(f"{home}/b.pdf", b"new", overwrite=True),
             Move(f"{home}/note.txt", f"{home}/x/n")]  # fmt: skip
    entry = make_journal().apply(batch)
    (home / "x/n").rename(home / "note.txt")  # the last operation had not happened
    (home / "a.pdf").write_text("someone else's")
    as_after_a_crash(tmp_path, entry.id, "pending")
    assert [e.state for e in make_journal().recover()] == ["stuck"]
    assert make_journal().recover() == []
    assert (home / "a.pdf").read_text() == "someone else's" and (home / "x/a").exists()
    assert (home / "b.pdf").read_text() == "this is b.pdf\n"
    with pytest.raises(LlmosError, match="a.pdf exists already"):
        make_journal().undo(entry.id)
    (home / "a.pdf").unlink()
    assert make_journal().undo(entry.id).state == "failed"
    assert manifest(home) == before


@pytest.mark.parametrize("state", ["pending", "redoing"])
def test_a_batch_that_was_done_in_full_is_kept(state, home, make_journal, manifest, tmp_path):
    before = manifest(home)
    batch = [Move(f"{home}/a.pdf", f"{home}/x/a"), SetMode(f"{home}/b.pdf", 0o600)]
    entry = make_journal().apply(batch)
    as_after_a_crash(tmp_path, entry.id, state)
    assert [e.state for e in make_journal().recover()] == ["applied"]
    make_journal().undo()
    assert manifest(home) == before


def test_a_mode_not_yet_set_is_not_taken_for_done(home, make_journal, manifest, tmp_path):
    before = manifest(home)
    entry = make_journal().apply([SetMode(f"{home}/a.pdf", 0o600), SetMode(f"{home}/b.pdf", 0o600)])
    (home / "b.pdf").chmod(before["b.pdf"][0] & 0o777)
    as_after_a_crash(tmp_path, entry.id, "pending")
    assert [e.state for e in make_journal().recover()] == ["failed"]
    assert manifest(home) == before


def test_a_journal_that_is_damaged_stops_the_action(home, journal, manifest, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/journal.db").write_bytes(b"no database" * 500)
    before = manifest(home)
    with pytest.raises(LlmosError, match="damaged"):
        journal.apply([Trash(f"{home}/a.pdf")])
    assert manifest(home) == before
