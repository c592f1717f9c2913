"""Numbers as people write them: `five`, `a couple`, `2nd`, `half a`, `十二`. Arithmetic on words is code, not model."""

from __future__ import annotations

import re

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_SMALL: dict[str, float] = {word: i for i, word in enumerate(_ONES.split())}
_SMALL |= {word: i for i, word in enumerate(_ORDINALS.split())}
_SMALL |= {f"{word}th": _SMALL[word] for word in "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()}
_SMALL |= {word: 10 * i for i, word in enumerate(_TENS.split()) if word != "_"}
_SMALL |= {f"{word[:-1]}ieth": 10 * i for i, word in enumerate(_TENS.split()) if word != "_"}
_SMALL |= {"a": 1, "an": 1, "single": 1, "once": 1, "both": 2, "twice": 2, "several": 3}
_TIMES = {"couple": 2, "pair": 2, "few": 3, "dozen": 12, "hundred": 100, "hundredth": 100}  # `two dozen`, and alone `dozen`
_GROUPS = {"thousand": 1000, "thousandth": 1000, "million": 10**6, "billion": 10**9}
_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "半": 0.5, "〇": 0}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_FILLERS = {"of", "the", "and"}
_DIGITS = re.compile(r"(\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)(?:st|nd|rd|th)?$")
_GROUPED = re.compile(r"(?!0)\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?$")
_LONGEST = 300  # digits; beyond that a float is infinite


def number(text: str) -> float | None:
    """The number that `text` says, or None: `12`, `1,000`, `3.5`, `1,5`, `twenty-five`, `a couple of`, `half a`, `第三`, `二十`."""
    text = text.strip().lower().removeprefix("第").removesuffix("个")
    if len(text) > _LONGEST:
        return None
    if text and all(c in _CHINESE or c in "十百千万点" for c in text):
        whole, point, decimals = text.partition("点")
        if not point:
            return _chinese(text)
        digits = "".join(str(_CHINESE[c]) for c in decimals if c in _CHINESE and c not in "半")
        return float(f"{int(_chinese(whole))}.{digits}") if whole and decimals and len(digits) == len(decimals) else None
    words = [word for word in re.split(r"\s+|(?<=[a-z])-(?=[a-z])", text) if word and word not in _FILLERS]
    return _english(words) if words else None


def plain(value: float) -> str:
    """A number's one canonical text, exact and without an exponent: `5`, `2.5`."""
    return str(int(value)) if value == int(value) else f"{value:.12f}".rstrip("0")


def _digits(word: str) -> float | None:
    match = _DIGITS.match(word)
    if not match:
        return None
    digits = match[1]  # `1,000` is a thousand, `1,5` one and a half
    return float(re.sub("[,_]", "", digits) if _GROUPED.match(digits) else digits.replace(",", "."))


def _english(words: list[str]) -> float | None:
    """Of words and digits; None where they do not make one number (`five three`)."""
    if words[0] == "half":
        rest = words[2:] if words[1:2] in (["a"], ["an"]) else words[1:]
        whole = _cardinal(rest) if rest else 1.0
        return None if whole is None else whole / 2
    if words[-2:] == ["a", "half"] and len(words) > 2:
        whole = _cardinal(words[:-2])
        return None if whole is None else whole + 0.5
    return _cardinal(words)


def _cardinal(words: list[str]) -> float | None:
    """`two thousand three hundred and five`, `a couple of dozen`, `10 thousand`."""
    total, group, below = 0.0, 0.0, float("inf")  # what is added next must be smaller than `below`
    for i, word in enumerate(words):
        if word in _GROUPS:
            total, group, below = total + (group or 1) * _GROUPS[word], 0.0, _GROUPS[word]
        elif word in _TIMES:
            group, below = (group or 1) * _TIMES[word], 100 if _TIMES[word] == 100 else 0
        else:
            value = _SMALL.get(word, _digits(word))
            if value is None or value >= below or (i and word in ("a", "an")):
                return None
            group, below = group + value, 10 if word in _SMALL and value in range(20, 100, 10) else 0
    return total + group


def _chinese(text: str) -> float:
    head, ten_thousands, tail = text.partition("万")
    if ten_thousands:
        return (_chinese(head) or 1) * 10_000 + (_chinese(tail) * 1000 if len(tail) == 1 and tail in _CHINESE else _chinese(tail))  # 一万二
    if len(text) > 1 and not any(c in _CHINESE_UNITS for c in text) and "半" not in text:
        return float("".join(str(_CHINESE[c]) for c in text))  # digit by digit: 二零二三
    total, digit = 0.0, 0.0
    for c in text:
        if c in _CHINESE:
            digit = _CHINESE[c]
        else:
            total, digit = total + (digit or 1) * _CHINESE_UNITS[c], 0
    if len(text) > 2 and text[-2] in "百千" and digit >= 1:  # 三百五
        return total + digit * _CHINESE_UNITS[text[-2]] / 10
    return total + digit
