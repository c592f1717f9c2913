"""Random sequences of changes: undone one by one, the tree is at each step what it was; and redone."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmos_cli.archives import list_members
from llmos_cli.effects import (
    Copy,
    Effect,
    Link,
    MakeFolder,
    Move,
    Pack,
    SetMode,
    Trash,
    Unpack,
    Write,
)  # fmt: skip
from llmos_cli.errors import LlmosError
from llmos_cli.policy.journal import Journal

NAMES = ("a", "b", "c.txt", "d.tar", "e é", "-f")


@dataclass
class Names:
    """What there is; names that may be free; and what the last effect of the batch made, for the next to use."""

    chance: random.Random
    there: list[str]
    home: str
    last: str | None = None

    def old(self) -> str:
        if self.last and self.chance.random() < 0.3:
            return self.last
        return self.chance.choice(self.there) if self.chance.random() < 0.93 else self.new()

    def new(self) -> str:
        if self.chance.random() < 0.15:
            return self.old()
        return f"{self.chance.choice([self.home, *self.there])}/{self.chance.choice(NAMES)}"


def random_effect(names: Names) -> Effect:
    chance, over = names.chance, names.chance.random() < 0.5
    kind = chance.randrange(10)
    if kind < 3:
        return Move(names.old(), names.new(), overwrite=over)
    if kind == 3:
        return Copy(names.old(), names.new(), overwrite=over)
    if kind == 4:
        return Write(names.new(), chance.randbytes(chance.randrange(50)), overwrite=over)
    if kind == 5:
        return Trash(names.old())
    if kind == 6:
        return MakeFolder(names.new())
    if kind == 7:
        hard = chance.random() < 0.4
        return Link(names.new(), names.old() if hard else chance.choice(["a", "../b"]), hard=hard)
    if kind == 8:
        return SetMode(names.old(), chance.choice([0o600, 0o644, 0o755, 0o711]))
    return Pack(names.new(), ((names.old(), "in"),), chance.choice(["tar", "zip"]), overwrite=over)


def swap(a: str, b: str) -> list[Effect]:
    return [Move(a, f"{a}.swap"), Move(b, a), Move(f"{a}.swap", b)]


def random_batch(chance: random.Random, home: Path) -> list[Effect]:
    there = sorted(str(p) for p in home.rglob("*") if "/.local" not in str(p))
    names = Names(chance, there or [f"{home}/gone"], str(home))
    if chance.random() < 0.15:
        return swap(names.old(), names.old())
    archives = [path for path in there if path.endswith(".tar") and os.path.isfile(path)]
    if archives and chance.random() < 0.5:
        try:
            return [Unpack(archives[0], names.new(), list_members(archives[0]))]
        except LlmosError:
            pass  # it is called so, but is none
    batch = []
    for _ in range(chance.randrange(1, 5)):
        batch.append(random_effect(names))
        names.last = batch[-1].result
    return batch


def run_sequence(base: Path, seed: int, manifest) -> tuple[int, int]:
    """How many batches were applied, and how many refused."""
    chance = random.Random(seed)
    home = base / f"{seed}/home"
    (home / "a").mkdir(parents=True)
    (home / ".local/share/Trash/files").mkdir(parents=True)
    (home / ".local/share/Trash/info").mkdir()
    for name in ("a/x", "a/y", "b", "c.txt"):
        (home / name).write_text(f"{seed} {name}")
    (home / "a/l").symlink_to("../b")
    journal = Journal(base / f"{seed}/s", base / f"{seed}/v", env={"HOME": str(home)})
    trees, refused = [manifest(home)], 0
    while len(trees) < 11 and refused < 200:
        batch = random_batch(chance, home)
        try:
            journal.apply(batch)
        except LlmosError:
            refused += 1
            assert manifest(home) == trees[-1], batch
        else:
            trees.append(manifest(home))
    for tree in trees[-2::-1]:
        journal.undo()
        assert manifest(home) == tree
    for n, tree in enumerate(trees[1:], 1):
        journal.redo()
        assert bare(manifest(home)) == bare(tree)
        trees[n] = manifest(home)
    for tree in trees[-2::-1]:
        journal.undo()
        assert manifest(home) == tree
    assert {entry.state for entry in journal.history(100)} <= {"undone", "failed"}
    return len(trees) - 1, refused


def bare(tree):
    """Without the times of folders, which doing it again makes anew."""
    return {path: (about[0], about[4]) for path, about in tree.items()}


def test_ten_sequences(tmp_path, manifest):
    applied = sum(run_sequence(tmp_path, seed, manifest)[0] for seed in range(10))
    assert applied > 80


@pytest.mark.slow
def test_two_hundred_sequences(tmp_path, manifest, capsys):
    counts = [run_sequence(tmp_path, seed, manifest) for seed in range(1000, 1200)]
    with capsys.disabled():
        applied, refused = (sum(column) for column in zip(*counts, strict=True))
        print(f"\n200 sequences: {applied} batches applied, undone, redone, undone; {refused} refused")
