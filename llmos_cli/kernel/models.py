"""Models, for the front ends: they know the kernel and no organ."""

from __future__ import annotations

from llmos_cli.host import Host
from llmos_cli.models.download import Notice
from llmos_cli.models.models import Models, model_for

__all__ = ["Models", "model_for", "models"]


def models(host: Host, notice: Notice | None = None) -> Models:
    """All that can be done with models; `notice` is told how far long work has come."""
    return Models(host, notice) if notice else Models(host)
