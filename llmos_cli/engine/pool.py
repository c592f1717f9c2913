"""The models that the worker has in memory: loaded when they are asked for, and let go again, the longest unused first."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from llmos_cli.engine import trials
from llmos_cli.engine.adapters import Source
from llmos_cli.engine.batch import Batch
from llmos_cli.engine.constraint import Words
from llmos_cli.engine.embed import Embedder
from llmos_cli.engine.network import Network
from llmos_cli.engine.prefix import Prefixes
from llmos_cli.engine.prompt import Prompts
from llmos_cli.engine.templates import Templates
from llmos_cli.engine.trials import Known, Machine
from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.errors import LlmosError
from llmos_cli.paths import Paths

MOST_CELLS = 8192  # tokens of a model's context, for all its answers together
LEAST_CELLS = 512
FIRST_CELLS, FIRST_BYTES = 4096, 64 << 20  # a context begins with so much; its memory has to be cleared, which takes time
CONTEXT_SHARE = 4  # a context gets at most this part of the memory
OVERHEAD = 128 << 20  # bytes for a model's buffers
GPU_MARGIN = 0.9
WAIT_SECONDS = 300.0  # for others to be done with a model that has to go
GB = 1 << 30


class Loaded:
    """One model in memory, and what its answers need. `context`: tokens that one answer may have, with its prompt."""

    def __init__(self, source: Source, known: Known, setup: Setup, prefixes: Path, templates: Templates) -> None:
        """Raises LlmosError. Takes as long as loading takes."""
        self.source, self.path, self.known, self.setup = source, source.path, known, setup
        self.context = min(known.trained, setup.context)
        self.users, self.used, self.until = 0, time.monotonic(), 0.0
        self.print = fileprint(source)
        self.weights = Weights.open(source.path, setup, adapters=source.adapters, checked=True)
        self._prefixes, self._templates = prefixes, templates
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._words: Words | None = None
        self.batch: Batch | None = None
        try:
            if known.writes:
                first = min(FIRST_CELLS, FIRST_BYTES // max(1, known.cell))
                self.network = Network(self.weights, setup, cells=max(LEAST_CELLS, first))
                self.batch = Batch(self.network, Prefixes(prefixes, self._key()))
                self.prompts = Prompts(self.weights, templates)
        except LlmosError:
            self.weights.close()
            raise

    def _key(self) -> bytes:
        """What the bytes of a computed prefix depend on, beside its tokens. The number of cells and of threads is not part of it."""
        setup = asdict(replace(self.setup, context=0, threads=0))
        return json.dumps([self.known.fingerprint, trials.build(), setup], sort_keys=True).encode()

    def writer(self) -> Batch:
        """The loop that writes. Raises LlmosError for a model that only reads."""
        if self.batch is None:
            raise LlmosError(f"{self.path.name} makes vectors of texts, and writes none", hint="llmos models list")
        return self.batch

    @property
    def embedder(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = Embedder(self.weights, self.setup)
            return self._embedder

    @property
    def words(self) -> Words:
        with self._lock:
            if self._words is None:
                self._words = Words(self.weights)
            return self._words

    @property
    def bytes(self) -> int:
        return need(self.known, self.setup)

    def end(self) -> None:
        """Answers under way end, as interrupted."""
        if self.batch is not None:
            self.batch.close()

    def close(self) -> None:
        """Free it. Nobody may use it any more."""
        self.end()
        if self.batch is not None:
            self.network.close()
        if self._embedder is not None:
            self._embedder.close()
        self.weights.close()

    def about(self) -> dict[str, Any]:
        """For `ps`."""
        writing, waiting = self.batch.load if self.batch is not None else (self.users, 0)
        return {
            "model": str(self.path), "adapters": [each.as_json() for each in self.source.adapters],
            "architecture": self.known.architecture, "bytes": self.bytes, "context": self.context,
            "gpu_layers": self.setup.gpu_layers, "writing": writing, "waiting": waiting,
            "seconds_left": None if self.until == float("inf") else round(max(0.0, self.until - time.monotonic()), 1),
        }  # fmt: skip


def need(known: Known, setup: Setup) -> int:
    """Bytes that a model takes: its file, its context, and what is computed in."""
    copies = 2 if setup.extra_buffers else 1
    return copies * known.bytes + known.cell * setup.context + known.fixed * setup.sequences + OVERHEAD


def offloaded(free: int, wanted: int, layers: int) -> int:
    """How many of a model's layers go to graphics cards with `free` bytes, where all of it takes `wanted`; -1 for all."""
    part = free * GPU_MARGIN / wanted
    return -1 if part >= 1 else int(part * layers)


