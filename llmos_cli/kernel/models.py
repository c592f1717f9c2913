"""Models, for the front ends: they know the kernel and no organ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llmos_cli.host import Host
from llmos_cli.models.download import Notice
from llmos_cli.models.models import Models, model_for

__all__ = ["Models", "in_memory", "let_go", "model_for", "models"]


def models(host: Host, notice: Notice | None = None) -> Models:
    """All that can be done with models; `notice` is told how far long work has come."""
    return Models(host, notice) if notice else Models(host)


def in_memory(host: Host) -> list[dict[str, Any]]:
    """What the worker says of each model that it has in memory: model, bytes, adapters, writing, waiting, seconds_left. Starts none."""
    from llmos_cli.engine.client import Client

    worker = Client.running(host.paths)
    return worker.ps() if worker else []


def let_go(host: Host, model: Path | None = None) -> list[str]:
    """End the work of a model, or of all, and free its memory; the paths of those that went."""
    from llmos_cli.engine.client import Client

    worker = Client.running(host.paths)
    return worker.stop(model) if worker else []
