"""What completion scripts ask for when a value is not known beforehand. Nothing that is slow is imported, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host

MOST = 200


def offers(kind: str, host: Host) -> list[str]:
    """The values of a kind, the likeliest first; none for a kind that there is not. Names that could act on a terminal are left out."""
    try:
        found = KINDS[kind](host) if kind in KINDS else []
    except (LlmosError, OSError):
        return []
    return [text for text in found if text.partition("\t")[0].isprintable()][:MOST]


def answer(kinds: Sequence[str], host: Host) -> None:
    for kind in kinds:
        for text in offers(kind, host):
            print(text, file=host.stdout)


def _plans(host: Host) -> list[str]:
    from llmos_cli.kernel.saved import names

    return names(host.paths)


def _models(host: Host) -> list[str]:
    from llmos_cli.kernel.models import models

    found = models(host)
    there = [f"{server.name}:{server.model}" for server in found.servers.all.values() if server.model]
    return [model.name for model in found.installed()] + there + sorted(found.catalogue.entries)


def _servers(host: Host) -> list[str]:
    from llmos_cli.kernel.servers import servers

    return list(servers(host).all)


def _sessions(host: Host) -> list[str]:
    from llmos_cli.kernel.names import sessions

    return sessions(host, MOST)


def _entries(host: Host) -> list[str]:
    """Changes that can be taken back."""
    from llmos_cli.kernel.names import undoable

    return undoable(host, MOST)


KINDS: dict[str, Callable[[Host], list[str]]] = {
    "plans": _plans,
    "models": _models,
    "sessions": _sessions,
    "entries": _entries,
    "servers": _servers,
}
