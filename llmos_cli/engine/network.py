"""Weights with a context that holds several sequences of tokens, computed together in one batch."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from llmos_cli.engine.llama import ABORTED, MOST_AT_ONCE
from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.errors import LlmosError

FULL = 1  # what llama_decode returns when the context has no room; nothing has changed then


class WritesNothing(LlmosError):
    """The model has no place for what came before: it reads a text as a whole."""


@dataclass
class Rows:
    """What is to be computed: each token with its position, its sequence, and whether its logits are wanted (1 or 0)."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, tokens: list[int], first: int, sequence: int, *, logits: bool) -> int:
        """Append tokens of one sequence from position `first` on; `logits` of the last are wanted. Returns its row."""
        count = len(tokens)
        self.tokens += tokens
        self.positions += range(first, first + count)
        self.sequences += [sequence] * count
        self.wanted += [0] * (count - 1) + [int(logits)]
        return len(self.tokens) - 1


class Network:
    """One context. All of it belongs to one thread, save `cancel`."""

    def __init__(self, weights: Weights, setup: Setup, *, cells: int = 0) -> None:
        """`cells`: how many of the tokens that `setup` allows there is room for at first, 0 for all; see `grow`.

        Raises LlmosError where there is no memory for the context, WritesNothing for encoders.
        """
        self._c, self.weights, self.setup = weights.lib.lib, weights, setup
        self._flag = ctypes.create_string_buffer(2)
        self._arrays(min(setup.batch, setup.context))
        self._open(min(cells, setup.context) or setup.context)
        self.context = setup.context
        # Only what each sequence holds as a whole can be gone on from: windows forget, recurrent states cannot go back.
        self.rewinds = not weights.window and not weights.recurrent

    def _open(self, cells: int) -> None:
        c, weights, setup = self._c, self.weights, self.setup
        weights.lib.log.clear()
        params = c.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = self.batch
        params.n_ubatch = min(self.batch, MOST_AT_ONCE)
        params.n_seq_max = setup.sequences
        params.n_outputs_max = min(setup.sequences, self.batch)
        params.n_threads = params.n_threads_batch = setup.threads
        params.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_ENABLED if setup.flash else c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.offload_kqv = params.op_offload = setup.gpu_layers != 0
        params.kv_unified = True
        params.no_perf = True
        made = c.llama_init_from_model(weights.pointer, params)
        if made and not c.llama_get_memory(made):
            c.llama_free(made)
            raise WritesNothing(f"{weights.path} makes vectors of texts, and writes none", hint="llmos models list")
        if not made:
            reason = weights.lib.reason() or "there is too little memory"
            raise LlmosError(f"{weights.path} cannot be run: {reason}", hint="llmos models ps")
        self._context, self._memory, self.cells = made, c.llama_get_memory(made), min(cells, int(c.llama_n_ctx(made)))
        c.llama_set_abort_callback(made, weights.lib.abort, self._flag)
        weights.adapt(made)
        self.close = weakref.finalize(self, c.llama_free, made)
        self.close.atexit = False

    def grow(self, cells: int, sequences: Iterable[int]) -> list[int]:
        """Make room for `cells` tokens, at most `context`, and take these sequences along; those that do not fit are lost, and returned.

        Raises LlmosError where there is no memory, and all is as before.
        """
        states = [(sequence, self.state(sequence)) for sequence in sequences]
        old = self.close
        self._open(min(cells, self.context))
        old()
        return [sequence for sequence, state in states if not self.restore(sequence, state)]

    def _arrays(self, room: int) -> None:
        """A batch whose arrays are filled by slices, which is quicker than by element."""
        c = self._c
        self.batch = room
        self._tokens: Any = (ctypes.c_int32 * room)()
        self._positions: Any = (ctypes.c_int32 * room)()
        self._sequences: Any = (ctypes.c_int32 * room)()
        self._wanted: Any = (ctypes.c_int8 * room)()
        self._counts = (ctypes.c_int32 * room)(*[1] * room)
        first, size = ctypes.addressof(self._sequences), ctypes.sizeof(ctypes.c_int32)
        pointer = ctypes.POINTER(ctypes.c_int32)
        self._each = (pointer * room)(*[ctypes.cast(first + size * at, pointer) for at in range(room)])
        batch = c.llama_batch()
        batch.token, batch.pos = ctypes.cast(self._tokens, pointer), ctypes.cast(self._positions, pointer)
        batch.n_seq_id, batch.seq_id = ctypes.cast(self._counts, pointer), ctypes.cast(self._each, ctypes.POINTER(pointer))
        batch.logits = ctypes.cast(self._wanted, ctypes.POINTER(ctypes.c_int8))
        self._rows = batch

    def decode(self, rows: Rows) -> int:
        """Compute the rows, at most `batch` of them. 0: done; FULL: no room, nothing changed; ABORTED: some may be done.

        Raises LlmosError where llama.cpp fails otherwise: what the sequences hold is not known then.
        """
        count = len(rows)
        self._tokens[:count] = rows.tokens
        self._positions[:count] = rows.positions
        self._sequences[:count] = rows.sequences
        self._wanted[:count] = rows.wanted
        self._rows.n_tokens = count
        code = int(self._c.llama_decode(self._context, self._rows))
        if code in (0, FULL):
            return code
        if code == ABORTED:
            self._flag[0] = b"\0"
            return code
        raise LlmosError(f"the model failed (code {code}): {self.weights.lib.reason()}", hint="llmos doctor")

    def cancel(self) -> None:
        """Make the running decode return ABORTED, or else the next one. From any thread."""
        self._flag[0] = b"\1"

    def logits(self, row: int) -> Any:
        """A ctypes pointer to `vocabulary` floats, valid until the next decode; of a row whose logits were wanted."""
        return self._c.llama_get_logits_ith(self._context, row)

    def sample(self, chain: Any, row: int) -> int:
        """Let llama.cpp's chain of samplers choose. Raises LlmosError where the logits are no numbers."""
        token = int(self._c.llama_sampler_sample(chain, self._context, row))
        if not math.isfinite(self.logits(row)[token]):
            raise LlmosError("the model computes nothing: its file is damaged", hint="llmos models verify")
        return token

    def length(self, sequence: int) -> int:
        """How many tokens it holds."""
        return int(self._c.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def drop(self, sequence: int, start: int = 0) -> bool:
        """Forget it from position `start` on; False, and nothing changed, where the model cannot."""
        if start == 0:
            return bool(self._c.llama_memory_seq_rm(self._memory, sequence, -1, -1))
        return self.rewinds and bool(self._c.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def copy(self, source: int, target: int, length: int) -> None:
        """Make `target`, which is empty, the first `length` tokens of `source`: all of it where the model cannot rewind."""
        whole = length == self.length(source)
        self._c.llama_memory_seq_cp(self._memory, source, target, -1 if whole else 0, -1 if whole else length)

    def clear(self) -> None:
        self._c.llama_memory_clear(self._memory, False)

    def state(self, sequence: int) -> memoryview:
        """What llama.cpp has computed for a sequence, to `restore` in a context of the same weights and setup."""
        size = self._c.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = self._c.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return memoryview(buffer).cast("B")[:written]

    def restore(self, sequence: int, state: Any) -> bool:
        """Copy a state in; `state` is a writable buffer. False where it does not fit, and the sequence is empty then."""
        size = memoryview(state).nbytes
        data = (ctypes.c_uint8 * size).from_buffer(state)
        used = self._c.llama_state_seq_set_data(self._context, data, size, sequence)
        if used != size:
            self.drop(sequence)
        return bool(used == size)
