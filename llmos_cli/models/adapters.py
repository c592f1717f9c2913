"""LoRA adapters of installed models: copied into the store beside their model, and used whenever it is."""

from __future__ import annotations

import math
from pathlib import Path

from llmos_cli.engine import trials
from llmos_cli.engine.adapters import MOST, MOST_SCALE, Source, made_for, read
from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.models.about import about
from llmos_cli.models.download import check_room, digest
from llmos_cli.models.names import plain
from llmos_cli.models.pull import Puller
from llmos_cli.models.store import Adapter, File, Model
from llmos_cli.paths import Paths


def add(puller: Puller, where: Paths, text: str, file: Path, scale: float) -> Model:
    """Use the adapter in `file` with a model from now on, after both were tried together. One of the same name or bytes is replaced.

    Raises LlmosError where `file` is no adapter, or not for this model.
    """
    if not math.isfinite(scale) or abs(scale) > MOST_SCALE:
        raise UsageError(f"the scale should be a number from -{MOST_SCALE:g} to {MOST_SCALE:g}, not {scale:g}")
    if not file.is_file():
        raise NotFound(f"there is no file {file}", hint="an adapter is a GGUF file that llama.cpp's convert_lora_to_gguf.py has made")
    model = puller.store.find(text)
    if (kind := made_for(file)) != (ours := about(model.paths).architecture):
        raise LlmosError(f"{file} is an adapter for models of the kind {kind[:40]!r}, and {model.name} is {ours!r}")
    adapter = Adapter(File(f"{plain(file.name)}.gguf", file.stat().st_size, digest(file, puller.notice)), scale)
    target = model.adapter_path(adapter)
    fresh = not target.exists()
    if fresh:
        check_room(adapter.file.size, puller.store.folder)
        puller.place(file, adapter.file, target)
    try:
        trials.known(where, Source(model.path, read([{"path": str(target), "scale": scale}])), trials.machine(where).setup)
        return puller.store.adapt(model.name, lambda others: _with(others, adapter))
    except LlmosError:
        if fresh:
            target.unlink(missing_ok=True)
        raise


def remove(puller: Puller, text: str, name: str) -> tuple[Model, str]:
    """Use and keep an adapter no more; the model, and what the adapter was called. `name` may be the file that it was added from."""
    gone = ""

    def without(adapters: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
        nonlocal gone
        gone = next((each.name for each in adapters if each.name in (name, plain(Path(name).name))), "")
        if not gone:
            there = ", ".join(each.name for each in adapters)
            raise NotFound(f"{text} has no adapter called {name!r}", hint=f"it has {there}" if there else "it has none")
        return tuple(each for each in adapters if each.name != gone)

    return puller.store.adapt(text, without), gone


def _with(others: tuple[Adapter, ...], adapter: Adapter) -> tuple[Adapter, ...]:
    kept = tuple(each for each in others if each.name != adapter.name and each.file.sha256 != adapter.file.sha256)
    if len(kept) == MOST:
        raise UsageError(f"a model can have {MOST} adapters")
    return (*kept, adapter)
