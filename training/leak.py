"""How near a sentence of the data is to a benchmark request, told without keeping the benchmark's words here.

A request is the set of its words and pairs of words, each as a short hash; nearness is the share of two sets that they have in common
(Jaccard). `fingerprints.json` holds the hashes of the benchmark's requests.

Usage: python -m training.leak BENCHMARK.jsonl …    writes fingerprints.json
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

FILE = Path(__file__).parent / "fingerprints.json"
TOO_NEAR = 0.6
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+")


def fingerprint(request: str) -> frozenset[str]:
    words = [re.sub(r"\d+", "0", word) for word in _WORD.findall(request.lower())]
    pairs = (" ".join(pair) for pair in itertools.pairwise(words))
    return frozenset(hashlib.sha256(part.encode()).hexdigest()[:10] for part in itertools.chain(words, pairs))


def nearness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def known() -> list[frozenset[str]]:
    """The benchmark's requests; each turn of a conversation counts for itself."""
    return [frozenset(parts) for parts in json.loads(FILE.read_text())]


class Nearest:
    """The nearest of the benchmark's requests, found through the rarest parts they share."""

    def __init__(self, requests: Iterable[frozenset[str]]) -> None:
        self._requests = list(requests)
        self._with: dict[str, list[int]] = defaultdict(list)
        for i, parts in enumerate(self._requests):
            for part in parts:
                self._with[part].append(i)

    def to(self, sentence: str) -> float:
        """0 to 1: how near the nearest request is. Requests of one or two words are too common to tell anything and count for nothing."""
        parts = fingerprint(sentence)
        shared = Counter(i for part in parts for i in self._with.get(part, ()))
        return max((nearness(parts, self._requests[i]) for i, _ in shared.most_common(20) if len(self._requests[i]) > 5), default=0.0)


def main() -> None:
    requests = []
    for file in sys.argv[1:]:
        for line in Path(file).read_text().splitlines():
            case = json.loads(line)
            requests += case.get("turns") or [case["request"]]
    FILE.write_text(json.dumps([sorted(fingerprint(request)) for request in requests], indent=0) + "\n")
    print(f"{len(requests)} requests")


if __name__ == "__main__":
    main()
