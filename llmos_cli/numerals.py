"""Numbers as people write them: `five`, `a couple`, `2nd`, `half a`, `十二`. Arithmetic on words is code, not model."""

from __future__ import annotations

import re

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
WORDS: dict[str, float] = {word: i for i, word in enumerate(_ONES.split())}
WORDS |= {word: 10 * i for i, word in enumerate(_TENS.split()) if word != "_"}
WORDS |= {word: i for i, word in enumerate(_ORDINALS.split())}
WORDS |= {
    "a": 1, "an": 1, "single": 1, "once": 1, "couple": 2, "both": 2, "pair": 2, "twice": 2, "few": 3,
    "several": 3, "dozen": 12, "hundred": 100, "thousand": 1000, "half": 0.5, "twentieth": 20,
}  # fmt: skip
_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "半": 0.5}
_FILLERS = {"of", "the", "and"}
_DIGITS = re.compile(r"(\d[\d,_]*(?:\.\d+)?|\.\d+)(?:st|nd|rd|th)?$")


def number(text: str) -> float | None:
    """The number that `text` says, or None: `12`, `1,000`, `3.5`, `twenty-five`, `a couple of`, `half a`, `第三`, `二十`."""
    text = text.strip().lower().removeprefix("第").removesuffix("个")
    if match := _DIGITS.match(text):
        return float(match[1].replace(",", "").replace("_", ""))
    if text and all(c in _CHINESE or c in "十百千" for c in text):
        return _chinese(text)
    words = [word for word in re.split(r"[\s-]+", text) if word and word not in _FILLERS]
    return _english(words) if words and all(word in WORDS for word in words) else None


def _english(words: list[str]) -> float:
    total = WORDS[words[0]]
    for word in words[1:]:
        value = WORDS[word]
        multiplies = word in ("hundred", "thousand", "dozen", "half", "couple", "pair", "few") or total == 0.5
        total = total * value if multiplies else total + (value if word not in ("a", "an") else 0)
    return total


def _chinese(text: str) -> float:
    total, digit = 0.0, 0.0
    for c in text:
        if c in _CHINESE:
            digit = _CHINESE[c]
        else:
            total, digit = total + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[c], 0
    return total + digit
