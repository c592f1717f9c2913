"""Make a smaller model of an installed one: llama.cpp's quantiser, in a child process with limits."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from llmos_cli import paths
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.models.about import about, accept
from llmos_cli.models.download import Notice, check_room, digest
from llmos_cli.models.names import FTYPE, Name
from llmos_cli.models.pull import Puller
from llmos_cli.models.store import File, Model, Version, version_id

_HOME = str(Path(__file__).resolve().parents[2])
_WHOLE = ("F32", "F16", "BF16")


def quantize(puller: Puller, text: str, quant: str, threads: int, *, again: bool = False) -> Model:
    """A new model beside the old one. `again` allows one that is quantised already to lose more. Raises UsageError, LlmosError."""
    store, quant = puller.store, quant.upper()
    if quant not in FTYPE or quant == "F32":
        raise UsageError(
            f"{quant} is no quantisation that can be made", hint="Q4_K_M is the usual one; Q5_K_M, Q6_K and Q8_0 are larger and better"
        )
    model = store.find(text)
    has = Name.of(model.name).quant or about(model.paths).quant
    if len(model.paths) > 1:
        raise UsageError(
            f"{model.name} is in {len(model.paths)} files, and only one can be quantised", hint="pull one that is in a single file"
        )
    if has not in _WHOLE and not again:
        raise UsageError(
            f"{model.name} is {has or 'quantised'} already, and would lose more",
            hint="--again does it all the same; F16 is the best to begin with",
        )
    name = str(Name(Name.of(model.name).base, quant))
    check_room(model.version.size, store.folder)
    out = paths.private(store.partials) / f"quantise-{secrets.token_hex(6)}.part"
    try:
        _run(model.path, out, FTYPE[quant], threads, again, puller.notice)
        accept(out)
        os.chmod(out, 0o600)
        with out.open("rb") as written:
            os.fsync(written.fileno())
        described = File(f"{Name.of(name).folder}.gguf", out.stat().st_size, digest(out, puller.notice))
        folder = store.home(name) / version_id([described])
        puller.place(out, described, folder / described.name, link=True)
    finally:
        out.unlink(missing_ok=True)
    return store.add(name, Version(folder.name, (described,), store.clock(), model.name), licence=model.licence)


def _run(source: Path, out: Path, ftype: int, threads: int, again: bool, notice: Notice) -> None:
    words = [str(source), str(out), str(ftype), str(threads), str(int(again))]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (_HOME, os.environ.get("PYTHONPATH", ""))))}
    total = source.stat().st_size
    with subprocess.Popen(
        [sys.executable, "-m", "llmos_cli.models.quantizing", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=env,
    ) as child:
        try:
            while True:
                try:
                    _, said = child.communicate(timeout=0.3)
                    break
                except subprocess.TimeoutExpired:
                    notice("quantising", out.stat().st_size if out.exists() else 0, total)
        except BaseException:
            child.kill()
            raise
        finally:
            notice("quantising", total, total)
    if child.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        why = lines[-1][:300] if lines else f"the process ended with {child.returncode}"
        raise LlmosError(f"{source.name} was not quantised: {why}", hint="llmos models verify")
