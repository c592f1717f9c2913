"""What works on this machine: each part is tried for real."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel


@dataclass(frozen=True)
class Finding:
    what: str
    ok: bool
    detail: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(host: Host) -> list[Finding]:
    """The planner, the folders, the journal and the optional helpers, each tried once."""
    kernel = Kernel(host)
    return [
        _tried("planner", lambda: _planner(kernel)),
        _tried("memory", lambda: f"{len(kernel.turns.recent(1))} turn read from {host.paths.data}"),
        _tried("journal", lambda: f"{len(kernel.journal.history(1))} entry read from {host.paths.state}"),
        Finding("ripgrep", True, "found" if shutil.which("rg") else "not installed: contents are searched by llmos itself"),
    ]


def _planner(kernel: Kernel) -> str:
    began = time.perf_counter()
    proposal = kernel.planner.plan("the five largest files here")
    return f"a plan in {1000 * (time.perf_counter() - began):.0f} ms, model and all, confidence {proposal.confidence:.2f}"


def _tried(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, attempt())
    except LlmosError as error:
        return Finding(what, False, error.message, error.hint)
    except OSError as error:
        return Finding(what, False, (error.strerror or str(error)).lower())
