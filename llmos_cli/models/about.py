"""What a GGUF's header says of the model in it, without loading it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmos_cli.engine.gguf import Header, check, read_header
from llmos_cli.models.names import quant_in, quant_of_type

_INTEGERS = {4: "I", 5: "i"}  # enum gguf_type


@dataclass(frozen=True)
class About:
    """`kv` is the bytes of KV cache for each token of context at 16 bits, an upper bound where attention slides over a window."""

    architecture: str
    title: str
    quant: str
    parameters: int
    context: int
    layers: int
    width: int
    kv: int
    licence: str
    template: bool  # whether it brings a chat template
    embeds: bool  # made for embeddings: it pools

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def accept(path: Path, *, part: int = 1) -> None:
    """Raise LlmosError unless the file is a whole GGUF; the second and later parts of a split one have no metadata of their own."""
    if part == 1:
        check(path)
    else:
        read_header(path)


def about(paths: Sequence[Path]) -> About:
    """Read the first file's metadata, and count the weights in all of them. Raises LlmosError for what is no GGUF."""
    header = read_header(paths[0])
    values = header.metadata
    parameters = header.parameters + sum(read_header(path).parameters for path in paths[1:])
    architecture = str(values.get("general.architecture", ""))

    def number(key: str, default: int = 0) -> int:
        value = values.get(f"{architecture}.{key}", default)
        return value if isinstance(value, int) and 0 <= value < 1 << 40 else default

    layers, width, heads = number("block_count"), number("embedding_length"), number("attention.head_count")
    head = width // heads if heads else 0
    pooling = number("pooling_type")
    return About(
        architecture=architecture,
        title=str(values.get("general.name", "")),
        quant=quant_of_type(values.get("general.file_type")) or quant_in(paths[0].name),
        parameters=parameters,
        context=number("context_length"),
        layers=layers,
        width=width,
        kv=_kv_heads(paths[0], header, architecture, heads, layers)
        * (number("attention.key_length", head) + number("attention.value_length", head))
        * 2
        * (values.get(f"{architecture}.attention.causal") is not False),
        licence=str(values.get("general.license", "")),
        template=bool(values.get("tokenizer.chat_template")),
        embeds=pooling in (1, 2, 3) or architecture in ("bert", "nomic-bert", "jina-bert-v2", "gemma-embedding"),
    )


def _kv_heads(path: Path, header: Header, architecture: str, heads: int, layers: int) -> int:
    """Over all layers together. Hybrids have a list, with 0 for layers that are no attention."""
    key = f"{architecture}.attention.head_count_kv"
    listed = header.arrays.get(key)
    if listed is not None and listed.kind in _INTEGERS and listed.count <= 4096:
        with path.open("rb") as file:
            file.seek(listed.at)
            numbers = struct.unpack(f"<{listed.count}{_INTEGERS[listed.kind]}", file.read(4 * listed.count))
        return sum(number for number in numbers if 0 <= number <= 4096)
    one = header.metadata.get(key, heads)
    return one * layers if isinstance(one, int) and 0 <= one <= 4096 else 0
