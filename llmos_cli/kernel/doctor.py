"""What works on this machine: each part is tried for real."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmos_cli import __version__
from llmos_cli.config import FILE
from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel

INSTALL = 'CMAKE_ARGS="-DGGML_{}=on" pip install --force-reinstall --no-cache-dir llama-cpp-python'
BUILDS = "CUDA for NVIDIA's cards, VULKAN for others, METAL for Apple's"
LITTLE = 512 * 1024 * 1024  # bytes free below which a disk is worth a word
SLOW = 1000  # milliseconds that a plan may take


@dataclass(frozen=True)
class Finding:
    """`needed`: llmos does not do its work without it. `hint` is what to do where it is not ok, or could be better."""

    what: str
    ok: bool
    detail: str = ""
    hint: str = ""
    needed: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(host: Host) -> Iterator[Finding]:
    """Each part in turn, as it has been tried."""
    kernel = Kernel(host)
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("llmos", sys.version_info >= (3, 11), f"{__version__} on Python {version}, {sys.platform}")
    yield _tried("planner", lambda: _planner(kernel))
    yield _tried("llama.cpp", _backends)
    yield _tried("models", lambda: "; ".join(_probed(host).why))
    yield _tried("graphics card", lambda: _card(host))
    for name in ("config", "data", "state", "cache"):
        folder: Path = getattr(host.paths, name)
        yield _tried(f"{name} folder", lambda folder=folder: _folder(folder))  # type: ignore[misc]
    yield _tried("SQLite", _sqlite)
    yield _tried("memory", lambda: f"{_count(len(kernel.turns.recent(1000)), 1000)} turns in {host.paths.data}")
    yield _tried("journal", lambda: f"{_count(len(kernel.journal.history(1000)), 1000)} changes in {host.paths.state}")
    yield _tried("trash", lambda: _trash(host))
    yield _space(host.paths.data)
    yield _settings(host)
    yield _terminal(host)
    yield from _programs(host)


def _count(number: int, most: int) -> str:
    return f"{number}{'+' if number == most else ''}"


def _tried(what: str, attempt: Callable[[], str | Finding]) -> Finding:
    try:
        found = attempt()
        return found if isinstance(found, Finding) else Finding(what, True, found)
    except LlmosError as error:
        return Finding(what, False, error.message, error.hint)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Finding(what, False, where + (error.strerror or str(error)).lower())


def _planner(kernel: Kernel) -> Finding:
    began = time.perf_counter()
    kernel.planner.plan("the five largest files here")
    loaded = time.perf_counter()
    proposal = kernel.planner.plan("how many pdfs are in downloads")
    first, warm = 1000 * (loaded - began), 1000 * (time.perf_counter() - loaded)
    said = f"first plan {first:.0f} ms, model and all; the next {warm:.0f} ms; {proposal.confidence:.0%} sure"
    return Finding("planner", True, said, "other programs may be busy" if warm > SLOW else "")


def _backends() -> str:
    from llmos_cli.engine.backends import backends

    return f"processor: {backends()[0] or 'no special features'}"


def _probed(host: Host) -> Any:
    """What was found out of llama.cpp and this machine in processes that may crash; the first time takes a second or two."""
    from llmos_cli.engine import trials

    return trials.machine(host.paths)


def _card(host: Host) -> Finding:
    """Whether models can be run on one, and how much of the model for chat; else how to get a build of llama.cpp that could."""
    from llmos_cli.engine.backends import backends
    from llmos_cli.models.machine import measure

    if devices := _probed(host).devices:
        said = ", ".join(f"{d['description']} with {d['free'] / 1024**3:.1f} of {d['total'] / 1024**3:.1f} GB free" for d in devices)
        return Finding("graphics card", True, said + _offloaded(host, sum(int(d["free"]) for d in devices)))
    machine = measure()
    there = ", ".join(card.name for card in machine.cards) or ("Apple's, in the processor" if machine.shared else "")
    if backends()[1]:
        return Finding("graphics card", False, there or "none is found; models run on the processor", needed=False)
    kind = "METAL" if machine.shared else "CUDA" if there and not there.startswith("AMD") else "VULKAN" if there else ""
    said = f"{there}, which this build of llama.cpp cannot use" if there else "none is found, and this build of llama.cpp could use none"
    return Finding("graphics card", False, said, INSTALL.format(kind or "CUDA") + ("" if kind else f"  ({BUILDS})"), needed=False)


def _offloaded(host: Host, free: int) -> str:
    """How many layers of the model for chat go to a card with so many bytes free, as the end of a sentence."""
    from llmos_cli.engine.pool import MOST_CELLS, OVERHEAD, offloaded
    from llmos_cli.models.about import about
    from llmos_cli.models.models import Models

    try:
        model = Models(host).roles.local("chat")
        found = about(model.paths)
    except LlmosError:
        return ""
    layers = offloaded(free, model.version.size + found.kv * MOST_CELLS + OVERHEAD, found.layers)
    return f": {'all' if layers < 0 else layers} of the {found.layers} layers of {model.name} go there"


def _folder(folder: Path) -> str:
    """Tries to write there. A folder that is not there yet is made when it is needed, so its nearest parent is what counts."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    if there != folder:
        if not os.access(there, os.W_OK | os.X_OK):
            raise LlmosError(f"{folder} cannot be made: {there} may not be written", hint=f"ls -ld {there}")
        return f"{folder}, made when it is needed"
    about = folder.stat()
    if about.st_uid != os.getuid():
        raise LlmosError(f"{folder} belongs to another user", hint=f"sudo chown -R $USER {folder}")
    if about.st_mode & 0o077:
        raise LlmosError(f"others may look into {folder}", hint=f"chmod 700 {folder}")
    probe = folder / f".probe-{os.getpid()}"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    probe.unlink()
    return str(folder)


