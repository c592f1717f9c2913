"""Which of the things shown are meant: `3`, `1,4`, `2-5`, `the second one`, `last`."""

from __future__ import annotations

import re

from llmos_cli.numerals import number

LAST = -1
MOST = 1000
_SPAN = re.compile(r"(\d+)\s*(?:-|to|–)\s*(\d+)")
_AROUND = re.compile(r"^(?:the\s+|number\s+|no\.?\s*|#)+|\s+(?:one|file)$")


def positions(said: str) -> list[int]:
    """The numbers meant, counted from 1, LAST for the last one; [] where it is something else, such as a name."""
    found: list[int] = []
    for part in said.split(","):
        text = _AROUND.sub("", part.strip().lower())
        if span := _SPAN.fullmatch(text):
            first, last = int(span[1]), int(span[2])
            found += range(first, min(last, first + MOST) + 1)
        elif text == "last":
            found.append(LAST)
        elif (value := number(text)) is not None and value == int(value):
            found.append(int(value))
        else:
            return []
    return found
