"""The worker for general models beside llama.cpp alone, on one thread, in one run: what counts are the ratios.

Weights are random; shapes and sizes are those of real models of 30 million parameters, with 8,192 words and with 151,936.

    writing        tokens a second of a streamed answer, beside the plainest loop over llama.cpp's C interface
    schema         the same with a JSON Schema, at 151,936 words
    first token    of a new process with a system prompt of 2,000 tokens, with and without what an earlier one left on the disk
    at once        tokens a second of sixteen clients together, beside one

Usage: python benchmarks/engine.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["LLMOS_THREADS"] = "1"

from llmos_cli.engine.adapters import Source
from llmos_cli.engine.client import Client
from llmos_cli.engine.network import Network
from llmos_cli.engine.trials import known, machine
from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.paths import Paths
from tests.engine.conftest import CHATML
from tests.engine.tinygguf import write_tiny

TOKENS = 128
SCHEMA = {
    "type": "object", "required": ["name", "tags", "kind", "notes"], "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 60, "maxLength": 200},
        "tags": {"type": "array", "minItems": 6, "items": {"type": "string", "maxLength": 12}},
        "kind": {"enum": ["letter", "invoice", "note"]}, "notes": {"type": "string", "minLength": 2000},
    },
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")  # as it is where the package is installed
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        shape: dict[str, Any] = {
            "kind": "Q8_0",
            "layers": 8,
            "width": 512,
            "heads": 8,
            "kv_heads": 4,
            "feed_forward": 1536,
            "context": 8192,
        }
        template = CHATML.replace("<|im_start|>", "<|>").replace("<|im_end|>", "<1>")  # marks that are tokens of this vocabulary
        small = write_tiny(folder / "small.gguf", size=8192, text=True, template=template, **shape)
        large = write_tiny(folder / "large.gguf", size=151_936, text=True, template=template, **shape)
        paths = Paths.of({"LLMOS_HOME": str(folder / "home")})
        client = Client.connect(paths)
        try:
            setup = machine(paths).setup
            print(
                f"one thread, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {rounds} rounds; {'; '.join(machine(paths).why[1:])}\n"
            )
            worked = processor(client)
            for path, words in ((small, "8,192"), (large, "151,936")):
                plain, ours, part = turns(rounds, plain_loop(path, setup), lambda path=path: streamed(client, path), worked)  # type: ignore[misc]
                told(f"writing, {words} words", ours, "llama.cpp alone", plain, f"{100 * ours / plain:.1f} %", part)
            free, held, part = turns(
                rounds, lambda: streamed(client, large), lambda: streamed(client, large, response_format=schema()), worked
            )
            told("schema, 151,936 words", held, "without", free, f"{100 * (free / held - 1):.1f} % cost", part)
            at_once(client, small)
            client.stop()
            first_token(paths, small, rounds)
        finally:
            if (last := Client.running(paths)) is not None:
                last.stop()
    return 0


def told(what: str, ours: float, than: str, theirs: float, ratio: str, part: float) -> None:
    print(f"{what:34}{ours:8.1f} tokens/s, {than:17}{theirs:8.1f}: {ratio}; by processor time {100 * part:.1f} %")


def turns(rounds: int, one: Callable[[], float], other: Callable[[], float], worked: Callable[[], float]) -> tuple[float, float, float]:
    """The best of two measures that are taken in turns, and how much of the second's processor time the first takes, over all rounds.

    Others on the machine change what a clock says, but hardly what the processor counts for us. `worked`: seconds of it so far.
    """
    one(), other()
    best, spent = [0.0, 0.0], [0.0, 0.0]
    for _ in range(rounds):
        for at, measure in enumerate((one, other)):
            before = worked()
            best[at] = max(best[at], measure())
            spent[at] += worked() - before
    return best[0], best[1], spent[0] / spent[1]


def processor(client: Client) -> Callable[[], float]:
    """Seconds of the processor that this process and the worker have had."""
    pid, tick = client.hello()["pid"], os.sysconf("SC_CLK_TCK")

    def worked() -> float:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13]
        return time.process_time() + (int(user) + int(system)) / tick

    return worked


def plain_loop(path: Path, setup: Setup) -> Callable[[], float]:
    """Tokens a second of llama.cpp's own functions, called one after the other."""
    weights = Weights.open(path, setup)
    network = Network(weights, setup)
    c, context = weights.lib.lib, network._context
    sampler = c.llama_sampler_init_greedy()

    def run() -> float:
        network.clear()
        prompt = (ctypes.c_int32 * 32)(*range(32))
        c.llama_decode(context, c.llama_batch_get_one(prompt, 32))
        token = (ctypes.c_int32 * 1)(c.llama_sampler_sample(sampler, context, -1))
        began = time.perf_counter()
        for _ in range(TOKENS - 1):
            c.llama_decode(context, c.llama_batch_get_one(token, 1))
            token[0] = c.llama_sampler_sample(sampler, context, -1)
        return (TOKENS - 1) / (time.perf_counter() - began)

    return run


