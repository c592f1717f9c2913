"""Forgetting: out of memory and its index, out of the journal's words, out of what was typed and the log; then the proof of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmos_cli.errors import NotFound, UsageError
from llmos_cli.host import Host
from llmos_cli.kernel.planners import Own
from llmos_cli.kernel.proof import Proof, prove
from llmos_cli.memory.forgetting import Chosen, Says, erase, everything_chosen, saying, turns_chosen, word_chosen
from llmos_cli.memory.memory import Memory
from llmos_cli.policy.forget import Emptied
from llmos_cli.policy.journal import Journal

TYPED, LOG = ("typed", "typed-chat"), "llmos.log"  # in the data folder: what was typed; in the state folder: what went wrong


@dataclass(frozen=True)
class Forgotten:
    """What went, and what the search of all files afterwards found. `undoable` are journal entries whose paths and former contents of files
    stay, so that they can be undone."""

    requests: int
    facts: int
    taught: int
    lines: int
    entries: int
    undoable: tuple[str, ...]
    proof: Proof
    planner: bool = False  # the person's own copy, which had learned some of it

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> list[str]:
        """For the person: what was forgotten, what stays and why, and the proof."""
        said = [f"Forgotten: {_counted(self.requests, self.facts, self.taught, self.lines, self.entries)}."]
        if self.planner:
            said.append("Your own copy of the planner had learned some of it, and is deleted: the bundled one plans again.")
        if self.undoable:
            ids = ", ".join(self.undoable[:5]) + (" …" if len(self.undoable) > 5 else "")
            said.append(
                f"{_many(len(self.undoable), 'change')} to files can still be undone ({ids}): for that, the paths and former contents "
                "of these files stay. `--undo-too` forgets them as well."
            )
        searched = f"{_many(self.proof.searched, 'file')} of llmos searched byte by byte"
        if not self.proof.texts:
            said.append("There was no text long enough to search the files for.")
        elif not self.proof.holding:
            said.append(f"{searched}: none has it.")
        else:
            said.append(f"{searched}. It is still in:")
            said += [f"  {path}" for path in self.proof.holding]
        return said


@dataclass(frozen=True)
class Forgetting:
    """What would go: `chosen` of memory, and journal entries by their ids. `says` is true of lines and texts that go wherever they are."""

    host: Host
    memory: Memory
    journal: Journal
    chosen: Chosen
    entries: tuple[str, ...]
    says: Says
    words: tuple[str, ...]
    everything: bool

    @staticmethod
    def of(
        host: Host, memory: Memory, journal: Journal, *, turns: tuple[int, ...], session: str, word: str, everything: bool
    ) -> Forgetting:
        """Raises NotFound for a turn or session that is not there, UsageError where nothing or several things are said."""
        if sum(map(bool, (turns, session, word.strip(), everything))) != 1:
            raise UsageError(
                "say what to forget: numbers of requests, a session, a word, or everything", hint='llmos memory forget --word "tax"'
            )
        store = memory.store
        says: Says = _never
        if turns:
            chosen = turns_chosen(store, ids=_there(memory, turns))
        elif session:
            chosen = turns_chosen(store, session=memory.sessions.named(session).id)
        elif everything:
            chosen, says = everything_chosen(store), _always
        else:
            chosen, says = word_chosen(store, word), saying(word)
        by_words = says if word.strip() or everything else _one_of(frozenset(chosen.texts))
        entries = tuple(journal.mentioning(by_words, chosen.marks))
        words = (word,) if word.strip() else chosen.texts
        return Forgetting(host, memory, journal, chosen, entries, by_words, words, everything)

    @property
    def nothing(self) -> bool:
        return self.chosen.nothing and not self.entries and not self._lines(write=False)

    @property
    def summary(self) -> str:
        """A question: `Forget 3 requests and 1 fact for ever?`"""
        chosen = self.chosen
        return f"Forget {_counted(len(chosen.turns), len(chosen.facts), len(chosen.taught), 0, len(self.entries))}, for ever?"

    def carry_out(self, *, undo_too: bool = False) -> Forgotten:
        """Forget it, then search every file for it. With `undo_too`, what the vault keeps to undo these changes goes as well.

        Raises LlmosError where a file cannot be used; what was done until then is done.
        """
        going = [(phrase.id, phrase.time) for phrase in self.memory.taught.list() if phrase.id in self.chosen.taught]
        own = Own.of(self.host.paths)
        unlearned = own.delete() if self.everything else own.forget(going)
        erase(self.memory.store, self.chosen)
        emptied = self.journal.forget(self.entries, undo_too=undo_too)
        lines = self._lines(write=True)
        if self.everything:
            for damaged in self.host.paths.data.glob("memory.db.damaged-*"):
                damaged.unlink()
        chosen = self.chosen
        return Forgotten(
            len(chosen.turns),
            len(chosen.facts),
            len(chosen.taught),
            lines,
            len(emptied.entries),
            emptied.undoable,
            self._proof(emptied),
            unlearned,
        )

    def _proof(self, emptied: Emptied) -> Proof:
        paths = self.host.paths
        proof = prove((paths.config, paths.data, paths.state, paths.cache), self.words)
        whose = {
            paths.data / "vault": "kept for undo",
            paths.cache / "search": "the index of your own files",
            paths.cache / "people.db": "the people in your mail",
            paths.data / "mail": "your mail",
        }
        named = (
            f"{path}{next((f' ({what})' for folder, what in whose.items() if Path(path).is_relative_to(folder)), '')}"
            for path in proof.holding
        )
        holding = (*named, *(f"the journal, to undo {id}" for id in emptied.undoable if id in self._still()))
        return Proof(proof.searched, proof.texts, holding)

    def _still(self) -> list[str]:
        """Journal entries whose packed records have the words, which a search of bytes does not see."""
        return self.journal.mentioning(lambda text: any(saying(word)(text) for word in self.words))

    def _lines(self, *, write: bool) -> int:
        """How many typed lines and lines of the log have it; with `write`, they go."""
        typed = sum(_cut(self.host.paths.data / name, _typed, self.says, write=write) for name in TYPED)
        return typed + _cut(self.host.paths.state / LOG, lambda text: text.splitlines(keepends=True), self.says, write=write)


def _never(text: str) -> bool:
    return False


def _always(text: str) -> bool:
    return True


def _one_of(texts: frozenset[str]) -> Says:
    return lambda text: text in texts


def _there(memory: Memory, turns: tuple[int, ...]) -> tuple[int, ...]:
    for id in turns:
        if memory.turns.numbered(id) is None:
            raise NotFound(f"there is no request {id}", hint="llmos memory list")
    return turns


def _typed(text: str) -> list[str]:
    """The entries of the shell's history file: a line `# time`, then lines that begin with `+`."""
    blocks, block = list[str](), ""
    for line in text.splitlines(keepends=True):
        if block and not line.startswith("+") and "\n+" in f"\n{block}":
            blocks.append(block)
            block = ""
        block += line
    return [*blocks, block] if block else blocks


def _said(block: str) -> str:
    """What was typed, of a block of the history file; a line of the log as it stands."""
    lines = [line[1:] for line in block.splitlines() if line.startswith("+")]
    return "\n".join(lines) if lines else block.strip()


def _cut(path: Path, split: Callable[[str], list[str]], says: Says, *, write: bool) -> int:
    """How many parts of a file `says` is true of; with `write`, they are taken out of it, all at once."""
    try:
        text = path.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return 0
    blocks = split(text)
    kept = [block for block in blocks if not says(_said(block))]
    if write and len(kept) < len(blocks):
        new = path.with_name(f"{path.name}.new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", errors="surrogateescape") as file:
            file.write("".join(kept))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    return len(blocks) - len(kept)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _counted(requests: int, facts: int, taught: int, lines: int, entries: int) -> str:
    counts = ((requests, "request"), (facts, "fact"), (taught, "taught phrase"), (lines, "typed line"), (entries, "record"))
    said = [_many(count, noun) + " of changes" * (noun == "record") for count, noun in counts if count]
    return ", ".join(said) or "a session without requests"
