"""The loop that answers many requests at once: each step computes one batch with the next tokens of all of them.

A thread of its own runs it, and only that thread touches the network. Requests wait in a queue for
each client, and are begun in turns. A prompt is computed in parts, so that answers under way go on
meanwhile. Where the context is full, first what is only kept goes, then the youngest answer steps back
and goes on later from where it was.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict, deque
from dataclasses import dataclass

from llmos_cli.engine.llama import ABORTED
from llmos_cli.engine.network import FULL, Network, Rows
from llmos_cli.engine.prefix import LEAST, Prefixes
from llmos_cli.engine.run import Run
from llmos_cli.engine.slots import Slot, Slots
from llmos_cli.errors import Bug, Interrupted, LlmosError

MOST_ACTIVE = 16  # answers written at once
MOST_WAITING = 256
STEP_SECONDS = 0.25  # how long a step may take while others wait for their next token
LEAST_PART = 32  # tokens of a prompt
AHEAD = 512  # tokens of an answer that there is room for before it begins
STEP_CELLS = 1024  # tokens by which the context grows


@dataclass(eq=False)
class _Active:
    run: Run
    slot: Slot

    @property
    def left(self) -> int:
        """Tokens that are not computed yet: at least the last one."""
        return len(self.run.tokens) - len(self.slot.tokens)


class Batch:
    """Use `submit` and `cancel` from any thread."""

    def __init__(self, network: Network, prefixes: Prefixes | None = None) -> None:
        self._network = network
        self._prefixes = prefixes
        self._slots = Slots(network, network.setup.sequences)
        self._waiting: OrderedDict[str, deque[Run]] = OrderedDict()  # by client; the first is whose turn it is
        self._active: list[_Active] = []
        self._most = MOST_ACTIVE
        self._speed = 0.0  # tokens of prompts a second, 0 while not known
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="batch", daemon=True)
        self._thread.start()

    def submit(self, run: Run) -> None:
        """Queue it. Raises LlmosError where too many wait already, Interrupted after `close`."""
        with self._change:
            if self._closing:
                raise _stopped()
            if sum(map(len, self._waiting.values())) >= MOST_WAITING:
                raise LlmosError(f"{MOST_WAITING} requests wait for this model already", hint="llmos models ps")
            self._waiting.setdefault(run.client, deque()).append(run)
            self._change.notify()

    def cancel(self, run: Run) -> None:
        """Nobody reads its pieces any more."""
        with self._change:
            run.cancelled = True
            if self._active and all(active.run.cancelled for active in self._active):
                self._network.cancel()
            self._change.notify()

    @property
    def load(self) -> tuple[int, int]:
        """(answers under way, requests that wait)"""
        with self._change:
            return len(self._active), sum(map(len, self._waiting.values()))

    def close(self) -> None:
        """End all, as interrupted, and the thread."""
        with self._change:
            self._closing = True
            self._network.cancel()
            self._change.notify()
        self._thread.join()
        if self._prefixes is not None:
            self._prefixes.wait()

    # ---- the loop ----

    def _loop(self) -> None:
        while True:
            with self._change:
                while not (self._closing or self._waiting or self._active):
                    self._change.wait()
                if self._closing:
                    break
            try:
                self._retire()
                self._admit()
                if self._active:
                    self._step()
            except LlmosError as error:
                self._fail_all(error)
            except Exception as error:  # the thread must live, and its callers must hear of it
                traceback.print_exc()
                self._fail_all(Bug(f"the loop that computes failed: {type(error).__name__}: {error}"))
        self._fail_all(_stopped(), also_waiting=True)

    def _retire(self) -> None:
        """Let go of answers that nobody waits for, or whose time is up."""
        for active in [*self._active]:
            if active.run.cancelled or active.run.late:
                if not active.run.cancelled:
                    active.run.stop()
                self._leave(active)

    def _admit(self) -> None:
        while len(self._active) < self._most and (run := self._next()) is not None:
            if run.cancelled or run.late:
                run.stop()
                continue
            if run.stem >= len(run.tokens):
                run.stem = 0
            self._make_fit(run)
            self._restore(run)
            slot = self._slots.take(run.tokens)
            if run.ready < 0:
                run.ready = len(slot.tokens)
            with self._change:
                self._active.append(_Active(run, slot))

    def _next(self) -> Run | None:
        """The first request of the client whose turn it is."""
        with self._change:
            if not self._waiting:
                return None
            client, runs = next(iter(self._waiting.items()))
            run = runs.popleft()
            if runs:
                self._waiting.move_to_end(client)
            else:
                del self._waiting[client]
            return run

    def _make_fit(self, run: Run) -> None:
        """The context begins small, since its memory has to be cleared; it grows with what is asked of it."""
        held = sum(len(active.run.tokens) for active in self._active)
        wanted = held + len(run.tokens) + min(run.limits.tokens, AHEAD)
        if wanted > self._network.cells < self._network.context:
            self._grow(-(-wanted // STEP_CELLS) * STEP_CELLS)

    def _grow(self, cells: int) -> None:
        slots = self._slots.held()
        lost = self._network.grow(cells, [slot.sequence for slot in slots])
        for active in [active for active in self._active if active.slot.sequence in lost]:
            self._again(active)
        for slot in slots:
            if slot.sequence in lost:
                self._slots.forget(slot)

    def _restore(self, run: Run) -> None:
        """Fetch the stem from the disk where that is more than is known here."""
        stem = run.tokens[: run.stem]
        if self._prefixes is None or not stem or self._slots.known(run.tokens) >= run.stem:
            return
        state = self._prefixes.load(stem)
        if state is None:
            return
        slot = self._slots.empty()
        while not self._network.restore(slot.sequence, state):
            if not self._slots.evict():
                return
        if self._network.length(slot.sequence) != run.stem:
            self._network.drop(slot.sequence)
            return
        self._slots.hold(slot, stem)
        run.restored = run.stem

    def _step(self) -> None:
        rows, parts = self._rows()
        began = time.monotonic()
        code = self._network.decode(rows)
        if code == FULL:
            return self._make_room()
        if code == ABORTED:
            return self._recover(parts)
        if len(rows) > len(parts):
            speed = len(rows) / max(1e-4, time.monotonic() - began)
            self._speed = speed if self._speed == 0 else 0.5 * (self._speed + speed)
        for active, count, row in parts:
            start = len(active.slot.tokens)
            active.slot.tokens += active.run.tokens[start : start + count]
            if active.left == 0:
                self._advance(active, row)
            if len(active.slot.tokens) == active.run.stem:
                self._keep_stem(active)

    def _rows(self) -> tuple[Rows, list[tuple[_Active, int, int]]]:
        """The next batch, and which part of it is whose: (answer, tokens, row of the last of them)."""
        rows, parts = Rows(), []
        writing = [active for active in self._active if active.left == 1]
        reading = [active for active in self._active if active.left > 1]
        for active in writing:
            at = len(active.slot.tokens)
            parts.append((active, 1, rows.add(active.run.tokens[at:], at, active.slot.sequence, logits=True)))
        room = self._network.batch - len(rows)
        if writing and self._speed:
            room = max(LEAST_PART, min(room, int(self._speed * STEP_SECONDS)))
        for number, active in enumerate(sorted(reading, key=lambda a: a.left)):
            at = len(active.slot.tokens)
            count = min(active.left, room // (len(reading) - number))
            if at < active.run.stem < at + count:
                count = active.run.stem - at
            if count:
                last = at + count == len(active.run.tokens)
                row = rows.add(active.run.tokens[at : at + count], at, active.slot.sequence, logits=last)
                parts.append((active, count, row))
                room -= count
        return rows, parts

    def _advance(self, active: _Active, row: int) -> None:
        """Choose the next token of an answer."""
        run = active.run
        try:
            goes_on = run.take(run.chooser.choose(self._network, row), self._network.weights)
        except LlmosError as error:
            run.fail(error)
            goes_on = False
        if not goes_on:
            self._leave(active)

    def _keep_stem(self, active: _Active) -> None:
        """The start of the prompt has just been computed: keep it, here and on the disk."""
        stem = active.slot.tokens
        self._slots.keep(active.slot)
        if self._prefixes is not None and len(stem) >= LEAST and not self._prefixes.has(stem):
            self._prefixes.save([*stem], self._network.state(active.slot.sequence))

    def _make_room(self) -> None:
        """The context is full: forget what is only kept, else let the youngest answer wait for others."""
        if self._network.cells < self._network.context:
            return self._grow(2 * self._network.cells)
        if self._slots.evict():
            return
        youngest = max(self._active, key=lambda active: active.run.number)
        if len(self._active) == 1:
            self._leave(youngest)
            youngest.run.fail(LlmosError("the model's context is full", hint="llmos models ps"))
            return
        self._again(youngest)
        self._most = max(1, len(self._active))

    def _recover(self, parts: list[tuple[_Active, int, int]]) -> None:
        """A step was interrupted: those that nobody waits for go; the rest begins again at what is sure."""
        for active, _, _ in parts:
            self._again(active)

    def _again(self, active: _Active) -> None:
        """What is computed of an answer is lost: it goes on later from the tokens that it has."""
        self._leave(active, forget=True)
        if not active.run.cancelled:
            with self._change:
                self._waiting.setdefault(active.run.client, deque()).appendleft(active.run)

    def _leave(self, active: _Active, *, forget: bool = False) -> None:
        with self._change:
            self._active.remove(active)
        self._most = min(MOST_ACTIVE, self._most + 1)
        if forget:
            self._slots.forget(active.slot)
        else:
            self._slots.release(active.slot)

    def _fail_all(self, error: LlmosError, *, also_waiting: bool = False) -> None:
        with self._change:
            runs = [active.run for active in self._active]
            self._active.clear()
            if also_waiting:
                runs += [run for queue in self._waiting.values() for run in queue]
                self._waiting.clear()
        for run in runs:
            run.fail(error)
        self._slots.clear()


def _stopped() -> Interrupted:
    return Interrupted("the model was stopped", hint="llmos models ps")
