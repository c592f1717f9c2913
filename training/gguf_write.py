"""Write GGUF version 3: metadata, a vocabulary, and tensors as F32, F16 or Q8_0.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Tensor names and keys of the
qwen3 architecture are those of llama.cpp: `token_embd`, `blk.N.attn_q` …; a missing `output.weight`
ties the head to the embedding.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmos_cli.engine.tensors import F16, F32, Q8_0, pack

ALIGNMENT = 32
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
_U32, _I32, _F32, _BOOL, _STRING, _ARRAY, _U64 = 4, 5, 6, 7, 8, 9, 10
_TENSOR_TYPE = {"F32": F32, "F16": F16, "Q8_0": Q8_0}

Array = npt.NDArray[np.generic]
Scalar = bool | int | float | str


def write_gguf(
    path: Path,
    metadata: Mapping[str, Scalar | Sequence[Scalar]],
    tokens: Sequence[str],
    token_types: Sequence[int],
    tensors: Mapping[str, Array],
    quantise: Callable[[str], str],
) -> None:
    """Write `path` in one go, through a temporary file beside it.

    `metadata`: scalars, or lists of one kind; ints become u32 (i32 below zero, u64 above 32 bits),
    floats f32. It holds `general.architecture`, the architecture's own keys, and the tokenizer's
    kind and ids. `token_types` has one of the constants above for each of the `tokens`.
    `tensors` are in PyTorch's shape, [out, in]; `quantise(name)` answers "F32", "F16" or "Q8_0",
    and one-dimensional tensors are always F32. Raises ValueError for what llama.cpp would refuse.
    """
    if len(set(tokens)) != len(tokens) or len(token_types) != len(tokens):
        raise ValueError("tokens must be distinct, with one type each")
    keys: dict[str, Scalar | Sequence[Scalar]] = {
        **metadata,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": token_types,
    }
    header = [struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(keys))]
    for key, value in keys.items():
        header.append(_string(key) + _value(value, signed=key.endswith("token_type")))
    packed: list[bytes] = []
    offset = 0
    for name, array in tensors.items():
        kind = "F32" if array.ndim == 1 else quantise(name)
        data = pack(array, _TENSOR_TYPE[kind])
        shape = array.shape[::-1]
        header.append(_string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
        header.append(struct.pack("<IQ", _TENSOR_TYPE[kind], offset))
        packed.append(data + bytes(-len(data) % ALIGNMENT))
        offset += len(packed[-1])
    front = b"".join(header)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        file.write(front + bytes(-len(front) % ALIGNMENT))
        file.writelines(packed)
    temporary.replace(path)


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Scalar | Sequence[Scalar], *, signed: bool = False) -> bytes:
    """A typed value:

    its type as u32, then the value; arrays have the element type and count before their elements.
    """
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    if isinstance(value, Sequence):
        return struct.pack("<I", _ARRAY) + _array(value, signed=signed)
    kind, code = _number(value, signed=signed)
    return struct.pack(f"<I{code}", kind, value)


def _array(values: Sequence[Scalar], *, signed: bool) -> bytes:
    if not values or isinstance(values[0], str):
        items = b"".join(_string(str(v)) for v in values)
        return struct.pack("<IQ", _STRING, len(values)) + items
    numbers = [v for v in values if not isinstance(v, str)]
    kind, code = _number(max(numbers, key=abs), signed=signed)
    return struct.pack(f"<IQ{len(numbers)}{code}", kind, len(numbers), *numbers)


def _number(value: bool | int | float, *, signed: bool) -> tuple[int, str]:
    """The GGUF type of a number and its code for `struct`."""
    if isinstance(value, bool):
        return _BOOL, "?"
    if isinstance(value, float):
        return _F32, "f"
    if signed or value < 0:
        return _I32, "i"
    return (_U32, "I") if value < 1 << 32 else (_U64, "Q")
