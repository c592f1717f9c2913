"""A model that answers from a list, for tests, docs and demos:

the surface of `llama.Llama` without weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmos_cli.errors import Bug, Interrupted, LlmosError

END = "<|end|>"


class Scripted:
    """Gives one of its answers after each prompt, whatever the prompt is.

    Its vocabulary: the 256 bytes, then `words`, then an end token. An answer is a text, in which
    words are tokens, or a list of ids; the end token follows by itself. The first `logits` after a
    prompt start the next answer; from then on the tokens decoded must be the answer's, until
    `rewind`, after which the next prompt starts.
    """

    def __init__(
        self,
        answers: Sequence[str | Sequence[int]],
        *,
        words: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
        context: int = 1024,
        margin: float = 20.0,
    ) -> None:
        """`margin`: the logit of the scripted token, in nats above that of all others."""
        self.context = context
        self._words = {word: 256 + at for at, word in enumerate([*words, END])}
        self._pieces = [bytes([byte]) for byte in range(256)] + [w.encode() for w in self._words]
        self.vocabulary = len(self._pieces)
        self._metadata = dict(metadata or {})
        self._margin = margin
        self._script = [self.tokenize(a, special=True) if isinstance(a, str) else [*a] for a in answers]
        self._answer: list[int] | None = None  # what is left of the one being given
        self._sequence: list[int] = []
        self._fresh = False
        self._cancelled = False

    def close(self) -> None: ...

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def metadata(self, key: str) -> str | None:
        return self._metadata.get(key)

    def tokenize(self, text: str | bytes, *, special: bool = False, start: bool = False) -> list[int]:
        """Bytes; with `special`, the longest word at each place."""
        del start  # there is no begin token
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        raw = text.encode(errors="replace")
        words = sorted(self._words, key=len, reverse=True) if special else []
        tokens: list[int] = []
        at = 0
        while at < len(raw):
            word = next((w for w in words if raw.startswith(w.encode(), at)), "")
            tokens.append(self._words[word] if word else raw[at])
            at += len(word.encode()) or 1
        return tokens

    def piece(self, token: int) -> bytes:
        return self._pieces[self._known(token)]

    def token(self, text: str) -> int:
        tokens = self.tokenize(text, special=True)
        if len(tokens) != 1:
            raise LlmosError(f"the model has no token {text!r}")
        return tokens[0]

    def is_end(self, token: int) -> bool:
        return self._known(token) == self.vocabulary - 1

    def decode(self, tokens: Sequence[int]) -> None:
        """Append to the sequence. Raises Bug for a token that is not the script's."""
        if self._cancelled:
            self._cancelled = False
            raise Interrupted("interrupted")
        if (length := self.position + len(tokens)) > self.context:
            raise LlmosError(f"the text is too long for the model: {length} tokens, room for {self.context}")
        for token in tokens:
            self._known(token)
            if self._answer is not None and token != (expected := self._next()):
                raise Bug(f"the script has {self.piece(expected)!r}, not {self.piece(token)!r}")
            if self._answer:
                self._answer.pop(0)
        self._sequence += tokens
        self._fresh = self._fresh or bool(tokens)

    @property
    def position(self) -> int:
        return len(self._sequence)

    def rewind(self, position: int) -> None:
        """Drop everything from `position` on; a new prompt starts."""
        if not 0 <= position <= self.position:
            raise Bug(f"cannot rewind to {position} from {self.position}")
        if position < self.position:
            del self._sequence[position:]
            self._answer, self._fresh = None, False

    def logits(self) -> list[float]:
        """`vocabulary` floats. Raises Bug where the script has no more answers."""
        if not self._fresh:
            raise Bug("there are no logits before a decode")
        if self._answer is None:
            if not self._script:
                raise Bug("the script has no more answers")
            self._answer = self._script.pop(0)
        row = [0.0] * self.vocabulary
        row[self._next()] = self._margin
        return row

    def cancel(self) -> None:
        self._cancelled = True

    def _next(self) -> int:
        return self._answer[0] if self._answer else self.vocabulary - 1

    def _known(self, token: int) -> int:
        if not 0 <= token < self.vocabulary:
            raise Bug(f"there is no token {token}")
        return token
