"""The process that quantises: `python -m llmos_cli.models.quantizing IN OUT TYPE THREADS REQUANTIZE`. A damaged file can end only this."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from llmos_cli.errors import LlmosError
from llmos_cli.models.amounts import GIB


def main(source: str, target: str, ftype: str, threads: str, again: str) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # llama.cpp would not hear of it
    size = os.stat(source).st_size
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, size + size // 4 + (64 << 20))
    _limit(resource.RLIMIT_AS, 4 * size + 8 * GIB)
    os.nice(5)
    from llmos_cli.engine.gguf import check
    from llmos_cli.engine.llama import library

    try:
        check(Path(source))
        loaded = library()
    except LlmosError as error:
        print(error.message, file=sys.stderr)
        return 1
    params = loaded.lib.llama_model_quantize_default_params()
    params.ftype, params.nthread, params.allow_requantize = int(ftype), int(threads), again == "1"
    if loaded.lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)) != 0:
        print(loaded.log[-1].strip() if loaded.log else "llama.cpp gave no reason", file=sys.stderr)
        return 1
    return 0


def _limit(what: int, most: int) -> None:
    try:
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    except (ValueError, OSError):  # a system that has no such limit
        pass


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
