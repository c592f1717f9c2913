"""Tries llama.cpp out in a process that may crash: `python -m llmos_cli.engine.probe SETUP [FILE ADAPTERS]`.

Prints one line of JSON.

Without FILE, what the setup is worth on this machine, with the bundled planner's weights. With FILE, whether
that model can be run so, and what the worker needs to know of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmos_cli.engine import adapters
from llmos_cli.engine.adapters import Source
from llmos_cli.engine.embed import Embedder
from llmos_cli.engine.llama import library
from llmos_cli.engine.network import Network, Rows, WritesNothing
from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.errors import LlmosError

BUNDLED = Path(__file__).resolve().parents[1] / "data" / "planner.gguf"
READ, WRITE, TIMES = 512, 32, 3  # tokens that are timed, and how often: the quickest counts
TRIED = 16  # tokens of a trial: from 8 on, other code of llama.cpp's runs than for one
WHOLE = 256 << 20  # bytes of a file that is read as a whole for its fingerprint
SAMPLE, SAMPLES = 1 << 18, 64
OVERHEAD = 4 << 30  # bytes of addresses that a process needs beside the model


def main(setup: str, file: str = "", given_adapters: str = "[]") -> None:
    given = Setup(**json.loads(setup))
    try:
        answer = trial(Source(Path(file), adapters.read(json.loads(given_adapters))), given) if file else speed(given)
    except LlmosError as error:
        answer = {"error": error.message, "hint": error.hint}
    print(json.dumps(answer), flush=True)
    os._exit(0)  # nothing is worth being freed in order


def speed(setup: Setup) -> dict[str, Any]:
    """`seconds` for reading and writing some tokens with this setup and, taken in turns with it, the `plain` one; the logits of both,
    and what `devices` there are.
    """
    _limit(0, 120)
    plain = replace(setup, flash=False, extra_buffers=False, gpu_layers=0)
    networks = [Network(Weights.open(BUNDLED, each), each) for each in (plain, setup)]
    best, logits = [float("inf")] * 2, [[0.0]] * 2
    for _ in range(TIMES):
        for at, network in enumerate(networks):
            seconds, logits[at] = _timed(network)
            best[at] = min(best[at], seconds)
    return {"plain": best[0], "seconds": best[1], "right": logits[0], "logits": logits[1], "devices": devices()}


def _timed(network: Network) -> tuple[float, list[float]]:
    """Seconds for reading and writing, and a few of the logits after the reading."""
    size = network.weights.vocabulary
    network.clear()
    began = time.perf_counter()
    rows = Rows()
    row = rows.add([at % size for at in range(READ)], 0, 0, logits=True)
    network.decode(rows)
    logits: list[float] = network.logits(row)[: min(64, size)]
    for at in range(WRITE):
        rows = Rows()
        rows.add([1], READ + at, 0, logits=True)
        network.decode(rows)
    return time.perf_counter() - began, logits


def trial(source: Source, setup: Setup) -> dict[str, Any]:
    """Load the model, compute a little, and say what it is. Raises LlmosError."""
    path = source.path
    size = sum(file.stat().st_size for file in source.files if file.is_file())
    _limit(0 if setup.gpu_layers else (3 if setup.extra_buffers else 2) * size + OVERHEAD, 60 + size // (20 << 20))
    weights = Weights.open(path, setup, adapters=source.adapters)
    found: dict[str, Any] = {
        "bytes": size, "trained": weights.trained, "writes": True, "width": weights.width,
        "layers": int(library().lib.llama_model_n_layer(weights.pointer)), "architecture": weights.metadata("general.architecture"),
        "cell": 0, "fixed": 0, "fingerprint": fingerprint(source),
    }  # fmt: skip
    if not weights.has_text:
        raise LlmosError(f"{path} neither reads nor writes text", hint="llmos models list")
    some = [at % weights.vocabulary for at in range(TRIED)]
    if weights.encodes or not _write(found, weights, setup, some):
        found["writes"] = False
        Embedder(weights, setup).embed([some[: weights.trained]])
    return found


def _write(found: dict[str, Any], weights: Weights, setup: Setup, some: list[int]) -> bool:
    """Compute the tokens twice, choose one, and measure what a context takes; False where the model writes nothing."""
    try:
        network = Network(weights, setup)
    except WritesNothing:
        return False
    sizes = []
    for first in (0, len(some)):
        rows = Rows()
        row = rows.add(some, first, 0, logits=True)
        if network.decode(rows):
            raise LlmosError(f"{weights.path} cannot be run: its context has no room")
        sizes.append(network.state(0).nbytes)
    network.sample(library().lib.llama_sampler_init_greedy(), row)
    found["cell"] = (sizes[1] - sizes[0]) // len(some)
    found["fixed"] = max(0, sizes[0] - len(some) * found["cell"])
    return True


def fingerprint(source: Source) -> str:
    """Names the bytes of a model; with adapters, theirs and how strongly they count too."""
    parts = [*map(_of_file, source.parts), *(f"{_of_file(each.path)} {each.scale}" for each in source.adapters)]
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _of_file(path: Path) -> str:
    """SHA-256 of a file, or of its size and samples of it where it is large."""
    digest, size = hashlib.sha256(), path.stat().st_size
    digest.update(str(size).encode())
    with open(path, "rb") as file:
        if size <= WHOLE:
            digest.update(file.read())
        else:
            for at in range(SAMPLES):
                file.seek((size - SAMPLE) * at // (SAMPLES - 1))
                digest.update(file.read(SAMPLE))
    return digest.hexdigest()


def devices() -> list[dict[str, Any]]:
    """Graphics cards that llama.cpp was built for and finds: name, description, bytes that are free and in all."""
    c = library().lib
    if not c.llama_supports_gpu_offload():
        return []
    base = Path(c.__file__).parent / "lib"
    found: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, AttributeError):
        ggml, ggml_base = (ctypes.CDLL(str(next(base.glob(f"lib{name}.*")))) for name in ("ggml", "ggml-base"))
        ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
        ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
        ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
        for at in range(ggml.ggml_backend_dev_count()):
            device = ctypes.c_void_p(ggml.ggml_backend_dev_get(at))
            if ggml_base.ggml_backend_dev_type(device) not in (1, 2):  # enum ggml_backend_dev_type: a card, or one within the processor
                continue
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            ggml_base.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            names = []
            for get in (ggml_base.ggml_backend_dev_name, ggml_base.ggml_backend_dev_description):
                get.restype = ctypes.c_char_p
                names.append((get(device) or b"").decode(errors="replace"))
            found.append({"name": names[0], "description": names[1], "free": free.value, "total": total.value})
    return found


def _limit(memory: int, seconds: int) -> None:
    """At most `memory` bytes of addresses, 0 for any, and `seconds` of the processor's time on each of its cores."""
    cores = os.cpu_count() or 1
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds * cores), (resource.RLIMIT_CORE, 1)):
        if most:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
