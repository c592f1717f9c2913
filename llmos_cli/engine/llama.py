"""llama.cpp, and the only import of llama_cpp: one GGUF opened with one context.

Only the ctypes layer of llama-cpp-python is loaded, through a stub of its package, so numpy and
jinja2 never are. What llama.cpp would print is kept instead. A file is checked by `gguf.py` before
llama.cpp sees it.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import os
import sys
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from llmos_cli.engine import gguf
from llmos_cli.engine.vocabulary import Vocabulary
from llmos_cli.errors import Bug, Interrupted, LlmosError

WARN, ERROR, CONTINUED = 3, 4, 5  # enum ggml_log_level; llama_cpp's own table is one off
ABORTED = 2  # what llama_decode returns when the abort callback said so
OWN_THREAD = 64  # from so many tokens on, decode beside us: a C call hides Ctrl-C until it ends
MOST_AT_ONCE = 512  # tokens in one graph: cancelling waits for one of its nodes
NO_DEVICES = (ctypes.c_void_p * 1)()  # an empty, NULL-terminated list: no GPU is touched


class Library:
    """The loaded shared library, `lib`, and the last lines of its log.

    Made once, by `library()`.
    """

    def __init__(self, lib: Any) -> None:
        self.lib = lib
        self.log: deque[str] = deque(maxlen=40)
        self._keeping = False
        self._callback = lib.llama_log_callback(self._keep)  # kept: C holds only a pointer
        lib.llama_log_set(self._callback, None)
        lib.llama_backend_init()
        strlen = _strlen()
        self.abort: Any = lib.ggml_abort_callback(_is_set) if strlen is None else ctypes.cast(strlen, lib.ggml_abort_callback)

    def _keep(self, level: int, text: bytes, _: object) -> None:
        """Keep warnings, errors and their continuation lines."""
        if level == CONTINUED and self._keeping and self.log:
            self.log[-1] += text.decode(errors="replace").rstrip("\n")
        elif level != CONTINUED:
            self._keeping = level in (WARN, ERROR)
            if self._keeping:
                self.log.append(text.decode(errors="replace").rstrip("\n"))

    def reason(self) -> str:
        """Why the last thing failed, in llama.cpp's words, or ""."""
        for line in self.log:
            _, found, reason = line.partition("error loading model: ")
            if found:
                return reason.strip()
        return self.log[-1].partition(": ")[2].strip() if self.log else ""


def _is_set(flag: int) -> bool:
    """Is the byte at `flag` set? The abort callback where libc's strlen cannot be had."""
    return ctypes.c_char.from_address(flag).value != b"\0"


def _strlen() -> Any | None:
    """libc's strlen, which needs no GIL: on a flag byte and a NUL it answers 0 or 1, as a bool.

    Only x86-64 and ARM64 are known to return a length where a bool is read.
    """
    if os.name != "posix" or os.uname().machine not in ("x86_64", "aarch64", "arm64"):
        return None
    return getattr(ctypes.CDLL(None), "strlen", None)


