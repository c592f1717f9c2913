"""What a setting can be: what TOML, the environment and people say for it, and how it is written down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Text:
    """Any text of one line. The base of all types: `read` takes what TOML gives, `parse` what is typed or in the environment."""

    says = "a text"
    words: ClassVar[tuple[str, ...]] = ()  # all that it can be, where that is few

    def read(self, value: Any) -> Any:
        """The value. Raises ValueError with what it should be."""
        if isinstance(value, str) and value.isprintable():
            return value
        raise ValueError(self.says)

    def parse(self, text: str) -> Any:
        """As `read`, of text."""
        return self.read(text)

    def show(self, value: Any) -> str:
        """The value as TOML."""
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Word(Text):
    choices: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict, hash=False)  # other words for them

    @property
    def says(self) -> str:  # type: ignore[override]
        return f"one of {', '.join(self.choices)}"

    @property
    def words(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.choices

    def read(self, value: Any) -> Any:
        word = self.also.get(value.lower(), value.lower()) if isinstance(value, str) else value
        if word in self.choices:
            return word
        raise ValueError(self.says)


@dataclass(frozen=True)
class YesNo(Text):
    says = "true or false"
    words = ("true", "false")

    def read(self, value: Any) -> Any:
        return self.parse(value) if isinstance(value, str) else self._known(value)

    def parse(self, text: str) -> Any:
        words = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
        return self._known(words.get(text.strip().lower()))

    def _known(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError(self.says)

    def show(self, value: Any) -> str:
        return "true" if value else "false"


@dataclass(frozen=True)
class Part(Text):
    """A number from 0 to 1."""

    says = "a number from 0 to 1"

    def read(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        raise ValueError(self.says)

    def parse(self, text: str) -> Any:
        try:
            return self.read(float(text))
        except ValueError:
            raise ValueError(self.says) from None

    def show(self, value: Any) -> str:
        return repr(value)


@dataclass(frozen=True)
class Texts(Text):
    """A list of texts; in one text they are parted by colons, as in PATH."""

    says = "a list of texts"

    def read(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and all(isinstance(item, str) and item.isprintable() for item in value):
            return tuple(value)
        raise ValueError(self.says)

    def parse(self, text: str) -> Any:
        return self.read([item for item in text.split(os.pathsep) if item])

    def show(self, value: Any) -> str:
        return "[" + ", ".join(Text().show(item) for item in value) + "]"


@dataclass(frozen=True)
class Count(Text):
    """A whole number from `least` to `most`."""

    least: int = 1
    most: int = 10**6

    @property
    def says(self) -> str:  # type: ignore[override]
        return f"a whole number from {self.least} to {self.most}"

    def read(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        raise ValueError(self.says)

    def parse(self, text: str) -> Any:
        return self.read(int(text) if text.strip().isdecimal() else text)

    def show(self, value: Any) -> str:
        return str(value)
