"""Which files have the words, best first. To rank takes longer than to find, so of very many only some are ranked.

A word that is in more than `MOST` files tells little about any of them. Then those that have it in their name or title come first, then
the `MOST` that came into the index last, both ranked, then all others, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from llmos_cli.db import Connection
from llmos_cli.search.update import Scope, below

WEIGHTS = "8.0, 5.0, 1.0"  # of a hit in the name, the title, the text
MOST, AT_ONCE = 2000, 500  # files that are ranked; rows that are looked up at once
Row = tuple[int, bytes, bytes]  # id, folder, name


def matching(db: Connection, match: str, scopes: Sequence[Scope]) -> list[int]:
    """The ids of all files in the scopes that an FTS5 expression fits, taken at once: a reader that dawdles would keep writers out."""
    where, values = _inside(db, scopes)

    def ids(match: str, more: str) -> list[int]:
        return [row[0] for row in db.execute(f"SELECT words.rowid FROM words{where} AND words MATCH ?{more}", (*values, match))]

    ranked = f" ORDER BY bm25(words, {WEIGHTS}), words.rowid"
    newest = ids(match, f" ORDER BY words.rowid DESC LIMIT {MOST + 1}")
    if len(newest) <= MOST:
        return ids(match, ranked) if newest else []
    named = ids(f"{{name title}} : ({match})", f"{ranked} LIMIT {MOST}")
    late = ids(match, f" AND words.rowid >= {newest[MOST - 1]}{ranked}")
    return list(dict.fromkeys(chain(named, late, ids(match, " ORDER BY words.rowid DESC"))))


def rows(db: Connection, ids: Sequence[int]) -> Iterator[Row]:
    """Where these files are, in their order; one that has left the index since is passed over."""
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        marks = ", ".join("?" * len(some))
        found = db.execute(
            f"SELECT file.id, folder.path, file.name FROM file JOIN folder ON folder.id = file.folder WHERE file.id IN ({marks})", some
        )
        places = {row[0]: (row[1], row[2]) for row in found.fetchall()}
        yield from ((id, *places[id]) for id in some if id in places)


def _inside(db: Connection, scopes: Sequence[Scope]) -> tuple[str, list[int | bytes]]:
    """What a query says to stay in the scopes, and its values; nothing where they are all that the index has."""
    roots = {row[0] for row in db.execute("SELECT id FROM root")}
    if roots <= {scope.id for scope in scopes if scope.start == scope.root}:
        return " WHERE true", []
    where: list[str] = []
    values: list[int | bytes] = []
    for scope in scopes:
        if scope.start == scope.root:
            where.append("folder.root = ?")
            values += [scope.id]
        else:
            where.append("folder.root = ? AND (folder.path = ? OR (folder.path > ? AND folder.path < ?))")
            values += [scope.id, scope.start, *below(scope.start)]
    joined = " JOIN file ON file.id = words.rowid JOIN folder ON folder.id = file.folder"
    return f"{joined} WHERE ({' OR '.join(f'({one})' for one in where)})", values
