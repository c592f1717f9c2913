"""Check a GBNF grammar before llama.cpp parses it, which prints what it refuses or crashes.

The syntax is that of llama.cpp's grammars/README.md and llama-grammar.cpp. Stricter than llama.cpp:
one definition for each rule, no empty `[]`, nothing empty repeated, and the limits below. What is
not covered: an ambiguous recursive grammar can still need time and memory that grow fast with the
length of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llmos_cli.errors import LlmosError

MOST_TEXT = 1 << 20  # characters
MOST_NESTING = 50  # brackets within brackets; llama.cpp's parser recurses
MOST_CHAIN = 1000  # rules that start with a rule that starts with a rule …: here too
MOST_REPEATED = 1999  # rules that a repetition makes; from 2000 on llama.cpp refuses or forgets

_NAME = re.compile(r"[a-zA-Z0-9-]+")
_LINE_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_ANY_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_CHAR = r"(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[trn\\\"\[\]-])|[^\\%s])"
_TEXT = re.compile('"(' + _CHAR % '"' + '*)"')
_CLASS = re.compile(r"\[\^?" + _CHAR % r"\]" + r"+\]")
_TOKEN = re.compile(r"!?(<\[\d{1,9}\]>|<[^>]*>)")
_REPEAT = re.compile(r"\{\s*(\d{1,9})\s*(,\s*(\d{1,9})?\s*)?\}")

_EMPTY = "/empty"  # an item of no length: no name in a grammar starts with a slash

# Of each alternative, the rules it refers to; "" stands for something that is not empty.
Alternatives = list[list[str]]


@dataclass
class _Item:
    """What a repetition sign would repeat."""

    name: str  # as in `Alternatives`
    rules: int  # it was made of


def check(text: str, root: str, is_token: Callable[[str], bool]) -> None:
    """Raise LlmosError unless llama.cpp will take the grammar `text` and can start at `root`.

    `is_token` says whether the model has a token for a literal `<name>`, or `<[id]>`.
    """
    if len(text) > MOST_TEXT:
        raise LlmosError(f"the grammar is too large: {len(text)} characters, at most {MOST_TEXT}")
    parser = _Parser(text, is_token)
    rules = parser.rules()
    if root not in rules:
        raise LlmosError(f"the grammar has no rule {root!r}")
    for name, alternatives in rules.items():
        for reference in {r for alternative in alternatives for r in alternative} - {""}:
            if reference not in rules:
                raise LlmosError(f"the grammar's rule {name!r} uses {reference!r}, which is not defined")
    empty = _empty_rules(rules)
    if parser.repeated & empty:  # nested, it takes llama.cpp minutes
        raise LlmosError("the grammar repeats what can be empty")
    _check_recursion(rules, empty)


class _Parser:
    """Follows llama_grammar_parser step by step; keeps only what each rule refers to."""

    def __init__(self, text: str, is_token: Callable[[str], bool]) -> None:
        self.text = text
        self.is_token = is_token
        self.at = 0
        self.found: dict[str, Alternatives] = {}
        self.repeated: set[str] = set()  # rules that a {…} repeats
        self.made = 0  # rules for brackets and repetitions

    def rules(self) -> dict[str, Alternatives]:
        if "\0" in self.text or _has_surrogate(self.text):
            raise self.wrong("a character that is no text")
        self.take(_ANY_SPACE)
        while self.at < len(self.text):
            self.rule()
        return self.found

    def wrong(self, what: str) -> LlmosError:
        line = self.text.count("\n", 0, self.at) + 1
        return LlmosError(f"the grammar has {what} in line {line}: {self.text[self.at : self.at + 20]!r}")

    def take(self, pattern: re.Pattern[str]) -> str | None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
            return found.group()
        return None

    def rule(self) -> None:
        name = self.take(_NAME)
        self.take(_LINE_SPACE)
        if name is None or not self.text.startswith("::=", self.at):
            raise self.wrong("no rule where one should start")
        if name in self.found:
            raise self.wrong(f"a second rule {name!r}")
        self.at += 3
        self.take(_ANY_SPACE)
        self.found[name] = self.alternatives(0)
        if self.at < len(self.text) and self.text[self.at] not in "\r\n":
            raise self.wrong("something unknown")
        self.take(_ANY_SPACE)

    def alternatives(self, depth: int) -> Alternatives:
        if depth > MOST_NESTING:
            raise self.wrong(f"more than {MOST_NESTING} brackets within each other")
        found = [self.sequence(depth)]
        while self.text.startswith("|", self.at):
            self.at += 1
            self.take(_ANY_SPACE)
            found.append(self.sequence(depth))
        return found

    def sequence(self, depth: int) -> list[str]:
        space = _ANY_SPACE if depth else _LINE_SPACE
        items: list[str] = []
        last: _Item | None = None
        while self.at < len(self.text):
            if self.text[self.at] in "*+?{":
                last = self.repetition(last, space)
                items[-1] = last.name
                continue
            item = self.item(depth)
            if item is None:
                break
            self.take(space)
            items.append(item.name)
            last = item
        return [name for name in items if name != _EMPTY]

    def item(self, depth: int) -> _Item | None:
        """One symbol, or None where the sequence ends."""
        mark = self.text[self.at]
        if mark == "(":
            return self.group(depth)
        if mark == '"':
            if (literal := self.take(_TEXT)) is None:
                raise self.wrong("a text that does not end, or has an unknown escape")
            return _Item("" if len(literal) > 2 else _EMPTY, 1)
        if mark == "[":
            if self.take(_CLASS) is None:
                raise self.wrong("characters in [] that do not end, are none, or have an unknown escape")
            return _Item("", 1)
        if mark in "<!":
            token = self.take(_TOKEN)
            if token is None or not self.is_token(token.lstrip("!")):
                raise self.wrong("a token that the model does not have")
            return _Item("", 1)
        if mark == ".":
            self.at += 1
            return _Item("", 1)
        name = self.take(_NAME)
        return None if name is None else _Item(name, 1)

    def group(self, depth: int) -> _Item:
        before = self.made
        name = self.add([])
        self.at += 1
        self.take(_ANY_SPACE)
        self.found[name] = self.alternatives(depth + 1)
        if not self.text.startswith(")", self.at):
            raise self.wrong("a missing ')'")
        self.at += 1
        return _Item(name, self.made - before)

    def repetition(self, last: _Item | None, space: re.Pattern[str]) -> _Item:
        """Read `*`, `+`, `?` or `{m,n}`, and make a rule for what it stands for."""
        if last is None or last.name == _EMPTY:
            raise self.wrong("a repetition of nothing")
        mark = self.text[self.at]
        if mark == "{":
            found = _REPEAT.match(self.text, self.at)
            if found is None:
                raise self.wrong("a repetition that is not {m}, {m,} or {m,n}")
            least = int(found[1])
            most = least if found[2] is None else None if found[3] is None else int(found[3])
            length = len(found.group())
        else:
            least, most, length = int(mark == "+"), 1 if mark == "?" else None, 1
        if most is not None and most < least:
            raise self.wrong("a repetition that ends before it starts")
        times = last.rules * max(1, most if most is not None else least)
        if times > MOST_REPEATED:
            raise self.wrong(f"a repetition that makes more than {MOST_REPEATED} rules")
        self.made += (most - least) if most is not None else 1
        self.at += length
        self.take(space)
        if most == 0:
            return _Item(_EMPTY, times)
        if most != 1:
            self.repeated.add(last.name)
        once = [last.name] if least else []
        name = self.add([])
        tail = [[last.name, name], []] if most is None else [[last.name], []]
        if most is None or most > least:
            loop = self.add(tail)
            if most is None:
                self.found[loop][0][1] = loop
            once.append(loop)
        self.found[name] = [once]
        return _Item(name, times)

    def add(self, alternatives: Alternatives) -> str:
        """A rule without a name of its own."""
        self.made += 1
        name = f"/{self.made}/{len(self.found)}"
        self.found[name] = alternatives
        return name


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _empty_rules(rules: dict[str, Alternatives]) -> set[str]:
    """Rules that can be empty, through other rules too. Takes time in proportion to the grammar."""
    empty: set[str] = set()
    needs: list[int] = []  # of each alternative, how many of its rules are not known to be empty
    owners: list[str] = []
    users: dict[str, list[int]] = {name: [] for name in rules}
    for name, alternatives in rules.items():
        for alternative in alternatives:
            for reference in alternative:
                if reference:
                    users[reference].append(len(needs))
            needs.append(len(alternative))
            owners.append(name)
    waiting = [name for name, need in zip(owners, needs, strict=True) if need == 0]
    while waiting:
        name = waiting.pop()
        if name in empty:
            continue
        empty.add(name)
        for at in users[name]:
            needs[at] -= 1
            if needs[at] == 0:
                waiting.append(owners[at])
    return empty


def _check_recursion(rules: dict[str, Alternatives], empty: set[str]) -> None:
    """Refuse a rule that can start with itself, and chains of rules too long to follow."""
    firsts: dict[str, list[str]] = {}
    for name, alternatives in rules.items():
        firsts[name] = found = []
        for alternative in alternatives:
            for reference in alternative:
                if reference:
                    found.append(reference)
                if reference not in empty:
                    break
    done: set[str] = set()
    for start in rules:
        path = [start]
        waiting = [iter(firsts[start])]
        on_path = {start}
        while path:
            step = next(waiting[-1], None)
            if step is None:
                done.add(path[-1])
                on_path.discard(path.pop())
                waiting.pop()
            elif step in on_path:
                named = next((n for n in reversed(path) if not n.startswith("/")), step)
                raise LlmosError(f"the grammar's rule {named!r} can start with itself")
            elif step not in done:
                if len(path) >= MOST_CHAIN:
                    raise LlmosError(f"the grammar has a chain of more than {MOST_CHAIN} rules")
                path.append(step)
                on_path.add(step)
                waiting.append(iter(firsts[step]))
