"""A summary without a model: the sentences that say most of what all of them say.

Each sentence is a vector of its words, weighted by how few sentences have them (tf-idf); the most central one is nearest to the sum of
all others. Where a sentence stands counts too, since writers put first what matters; and one that repeats what was taken already counts
for less (maximal marginal relevance: Carbonell and Goldstein, 1998).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import islice
from textwrap import wrap

from llmos_cli.language.sentences import sentences

NEWNESS = 1.0  # of being like what was taken already
FIRST = 0.2  # what the first sentence of a text gains, the later ones less and less
ABOUT = 1.5  # what a sentence gains that has all the words that are asked about
LONG, PIECE = 600, 300  # characters: no sentence of a person's is longer; of a text that is one line of code, such pieces are told
MOST_SENTENCES = 5000  # of a longer text, those in its first part
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_COMMON = frozenset(
    "a about above after again all also am an and any are as at be because been before being below between both but by can could did "
    "do does doing down during each even few for from further had has have having he her here hers him his how however i if in into "
    "is it its just many may me might more most much must my no nor not now of off on once one only or other our out over own same "
    "she should so some such than that the their them then there these they this those through to too under until up us very was we "
    "were what when where which while who whom why will with would yet you your".split()
)
Vector = dict[str, float]


def central(text: str, count: int, about: str = "") -> list[str]:
    """The `count` most central sentences, in the order that they stand in; with `about`, rather those that have its words."""
    found = [(said, words) for said in dict.fromkeys(islice(sentences(text), MOST_SENTENCES)) if (words := terms(said))]
    told = [(said, words) for said, words in found if len(words) >= 3 and len(said) <= LONG] or _cut(found)
    if len(told) <= count:
        return [said for said, _ in told]
    vectors = _vectors([words for _, words in told])
    middle: Vector = {}
    for vector in vectors:
        for word, weight in vector.items():
            middle[word] = middle.get(word, 0.0) + weight
    likes = [_like(vector, middle) - 1 for vector in vectors]  # all others: its likeness to itself is 1
    best = max(likes) or 1.0
    asked = set(terms(about))
    scores = [
        like / best + FIRST / (1 + i / 2) + (ABOUT * len(asked & vector.keys()) / len(asked) if asked else 0.0)
        for i, (like, vector) in enumerate(zip(likes, vectors, strict=True))
    ]
    return [told[i][0] for i in sorted(_chosen(scores, vectors, count))]


def terms(text: str) -> list[str]:
    """The words that tell something: without common ones, plurals as one; of Chinese, each two letters that follow each other."""
    found = []
    for word in _WORD.findall(text.lower()):
        for run in _CHINESE.findall(word):
            found += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        plain = _CHINESE.sub("", word)
        if len(plain) > 1 and plain not in _COMMON:
            found.append(plain[:-1] if plain.endswith("s") and len(plain) > 3 and not plain.endswith("ss") else plain)
    return found


def _cut(found: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    pieces = [piece for said, _ in found for piece in (wrap(said, PIECE) if len(said) > LONG else [said])]
    return [(piece, words) for piece in pieces if (words := terms(piece))]


def _vectors(each: list[list[str]]) -> list[Vector]:
    """For each sentence the weights of its words, of length 1."""
    having = Counter(word for words in each for word in set(words))
    vectors = []
    for words in each:
        vector = {word: n * (1 + math.log(len(each) / having[word])) for word, n in Counter(words).items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values()))
        vectors.append({word: weight / length for word, weight in vector.items()})
    return vectors


def _like(one: Vector, other: Vector) -> float:
    small, large = (one, other) if len(one) < len(other) else (other, one)
    return sum(weight * large.get(word, 0.0) for word, weight in small.items())


def _chosen(scores: list[float], vectors: list[Vector], count: int) -> list[int]:
    chosen: list[int] = []
    repeats = [0.0] * len(scores)
    left = set(range(len(scores)))
    while left and len(chosen) < count:
        best = max(left, key=lambda i: (scores[i] - NEWNESS * repeats[i], -i))
        left.remove(best)
        chosen.append(best)
        for i in left:
            repeats[i] = max(repeats[i], _like(vectors[i], vectors[best]))
    return chosen
