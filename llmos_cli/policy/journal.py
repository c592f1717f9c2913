"""The journal: what was done to the person's files, and how to take it back, from any later process.

A batch is written down in full before its first operation, and marked as applied after the last. A process killed in
between leaves an entry that is still pending: whoever comes next looks at the disk, and takes back what was done of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from llmos_cli.effects import Effect
from llmos_cli.errors import LlmosError
from llmos_cli.policy.apply import (
    Batch,
    carry_out,
    completed,
    repeat,
    take_back,
    take_back_whole,
)  # fmt: skip
from llmos_cli.policy.check import Trial
from llmos_cli.policy.draft import Draft
from llmos_cli.policy.entries import Entries, JournalEntry
from llmos_cli.policy.expand import expand
from llmos_cli.policy.forget import Emptied, empty, mentioning
from llmos_cli.policy.lock import Note, locked
from llmos_cli.policy.operations import all_done
from llmos_cli.policy.reasons import reason
from llmos_cli.policy.volumes import Volumes, discard

ATTEMPTS = 5  # when another program takes the same name in the trash at the same moment

__all__ = ["Journal", "JournalEntry"]


class Journal:
    """`state` holds the records, `vault` what is kept for undo. Neither is made or opened before it is needed."""

    def __init__(
        self,
        state: Path,
        vault: Path,
        *,
        env: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._entries = Entries(state / "journal.db")
        self._lock = state / "journal.lock"
        self._vault = os.path.realpath(vault)
        self._env = env
        self._clock = clock

    def apply(self, effects: Sequence[Effect], *, note: str = "", plan: str = "", turn: str = "") -> JournalEntry:
        """Carry out all of the effects; `turn` is a name that entries made for one request share.

        Raises LlmosError, and then the tree is as it was.
        """
        with self._held() as held:
            for _ in range(ATTEMPTS):
                try:
                    entry = self._apply(effects, (note, plan, turn), held)
                except FileExistsError as error:
                    lost = error
                else:
                    self._forget_old()
                    return entry
            raise lost

    def undo(self, id: str | None = None) -> JournalEntry:
        """Take back the newest applied entry, or the one named. Raises LlmosError, and then nothing was changed."""
        with self._held():
            entry = self._entries.named(id) if id else self._entries.newest("applied")
            if entry is None:
                raise LlmosError(
                    f"there is no entry {id}" if id else "there is nothing to undo",
                    hint="llmos history",
                )
            self._expect_undoable(entry)
            batch = self._entries.batch(entry.id)
            if entry.state == "stuck":
                return self._unstick(entry, batch)
            with _named(entry, "undone"):
                batch = Trial(batch).undo()
            self._entries.set(entry.id, "undoing", batch)
            try:
                take_back_whole(batch)
            except BaseException:
                self._settle_undo(entry, batch)
                raise
            return self._entries.set(entry.id, "undone", batch)

    def redo(self) -> JournalEntry:
        """Do again the entry that was undone last. Raises LlmosError, and then nothing was changed."""
        with self._held():
            entry = self._entries.undone_last()
            if entry is None:
                raise LlmosError("there is nothing to redo", hint="llmos history")
            batch = self._entries.batch(entry.id)
            with _named(entry, "done again"):
                batch = Trial(batch).redo()
            self._entries.set(entry.id, "redoing", batch)
            try:
                done = repeat(batch)
            except BaseException:
                self._entries.set(entry.id, "stuck" if take_back(batch) else "undone")
                raise
            return self._entries.set(entry.id, "applied", done)

    def history(self, limit: int = 20) -> list[JournalEntry]:
        """The newest entries, newest first."""
        return self._entries.newest_first(limit)

    def mentioning(self, says: Callable[[str], bool], turns: frozenset[str] = frozenset()) -> list[str]:
        """The ids of entries made for these turns, or whose words or paths `says` is true of."""
        return mentioning(self._entries, says, turns)

    def forget(self, ids: Sequence[str], *, undo_too: bool = False) -> Emptied:
        """Take request, plan and paths out of what is shown of these entries, for good. They can still be undone, unless that goes too.

        Raises LlmosError.
        """
        if not ids:
            return Emptied()
        with self._held():
            return empty(self._entries, [id for id in ids if self._entries.has(id)], undo_too=undo_too)

    def recover(self) -> list[JournalEntry]:
        """Bring what a killed process left half done to an end; the entries that it did so with, as they are now."""
        if not self._entries.any_open() and not _is_filled(self._lock):
            return []
        with locked(self._lock) as note:
            return self._recover(note)

    # ---- one batch ----------------------------------------------------------------------------------

    def _apply(self, effects: Sequence[Effect], about: tuple[str, str, str], held: Note) -> JournalEntry:
        draft = Draft(self._entries.free_id(), Volumes(self._vault), self._env, self._clock())
        expand(effects, draft)
        batch = self._staged(draft, held)
        final = any(effect.final for effect in effects)
        entry = JournalEntry(
            draft.entry, draft.when, about[0], about[1], tuple(effect.as_json() for effect in effects),
            "pending", not final, about[2],
        )  # fmt: skip
        try:
            self._entries.add(entry, batch)
            held.write("")
            done = carry_out(batch)
            entry = self._entries.set(entry.id, "applied", done, purge=final)
        except BaseException as error:
            self._roll_back(entry, batch, error)
            raise
        if final:
            self._purge(entry.id, batch)
        return entry

    def _staged(self, draft: Draft, held: Note) -> Batch:
        """Make what the draft needs in the vaults. Should we die meanwhile, the note says what to clear away."""
        kept = draft.own_folders()
        try:
            if kept:
                held.write("\0".join([draft.entry, *kept]))
            draft.stage_all()
            return Batch(draft.operations(), draft.touched(), tuple(kept))
        except BaseException:
            for folder in kept:
                discard(folder)
            held.write("")
            raise

    def _roll_back(self, entry: JournalEntry, batch: Batch, error: BaseException) -> None:
        problems = take_back(batch)
        if problems:
            error.add_note(f"not all could be taken back: {problems[0]}")
        else:
            _clear(batch)
        if self._entries.has(entry.id):
            self._entries.set(entry.id, "stuck" if problems else "failed")

    def _settle_undo(self, entry: JournalEntry, batch: Batch) -> None:
        state = "applied" if all_done(batch.operations) else "stuck"
        self._entries.set(entry.id, state)

    def _unstick(self, entry: JournalEntry, batch: Batch) -> JournalEntry:
        problems = take_back(batch)
        if problems:
            raise problems[0]
        return self._entries.set(entry.id, "failed", batch)

    def _expect_undoable(self, entry: JournalEntry) -> None:
        if entry.state not in ("applied", "stuck"):
            raise LlmosError(f"{entry.id} is {entry.state} already", hint="llmos history")
        if not entry.undoable:
            raise LlmosError(
                f"{entry.id} deleted for ever, which cannot be undone",
                hint="llmos history shows what can: llmos undo ID",
            )

    # ---- after a crash --------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[Note]:
        """The lock, with nothing half done. What the system refuses inside is raised as a sentence."""
        try:
            with locked(self._lock) as note:
                self._recover(note)
                yield note
        except OSError as error:
            raise reason(error, self._vault) from error

    def _recover(self, note: Note) -> list[JournalEntry]:
        if said := note.read():
            id, *folders = said.split("\0")
            if not self._entries.has(id):
                for folder in folders:
                    if os.path.basename(folder) == id:
                        discard(folder)
            note.write("")
        return [self._end(entry) for entry in self._entries.open()]

    def _end(self, entry: JournalEntry) -> JournalEntry:
        batch = self._entries.batch(entry.id)
        if entry.state == "applied":
            self._purge(entry.id, batch)
            return entry
        if entry.state != "undoing" and all_done(batch.operations):
            final = not entry.undoable
            entry = self._entries.set(entry.id, "applied", completed(batch), purge=final)
            if final:
                self._purge(entry.id, batch)
            return entry
        if take_back(batch):
            return self._entries.set(entry.id, "stuck")
        if entry.state == "pending":
            _clear(batch)
            return self._entries.set(entry.id, "failed")
        return self._entries.set(entry.id, "undone", batch)

    # ---- the vault --------------------------------------------------------------------------------------

    def _purge(self, id: str, batch: Batch) -> None:
        """Delete for ever what the entry put into the vault; tried again at the next start where that fails."""
        try:
            for folder in batch.kept:
                discard(folder)
        except OSError:
            return
        self._entries.purged(id)

    def _forget_old(self) -> None:
        for id in self._entries.old(self._clock()):
            try:
                for folder in self._entries.batch(id).kept:
                    discard(folder)
            except OSError:
                continue  # a volume that cannot be written now: later
            self._entries.forget(id)


def _clear(batch: Batch) -> None:
    """Delete what was staged, once all that was put aside is back in its place."""
    kept = tuple(f"{folder}/" for folder in batch.kept)
    if any(step.path.startswith(kept) and step.is_done() for step in batch.operations):
        return
    for folder in batch.kept:
        discard(folder)


@contextmanager
def _named(entry: JournalEntry, done: str) -> Iterator[None]:
    """Say which entry it is that cannot be taken back or done again."""
    try:
        yield
    except LlmosError as error:
        raise LlmosError(f"{entry.id} cannot be {done}: {error.message}", hint=error.hint or "llmos history") from error


def _is_filled(path: Path) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False
