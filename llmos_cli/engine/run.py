"""One request while its answer is written: what it wants, how far it is, and the queue its caller reads from."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from llmos_cli.engine.choosing import Chooser
from llmos_cli.engine.decode import Choice
from llmos_cli.engine.weights import Weights
from llmos_cli.engine.writing import Writer
from llmos_cli.errors import LlmosError

STOP, LENGTH, TIME = "stop", "length", "time"
TOGETHER = 0.02  # seconds: what is written sooner after the piece before waits for more, since each piece costs both ends time
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Limits:
    """`tokens` that may be written, `seconds` from when the request came, and texts that end the answer."""

    tokens: int = 4096
    seconds: float = 600.0
    stops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Text that can be shown, and the tokens since the piece before. The last piece says why the answer ended."""

    text: str
    choices: tuple[Choice, ...] = ()
    ended: str = ""


@dataclass(eq=False)
class Run:
    """`tokens`: prompt and answer so far; `stem`: how many of the first tokens are worth keeping for other requests.

    `client` is whom fairness is for. `ready` is how many of the prompt's tokens were there already,
    -1 before it began; `restored` of them came from the disk.
    """

    tokens: list[int]
    chooser: Chooser
    limits: Limits
    client: str = ""
    stem: int = 0
    number: int = field(default_factory=lambda: next(_numbers))
    ready: int = -1
    restored: int = 0
    written: int = 0
    cancelled: bool = False
    began: float = field(default_factory=time.monotonic)
    first: float = 0.0  # seconds from `began` to the first token

    def __post_init__(self) -> None:
        self.prompt = len(self.tokens)
        self._writer = Writer(self.limits.stops)
        self._choices: list[Choice] = []
        self._text, self._sent = "", 0.0  # what waits for more, and when the last piece was sent
        self._events: queue.SimpleQueue[Piece | LlmosError] = queue.SimpleQueue()

    def take(self, choice: Choice, weights: Weights) -> bool:
        """Go on by one token. Returns whether the answer goes on; if not, its last piece has been sent."""
        now = time.monotonic()
        if not self.written:
            self.first = now - self.began
        self.written += 1
        self._choices.append(choice)
        ends = weights.is_end(choice.token)
        text = "" if ends else self._writer.add(weights.shown(choice.token))
        if not ends:
            self.tokens.append(choice.token)
        if ends or self._writer.stopped or self.chooser.finished:
            return self._end(text, STOP)
        if self.written >= self.limits.tokens:
            return self._end(text, LENGTH)
        if now - self.began > self.limits.seconds:
            return self._end(text, TIME)
        self._text += text
        if self._text and now - self._sent >= TOGETHER:
            self._sent = now
            self._send("")
        return True

    def fail(self, error: LlmosError) -> None:
        """The caller will get this error, and nothing after it."""
        self._events.put(error)

    def stop(self) -> None:
        """End it as its time is up."""
        self._end("", TIME)

    @property
    def late(self) -> bool:
        return time.monotonic() - self.began > self.limits.seconds

    def next(self, seconds: float) -> Piece | None:
        """The next piece; None where none came in time. Raises the run's error."""
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(event, LlmosError):
            raise event
        return event

    def pieces(self) -> Iterator[Piece]:
        """All pieces to the end."""
        while True:
            piece = self.next(3600.0)
            if piece is not None:
                yield piece
                if piece.ended:
                    return

    def _send(self, text: str, ended: str = "") -> None:
        self._events.put(Piece(self._text + text, tuple(self._choices), ended))
        self._text = ""
        self._choices.clear()

    def _end(self, text: str, why: str) -> bool:
        self._send(text + self._writer.end(), why)
        return False
