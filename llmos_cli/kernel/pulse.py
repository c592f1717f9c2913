"""A sign of life: where a plan takes over half a second, a Progress event every fifth of one, until it is through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from llmos_cli.errors import LlmosError
from llmos_cli.events import Event, Progress

AFTER, EVERY = 0.5, 0.2


class Pulse:
    """Gives `notice` Progress events from a thread of its own while the `with` block runs; `passed` says how many items went by."""

    def __init__(self, step: str, passed: Callable[[], int], notice: Callable[[Event], None]) -> None:
        self._step, self._passed, self._notice = step, passed, notice
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
                    self._notice(Progress(self._step, self._passed(), time.monotonic() - began))
                except (OSError, ValueError, LlmosError):  # nobody sees it: the turn itself will notice
                    return
            wait = EVERY
