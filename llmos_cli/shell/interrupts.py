"""Ctrl-C: it stops what runs. A change that has begun is then taken back, and that cannot be cut short by a second one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

WAITING = "Stopping: what was begun is being put back as it was. This takes a moment, and cannot be cut short."


class Guard:
    """Around a turn. While `changing`, only the first Ctrl-C interrupts; each later one is answered with `say(WAITING)`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.changing = False
        self._pressed = False

    @contextmanager
    def held(self, *, changing: bool = False) -> Iterator[None]:
        """Only the main thread gets signals; elsewhere (in tests) it does nothing."""
        self.changing, self._pressed = changing, False
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupted)
        try:
            yield
        finally:
            self.changing = False
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self.changing and self._pressed:
            self._say(WAITING)
            return
        self._pressed = self.changing
        raise KeyboardInterrupt
