"""Check the front of a GGUF file before llama.cpp sees it, and read its metadata.

llama.cpp reports most faults, but aborts the process on some: tokens that occur twice, lists of the
wrong type or length, sizes that cannot be. Format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. What is not covered: the weights
themselves, which have no checksum, and the keys of architectures other than llama, qwen2 and qwen3.
"""

from __future__ import annotations

import math
import mmap
import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmos_cli.errors import LlmosError

Scalar = bool | int | float | str
STRING, _ARRAY = 8, 9
_SCALARS = zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True)  # enum gguf_type
_READ = {kind: struct.Struct("<" + code) for kind, code in _SCALARS}
_I32, _F32 = 5, 6
_U32, _U64 = _READ[4], _READ[10]
_MOST_KEYS, _MOST_TENSORS, _MOST_LAYERS = 1 << 16, 1 << 16, 512  # the last is LLAMA_MAX_LAYERS

# enum ggml_type → (weights in a block, bytes of a block), from ggml_blck_size and ggml_type_size of
# llama.cpp 0c1e57098
_BLOCK = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36),
    41: (128, 18), 42: (64, 18),
}  # fmt: skip


class _DamageError(ValueError):
    """What is wrong, as the end of a sentence that starts with the path."""


@dataclass(frozen=True)
class Array:
    """A list in the header."""

    kind: int  # of its elements, enum gguf_type
    count: int
    at: int  # where in the file the first one starts
    distinct: int  # how many different ones there are, -1 where this was not counted


@dataclass(frozen=True)
class Tensor:
    """`shape` with the innermost axis first; `kind` is its number format, enum ggml_type; `size` bytes from `at` on in the file."""

    shape: tuple[int, ...]
    kind: int
    at: int
    size: int


@dataclass(frozen=True)
class Header:
    metadata: Mapping[str, Scalar]
    arrays: Mapping[str, Array]
    parameters: int = 0  # weights in all tensors
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    end: int = 0  # its length in bytes


def read_metadata(path: Path) -> dict[str, Scalar]:
    """The header's single values by key, without its lists. Raises LlmosError as `check` does."""
    return dict(read_header(path).metadata)


def check(path: Path) -> None:
    """Raise LlmosError unless `path` is a whole GGUF whose header makes sense."""
    header = read_header(path)
    try:
        _check_vocabulary(header)
        _check_sizes(header.metadata)
    except _DamageError as error:
        raise _unusable(path, str(error)) from None


def read_header(path: Path) -> Header:
    """Read the header, and check that all tensors lie within the file.

    Raises LlmosError with the reason.
    """
    try:
        with open(path, "rb", opener=_open_now) as file:  # Path.open has no opener
            size, mode = _size(file.fileno())
            if not stat.S_ISREG(mode):
                raise _DamageError("is not a file")
            if size == 0:
                raise _DamageError("is empty")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(data, size).header()
    except FileNotFoundError:
        raise LlmosError(f"{path} does not exist", hint="llmos models") from None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except _DamageError as error:
        raise _unusable(path, str(error)) from None
    except (struct.error, IndexError, OverflowError):
        raise _unusable(path, "ends in the middle of its header: it was not downloaded whole, or is damaged") from None


