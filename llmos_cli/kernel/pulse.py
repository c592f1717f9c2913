"""A sign of life: where a plan takes over half a second, a Progress event every fifth of one, until it is through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from llmos_cli.errors import LlmosError
from llmos_cli.events import Event, Progress

AFTER, EVERY = 0.5, 0.2


class Pulse:
    """Gives `notice` Progress events from a thread of its own while the `with` block runs; `state` says what is done, with
    how many items so far, and of how many (0: not known)."""

    def __init__(self, state: Callable[[], tuple[str, int, int]], notice: Callable[[Event], None]) -> None:
        self._state, self._notice = state, notice
        self._done = threading.Event()
        self.quiet = False  # while a person is asked
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    def _beat(self) -> None:
        began = time.monotonic()
        wait = AFTER
        while not self._done.wait(wait):
            if not self.quiet:
                try:
                    step, items, total = self._state()
                    self._notice(Progress(step, items, time.monotonic() - began, total))
                except (OSError, ValueError, LlmosError):  # nobody sees it: the turn itself will notice
                    return
            wait = EVERY
