"""A grammar inside llama.cpp: what it allows next, of one token or of all."""

from __future__ import annotations

import ctypes
import math
import weakref
from array import array
from typing import Any


class Sampler:
    """A grammar at the place to which the accepted tokens have led.

    Made by `Llama.grammar`; not thread-safe.
    """

    def __init__(self, c: Any, pointer: Any, vocabulary: int, *, owner: object) -> None:
        """`owner` is kept alive: the grammar points into its vocabulary."""
        self._owner = owner
        self._vocabulary = vocabulary
        self._c = c
        self._pointer = pointer
        self._one = c.llama_token_data()
        self._raw = bytearray()  # `vocabulary` times llama_token_data: an id, a logit, a probability
        self.close = weakref.finalize(self, c.llama_sampler_free, pointer)
        self.close.atexit = False

    def allows(self, token: int) -> bool:
        """May this token come next?"""
        self._one.id, self._one.logit = token, 0.0
        self._apply(ctypes.byref(self._one), 1)
        return bool(self._one.logit > -math.inf)

    def masked(self, logits: Any) -> list[float]:
        """The logits, `vocabulary` of them, with -inf for tokens that may not come next."""
        size = self._vocabulary
        if not self._raw:
            self._raw = bytearray(size * 12)
            memoryview(self._raw).cast("i")[0::3] = memoryview(array("i", range(size)))
        values: memoryview[float] = memoryview(self._raw).cast("f")[1::3]
        values[:] = memoryview(ctypes.string_at(logits, size * 4)).cast("f")
        self._apply((ctypes.c_char * len(self._raw)).from_buffer(self._raw), size)
        return [*values]

    def accept(self, token: int) -> None:
        """Go on by a token that is allowed: any other ends the process."""
        self._c.llama_sampler_accept(self._pointer, token)

    def _apply(self, data: Any, size: int) -> None:
        pointer = ctypes.cast(data, self._c.llama_token_data_p)
        candidates = self._c.llama_token_data_array(pointer, size, -1, False)
        self._c.llama_sampler_apply(self._pointer, ctypes.byref(candidates))