def streamed(client: Client, path: Path, **options: Any) -> float:
    """Tokens a second as a caller sees them, from the first to the last."""
    began, written = 0.0, 0
    for delta in client.stream(path, [{"role": "user", "content": "hello the find"}], temperature=0, max_tokens=TOKENS, **options):
        if delta.text and not began:
            began = time.perf_counter()
        written = delta.usage.get("completion_tokens", written)
    return (written - 1) / (time.perf_counter() - began)


def schema() -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"schema": SCHEMA}}


def at_once(client: Client, path: Path, clients: int = 16) -> None:
    def one(at: int) -> None:
        client.chat(path, [{"role": "user", "content": f"hello {at}"}], temperature=0, max_tokens=TOKENS, logit_bias={"274": -100})

    one(0)
    began = time.perf_counter()
    one(1)
    alone = TOKENS / (time.perf_counter() - began)
    threads = [threading.Thread(target=one, args=(at,)) for at in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = clients * TOKENS / (time.perf_counter() - began)
    pid = client.hello()["pid"]
    memory = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1]
    print(
        f"{f'{clients} at once':34}{together:8.1f} tokens/s, one alone       {alone:8.1f}: {together / alone:6.1f} x; "
        f"most memory of the worker {int(memory) >> 10} MB"
    )


def first_token(paths: Paths, path: Path, rounds: int) -> None:
    """From the request to the first token, of a worker that has just loaded the model; and with its start."""
    known(paths, Source(path), machine(paths).setup)
    messages = [{"role": "system", "content": "hello the find " * 333}, {"role": "user", "content": "hi"}]
    kept = paths.cache / "engine" / "prefixes"
    warm: dict[bool, list[float]] = {False: [], True: []}
    cold: dict[bool, list[float]] = {False: [], True: []}
    tokens = 0
    for at in range(2 * rounds):
        there, whole = bool(at % 2), at % 4 > 1
        if not there:
            for file in kept.glob("*"):
                file.unlink()
        if not whole:
            Client.connect(paths).chat(path, messages[1:], max_tokens=1)
        began = time.perf_counter()
        client = Client(paths)
        deltas = client.stream(path, messages, temperature=0, max_tokens=2, logit_bias={"274": -100})
        next(delta for delta in deltas if delta.text)
        (cold if whole else warm)[there].append(time.perf_counter() - began)
        tokens = [*deltas][-1].usage["prompt_tokens"]
        client.stop()  # waits until the file is written
        while Client.running(paths) is not None:
            time.sleep(0.01)
    for name, times in (("first token, model loaded", warm), ("first token, process started", cold)):
        if times[True]:
            without, there_ = (1000 * statistics.median(times[kind]) for kind in (False, True))
            print(f"{name:34}{there_:8.1f} ms,       without file    {without:8.1f}: {without / there_:6.1f} x less; {tokens} tokens")


if __name__ == "__main__":
    raise SystemExit(main())
