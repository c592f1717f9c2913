"""A GGUF's weights in memory, without a context: what the worker's contexts share."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmos_cli.engine import gguf
from llmos_cli.engine.adapters import Adapter, made_for
from llmos_cli.engine.families import MARKS
from llmos_cli.engine.llama import NO_DEVICES, library
from llmos_cli.engine.vocabulary import Vocabulary
from llmos_cli.errors import LlmosError

CONTROL, USER_DEFINED = 1 << 3, 1 << 4  # enum llama_token_attr


@dataclass(frozen=True)
class Setup:
    """How a model is run: what `probe` found to work on this machine, and how much it may use.

    `context`: tokens that all sequences hold together. `batch`: tokens computed at once.
    `extra_buffers`: let llama.cpp copy the weights into another order, which is quicker where it
    works. `gpu_layers`: 0 for none, -1 for all.
    """

    context: int = 8192
    sequences: int = 24
    threads: int = 1
    batch: int = 512
    flash: bool = False
    extra_buffers: bool = False
    gpu_layers: int = 0


class Weights(Vocabulary):
    """Close it after the contexts that were made of it."""

    def __init__(self, lib: Any, model: int, path: Path) -> None:
        """Take over a pointer of llama.cpp's; use `open`."""
        super().__init__(lib.lib, model, lib.reason)
        c = lib.lib
        self.lib = lib
        self.path = path
        self.pointer = model
        self.trained = max(1, int(c.llama_model_n_ctx_train(model)))  # tokens of a text it has learnt from
        self.width = int(c.llama_model_n_embd_out(model))
        self.bytes = int(c.llama_model_size(model))
        self.window = int(c.llama_model_n_swa(model))  # tokens that some layers look back, 0 for all
        self.recurrent = bool(c.llama_model_is_recurrent(model) or c.llama_model_is_hybrid(model))
        self.has_text = bool(c.llama_vocab_type(self._vocabulary) != c.LLAMA_VOCAB_TYPE_NONE)
        self.encodes = bool(c.llama_model_has_encoder(model) or not c.llama_model_has_decoder(model))
        self._pieces: dict[int, bytes] = {}
        self._adapters: list[tuple[Any, float]] = []  # llama.cpp's pointers, which go with the model, and their scales
        self.close = weakref.finalize(self, c.llama_model_free, model)
        self.close.atexit = False

    @classmethod
    def open(cls, path: Path, setup: Setup, *, adapters: Sequence[Adapter] = (), checked: bool = False) -> Weights:
        """Raises LlmosError with llama.cpp's reason. `checked`: `gguf.check` has passed this file before."""
        if not checked:
            gguf.check(path)
        lib = library()
        lib.log.clear()
        c = lib.lib
        params = c.llama_model_default_params()
        params.n_gpu_layers = setup.gpu_layers
        if setup.gpu_layers == 0:
            params.devices = ctypes.cast(NO_DEVICES, ctypes.c_void_p)
        params.load_mode = c.LLAMA_LOAD_MODE_MMAP
        params.use_extra_bufts = setup.extra_buffers
        model = c.llama_model_load_from_file(os.fsencode(path), params)
        if not model:
            raise LlmosError(f"{path} cannot be used as a model: {lib.reason() or 'llama.cpp gave no reason'}", hint="llmos models list")
        weights = cls(lib, model, path)
        try:
            weights._adapters = [(weights._adapter(adapter.path), adapter.scale) for adapter in adapters]
        except LlmosError:
            weights.close()
            raise
        return weights

    def _adapter(self, path: Path) -> Any:
        for_ = made_for(path)
        if for_ != (ours := self.metadata("general.architecture")):
            raise LlmosError(f"{path} is an adapter for models of the kind {for_[:40]!r}, and {self.path.name} is {ours!r}")
        self.lib.log.clear()
        made = self._c.llama_adapter_lora_init(self.pointer, os.fsencode(path))
        if not made:
            reason = self.lib.reason() or "llama.cpp gave no reason"
            raise LlmosError(f"{path} cannot be used as an adapter of {self.path.name}: {reason}")
        if self._c.llama_adapter_get_alora_n_invocation_tokens(made):
            raise LlmosError(f"{path} is an adapter that counts after certain words only, which cannot be had here")
        return made

    def adapt(self, context: Any) -> None:
        """Have a context that was made of these weights compute with the adapters. Raises LlmosError."""
        if not self._adapters:
            return
        count = len(self._adapters)
        pointers = (self._c.llama_adapter_lora_p_ctypes * count)(*(pointer for pointer, _ in self._adapters))
        scales = (ctypes.c_float * count)(*(scale for _, scale in self._adapters))
        if self._c.llama_set_adapters_lora(context, pointers, count, scales):
            raise LlmosError(f"{self.path.name} cannot be run with its adapters: {self.lib.reason()}")

    def shown(self, token: int) -> bytes:
        """As `piece`, but nothing for control tokens that are no marks in an answer; remembered."""
        found = self._pieces.get(token)
        if found is None:
            found = self.piece(token)
            if self.is_control(token) and found.decode(errors="replace") not in MARKS:
                found = b""
            self._pieces[token] = found
        return found

    def is_control(self, token: int) -> bool:
        """Is it a mark for the model rather than text?"""
        return bool(self._c.llama_vocab_is_control(self._vocabulary, self._known(token)))

    def is_special(self, token: int) -> bool:
        """A control token, or one that its maker defined beside the text's."""
        return bool(self._c.llama_vocab_get_attr(self._vocabulary, self._known(token)) & (CONTROL | USER_DEFINED))

    @property
    def begin(self) -> str:
        """The text of the token that starts a text; "" where the model wants none."""
        return self._text(self._c.llama_vocab_bos(self._vocabulary))

    @property
    def end(self) -> str:
        """The text of the token that ends one; "" where there is none."""
        return self._text(self._c.llama_vocab_eos(self._vocabulary))

    @property
    def end_token(self) -> int:
        """The id of that token, -1 where there is none."""
        return int(self._c.llama_vocab_eos(self._vocabulary))

    @property
    def adds_begin(self) -> bool:
        return bool(self._c.llama_vocab_get_add_bos(self._vocabulary))

    @property
    def template(self) -> str:
        """Its chat template, "" where it has none."""
        raw = self._c.llama_model_chat_template(self.pointer, None)
        return raw.decode(errors="replace") if raw else ""

    def _text(self, token: int) -> str:
        return self.piece(token).decode(errors="replace") if 0 <= token < self.vocabulary else ""
