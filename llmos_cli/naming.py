"""What a fact gives a name to: `my papers live in ~/research` makes `papers` a place, `ana is ana@example.org` makes `ana` an address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_ADDRESS = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
_PATH = r"(?:\"[^\"]+\"|'[^']+'|(?:~|/|\.\.?/)\S*|\S+/\S*)"
_NAME = r"(?P<name>[^\s/@~][^/@~]{0,60}?)"
_IS = r"(?:is|are|'s|’s|lives?|lies?|stays?|(?:is|are|can be)\s+(?:kept|stored|saved|found|located|in))"
_END = r"\s*[.!。！]?\s*"
_RULES = tuple(
    pattern + _END
    for pattern in (
        rf"{_NAME}(?:['’]s?)?\s+(?:e-?mail\s+|mail\s+)?(?:address\s+|e-?mail\s+|mail\s+)?(?:is|=|:|means)\s+(?P<address>{_ADDRESS})",
        rf"(?P<address>{_ADDRESS})\s+(?:is|belongs\s+to)\s+{_NAME}(?:['’]s?(?:\s+\S+){{0,2}})?",
        rf"{_NAME}(?:的)?(?:邮箱|邮件|电子邮件)?(?:地址)?\s*(?:是|为)\s*(?P<address>{_ADDRESS})",
        rf"{_NAME}\s+(?:means|stands\s+for|refers\s+to|=)\s+(?:the\s+(?:folder|directory|file)\s+)?(?P<path>{_PATH})",
        rf"{_NAME}\s+{_IS}\s+(?:(?:in|at|under|below|inside)\s+)?(?:the\s+(?:folder|directory|file)\s+)?(?P<path>{_PATH})",
        rf"{_NAME}\s+{_IS}\s+(?:in|at|under|below|inside)\s+(?:the\s+|my\s+)?(?P<word>[^\W\d][^\s/@]+)(?:\s+(?:folder|directory))?",
        rf"{_NAME}\s*(?:都)?(?:放|存|保存)?(?:在|是指|就是|指的是|指|是)\s*(?P<path>(?:~|/)\S*?)(?:里|里面|中|下|文件夹)*",
    )
)
_BEFORE = r"(?:that|the|my|our|all|of|your|his|her)\s+|我们的|我的|我"
_AFTER = r"\s+(?:folder|directory|dir|files?)|文件夹|['’]s?|的"
_ADORNMENT = rf"^(?:{_BEFORE})|(?:{_AFTER})$"
_NO_NAMES = frozenset(". .. it this that they he she there here what who everything i home 它 他 她".split()) | {""}


@dataclass(frozen=True)
class Naming:
    """`kind` is place or address; `target` is what was said, not yet looked for; `is_path` says that it was written as a path."""

    name: str
    kind: str
    target: str
    is_path: bool = True


def naming(fact: str) -> Naming | None:
    """The name that a fact gives to a place or an address; None where it gives none."""
    for rule in _RULES:
        match = re.fullmatch(rule, fact.strip(), re.IGNORECASE)
        if match is None:
            continue
        name, groups = folded(match["name"]), match.groupdict()
        if name in _NO_NAMES or len(name.split()) > 4:
            continue
        if groups.get("address"):
            return Naming(name, "address", groups["address"])
        said = groups.get("path") or groups.get("word") or ""
        return Naming(name, "place", said.strip("\"'").rstrip(",;.!。！"), is_path=bool(groups.get("path")))
    return None


def folded(name: str) -> str:
    """The name as it is compared: `My Papers folder` → `papers`."""
    name = " ".join(unicodedata.normalize("NFC", name).casefold().split()).strip("\"'“”.,!?。，！？ ")
    previous = None
    while previous != name:
        previous, name = name, re.sub(_ADORNMENT, "", name, flags=re.IGNORECASE).strip()
    return name