class Pool:
    """Thread-safe. `most`: bytes for all models together."""

    def __init__(self, paths: Paths, machine: Machine, templates: Templates, most: int) -> None:
        self._paths, self._machine, self._templates, self._most = paths, machine, templates, most
        self._change = threading.Condition()
        self._models: dict[Source, Loaded] = {}
        self._loading: set[Source] = set()

    @contextlib.contextmanager
    def use(self, source: Source, keep: float) -> Iterator[Loaded]:
        """The model, loaded where it is not; it stays for `keep` seconds after its last use. Raises LlmosError."""
        model = self._take(source)
        try:
            yield model
        finally:
            with self._change:
                model.users -= 1
                model.used = time.monotonic()
                model.until = model.used + keep
                left = not model.users and self._models.get(source) is not model
                self._change.notify_all()
            if left:  # it was stopped, or its file replaced, meanwhile
                model.close()

    def _take(self, source: Source) -> Loaded:
        with self._change:
            while source in self._loading:
                self._change.wait()
            if (model := self._models.get(source)) is not None and model.print == fileprint(source):
                model.users += 1
                return model
            self._loading.add(source)
        try:
            model = self._load(source)
        finally:
            with self._change:
                self._loading.discard(source)
                self._change.notify_all()
        return model

    def _load(self, source: Source) -> Loaded:
        known = trials.known(self._paths, source, self._machine.setup)
        setup = self._fitting(known)
        self._make_room(source, need(known, setup))
        model = Loaded(source, known, setup, self._paths.cache / "engine" / "prefixes", self._templates)
        with self._change:
            model.users += 1
            self._models[source] = model
        return model

    def _fitting(self, known: Known) -> Setup:
        """As large a context as makes sense, and as many layers on the graphics card as fit."""
        setup = self._machine.setup
        if known.plain:
            setup = replace(setup, flash=False, extra_buffers=False, gpu_layers=0)
        cells = min(known.trained if known.trained >= MOST_CELLS else 4 * known.trained, MOST_CELLS)
        if known.cell:
            cells = min(cells, self._most // CONTEXT_SHARE // known.cell)
        setup = replace(setup, context=max(LEAST_CELLS, cells))
        free = sum(int(device["free"]) for device in self._machine.devices)
        if free and not known.plain:
            setup = replace(setup, gpu_layers=offloaded(free, need(known, setup), known.layers))
        return setup

    def _make_room(self, source: Source, wanted: int) -> None:
        """Let models go until `wanted` bytes are free, waiting for those in use. Raises LlmosError."""
        if wanted > self._most:
            raise LlmosError(
                f"{source.path.name} needs {wanted / GB:.1f} GB of memory, and models may use {self._most / GB:.1f} GB here",
                hint="llmos models recommend",
            )
        until = time.monotonic() + WAIT_SECONDS
        while True:
            with self._change:
                old = self._models.get(source)
                over = sum(model.bytes for model in self._models.values() if model is not old) + wanted > self._most
                idle = sorted((m for m in self._models.values() if not m.users), key=lambda m: (m is not old, m.used))
                if not over and (old is None or old not in idle):
                    return
                if idle:
                    del self._models[idle[0].source]
                elif not self._change.wait(until - time.monotonic()):
                    raise LlmosError("other models are in use, and there is no memory for one more", hint="llmos models ps")
            if idle:
                idle[0].close()

    def expire(self) -> float | None:
        """Let go of models whose time is over; seconds until the next one's is, None where none is loaded or all are in use."""
        now = time.monotonic()
        with self._change:
            over = [m for m in self._models.values() if not m.users and m.until <= now]
            for model in over:
                del self._models[model.source]
            left = [m.until - now for m in self._models.values() if not m.users]
        for model in over:
            model.close()
        return min(left, default=None)

    @property
    def empty(self) -> bool:
        with self._change:
            return not self._models and not self._loading

    def stop(self, path: Path | None) -> list[str]:
        """Let go of one model, whatever its adapters, or of all, whatever they are doing; which they were."""
        with self._change:
            gone = [model for model in self._models.values() if path in (None, model.path)]
            for model in gone:
                del self._models[model.source]
            unused = [model for model in gone if not model.users]
        for model in gone:
            model.end()
        for model in unused:  # the others are freed by who uses them
            model.close()
        return [str(model.path) for model in gone]

    def about(self) -> list[dict[str, Any]]:
        with self._change:
            return [model.about() for model in self._models.values()]


def fileprint(source: Source) -> tuple[int, ...]:
    """Another one when one of the files is another; () where one is missing."""
    try:
        found = [file.stat() for file in source.files]
    except OSError:
        return ()
    return tuple(part for each in found for part in (each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns))
