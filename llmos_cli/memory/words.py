"""Text as the index takes it: each Chinese, Japanese or Korean character a word by itself, so that words of one or two are found."""

from __future__ import annotations

import re

_CJK = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_BETWEEN = "\u200b"  # a space that nobody sees: words end at it


def segmented(text: str) -> str:
    """The text with each character of these scripts set apart."""
    return text if text.isascii() else re.sub(f"[{_CJK}]", f"{_BETWEEN}\\g<0>{_BETWEEN}", text)


def unsegmented(text: str) -> str:
    return text.replace(_BETWEEN, "")


def query(text: str) -> str:
    """The FTS5 query for text that has all of these words, the last letters of each left open; `"in quotes"` stand side by side.

    '' where there is nothing to look for.
    """
    parts = []
    for quoted, word in re.findall(r'"([^"]*)"|(\S+)', text.replace("\0", " ")):
        phrase = quoted or word
        if not re.search(r"\w", phrase):
            continue
        is_open = not quoted and not re.match(f"[{_CJK}]", phrase[-1])
        phrase = segmented(phrase).replace('"', " ")
        parts.append(f'"{phrase}"{"*" if is_open else ""}')
    return " AND ".join(parts)


def bounded(text: str, most: int) -> str:
    """The start of it, cut between words, as one line."""
    text = " ".join(text[: 4 * most].split())
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + "…"
