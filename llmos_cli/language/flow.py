"""Working through a text in parts, and what becomes of a model's words as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

from llmos_cli.errors import LlmosError
from llmos_cli.language.asking import Asking, Slots, is_too_long
from llmos_cli.language.parts import framed, parts, tokens
from llmos_cli.language.shapes import Json

SMALLEST = 128  # characters; a part that is shorter is not halved any more
ROUNDS = 6
SHORTER = 0.8  # what notes should be of what they were made from; a model whose notes are no shorter would go on for ever
FENCE = "```"
Found = TypeVar("Found")
At = tuple[int, int]


def split(asking: Asking, text: str, most: int, name: str = "") -> list[str]:
    """The text in parts of at most `most` tokens; that they are several is said."""
    found = parts(text, most)
    if len(found) > 1:
        size = f"{name or 'The text'} is long (about {tokens(text):,} tokens)"
        asking.voice.note(f"{size}, so {asking.speaker.name} works through it in {len(found)} parts.")
    return found


def each(asking: Asking, found: Sequence[str], do: Callable[[str, At], Iterator[Found]]) -> Iterator[Found]:
    """What `do` gives for each part in turn, with how many are done and how many there are.

    A part that the model has no room for all the same, since tokens are only estimated, is halved.
    """
    left, done = deque(found), 0
    while left:
        part = left.popleft()
        try:
            given = _begun(do(part, (done, done + 1 + len(left)) if done or left else (0, 0)))
        except LlmosError as error:
            left.extendleft(reversed(_halves(asking, part, error)))
        else:
            yield from given
            done += 1


def _begun(items: Iterator[Found]) -> Iterator[Found]:
    """The same, once the first is there: what a model has no room for is said before anything is given."""
    return chain(tuple(islice(items, 1)), items)


def _halves(asking: Asking, part: str, error: LlmosError) -> list[str]:
    """The part in two, which is said. Raises the error again where that would be of no use."""
    if not is_too_long(error) or len(part) < SMALLEST:
        raise error
    asking.voice.note(f"It is longer for {asking.speaker.name} than it looks, so it is worked through in smaller parts.")
    return parts(part, tokens(part) // 2)


def one_by_one(asking: Asking, found: Sequence[str], slots: Slots) -> Iterator[str]:
    """Each part worked on by itself, joined as they were: white space between them stays."""

    def do(part: str, at: At) -> Iterator[str]:
        before, said, after = framed(part)
        if not said:
            yield part
            return
        pieces = trimmed(asking.stream("whole", {**slots, "text": said}, at=at))
        yield before + next(pieces, "")
        yield from pieces
        yield after

    return each(asking, found, do)


def reduced(asking: Asking, found: Sequence[str], most: int, slots: Slots, shape: Json | None = None) -> Iterator[str]:
    """The answer to one part; of several, the answer to what was noted of each, noted again until there is room for all notes."""

    def said(name: str, text: str) -> Iterator[str]:
        return _begun(trimmed(asking.stream(name, {**slots, "text": text.strip()}, shape=shape)))

    def noted(part: str, at: At) -> Iterator[str]:
        here = {**slots, "text": part.strip(), "n": str(at[0] + 1), "parts": str(at[1])}
        yield asking.whole("part", here, at=at, most=max(32, most // 4))

    name = "whole"
    for _ in range(ROUNDS):
        if len(found) == 1:
            try:
                answer = said(name, found[0])
            except LlmosError as error:
                found = _halves(asking, found[0], error)
            else:
                yield from answer
                return
        before, name = sum(map(len, found)), "merge"
        notes = "\n\n".join(filter(None, each(asking, found, noted)))
        found = parts(notes, most) or [""]
        if len(notes) > before * SHORTER:
            break
    while True:
        try:
            answer = said(name, found[0])
        except LlmosError as error:
            found = _halves(asking, found[0], error)
        else:
            break
    if len(found) > 1:
        asking.voice.note("The notes on its parts were still too long for the model: only the first of them went into this.")
    yield from answer


def trimmed(pieces: Iterable[str]) -> Iterator[str]:
    """Without white space at the start and the end."""
    held, begun = "", False
    for piece in pieces:
        text = held + piece if begun else (held + piece).lstrip()
        said = text.rstrip()
        if said:
            begun = True
            yield said
        held = text[len(said) :]


def unfenced(pieces: Iterable[str]) -> Iterator[str]:
    """A program without the fence around it, where the answer begins with one; any other answer as it is."""
    held, fenced = "", None
    for piece in pieces:
        held += piece
        if fenced is None:
            if held[:3] != FENCE[: len(held)]:
                fenced = False
            elif "\n" in held:
                fenced, held = True, "\n" + held.partition("\n")[2]
            else:
                continue
        if not fenced:
            yield held
            held = ""
        elif f"\n{FENCE}" not in held:
            sure = held.rfind("\n") if held.rpartition("\n")[2][:1] in ("", "`") else len(held)  # a fence may begin there
            yield held[:sure]
            held = held[sure:]
    body, _, after = held.partition(f"\n{FENCE}") if fenced else (held, "", "")
    yield body + (f"\n\n{after.strip()}" if after.strip() else "")
