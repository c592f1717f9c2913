"""A request cut into units: the words that a plan's literals may point at.

The planner never writes a name or a number. It points at units of the request by their index, so what ends up in a plan is the
person's own text, byte for byte. Punctuation that clings to words is a mark: seen by the planner, never pointed at.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass

from llmos_cli.kinds import kind_of

MAX_UNITS = 120
_CJK = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_OPENING = "([{\"'“‘«「『《（【"
_CLOSING = ")]}\"'”’»」』》）】,;:!?.…—，。；：！？、"
_QUOTES = "\"'“”‘’「」«»"
_TELLING = re.compile(r"\d|\w[./]\w|^\*?\.\w")  # digits, names with an ending or a slash, endings
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_CHUNK = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+")
_SPLIT = re.compile(
    r"^[<>=≥≤+]+(?=[\w.])|(?<=[\w)*\"']),(?=[\w*.\"'])(?!\d{3}\b)|[，。；：！？、…（）【】《》「」『』]|—+|(?<=\w)\.\.+(?=\w)|(?<=\w)[=→](?=\w)"
    r"|^\./(?=\w)|(?<=\w)/(?=$|[,.;:]$|\*)|(?<=/)(?=\*)|(?<!\d)(?<=\d)[-–](?=\d)|(?<=\d)[-–](?=\d+(?:$|[a-zA-Z,]))"
)


@dataclass(frozen=True)
class Unit:
    """`text[start:end]` of the request; `index` from 1, 0 for a mark."""

    start: int
    end: int
    index: int
    text: str

    @property
    def view(self) -> str:
        """What the planner's model reads: lower case, digits all alike (years apart), long names cut in the middle."""
        text = unicodedata.normalize("NFKC", self.text).lower()
        text = "2000" if re.fullmatch(r"(19|20)\d\d", text) else re.sub(r"\d", "0", text)
        text = re.sub(r"0{4,}", "0000", text)
        return text if len(text) <= 32 else f"{text[:16]}…{text[-15:]}"


@dataclass(frozen=True)
class Request:
    text: str
    units: tuple[Unit, ...]

    @property
    def words(self) -> tuple[Unit, ...]:
        """The units that can be pointed at; word i has index i + 1."""
        return tuple(unit for unit in self.units if unit.index)

    def telling(self) -> frozenset[int]:
        """Indexes of the words that a person hardly says for nothing: quoted ones, names with an ending or a slash, endings, digits."""
        found, quoted = set[int](), False
        for unit in self.units:
            if not unit.index:
                quoted = quoted != (unit.text in _QUOTES)
            elif quoted or _TELLING.search(unit.text):
                found.add(unit.index)
        return frozenset(found) if not quoted else frozenset(i for i in found if _TELLING.search(self.words[i - 1].text))

    def span(self, first: int, last: int) -> str:
        """The request's own text from one index to another, both counted from 1 and included."""
        words = self.words
        return self.text[words[first - 1].start : words[last - 1].end]


def read(text: str) -> Request:
    """Cut a request into units. Those beyond MAX_UNITS words are cut too: the caller decides what to do with them."""
    pieces: list[tuple[int, int, bool]] = []
    for chunk in _CHUNK.finditer(text):
        for start, end in _parts(chunk[0]):
            pieces += _pieces(chunk[0][start:end], chunk.start() + start)
    units, index = [], 0
    for start, end, is_word in pieces:
        index += is_word
        units.append(Unit(start, end, index if is_word else 0, text[start:end]))
    return Request(text, tuple(units))


def _parts(chunk: str) -> list[tuple[int, int]]:
    """(start, end) of the parts of a run without spaces: words and what joins them in `eggs,bread`, `>30d`, `3-9`, `mkv/avi`, `x/*.gz`."""
    cuts = [0, len(chunk)]
    for match in _SPLIT.finditer(chunk):
        cuts += [match.start(), match.end()]
    endings = chunk.rstrip(_CLOSING).lstrip(_OPENING).split("/")
    if len(endings) > 1 and all(
        re.fullmatch(r"\.?\w{1,5}", ending) and kind_of(ending.lower().lstrip(".")) != "other" for ending in endings
    ):
        cuts += [at for slash in re.finditer("/", chunk) for at in slash.span()]
    cuts = sorted(set(cuts))
    return [(a, b) for a, b in itertools.pairwise(cuts) if b > a]


def _closed(part: str) -> bool:
    """`[a-z]x` and `(1)`: the bracket that it starts with belongs to it, unlike that of `(zip)`."""
    inside, _, rest = part[1:].partition(_PAIRS.get(part[0], "\0"))
    return part[0] in _PAIRS and inside != part[1:] and (bool(rest.strip(_CLOSING)) or inside.isdigit())


def _opened(part: str) -> bool:
    """`eth[0-9]` and `(1)`: the bracket that it ends with was opened inside it."""
    return any(
        part[-1] == shut and (opening in part[1:-1] or (part[0] == opening and part[1:-1].isdigit())) for opening, shut in _PAIRS.items()
    )


def _pieces(part: str, at: int) -> list[tuple[int, int, bool]]:
    """(start, end, is a word) of the marks before a word, the word, and the marks after it."""
    begin, end = 0, len(part)
    while begin < end and part[begin] in _OPENING and not _closed(part[begin:end]):
        begin += 1
    while end > begin and part[end - 1] in _CLOSING and not _opened(part[begin:end]):
        end -= 1
        if part[end] in _QUOTES:
            break
    if begin == end:  # nothing but marks: what stands alone can be meant, quotes cannot
        kept = part.rstrip(",.?!;") or part[0]
        whole = kept[0] not in _QUOTES
        return [(at, at + len(kept), whole), *((at + i, at + i + 1, False) for i in range(len(kept), len(part)))]
    possessive = re.search(r"['’](s|S)$", part[begin:end])
    tail = begin + possessive.start() if possessive and possessive.start() else end
    found = [(at + i, at + i + 1, False) for i in range(begin)]
    found.append((at + begin, at + tail, True))
    if tail < end:
        found.append((at + tail, at + end, False))
    return found + [(at + i, at + i + 1, False) for i in range(end, len(part))]
