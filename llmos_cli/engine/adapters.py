"""LoRA adapters: small GGUF files that change what a model computes, beside its weights."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmos_cli.engine.gguf import read_header
from llmos_cli.errors import LlmosError, UsageError

MOST = 8  # adapters at once
MOST_SCALE = 100.0
_FIRST = re.compile(r"(.+-)00001(-of-(\d{5})\.gguf)", re.ASCII)  # llama.cpp's names for the parts of a model
FORM = 'adapters should be a list like [{"path": "/path/to/adapter.gguf", "scale": 1.0}]'


@dataclass(frozen=True)
class Adapter:
    """`scale`: how strongly it counts; 1 is as it was trained."""

    path: Path
    scale: float = 1.0

    def as_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "scale": self.scale}


@dataclass(frozen=True)
class Source:
    """What is loaded: a GGUF (of a split one, the first part), and the adapters that are used with it, in their order."""

    path: Path
    adapters: tuple[Adapter, ...] = ()

    @property
    def parts(self) -> list[Path]:
        """The files of the model itself."""
        found = _FIRST.fullmatch(self.path.name)
        count = int(found[3]) if found else 1
        return [self.path, *(self.path.with_name(f"{found[1]}{at:05}{found[2]}") for at in range(2, count + 1) if found)]

    @property
    def files(self) -> list[Path]:
        return [*self.parts, *(adapter.path for adapter in self.adapters)]


def read(given: Any) -> tuple[Adapter, ...]:
    """The adapters of a request, as JSON has them. Raises UsageError."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(each, Mapping) for each in given):
        raise UsageError(f"{FORM}, of {MOST} at most")
    return tuple(_one(each.get("path"), each.get("scale", 1.0)) for each in given)


def _one(path: Any, scale: Any) -> Adapter:
    if not isinstance(path, str) or not os.path.isabs(path):
        raise UsageError(FORM)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not math.isfinite(scale) or abs(scale) > MOST_SCALE:
        raise UsageError(f"an adapter's scale should be a number from -{MOST_SCALE:g} to {MOST_SCALE:g}, not {scale!r}")
    return Adapter(Path(path), float(scale))


def made_for(path: Path) -> str:
    """The architecture of the models that an adapter is for. Raises LlmosError unless it is a whole GGUF with a LoRA adapter in it."""
    values = read_header(path).metadata
    if values.get("general.type") != "adapter":
        raise LlmosError(f"{path} is not an adapter", hint="a GGUF that llama.cpp's convert_lora_to_gguf.py has made")
    if (kind := values.get("adapter.type")) != "lora":
        raise LlmosError(f"{path} is an adapter of the kind {str(kind)[:40]!r}; only LoRA can be used")
    return str(values.get("general.architecture", ""))
