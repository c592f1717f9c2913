"""A GGUF's tensors as arrays, and a copy of the file with others in their place. F32, F16 and Q8_0; numpy is loaded with this module."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmos_cli.engine import gguf
from llmos_cli.errors import LlmosError

BLOCK = 32  # weights per Q8_0 block: one F16 scale and 32 signed bytes
F32, F16, Q8_0 = 0, 1, 8  # enum ggml_type
Floats = npt.NDArray[np.float32]


def read(path: Path) -> dict[str, Floats]:
    """All tensors by name, in PyTorch's shape, [out, in]. Raises LlmosError for a file that is damaged or has other number formats."""
    header = gguf.read_header(path)
    data = np.memmap(path, np.uint8, "r")
    return {name: _unpacked(data, tensor, name, path) for name, tensor in header.tensors.items()}


def _unpacked(data: npt.NDArray[np.uint8], tensor: gguf.Tensor, name: str, path: Path) -> Floats:
    raw, shape = data[tensor.at : tensor.at + tensor.size].tobytes(), tensor.shape[::-1]
    if tensor.kind == Q8_0:
        return unpack_q8_0(raw, shape)
    if tensor.kind not in (F32, F16):
        raise LlmosError(f"{path} cannot be trained on: {name} is neither F32 nor F16 nor Q8_0")
    return np.frombuffer(raw, "<f4" if tensor.kind == F32 else "<f2").astype(np.float32).reshape(shape)


def copied(source: Path, target: Path, weights: Mapping[str, npt.NDArray[Any]], texts: Mapping[str, str]) -> None:
    """Write a new file in the place of `target`, 0600: the header of `source` with these texts in its metadata, and its tensors with these
    weights, in the number formats that they have there.

    Raises LlmosError for a damaged source, KeyError for a text or a tensor that it has not, OSError.
    """
    header, whole = gguf.read_header(source), source.read_bytes()
    tensors = sorted(header.tensors.items(), key=lambda pair: pair[1].at)
    start = min(tensor.at for _, tensor in tensors)
    front = whole[: header.end]
    for key, text in texts.items():
        front = _with_text(front, key, str(header.metadata[key]), text)
    alignment = int(header.metadata.get("general.alignment", 32))
    target.unlink(missing_ok=True)  # never the bytes of a file that is in use
    with open(target, "wb", opener=_private) as file:
        file.write(front + bytes(-len(front) % alignment))
        at = 0
        for name, tensor in tensors:
            packed = pack(weights[name], tensor.kind)
            if len(packed) != tensor.size:
                raise KeyError(f"{name} has {len(packed)} bytes in place of {tensor.size}")
            file.write(bytes(tensor.at - start - at) + packed)
            at = tensor.at - start + len(packed)
        file.write(bytes(-at % alignment))
        file.flush()
        os.fsync(file.fileno())


def _with_text(front: bytes, key: str, old: str, new: str) -> bytes:
    """The header with another text under a key."""
    head = _string(key) + struct.pack("<I", gguf.STRING)
    before, found, after = front.partition(head + _string(old))
    if not found:
        raise KeyError(key)
    return before + head + _string(new) + after


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def pack(array: npt.NDArray[Any], kind: int) -> bytes:
    """The tensor's bytes as F32, F16 or Q8_0 (whose rows must be multiples of 32 long)."""
    if kind == Q8_0:
        return pack_q8_0(array)
    return np.ascontiguousarray(array, dtype={F32: "<f4", F16: "<f2"}[kind]).tobytes()


def pack_q8_0(array: npt.NDArray[Any]) -> bytes:
    """Blocks of 32 weights along the last axis: scale d = max|x| / 127 as F16, then round(x / d) as int8.

    As ggml's quantize_row_q8_0_ref, which divides by d before it is rounded to F16. Raises ValueError for rows of another length.
    """
    if array.shape[-1] % BLOCK:
        raise ValueError(f"Q8_0 needs rows of a multiple of {BLOCK}, not {array.shape[-1]}")
    blocks = np.ascontiguousarray(array, dtype=np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    out = np.empty(len(blocks), dtype=[("d", "<f2"), ("q", "i1", (BLOCK,))])
    out["d"] = scale[:, 0]
    out["q"] = np.rint(blocks * inverse)
    return out.tobytes()


def unpack_q8_0(data: bytes, shape: tuple[int, ...]) -> Floats:
    """The weights that `pack_q8_0` wrote, as float32 of `shape`: what the runtime computes with."""
    blocks = np.frombuffer(data, dtype=[("d", "<f2"), ("q", "i1", (BLOCK,))])
    weights = blocks["d"].astype(np.float32)[:, None] * blocks["q"].astype(np.float32)
    return weights.reshape(shape)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_EXCL, 0o600)
