"""What llama.cpp was built for, and what it finds on this machine."""

from __future__ import annotations

import re

from llmos_cli.engine.llama import library


def backends() -> tuple[str, bool]:
    """(the processor's features in use, as llama.cpp names them; whether a graphics card can do work). Raises LlmosError."""
    lib = library().lib
    said = lib.llama_print_system_info().decode(errors="replace")
    return ", ".join(name for name, on in re.findall(r"(\w+) = (\d)", said) if on == "1"), bool(lib.llama_supports_gpu_offload())
