"""The line at the bottom: model, folder, what is asked about, how much can be undone. It is drawn at each key, from what is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmos_cli.shell.folder import short
from llmos_cli.ui.cells import columns, cut, width

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session

MAX_DEPTH = 99  # of what can be undone, more is not counted


class Bottom:
    def __init__(self, session: Session) -> None:
        self._session = session

    def text(self) -> str:
        """As many parts as fit, in their order; the most useful ones are kept longest."""
        session = self._session
        room, host = columns(session.host) - 1, session.host
        depth = session.undo_depth
        rules = f" but for {session.rule_count} rule{'s' if session.rule_count != 1 else ''}" if session.rule_count else ""
        parts = [  # what is left out first has the highest number
            (3, session.model_name),
            (1, short(host.cwd, host.home)),
            (2, f"asks before changes{rules}"),
            (0, f"{depth}{'+' if depth >= MAX_DEPTH else ''} to undo" if depth else ""),
            (4, "/help"),
        ]
        kept = [part for part in parts if part[1]]
        while len(kept) > 1 and width(" · ".join(text for _, text in kept)) + 1 > room:
            kept.remove(max(kept))
        return cut(" " + " · ".join(text for _, text in kept), room)
