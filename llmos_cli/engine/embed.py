"""Texts as vectors: many texts in one batch."""

from __future__ import annotations

import ctypes
import math
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.errors import LlmosError

MOST_TOKENS = 2048  # of a text: encoders need all of it at once
MOST_TEXTS = 64  # in one batch


class Embedder:
    """A context for vectors. Thread-safe: one batch at a time."""

    def __init__(self, weights: Weights, setup: Setup) -> None:
        """Raises LlmosError where the model cannot."""
        if not weights.has_text:
            raise LlmosError(f"{weights.path} reads no text", hint="llmos models list")
        self._c, self._weights = weights.lib.lib, weights
        self.room = min(weights.trained, MOST_TOKENS)
        self._lock = threading.Lock()
        c = self._c
        self._context = self._made(setup, c.LLAMA_POOLING_TYPE_UNSPECIFIED)
        if c.llama_pooling_type(self._context) in (c.LLAMA_POOLING_TYPE_NONE, c.LLAMA_POOLING_TYPE_RANK):
            c.llama_free(self._context)
            self._context = self._made(setup, c.LLAMA_POOLING_TYPE_MEAN)
        self._memory = c.llama_get_memory(self._context)
        self._batch = c.llama_batch_init(self.room, 0, 1)
        self.close = weakref.finalize(self, _free, c, self._context, self._batch)
        self.close.atexit = False

    def _made(self, setup: Setup, pooling: int) -> Any:
        params = self._c.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self.room
        params.n_seq_max = MOST_TEXTS
        params.n_threads = params.n_threads_batch = setup.threads
        params.flash_attn_type = self._c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.offload_kqv = params.op_offload = setup.gpu_layers != 0
        params.embeddings = params.kv_unified = params.no_perf = True
        params.pooling_type = pooling
        made = self._c.llama_init_from_model(self._weights.pointer, params)
        if not made:
            raise LlmosError(f"{self._weights.path} cannot be run: {self._weights.lib.reason()}", hint="llmos models ps")
        self._weights.adapt(made)
        return made

    def embed(self, texts: Sequence[list[int]]) -> list[list[float]]:
        """For each text's tokens a vector of length 1, `weights.width` floats. Texts have 1 to `room` tokens. Raises LlmosError."""
        vectors: list[list[float]] = []
        with self._lock:
            group: list[list[int]] = []
            for tokens in texts:
                if group and (len(group) == MOST_TEXTS or sum(map(len, group)) + len(tokens) > self.room):
                    vectors += self._group(group)
                    group = []
                group.append(tokens)
            if group:
                vectors += self._group(group)
        return vectors

    def _group(self, group: Sequence[list[int]]) -> list[list[float]]:
        batch, at = self._batch, 0
        for sequence, tokens in enumerate(group):
            for position, token in enumerate(tokens):
                batch.token[at], batch.pos[at], batch.n_seq_id[at] = token, position, 1
                batch.seq_id[at][0], batch.logits[at] = sequence, 1
                at += 1
        batch.n_tokens = at
        if self._memory:
            self._c.llama_memory_clear(self._memory, False)
        if code := self._c.llama_decode(self._context, batch):
            raise LlmosError(f"the model failed (code {code}): {self._weights.lib.reason()}", hint="llmos doctor")
        return [self._vector(sequence) for sequence in range(len(group))]

    def _vector(self, sequence: int) -> list[float]:
        raw = self._c.llama_get_embeddings_seq(self._context, sequence)
        values: list[float] = raw[: self._weights.width] if raw else []
        length = math.sqrt(math.fsum(value * value for value in values))
        if not length or not math.isfinite(length):
            raise LlmosError("the model computes nothing: its file is damaged", hint="llmos models verify")
        return [value / length for value in values]


def _free(c: Any, context: Any, batch: Any) -> None:
    c.llama_batch_free(batch)
    c.llama_free(context)


def floats(vector: Sequence[float]) -> bytes:
    """As float32, little-endian: OpenAI's `base64` form before it is that."""
    return bytes((ctypes.c_float.__ctype_le__ * len(vector))(*vector))
