"""A model's vocabulary: text to tokens and back, and grammars over it."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from llmos_cli.engine import gbnf
from llmos_cli.engine.sampler import Sampler
from llmos_cli.errors import Bug, LlmosError


class Vocabulary:
    """What a loaded model knows of text. Any thread may ask; the weights must be loaded."""

    def __init__(self, c: Any, model: int, reason: Callable[[], str]) -> None:
        """`c` is llama.cpp's library, `model` its pointer, which stays the caller's.

        `reason` says why llama.cpp's last call failed.
        """
        self._c = c
        self._reason = reason
        self._model = model
        self._vocabulary = c.llama_model_get_vocab(model)
        self.vocabulary: int = c.llama_vocab_n_tokens(self._vocabulary)

    def metadata(self, key: str) -> str | None:
        """The file's value for a key, numbers as text; None for lists and unknown keys."""
        get = functools.partial(self._c.llama_model_meta_val_str, self._model, key.encode())
        raw = _filled(lambda buffer, size: get(buffer, size), 256, terminated=True)
        return None if raw is None else raw.decode(errors="replace")

    def tokenize(self, text: str | bytes, *, special: bool = False, start: bool = False) -> list[int]:
        """Token ids of `text`. What is not UTF-8 becomes U+FFFD, a lone surrogate `?`.

        `special`: control tokens written in it count as such; user-defined ones always do in
        llama.cpp. `start`: add the begin (and end) token where the model wants one.
        """
        if isinstance(text, bytes):  # llama.cpp ends the process at F4 90 80 80 and the like
            text = text.decode(errors="replace")
        raw = text.encode(errors="replace")
        room = len(raw) + 2  # a token stands for at least one byte
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = self._c.llama_tokenize(self._vocabulary, raw, len(raw), tokens, room, start, special)
            if count >= 0:
                return tokens[:count]
            if -count <= room:
                raise LlmosError("the text is too long to be read by the model")
            room = -count

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; not always whole UTF-8."""
        get = functools.partial(self._c.llama_token_to_piece, self._vocabulary, self._known(token))
        return _filled(lambda buffer, size: get(buffer, size, 0, True), 64) or b""

    def token(self, text: str) -> int:
        """The id of the one token with exactly this text. LlmosError if there is none."""
        tokens = self.tokenize(text, special=True)
        if len(tokens) != 1 or self.piece(tokens[0]) != text.encode():
            raise LlmosError(f"the model has no token {text!r}")
        return tokens[0]

    def is_end(self, token: int) -> bool:
        """Does this token end an answer?"""
        return bool(self._c.llama_vocab_is_eog(self._vocabulary, self._known(token)))

    def grammar(self, text: str, root: str) -> Sampler:
        """A GBNF grammar at its start.

        Raises LlmosError for one that does not parse or is too large.
        """
        gbnf.check(text, root, self._has_token)
        made = self._c.llama_sampler_init_grammar(self._vocabulary, text.encode(), root.encode())
        if not made:
            raise LlmosError(f"the grammar cannot be used: {self._reason()}")
        return Sampler(self._c, made, self.vocabulary, owner=self)

    def _has_token(self, literal: str) -> bool:
        """Is there a token for a grammar's `<name>` or `<[id]>`?"""
        if literal.startswith("<[") and literal[2:-2].isdecimal():
            return int(literal[2:-2]) < self.vocabulary
        return len(self.tokenize(literal, special=True)) == 1

    def _known(self, token: int) -> int:
        if not 0 <= token < self.vocabulary:
            raise Bug(f"there is no token {token}")
        return token


def _filled(call: Callable[[Any, int], int], size: int, *, terminated: bool = False) -> bytes | None:
    """What a C function writes into a buffer, which is made larger once; None where it fails.

    It answers a length: too large a one, or minus the one needed, when the buffer is too small.
    """
    for _ in range(2):
        buffer = ctypes.create_string_buffer(size)
        length = call(buffer, size)
        if terminated and length < 0:
            return None
        if abs(length) + terminated <= size and length >= 0:
            return buffer.raw[:length]
        size = abs(length) + terminated
    return None
