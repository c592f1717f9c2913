"""Words, as they are kept and as they are looked for.

Chinese, Japanese, Korean, Thai and their neighbours write without spaces between words, or with endings grown onto them. Each of their
letters is kept as a word of its own, with `GAP` around it, and a run of them is looked for as a phrase: so a word of one or two letters
is found wherever it stands. Latin words are folded by SQLite's unicode61 tokenizer (capitals and accents) and porter (English forms).
"""

from __future__ import annotations

import os
import re
import unicodedata

GAP = "\x1f"
MAX_QUERY, MAX_PIECES = 1000, 50
# Thai, Lao, Tibetan, Burmese, Khmer; kana, bopomofo, Han, Hangul
_SINGLE = re.compile(
    "[\u0e01-\u0e5b\u0e81-\u0edf\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003fffd]+"
)
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_COLOUR = re.compile("\x1b\\[[0-9;?]*[ -/]*[@-~]")  # and what else programs tell terminals, in logs
_QUOTES = str.maketrans("“”„‟«»「」『』＂", '"""""""""""')
_PIECE = re.compile(r'"([^"]*)"|([^\s"]+)')
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# Said in passing in English; needed only where nothing else is looked for.
_SLIGHT = frozenset("a an and are at be by did do does for from i in is it my of on or that the this to was were with".split())


def plain(text: str) -> str:
    """Without control characters, and with one way to write each letter: é, ﬁ, ｆｕｌｌ and ㎏ as é, fi, full and kg."""
    text = _CONTROL.sub(" ", _COLOUR.sub("", text) if "\x1b" in text else text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def spaced(text: str) -> str:
    """Plain text as it is kept: letters that are words of their own stand alone."""
    return text if text.isascii() else _SINGLE.sub(lambda run: GAP + GAP.join(run[0]) + GAP, text)


def unspaced(text: str) -> str:
    return text.replace(GAP, "")


def of_name(name: str) -> str:
    """A file's name as it is kept: `BudgetReport2025.xlsx` is also `Budget Report 2025`."""
    name = plain(name)
    parts = _HUMP.sub(" ", name)
    return spaced(name if parts == name else f"{name} {parts}")


def ending(path: str) -> str:
    """A file name's extension without its dot, in lower case."""
    return os.path.splitext(path)[1][1:].lower()


def query(words: str, *, typing: bool = False, any_of_them: bool = False) -> str:
    """The FTS5 expression for what a person wrote, '' where there is no word in it.

    All words are wanted (or any of them), in any order, and those in quotes side by side; a word that ends in `*` is the start of one.
    With `typing` the last word may be unfinished. Whatever else stands there has no meaning, so nothing is a mistake.
    """
    text = plain(words[:MAX_QUERY].translate(_QUOTES).replace("\0", " "))
    pieces = [(match[1] if match[2] is None else match[2], match[2] is None) for match in _PIECE.finditer(text)]
    pieces = [(piece, quoted) for piece, quoted in pieces if any(map(str.isalnum, piece))][:MAX_PIECES]
    wanted = [(piece, quoted) for piece, quoted in pieces if quoted or piece.lower() not in _SLIGHT] or pieces
    found = (_term(piece, quoted, typing and i == len(wanted)) for i, (piece, quoted) in enumerate(wanted, 1))
    return (" OR " if any_of_them else " AND ").join(found)


def _term(piece: str, quoted: bool, unfinished: bool) -> str:
    term = '"' + spaced(piece.replace('"', " ")).replace("*", " ").strip() + '"'
    if not quoted and piece.endswith("*"):
        return f"{term} *"
    return f"({term} OR {term} *)" if unfinished and not quoted else term