def _open_now(name: str, flags: int) -> int:
    """Open without waiting, lest a named pipe hang us."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _size(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mode


def _unusable(path: Path, reason: str) -> LlmosError:
    return LlmosError(f"{path} {reason}", hint="llmos models")


class _Reader:
    """Reads forward through a header; struct.error, IndexError or OverflowError past its end."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data = data
        self.size = size
        self.at = 0

    def header(self) -> Header:
        if self.data[:4] != b"GGUF":
            raise _DamageError("is not a GGUF file")
        self.at = 4
        version = self.number(_U32)
        if version not in (2, 3):
            other = int.from_bytes(version.to_bytes(4, "little"), "big")
            if other in (2, 3):
                raise _DamageError("is a GGUF for big-endian machines")
            raise _DamageError(f"is a GGUF of version {version}; 2 and 3 are known")
        tensors, keys = self.number(_U64), self.number(_U64)
        if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
            raise _DamageError(f"is damaged: its header promises {tensors} tensors and {keys} keys")
        metadata: dict[str, Scalar] = {}
        arrays: dict[str, Array] = {}
        for _ in range(keys):
            key = self.string()
            kind = self.number(_U32)
            if kind == _ARRAY:
                arrays[key] = self.array(distinct=key == "tokenizer.ggml.tokens")
            else:
                metadata[key] = self.scalar(kind)
        found = self.tensors(tensors, metadata.get("general.alignment", 32))
        parameters = sum(math.prod(tensor.shape) for tensor in found.values())
        return Header(metadata, arrays, parameters, found, self.at)

    def number(self, layout: struct.Struct) -> int:
        (value,) = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return int(value)

    def string(self) -> str:
        length = self.number(_U64)
        start, self.at = self.at, self.at + length
        if self.at > self.size:
            raise _DamageError("is damaged: a text in its header is longer than the file")
        return self.data[start : self.at].decode(errors="replace")

    def scalar(self, kind: int) -> Scalar:
        if kind == STRING:
            return self.string()
        if kind not in _READ:
            raise _DamageError(f"is damaged: its header has a value of unknown type {kind}")
        (value,) = _READ[kind].unpack_from(self.data, self.at)
        self.at += _READ[kind].size
        return value  # type: ignore[no-any-return]

    def array(self, *, distinct: bool) -> Array:
        kind, count = self.number(_U32), self.number(_U64)
        at, different = self.at, -1
        if count > self.size:
            raise _DamageError("is damaged: a list in its header is longer than the file")
        if kind == STRING:
            different = self.distinct_strings(count) if distinct else self.skip_strings(count)
        elif kind in _READ:
            self.at += count * _READ[kind].size
        else:
            raise _DamageError(f"is damaged: its header has a list of unknown type {kind}")
        if self.at > self.size:
            raise _DamageError("is damaged: a list in its header is longer than the file")
        return Array(kind, count, at, different)

    def skip_strings(self, count: int) -> int:
        data, at, length = self.data, self.at, _U64.unpack_from
        for _ in range(count):
            at += 8 + length(data, at)[0]
        self.at = at
        return -1

    def distinct_strings(self, count: int) -> int:
        data, at, length = self.data, self.at, _U64.unpack_from
        found = [data[at : (at := at + 8 + length(data, at)[0])] for _ in range(count)]
        self.at = at
        return len(set(found))

    def tensors(self, count: int, alignment: Scalar) -> dict[str, Tensor]:
        """Every tensor's shape, type and place, by its name.

        The data starts at the next multiple of `alignment`.
        """
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise _DamageError(f"is damaged: its alignment is {alignment}")
        found: list[tuple[str, Tensor]] = []
        for _ in range(count):
            name = self.string()
            dimensions = self.number(_U32)
            if not 1 <= dimensions <= 4:
                raise _DamageError(f"is damaged: tensor {name[:64]!r} has {dimensions} dimensions")
            shape = tuple(self.number(_U64) for _ in range(dimensions))
            kind, offset = self.number(_U32), self.number(_U64)
            if kind not in _BLOCK:
                raise _DamageError(f"has tensor {name[:64]!r} in an unknown number format, {kind}")
            block, size = _BLOCK[kind]
            if shape[0] % block or min(shape) == 0 or offset % alignment:
                raise _DamageError(f"is damaged: tensor {name[:64]!r} has an impossible shape or place")
            found.append((name, Tensor(shape, kind, offset, math.prod(shape) // block * size)))
        start = -(-self.at // alignment) * alignment
        end = start + max((tensor.at + tensor.size for _, tensor in found), default=0)
        if end > self.size:
            raise _DamageError(f"is cut short: {end - self.size} bytes are missing at its end")
        return {name: replace(tensor, at=start + tensor.at) for name, tensor in found}


def _check_vocabulary(header: Header) -> None:
    """Token lists of the right type and length, each token once: llama-vocab.cpp asserts it."""
    tokens = header.arrays.get("tokenizer.ggml.tokens")
    if tokens is None:
        return  # llama.cpp says so by itself
    if tokens.kind != STRING:
        raise _DamageError("is damaged: its tokens are no texts")
    if tokens.distinct != tokens.count:
        raise _DamageError(f"is damaged: {tokens.count - tokens.distinct} of its tokens occur twice")
    for key, kind in (("token_type", _I32), ("scores", _F32)):
        found = header.arrays.get(f"tokenizer.ggml.{key}")
        if found is not None and (found.kind, found.count) != (kind, tokens.count):
            raise _DamageError(f"is damaged: its tokens have no proper {key}")
    merges = header.arrays.get("tokenizer.ggml.merges")
    if merges is not None and merges.kind != STRING:
        raise _DamageError("is damaged: its merges are no texts")


def _check_sizes(metadata: Mapping[str, Scalar]) -> None:
    """The numbers that shape the network, where llama.cpp asserts rather than reports."""
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise _DamageError("does not say what architecture it has")

    def value(key: str, default: Scalar) -> Scalar:
        return metadata.get(f"{architecture}.{key}", default)

    layers = value("block_count", 1)
    if not isinstance(layers, int) or not 1 <= layers <= _MOST_LAYERS:
        raise _DamageError(f"is damaged: it has {layers} layers")
    epsilon = value("attention.layer_norm_rms_epsilon", 0.0)
    if not isinstance(epsilon, float) or not 0 <= epsilon < 1:
        raise _DamageError(f"is damaged: its norm's epsilon is {epsilon}")
    if architecture not in ("llama", "qwen2", "qwen3"):
        return
    width, heads = value("embedding_length", 0), value("attention.head_count", 0)
    if not isinstance(width, int) or not isinstance(heads, int) or not 0 < heads <= width:
        raise _DamageError(f"is damaged: it has {heads} heads for a width of {width}")
    pairs = value("attention.head_count_kv", heads)
    if not isinstance(pairs, int) or pairs < 1 or heads % pairs:
        raise _DamageError(f"is damaged: it has {pairs} key heads for {heads} heads")
    key = value("attention.key_length", width // heads)
    if key != value("attention.value_length", width // heads) or key != value("rope.dimension_count", key):
        raise _DamageError("is damaged: its heads' sizes do not match")
