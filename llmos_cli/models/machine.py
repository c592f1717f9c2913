"""What this machine has: memory, cores, graphics cards, and how fast memory is read. Limits of a container count as the machine's."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmos_cli.models.amounts import MIB


@dataclass(frozen=True)
class Card:
    """A graphics card, with the bytes of its memory."""

    name: str
    memory: int
    free: int


@dataclass(frozen=True)
class Machine:
    """`memory` and `free` are bytes, `cores` counts what we may use, `reads` is bytes a second that one core reads from memory.

    `shared`: the graphics card uses the same memory. `offloads`: our build of llama.cpp can use a card.
    """

    memory: int
    free: int
    cores: int
    reads: float
    cards: tuple[Card, ...] = ()
    shared: bool = False
    offloads: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def card_memory(self) -> int:
        """Of the largest card, where it can be used."""
        return max((card.memory for card in self.cards), default=0) if self.offloads and not self.shared else 0


def measure(root: Path = Path("/")) -> Machine:
    """Takes about a tenth of a second. `root` is where /proc and /sys are looked for."""
    memory, free = _memory(root)
    limits = [limit for limit in (_limit(folder / "memory.max") for folder in _groups(root)) if limit]
    if limits and min(limits) < memory:
        memory, free = min(limits), min(free, min(limits))
    mac = sys.platform == "darwin" and os.uname().machine == "arm64"
    return Machine(memory, free, cores(root), _reading(), (*_nvidia(), *_amd(root)), mac, _offloads())


def _memory(root: Path) -> tuple[int, int]:
    """(all, what programs could still get), in bytes."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        found = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines if len(line.split()) > 1}
        return found["MemTotal"], found.get("MemAvailable", found["MemTotal"])
    except (OSError, ValueError, KeyError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return memory, memory * 2 // 3  # macOS says it in no file


def _groups(root: Path) -> Iterator[Path]:
    """Our control group's folder (version 2), and those above it."""
    try:
        own = next(line[3:] for line in (root / "proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return
    top = root / "sys/fs/cgroup"
    folder = top / own.strip().lstrip("/")
    yield from [path for path in (folder, *folder.parents) if path == top or top in path.parents]


def _limit(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no limit is `max`
        return 0


def cores(root: Path = Path("/")) -> int:
    """How many we may use at once."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for folder in _groups(root):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            count = min(count, max(1, int(quota) // int(period)))
        except (OSError, ValueError):
            continue
    return count


def _reading() -> float:
    """Bytes a second: the best of three copies of what does not fit into a cache."""
    source = bytearray(48 * MIB)
    target = memoryview(bytearray(len(source)))
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        target[:] = source
        best = max(best, 2 * len(source) / (time.perf_counter() - began))  # read and written
    return best


def _nvidia() -> list[Card]:
    """As the driver's own library says: https://docs.nvidia.com/deploy/nvml-api."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
        if nvml.nvmlInit_v2() != 0:
            return []
        count = ctypes.c_uint()
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        return [card for i in range(min(count.value, 64)) for card in _nvidia_card(nvml, i)]
    except (OSError, AttributeError):
        return []


def _nvidia_card(nvml: Any, index: int) -> Iterator[Card]:
    handle, name, memory = ctypes.c_void_p(), ctypes.create_string_buffer(96), (ctypes.c_ulonglong * 3)()  # total, free, used
    if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) or nvml.nvmlDeviceGetMemoryInfo(handle, memory):
        return
    nvml.nvmlDeviceGetName(handle, name, 96)
    yield Card(name.value.decode(errors="replace"), memory[0], memory[1])


def _amd(root: Path) -> Iterator[Card]:
    for total in sorted((root / "sys/class/drm").glob("card*/device/mem_info_vram_total")):
        memory = _limit(total)
        if memory:
            yield Card(f"AMD ({total.parts[-3]})", memory, max(0, memory - _limit(total.with_name("mem_info_vram_used"))))


def _offloads() -> bool:
    from llmos_cli.engine.backends import backends
    from llmos_cli.errors import LlmosError

    try:
        return backends()[1]
    except LlmosError:
        return False
