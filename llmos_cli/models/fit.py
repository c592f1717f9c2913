"""Which models fit this machine: weights + KV cache + margin against what there is, and how fast they would about answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from llmos_cli.models.amounts import GIB, MIB, said
from llmos_cli.models.catalogue import Entry
from llmos_cli.models.machine import Machine

CONTEXT = 8192  # tokens that are reckoned with where nobody says
MARGIN = 400 * MIB  # the buffers that llama.cpp computes in, and its own
SPARE = 2 * GIB  # left to everything else, at least
QUICK = 12.0  # tokens a second from which more bits for each weight are worth their time
SLOW = 4.0  # tokens a second below which nobody wants to wait
EFFICIENCY = 0.7  # of reading memory at full speed, as decoding does


@dataclass(frozen=True)
class Need:
    """Bytes that a model takes with a context of so many tokens."""

    weights: int
    cache: int
    margin: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.margin

    def __str__(self) -> str:
        return f"{said(self.weights)} weights + {said(self.cache)} KV cache + {said(self.margin)} margin = {said(self.total)}"


@dataclass(frozen=True)
class Fit:
    """`speed` is tokens a second at least, 0 where a graphics card computes or nothing is written; `why` is one sentence."""

    entry: Entry
    quant: str
    context: int
    need: Need
    where: str  # `card`, `memory` or `nowhere`
    speed: float
    good: bool
    why: str

    def as_json(self) -> dict[str, Any]:
        need = {**asdict(self.need), "total": self.need.total}
        return {
            "name": f"{self.entry.name}:{self.quant}", "context": self.context, "need": need, "where": self.where,
            "tokens_a_second": round(self.speed, 1) or None, "good": self.good, "why": self.why, "licence": self.entry.licence,
            "roles": list(self.entry.roles), "good_at": self.entry.good_at,
        }  # fmt: skip


def need(weights: int, kv: int, context: int) -> Need:
    """`kv` is bytes for each token."""
    return Need(weights, kv * context, MARGIN + weights // 20)


def room(machine: Machine) -> int:
    """Bytes of memory that a model may take, so that everything else has some too."""
    return max(machine.memory // 2, machine.memory - max(SPARE, machine.memory // 4))


def recommend(entries: Iterable[Entry], machine: Machine, context: int = CONTEXT) -> list[Fit]:
    """Each entry in the quantisation that suits best: those that fit and are quick enough first, the largest of them first of all."""
    fits = [_best(entry, machine, min(context, entry.context or context)) for entry in entries]
    return sorted(fits, key=lambda fit: (not fit.good, fit.where == "nowhere", _cost(fit)))


def _cost(fit: Fit) -> float:
    """More weights are better, to a tenth of a billion; of what is too slow or too large, the smaller is less so."""
    return -round(fit.entry.parameters / 1e9, 1) if fit.good else fit.need.total


def _best(entry: Entry, machine: Machine, context: int) -> Fit:
    """The usual quantisation; a larger one where it is quick all the same, a smaller one where the usual does not fit."""
    fits = [judge(entry, quant, size, machine, context) for quant, size in sorted(entry.sizes.items(), key=lambda item: item[1])]
    larger = [fit for fit in fits if fit.good and (fit.where == "card" or fit.speed >= QUICK)]
    usual = [fit for fit in fits if fit.good and fit.quant == entry.quant]
    good = [fit for fit in fits if fit.good]
    return (larger[-1:] or usual or good or fits)[0]


def judge(entry: Entry, quant: str, size: int, machine: Machine, context: int) -> Fit:
    needed = need(size, entry.kv, context)
    if machine.card_memory and needed.total <= machine.card_memory * 9 // 10:
        why = f"fits the graphics card whole: {said(needed.total)} of {said(machine.card_memory)}"
        return Fit(entry, quant, context, needed, "card", 0.0, True, why)
    speed = machine.reads * EFFICIENCY / size if size else 0.0
    if needed.total > room(machine):
        return Fit(
            entry, quant, context, needed, "nowhere", speed, False, f"needs {said(needed.total)}, and {said(room(machine))} can be given"
        )
    writes = not set(entry.roles) <= {"embed", "rerank"}  # what only reads takes many tokens at once: memory is not what it waits for
    about = f", about {speed:.0f} tokens a second or more" if speed >= 1 else ", less than a token a second"
    about = about if writes else ""
    speed = speed if writes else 0.0
    if writes and speed < SLOW and not machine.shared:
        return Fit(entry, quant, context, needed, "memory", speed, False, f"fits, but slow here{about}")
    busy = f"; {said(machine.free)} are free now, so close other programs first" if needed.total > machine.free else ""
    return Fit(
        entry, quant, context, needed, "memory", speed, not busy, f"fits: {said(needed.total)} of {said(room(machine))}{about}{busy}"
    )
