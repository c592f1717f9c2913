"""Which sequence of a network holds which tokens, so that what was computed once is not computed again."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from llmos_cli.engine.network import Network

WORTH = 8  # tokens in common from which on going on from another's is worth it
AGAIN = 0.9  # of a prompt: so much in common with an earlier one, and that one's answer is not wanted any more
KEPT = 4  # at most this part of the context is kept for later: what is kept slows down what is written
_clock = itertools.count(1)


@dataclass(eq=False)
class Slot:
    """`tokens` are what the sequence holds; `stem`: it is kept for others to go on from, and is never written on."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    busy: bool = False
    stem: bool = False
    used: int = 0


class Slots:
    """All sequences of a network. Belongs to the thread that the network belongs to."""

    def __init__(self, network: Network, count: int) -> None:
        self._network = network
        self._all = [Slot(sequence) for sequence in range(count)]

    def take(self, tokens: list[int]) -> Slot:
        """A busy slot that holds as many of the first `tokens` as are known, but not all of them: one is always left to compute.

        There must be a slot that is not busy.
        """
        source, shared = self._nearest(tokens)
        if source is not None and not (source.busy or source.stem):
            goes_on = 2 * shared >= len(source.tokens)  # the same conversation, or the same question anew
            again = shared >= AGAIN * len(tokens)
            if (goes_on or again) and (shared == len(source.tokens) or self._network.drop(source.sequence, shared)):
                return self._begin(source, tokens[:shared])
        slot = self.empty(keep=source)
        if source is not None and slot is not source:
            self._network.copy(source.sequence, slot.sequence, shared)
            source.used = next(_clock)
            return self._begin(slot, tokens[:shared])
        return self._begin(slot, [])

    def empty(self, keep: Slot | None = None) -> Slot:
        """A slot that holds nothing: a free one, else the one that was used longest ago, other than `keep` where that can be."""
        idle = [slot for slot in self._all if not slot.busy]
        slot = min(idle, key=lambda s: (bool(s.tokens), s is keep, s.used))
        self._forget(slot)
        return slot

    def known(self, tokens: list[int]) -> int:
        """How many of the first `tokens` some slot holds, and `take` would go on from."""
        return self._nearest(tokens)[1]

    def keep(self, slot: Slot) -> None:
        """Keep what `slot` holds now as a stem, if there is a slot to spare."""
        free = [s for s in self._all if not s.busy]
        if len(free) < 2 or any(s.stem and s.tokens == slot.tokens for s in self._all):
            return
        stem = self.empty()
        self._network.copy(slot.sequence, stem.sequence, len(slot.tokens))
        self.hold(stem, slot.tokens)

    def hold(self, slot: Slot, tokens: Sequence[int]) -> None:
        """`slot` has been filled with `tokens`, as a stem."""
        slot.tokens, slot.stem, slot.busy, slot.used = [*tokens], True, False, next(_clock)

    def release(self, slot: Slot) -> None:
        """Nobody writes on it any more; what it holds may be gone on from, until there is too much of its kind."""
        slot.busy, slot.used = False, next(_clock)
        kept = sorted((s for s in self._all if s.tokens and not s.busy), key=lambda s: s.used, reverse=True)
        for stems in (False, True):
            total = 0
            for each in (s for s in kept if s.stem == stems):
                if total and total + len(each.tokens) > self._network.context // KEPT:
                    self._forget(each)
                else:
                    total += len(each.tokens)

    def forget(self, slot: Slot) -> None:
        """Release it, and what it holds too."""
        slot.busy = False
        self._forget(slot)

    def evict(self) -> bool:
        """Make room: forget what was used longest ago. False where all that is held is busy."""
        idle = [slot for slot in self._all if not slot.busy and slot.tokens]
        if not idle:
            return False
        self._forget(min(idle, key=lambda s: (s.stem, s.used)))
        return True

    def held(self) -> list[Slot]:
        """Those that hold something, the most wanted first."""
        return sorted((slot for slot in self._all if slot.tokens), key=lambda s: (s.busy, s.used), reverse=True)

    def clear(self) -> None:
        """After a failure: nothing is known any more."""
        self._network.clear()
        for slot in self._all:
            slot.tokens, slot.busy, slot.stem = [], False, False

    def _begin(self, slot: Slot, tokens: Sequence[int]) -> Slot:
        slot.tokens, slot.busy, slot.stem, slot.used = [*tokens], True, False, next(_clock)
        return slot

    def _forget(self, slot: Slot) -> None:
        if slot.tokens:
            self._network.drop(slot.sequence)
        slot.tokens, slot.stem = [], False

    def _nearest(self, tokens: list[int]) -> tuple[Slot | None, int]:
        """The slot that shares most of the first `tokens`, a stem before others; (None, 0) where none is worth it."""
        best: tuple[Slot | None, int] = None, 0
        order = 0, False, False
        for slot in self._all:
            shared = min(common(slot.tokens, tokens), len(tokens) - 1)
            if not self._network.rewinds and shared != len(slot.tokens):
                continue  # a window or a state can only be gone on from at its end
            if shared >= WORTH and (shared, slot.stem, not slot.busy) > order:
                best, order = (slot, shared), (shared, slot.stem, not slot.busy)
        return best


def common(one: list[int], other: list[int]) -> int:
    """How many tokens both start with."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return bisect.bisect_left(range(most), True, key=lambda size: one[: size + 1] != other[: size + 1])
