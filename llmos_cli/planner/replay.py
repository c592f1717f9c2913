"""A sample of what the bundled planner was trained on, and of what people said whom it has not heard: data/replay.jsonl.gz.

A line each: say, plan (its literals as they stand in the sentence), voice, after, held. `training/replay.py` writes it.
"""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import NamedTuple

from llmos_cli.errors import LlmosError
from llmos_cli.plan import Tools, parse
from llmos_cli.planner.variants import Sentence

NAME = "replay.jsonl.gz"


class Replay(NamedTuple):
    """`held` is for measuring, and never trained on."""

    train: tuple[Sentence, ...]
    held: tuple[Sentence, ...]


def replay(tools: Tools) -> Replay:
    """The sentences whose plans these tools can do. Raises LlmosError where the file cannot be read."""
    try:
        text = gzip.decompress((files("llmos_cli") / "data" / NAME).read_bytes()).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise LlmosError("the planner's sample of sentences cannot be read: install llmos again") from error
    train, held = list[Sentence](), list[Sentence]()
    for line in text.splitlines():
        row = json.loads(line)
        try:
            sentence = Sentence(row["say"], parse(row["plan"], tools, raw=True), row["voice"], row.get("after", "none"))
            sentence.encoded(tools)
        except (LlmosError, ValueError):
            continue  # of a tool that has gone since
        (held if row.get("held") else train).append(sentence)
    return Replay(tuple(train), tuple(held))
