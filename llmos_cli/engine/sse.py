"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as those send them that stream answers.

Kinder than the standard where servers are careless: the empty line between two events may be missing, and so may the space after the colon.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

DONE = "[DONE]"
MOST_SHOWN = 1 << 16  # letters of what is not JSON, in the error


def events(lines: Iterable[bytes]) -> Iterator[Any]:
    """The JSON of each event, and `DONE` where it says that it is the last. Raises ValueError for what is not JSON.

    A line is decoded as a whole, so that no letter is cut in two wherever the pieces that came begin and end.
    """
    data: list[str] = []
    for raw in lines:
        for line in raw.decode(errors="replace").lstrip("\ufeff").rstrip("\r\n").split("\r"):
            name, colon, value = line.partition(":")
            if name == "data" and colon:
                data.append(value.removeprefix(" "))
            elif line or not data:
                if not colon and line.lstrip()[:1] in ("{", "<"):
                    raise ValueError(line[:MOST_SHOWN])
                continue  # a comment, a keep-alive, or a field that means nothing here
            found = _event(data, whole=not line)
            if found is not None:
                yield found
            if found is not None or not line:
                data = []
    if data and (found := _event(data, whole=True)) is not None:
        yield found


def _event(data: list[str], *, whole: bool) -> Any:
    """What the lines say; None where that is nothing, or more of them may follow."""
    text = "\n".join(data).strip()
    if not text or text == DONE:
        return DONE if text else None
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(text[:MOST_SHOWN]) from None
    except ValueError:
        if whole:
            raise ValueError(text[:MOST_SHOWN]) from None
        return None
