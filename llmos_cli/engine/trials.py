"""What works on this machine, found out by `probe` in processes of their own, once, and remembered in the cache folder."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from llmos_cli.engine import child
from llmos_cli.engine.adapters import Source
from llmos_cli.engine.weights import Setup
from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.paths import Paths, private

SECONDS = 60.0  # for a probe of the machine
LOAD_SPEED = 20 << 20  # bytes a second, at the least, from a slow disk
CLOSE = 0.05  # how far logits may lie apart, as a part of their spread
SLOWER = "no, it is not quicker"
WORTH = 0.8  # of the plain setup's time: from here on another is taken, since what is measured varies


@dataclass(frozen=True)
class Machine:
    """`setup`: how models are run here; `devices`: graphics cards, as `probe.devices` names them; `why`: what was found."""

    setup: Setup
    devices: tuple[Mapping[str, Any], ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """A model that has been tried. `cell`: bytes for each token of a context, `fixed` for each sequence besides; `trained`: tokens.

    `plain`: it runs only with nothing of what the machine could do.
    """

    bytes: int
    trained: int
    writes: bool
    width: int
    layers: int
    architecture: str
    cell: int
    fixed: int
    fingerprint: str
    plain: bool = False


@cache
def build() -> str:
    """Names the installed llama.cpp and our own code: what was found out with others does not count."""
    parts = [sys.executable, sys.version]
    spec = importlib.util.find_spec("llama_cpp")
    folders = [Path(__file__).parent, *(Path(place) / "lib" for place in (spec.submodule_search_locations if spec else None) or ())]
    for folder in folders:
        with contextlib.suppress(OSError):
            parts += sorted(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in os.scandir(folder) if file.is_file())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def machine(paths: Paths) -> Machine:
    """What works here. The first time takes a second or two."""
    file = paths.cache / "engine" / f"machine-{_key(build(), os.uname().nodename, _processor())}.json"
    found = _read(file)
    if found is None:
        found = _probe()
        _write(file, found)
    try:
        return Machine(Setup(**found["setup"]), tuple(found["devices"]), tuple(found["why"]))
    except (KeyError, TypeError):
        file.unlink(missing_ok=True)
        return Machine(Setup(threads=threads()))


def known(paths: Paths, source: Source, setup: Setup) -> Known:
    """The model, tried where these files have not been yet. Raises LlmosError, in one sentence, for one that cannot be run."""
    tried = [_status(file) for file in source.files]
    files = [f"{each.st_dev} {each.st_ino} {each.st_size} {each.st_mtime_ns}" for each in tried]
    key = _key(build(), *files, *(str(adapter.scale) for adapter in source.adapters), json.dumps(asdict(setup)))
    file = paths.cache / "engine" / "trials" / f"{key}.json"
    if (found := _read(file)) is not None:
        with contextlib.suppress(TypeError):
            return Known(**found)
    seconds = SECONDS + sum(each.st_size for each in tried) / LOAD_SPEED
    small = replace(setup, context=512, sequences=2, batch=128)
    try:
        made = Known(**_tried(source, small, seconds))
    except LlmosError as error:
        plain = replace(small, flash=False, extra_buffers=False, gpu_layers=0)
        if plain == small or not isinstance(error.__cause__, child.Ended):
            raise
        made = Known(**_tried(source, plain, seconds), plain=True)
    _write(file, asdict(made))
    return made


def _status(file: Path) -> os.stat_result:
    try:
        return os.stat(file)
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {(error.strerror or str(error)).lower()}", hint="llmos models list") from None


def _tried(source: Source, setup: Setup, seconds: float) -> dict[str, Any]:
    adapters = json.dumps([adapter.as_json() for adapter in source.adapters])
    try:
        found = child.run("probe", [json.dumps(asdict(setup)), str(source.path), adapters], seconds)
    except child.Ended as error:
        what = "as a model with its adapters" if source.adapters else "as a model"
        raise LlmosError(
            f"{source.path} cannot be used {what}: llama.cpp was tried with it, and {error}", hint="llmos models verify"
        ) from error
    if "error" in found:
        raise LlmosError(str(found["error"]), hint=str(found.get("hint", "")))
    return found


def _probe() -> dict[str, Any]:
    """Try each thing that may be quicker than the plain setup, and keep what is right and worth it."""
    best = Setup(context=1024, sequences=2, threads=threads())
    why, devices = [f"threads: {best.threads}"], list[Mapping[str, Any]]()
    for name, tried in (("flash attention", {"flash": True}), ("repacked weights", {"extra_buffers": True})):
        setup = replace(best, **tried)
        found, said = _compared(setup)
        devices = found.get("devices", devices)
        best = setup if said == "yes" else best
        why.append(f"{name}: {said}")
    if devices:
        _, said = _compared(replace(best, gpu_layers=-1))
        why.append(f"graphics card: {said}")
    else:
        said = ""
        why.append("graphics card: none that this build can use")
    setup = replace(Setup(), threads=best.threads, flash=best.flash, extra_buffers=best.extra_buffers)
    return {"setup": asdict(setup), "devices": devices if said in ("yes", SLOWER) else [], "why": why}


def _compared(setup: Setup) -> tuple[dict[str, Any], str]:
    """What the probe found of a setup, and whether it is to be taken: "yes", or "no, …"."""
    try:
        found = child.run("probe", [json.dumps(asdict(setup))], SECONDS)
    except child.Ended as error:
        return {}, f"no, {error}"
    if "error" in found:
        return {}, f"no, {found['error']}"
    ours, right = found["logits"], found["right"]
    spread = max(right) - min(right)
    if not all(abs(a - b) <= CLOSE * spread for a, b in zip(ours, right, strict=True)):
        return found, "no, it computes something else"
    return found, "yes" if found["seconds"] < found["plain"] * WORTH else SLOWER


# ---- the machine ---------------------------------------------------------------------------------------


def threads() -> int:
    """How many to compute with: the cores that this process may use, less one; LLMOS_THREADS says otherwise."""
    given = os.environ.get("LLMOS_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return max(1, _cores() - 1)


def _cores() -> int:
    """Whole cores, not counting what they do on the side, within the processor's quota of our group."""
    if sys.platform == "darwin":
        return _performance_cores()
    ours = os.sched_getaffinity(0)
    cores = set()
    for cpu in ours:
        try:
            cores.add(Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            cores.add(str(cpu))
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(len(cores), int(quota) // int(period)))
    return len(cores)


def _performance_cores() -> int:
    """macOS: the quick cores, where there are two kinds."""
    count, size = ctypes.c_int(0), ctypes.c_size_t(4)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).sysctlbyname(b"hw.perflevel0.physicalcpu", ctypes.byref(count), ctypes.byref(size), None, 0)
    return count.value or os.cpu_count() or 1


def memory() -> int:
    """Bytes that this machine has, or our group of processes may use."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def _processor() -> str:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return os.uname().machine


# ---- files ---------------------------------------------------------------------------------------------


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(file: Path, found: Mapping[str, Any]) -> None:
    """What cannot be remembered is found out again."""
    part = file.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        private(file.parent)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            json.dump(found, opened)
        os.replace(part, file)
