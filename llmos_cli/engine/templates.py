"""Chat templates, rendered in a process of their own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from llmos_cli.engine.child import Child, Ended
from llmos_cli.errors import LlmosError

SECONDS = 10.0  # by the clock; the child's own limit counts the processor's
START_SECONDS = 30.0
MOST_TEMPLATE = 1 << 20  # characters


class Templates:
    """The child is started at once, so that it is ready when a model is; and again when a template has ended it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._fresh = False  # it has not said yet that it is ready
        try:
            self._start()
        except OSError:
            pass  # it is tried again when it is needed

    def render(self, template: str, each: Sequence[Mapping[str, Any]]) -> list[str]:
        """The template's text for each set of variables. Raises LlmosError, with the reason, for a template that fails."""
        if len(template) > MOST_TEMPLATE:
            raise _failed("it is too long")
        with self._lock:
            try:
                child = self._ready()
                answer = child.ask({"template": template, "each": each}, SECONDS)
            except (Ended, OSError) as error:
                self._child = None
                raise _failed(str(error)) from None
        texts = answer.get("texts")
        if not isinstance(texts, list):
            raise _failed(str(answer.get("error", "it gives nothing"))[:300])
        return texts

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.close()
                self._child = None

    def _start(self) -> Child:
        self._child, self._fresh = Child("renderer"), True
        return self._child

    def _ready(self) -> Child:
        child = self._child or self._start()
        if self._fresh:
            child.answer(START_SECONDS)
            self._fresh = False
        return child


def _failed(why: str) -> LlmosError:
    return LlmosError(f"the model's chat template cannot be used: {why}", hint="llmos models info")