@functools.cache
def library() -> Library:
    """Load llama.cpp. Raises LlmosError where llama-cpp-python is missing or does not load."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # else an abort starts gdb
    try:
        if "llama_cpp" not in sys.modules:
            spec = importlib.util.find_spec("llama_cpp")
            if spec is None:
                raise ModuleNotFoundError("llama_cpp")
            stub = types.ModuleType("llama_cpp")
            stub.__path__ = list(spec.submodule_search_locations or ())
            stub.__spec__ = spec
            sys.modules["llama_cpp"] = stub
        return Library(importlib.import_module("llama_cpp.llama_cpp"))
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        sys.modules.pop("llama_cpp", None)
        raise LlmosError(
            f"llama.cpp does not load: {error}",
            hint="pip install --force-reinstall llama-cpp-python",
        ) from error


class Llama(Vocabulary):
    """One GGUF with one context and one sequence of tokens. Not thread-safe, save `cancel`.

    `position` is the number of tokens in the sequence; positions count from 0.
    """

    def __init__(self, lib: Library, model: int, context: int, *, room: int, batch: int) -> None:
        """Take over two pointers of llama.cpp's; use `open`."""
        super().__init__(lib.lib, model, lib.reason)
        self._lib = lib
        self._context = context
        self._memory = self._c.llama_get_memory(context)
        self._batch = batch
        self._tokens = (ctypes.c_int32 * batch)()  # llama.cpp keeps only a pointer during a decode
        self._fresh = False  # do the logits belong to the last position?
        self._flag = ctypes.create_string_buffer(2)
        self._c.llama_set_abort_callback(context, lib.abort, self._flag)
        self._close = weakref.finalize(self, _free, self._c, context, model)
        self._close.atexit = False  # the process is ending: leave it to the system
        self.context = min(room, self._c.llama_n_ctx(context))  # which is a multiple of 256

    @classmethod
    def open(cls, path: Path, *, context: int = 1024, threads: int = 1, batch: int = 512) -> Llama:
        """Open `path` with room for `context` tokens; `batch` is how many are computed at once.

        Raises LlmosError, with llama.cpp's reason, for a file that is missing, damaged or of no
        known kind.
        """
        gguf.check(path)
        lib = library()
        lib.log.clear()
        c = lib.lib
        model = c.llama_model_load_from_file(os.fsencode(path), _model_params(c))
        if not model:
            raise _broken(path, lib.reason())
        if not _writes_text(c, model):
            c.llama_model_free(model)
            raise _broken(path, "it does not write text")
        params = c.llama_context_default_params()
        params.n_ctx = context
        params.n_batch = min(batch, context)
        params.n_ubatch = min(batch, context, MOST_AT_ONCE)
        params.n_threads = params.n_threads_batch = threads
        params.offload_kqv = params.op_offload = False
        params.no_perf = True
        made = c.llama_init_from_model(model, params)
        if not made or not c.llama_get_memory(made):
            c.llama_free(made)
            c.llama_model_free(model)
            raise _broken(path, lib.reason())
        return cls(lib, model, made, room=context, batch=min(batch, context))

    def close(self) -> None:
        """Give the memory back; may be called twice. Nothing else may be called after it."""
        self._close()

    def __enter__(self) -> Llama:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def decode(self, tokens: Sequence[int], *, both_ways: bool = False) -> None:
        """Append tokens to the sequence and compute the logits after the last of them.

        `both_ways`: each of these tokens sees those that follow it too, as far as they are computed
        at once (`batch`): for models that were trained to read their prompt so. Raises LlmosError
        when the context is full (nothing is appended then), and Interrupted when cancelled or at
        Ctrl-C; `position` then tells how far it came.
        """
        if both_ways:
            self._c.llama_set_causal_attn(self._context, False)
            try:
                return self.decode(tokens)
            finally:
                self._c.llama_set_causal_attn(self._context, True)
        if (length := self.position + len(tokens)) > self.context:
            raise LlmosError(f"the text is too long for the model: {length} tokens, room for {self.context}")
        for token in tokens:
            self._known(token)
        for first in range(0, len(tokens), self._batch):
            part = tokens[first : first + self._batch]
            self._tokens[: len(part)] = [*part]
            self._fresh = False
            self._run(self._c.llama_batch_get_one(self._tokens, len(part)), len(part))
            self._fresh = True

    def _run(self, batch: Any, size: int) -> None:
        """One llama_decode, in a thread of its own where it may take long."""
        call = functools.partial(self._c.llama_decode, self._context, batch)
        if self._flag.raw[0]:
            code = ABORTED
        elif size < OWN_THREAD or threading.current_thread() is not threading.main_thread():
            try:
                code = call()
            except KeyboardInterrupt:  # it came during the call, which has ended by now
                code = ABORTED
        else:
            code = self._in_thread(call)
        if code == ABORTED:
            self._flag[0] = b"\0"
            raise Interrupted("interrupted")
        if code != 0:
            raise LlmosError(f"the model failed (code {code}): {self._lib.reason()}", hint="llmos doctor")

    def _in_thread(self, call: Callable[[], int]) -> int:
        """Run `call` beside us, so that Ctrl-C is seen at once and stops it.

        Not Thread.join: in Python 3.11 an interrupted join takes a running thread for ended. Not
        covered: a second Ctrl-C within microseconds of the first, which leaves here a few
        milliseconds before the call has ended.
        """
        codes: list[int] = []
        ended = threading.Lock()
        ended.acquire()

        def work() -> None:
            codes.append(call())
            ended.release()

        threading.Thread(target=work, daemon=True).start()
        while True:
            try:
                while not codes:
                    ended.acquire(timeout=0.1)
                return ABORTED if self._flag.raw[0] else codes[0]
            except KeyboardInterrupt:
                self._flag[0] = b"\1"

    @property
    def position(self) -> int:
        """How many tokens the sequence has."""
        return int(self._c.llama_memory_seq_pos_max(self._memory, 0)) + 1

    def rewind(self, position: int) -> None:
        """Drop everything from `position` on.

        LlmosError where the model cannot; the sequence is then unchanged.
        """
        if not 0 <= position <= self.position:
            raise Bug(f"cannot rewind to {position} from {self.position}")
        if position == self.position:
            return
        if not self._c.llama_memory_seq_rm(self._memory, 0, position, -1):
            raise LlmosError("this kind of model cannot take tokens back")
        self._fresh = False

    def logits(self) -> Any:
        """The logits after the last token, valid until the next decode or rewind.

        A ctypes pointer to `vocabulary` floats: index it, or slice it with both ends given.
        """
        if not self._fresh:
            raise Bug("there are no logits before a decode")
        return self._c.llama_get_logits_ith(self._context, -1)

    def cancel(self) -> None:
        """Make the running decode, or else the next one, raise Interrupted.

        From any thread or a signal handler.
        """
        self._flag[0] = b"\1"


def _model_params(c: Any) -> Any:
    params = c.llama_model_default_params()
    params.n_gpu_layers = 0
    params.devices = ctypes.cast(NO_DEVICES, ctypes.c_void_p)
    params.load_mode = c.LLAMA_LOAD_MODE_MMAP
    params.use_extra_bufts = False  # else Q8_0 crashes on AMX machines: llama.cpp #20824
    return params


def _writes_text(c: Any, model: int) -> bool:
    """Encoders, and models without a vocabulary, end the process when one decodes or tokenizes."""
    kind = c.llama_vocab_type(c.llama_model_get_vocab(model))
    encodes = c.llama_model_has_encoder(model) or not c.llama_model_has_decoder(model)
    return bool(kind != c.LLAMA_VOCAB_TYPE_NONE and not encodes)


def _free(c: Any, context: int, model: int) -> None:
    c.llama_free(context)
    c.llama_model_free(model)


def _broken(path: Path, reason: str) -> LlmosError:
    return LlmosError(
        f"{path} cannot be used as a model: {reason or 'llama.cpp gave no reason'}",
        hint="llmos models",
    )
