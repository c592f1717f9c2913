"""The text around a hit: the place where most of what was looked for stands together, on one line, with the hits told apart.

Which words are hits is for SQLite's tokenizer to say. A long text is cut into pieces, these are put into an index of their own in memory,
and the best of them is marked: marking a whole text takes time with the square of its hits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from llmos_cli.db import Connection
from llmos_cli.search.terms import spaced
from llmos_cli.values import Excerpt

START, END = "\x02", "\x03"  # around each hit
WIDTH, BEFORE = 160, 50  # characters: of the excerpt, and of it before the first hit
PIECE, AT_ONCE = 2000, 50  # characters; pieces
Span = tuple[int, int]


def excerpt(db: Connection, text: str, match: str, *, lined: bool) -> Excerpt | None:
    """Of a plain text, for the FTS5 expression of any of the words; None where it has none. With `lined` the line of the hit is told."""
    spans = _marked(db, text, match)
    if not spans:
        return None
    first = _densest(text, spans)
    begin, end = _window(text, *spans[first])
    inside = [(a, min(b, end)) for a, b in spans if begin <= a < end]
    return Excerpt(_parts(text, begin, end, inside), text.count("\n", 0, spans[first][0]) + 1 if lined else None)


def _marked(db: Connection, text: str, match: str) -> list[Span]:
    """The hits in the piece of the text that has the most of them; of a long text in the first part that has any."""
    places = _places(text)
    while some := list(islice(places, AT_ONCE)):
        db.execute("DELETE FROM pieces.piece")
        rows = ((a, spaced(text[a:b])) for a, b in some)
        db.executemany("INSERT INTO pieces.piece (rowid, text) VALUES (?, ?)", rows)
        best = f"SELECT rowid, highlight(piece, 0, '{START}', '{END}') FROM pieces.piece WHERE piece MATCH ? ORDER BY rank LIMIT 1"
        row = db.execute(best, (match,)).fetchone()
        if row is not None:
            return _spans(row[1], row[0])
    return []


def _places(text: str) -> Iterator[Span]:
    """Where the pieces of a text lie: cut between lines or words where that is possible."""
    start = 0
    while start < len(text):
        end = min(len(text), start + PIECE)
        if end < len(text):
            cut = max(text.rfind("\n", start + PIECE // 2, end), text.rfind(" ", start + PIECE - 200, end))
            end = cut + 1 if cut > 0 else end
        yield start, end
        start = end


def _spans(marked: str, at: int) -> list[Span]:
    spans = []
    for i, part in enumerate(re.split(f"[{START}{END}]", marked.replace("\x1f", ""))):
        if i % 2:
            spans.append((at, at + len(part)))
        at += len(part)
    return spans


def _densest(text: str, spans: list[Span]) -> int:
    """The hit from which on the most different words stand within an excerpt's width; the first of equals."""
    words = [text[a:b].lower() for a, b in spans]
    inside: Counter[str] = Counter()
    best, most, last = 0, 0, 0
    for i, (start, _) in enumerate(spans):
        while last < len(spans) and (spans[last][1] - start <= WIDTH - BEFORE or last == i):
            inside[words[last]] += 1
            last += 1
        if len(inside) > most:
            best, most = i, len(inside)
        inside[words[i]] -= 1
        inside += Counter()  # without those of which none is left
    return best


def _window(text: str, start: int, end: int) -> Span:
    """From a little before the hit, cut between words where there are some."""
    begin = max(0, start - BEFORE)
    if begin:
        line = text.rfind("\n", begin, start)
        space = text.find(" ", begin, start)
        begin = line + 1 if line >= 0 else space + 1 if space >= 0 else begin
    stop = min(len(text), max(begin + WIDTH, end))
    if stop < len(text):
        space = max(text.rfind(" ", end, stop), text.rfind("\n", end, stop))
        stop = space if space > begin + WIDTH // 2 else stop
    return begin, stop


def _parts(text: str, begin: int, end: int, spans: list[Span]) -> tuple[tuple[str, bool], ...]:
    parts: list[tuple[str, bool]] = [("…", False)] if begin and not text[:begin].isspace() else []
    at = begin
    for a, b in spans:
        parts += [(text[at:a], False), (text[a:b], True)]
        at = b
    more = end < len(text) and not text[end:].isspace()
    parts += [(text[at:end], False), ("…" if more else "", False)]
    return tuple((re.sub(r"\s+", " ", part), hit) for part, hit in parts if part)
