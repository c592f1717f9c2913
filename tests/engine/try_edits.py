"""Run in a child: open a copy of a GGUF with one byte changed, again and again.

    python -m tests.engine.try_edits FILE FIRST COUNT SEED

Prints `N OFFSET XOR` before each try and what came of it after: `opened`, or the error's message.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from llmos_cli.engine.decode import greedy
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import LlmosError


def edits(front: int, count: int, seed: int) -> list[tuple[int, int]]:
    """Offsets below `front` and what to XOR there: the same for the same seed."""
    source = random.Random(seed)
    return [(source.randrange(front), source.randrange(1, 256)) for _ in range(count)]


def outcome(path: Path) -> str:
    try:
        with Llama.open(path, context=64) as model:
            prompt = model.tokenize("hello the find")[:8] or [1]
            for choice in greedy(model, prompt, None, limit=3):
                model.piece(choice.token)
    except LlmosError as error:
        return error.message.removeprefix(str(path)).strip()
    return "opened"


def main(file: str, first: str, count: str, seed: str) -> None:
    whole = Path(file).read_bytes()
    front = len(whole) - whole_data(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.gguf"
        for number, (at, flip) in list(enumerate(edits(front, int(count), int(seed))))[int(first) :]:
            print(number, at, flip, end=" ", flush=True)
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            print(repr(outcome(path)), flush=True)


def whole_data(whole: bytes) -> int:
    """Bytes after the header, roughly: all that follows the last tensor's name and a little."""
    return len(whole) - whole.rindex(b".weight") - 40


if __name__ == "__main__":
    main(*sys.argv[1:])
