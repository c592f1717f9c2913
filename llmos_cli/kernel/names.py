"""Names for completion at a press of Tab: without the rest of the kernel, which takes long to load."""

from __future__ import annotations

from llmos_cli.host import Host


def undoable(host: Host, limit: int) -> list[str]:
    """The ids of changes that can be taken back, the newest first. Raises LlmosError."""
    from llmos_cli.policy.journal import Journal

    paths = host.paths
    if not paths.state.is_dir():
        return []
    journal = Journal(paths.state, paths.data / "vault", env=host.env, clock=host.clock)
    return [entry.id for entry in journal.history(limit) if entry.undoable]


def sessions(host: Host, limit: int) -> list[str]:
    """The titles of sessions, that used last first. Raises LlmosError."""
    from llmos_cli.memory.memory import Memory

    return [session.title for session in Memory(host.paths.data, host.clock).sessions.list(limit)]