def _sqlite() -> str:
    from llmos_cli.db import VERSION, WAL_IS_SAFE

    mode = "write-ahead log" if WAL_IS_SAFE else "rollback journal, since before 3.51.3 a write-ahead log can be damaged"
    return f"{VERSION}, {mode}"


def _trash(host: Host) -> Finding:
    from llmos_cli.policy.trash import can_for
    from llmos_cli.policy.volumes import Volumes

    volumes = Volumes(str(host.paths.data / "vault"))
    can = can_for(str(host.cwd), volumes, host.env)
    if volumes.of(can.root) == volumes.of(str(host.cwd)):
        return Finding("trash", True, f"{can.root}, for what is deleted here")
    return Finding("trash", True, f"{can.root} is on another volume: what is deleted here is copied there first")


def _space(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    said = f"{free / 1024**3:,.1f} GB free where {folder} is"
    return Finding("disk", free >= LITTLE, said, "llmos run 'sizes ~ | take 10'", needed=free < LITTLE // 16)


def _settings(host: Host) -> Finding:
    if problems := host.settings.problems:
        return Finding("settings", False, "; ".join(problems), "llmos config edit", needed=False)
    changed = sum(given.source != "default" for given in host.settings.given.values())
    return Finding("settings", True, f"{changed} changed; {host.paths.config / FILE}")


def _terminal(host: Host) -> Finding:
    if not (host.answers_go_to_terminal or host.talk_goes_to_terminal):
        return Finding("terminal", True, "none here: plain output")
    encoding = (host.stdout.encoding or "").lower()
    colour = "colours" if host.colour else "no colours (NO_COLOR, TERM, or the setting)"
    ok = encoding.replace("-", "") == "utf8"
    hint = "" if ok else "LANG=C.UTF-8 llmos"
    return Finding(
        "terminal", ok, f"{host.env.get('TERM') or 'TERM is not set'}, {colour}, {encoding or 'no encoding'}", hint, needed=False
    )


def _programs(host: Host) -> Iterator[Finding]:
    """What is used where it is there."""

    def first(*names: str) -> str:
        return next((name for name in names if shutil.which(name, path=host.env.get("PATH"))), "")

    mac = sys.platform == "darwin"
    found = first("rg")
    yield Finding("ripgrep", bool(found), found or "not there: llmos searches contents itself, slower", "install ripgrep", needed=False)
    found = first("open" if mac else "xdg-open")
    yield Finding("open", bool(found), found or "nothing opens files for you", "install xdg-utils", needed=False)
    found = first("pbcopy") if mac else first("wl-copy", "xclip", "xsel")
    yield Finding("clipboard", bool(found), found or "nothing reaches the clipboard", "install wl-clipboard or xclip", needed=False)
    found = host.settings["pager"] or host.env.get("PAGER") or first("less", "more")
    yield Finding("pager", bool(found), found or "long lists are printed whole", "install less", needed=False)
