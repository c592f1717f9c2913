"""The types of arguments: what may stand for each in a plan, its canonical text, and what it means here and now.

`canon` is pure: it takes the words a person wrote (`ten megs`, `*.PDF`, `the downloads`) to the one text that a plan
prints (`10MB`, `pdf`, `downloads`), and raises ValueError where they are not of the type. `bind` turns that text into
the value that a tool is given, with the folder, the home and the clock of a `Place`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from llmos_cli import numerals, times
from llmos_cli.kinds import DOUBLE, KINDS
from llmos_cli.places import Place

LAST = "@last"


@dataclass(frozen=True)
class Literal:
    """Any text as it stands. `fixed` words may be used though nobody said them."""

    name: str = "text"
    fixed: tuple[str, ...] = ()

    def canon(self, text: str) -> str:
        return text

    def bind(self, text: str, place: Place) -> Any:
        return text

    @property
    def pattern(self) -> str:
        """A regular expression that every canonical text of the type matches, for the JSON Schema."""
        return ""


@dataclass(frozen=True)
class Choice(Literal):
    """One of a few fixed words; other texts are allowed only where `open` says so (a column's name)."""

    open: bool = False

    def canon(self, text: str) -> str:
        if text in self.fixed or (self.open and text):
            return text
        raise ValueError(f"one of {', '.join(self.fixed)}")


@dataclass(frozen=True)
class Flag(Choice):
    """`yes` or `no`."""

    def bind(self, text: str, place: Place) -> bool:
        return text == "yes"


@dataclass(frozen=True)
class Whole(Literal):
    """A whole number from 1, also in words and ordinals."""

    def canon(self, text: str) -> str:
        value = numerals.number(text)
        if value is None or value != int(value) or not 0 < value < 10**9:
            raise ValueError("a whole number such as 5 or five")
        return str(int(value))

    def bind(self, text: str, place: Place) -> int:
        return int(self.canon(text))

    @property
    def pattern(self) -> str:
        return "[1-9][0-9]*"


@dataclass(frozen=True)
class Amount(Literal):
    """Any number, for comparisons with a column, also with a currency, and kept as it was said; one with a unit of size is bytes."""

    def canon(self, text: str) -> str:
        if numerals.number(_MONEY.sub("", text.strip().lower())) is not None:
            return text
        match = _SIZE.match(text.strip())
        if not match or not match[1].strip():  # a unit alone
            raise ValueError("a number such as 12.5")
        try:
            return Size().canon(text)
        except ValueError:
            raise ValueError("a number such as 12.5") from None

    def bind(self, text: str, place: Place) -> float:
        value = numerals.number(_MONEY.sub("", text.strip().lower()))
        return Size().bind(text, place) if value is None else -value if text.strip().startswith("-") else value


_MONEY = re.compile(r"^[-+$€£¥]+\s*|\s*(?:[%$€£¥]|dollars?|euros?|pounds|eur|usd|gbp|percent|bucks)$")
_UNITS = {"b": 0, "byte": 0, "字节": 0}
for _power, _names in enumerate(
    ("k kb kib kilo kilobyte", "m mb mib meg mega megabyte 兆", "g gb gib gig giga gigabyte", "t tb tib tera terabyte"), 1
):
    _UNITS |= dict.fromkeys(_names.split(), _power)
_MOST = 1e18
_SIZE = re.compile(r"(.*?)\s*(?:an?\s+)?([a-z]+|字节|兆)\s*$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Size(Literal):
    """Bytes in binary units: `10MB` is 10 x 1024 x 1024; a number without a unit is bytes."""

    def canon(self, text: str) -> str:
        amount, power = self.split(text)
        return f"{numerals.plain(amount)}{('B', 'KB', 'MB', 'GB', 'TB')[power]}"

    def bind(self, text: str, place: Place) -> int:
        amount, power = self.split(text)
        return round(amount * float(1 << 10 * power))

    @staticmethod
    def split(text: str) -> tuple[float, int]:
        """`ten megs` → (10, 2): the number, and the power of 1024 of its unit."""
        if (bare := numerals.number(text)) is not None and bare < _MOST:
            return bare, 0
        match = _SIZE.match(text)
        unit = match[2].lower() if match else ""
        power = _UNITS.get(unit, _UNITS.get(unit.removesuffix("s")))
        amount = numerals.number(match[1]) if match and match[1].strip() else 1.0
        if power is None or amount is None or amount >= _MOST:
            raise ValueError("a size such as 10MB")
        return amount, power

    @property
    def pattern(self) -> str:
        return "[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|TB)"


@dataclass(frozen=True)
class When(Literal):
    """A moment: an age (`30d`), a date (`last tuesday`), or the time of a file (`report.txt`)."""

    def canon(self, text: str) -> str:
        return times.canonical_age(text) or _dated(text, files=True)

    def bind(self, text: str, place: Place) -> float:
        if (age := times.age(text)) is not None:
            return place.now - age
        if times.looks_dated(text) and not _FILE.search(text):
            return times.moment(text, place.now)
        return place.resolve(text).stat().st_mtime


@dataclass(frozen=True)
class During(Literal):
    """A stretch of time: `yesterday`, `last week`, `march`, `2023`, `last 3 days`. Bound to (start, end) in seconds."""

    def canon(self, text: str) -> str:
        if times.age(text) is not None:
            return text
        return _dated(text, files=False)

    def bind(self, text: str, place: Place) -> tuple[float, float]:
        return times.stretch(text, place.now)


_FILE = re.compile(r"\.[^\W\d]\w*$|/.*[^\W\d]|[^\W\d].*/")  # report.txt, ./x, src/y, but not 31.12.2025 or 3/4
_BARE_FILE = re.compile(r"[^\W\d][\w.+-]*")  # Makefile


def _dated(text: str, *, files: bool) -> str:
    is_file = files and (_FILE.search(text) or _BARE_FILE.fullmatch(text))
    if not (times.looks_dated(text) or is_file):
        raise ValueError("a date or an age such as 30d or last tuesday")
    return text


# what people call a format → its ending; texts on the right are in a fixed list, not from the request
_FORMATS = {
    "python": "py", "markdown": "md", "javascript": "js", "typescript": "ts", "rust": "rs", "ruby": "rb", "perl": "pl",
    "latex": "tex", "header": "h", "bash": "sh", "shell": "sh", "golang": "go", "c++": "cpp", "photoshop": "psd",
    "jupyter": "ipynb", "notebook": "ipynb", "postscript": "ps", "tarball": "tar.gz", "c#": "cs", "csharp": "cs", "kotlin": "kt",
    "haskell": "hs", "julia": "jl", "matlab": "m", "elixir": "ex", "keynote": "key", "illustrator": "ai", "autocad": "dwg",
    "sketchup": "skp", "gimp": "xcf", "blender": "blend", "inkscape": "svg", "libreoffice": "odt", "openoffice": "odt",
}  # fmt: skip
_OTHER_SPELLINGS = {"jpeg": "jpg", "tiff": "tif", "yml": "yaml", "htm": "html", "tgz": "tar.gz"}
_SAME = {canonical: (canonical, other) for other, canonical in _OTHER_SPELLINGS.items()}
# files of any of these endings
_PROGRAMS = {
    "word": ("docx", "doc"), "excel": ("xlsx", "xls"), "powerpoint": ("pptx", "ppt"), "slide": ("pptx", "ppt", "odp", "key"),
    "presentation": ("pptx", "ppt", "odp", "key"), "font": ("ttf", "otf", "woff", "woff2"), "subtitle": ("srt", "sub", "ass", "vtt"),
    "installer": ("exe", "msi", "dmg", "pkg", "deb", "rpm", "appimage"), "playlist": ("m3u", "m3u8", "pls"),
    "ebook": ("epub", "mobi", "azw3"),
}  # fmt: skip
_ENDINGS = frozenset().union(*KINDS.values(), DOUBLE) | set(
    "tmp temp bak old orig swp swo ini cfg conf config properties exe dll dat bin obj lock part crdownload torrent ics vcf eml "
    "mbox ipynb srt sub ass ttf otf woff woff2 pem crt patch diff apk pid out class".split()
)
# endings that look like the plural of another: Kotlin scripts, playlists, RSS
_NO_PLURALS = {"kts", "pls", "rss", "vbs", "rbs", "mms", "exs", "ass"}


@dataclass(frozen=True)
class Ext(Literal):
    """A file name's ending without its dot; `jpg` is also `jpeg`. Bound to a tuple of endings in lower case.

    With `exact` it is one to give to files: `tiff` stays `tiff`, though to look for it is to look for `tif` too.
    """

    exact: bool = False

    def canon(self, text: str) -> str:
        word = text.strip().lower().removeprefix("*").removeprefix(".").removesuffix("'s").removesuffix("’s")
        word = self._known(word) or self._known(_singular(word)) or word
        if not word or "/" in word or re.search(r"\s", word):
            raise ValueError("a file ending such as pdf")
        return word

    def _known(self, word: str) -> str:
        """The ending that a format's name, another spelling or an ending itself stands for; '' where it is none of these."""
        if self.exact:
            return _FORMATS.get(word) or _PROGRAMS.get(word, ("",))[0] or (word if word in _ENDINGS else "")
        return _FORMATS.get(word) or _OTHER_SPELLINGS.get(word) or (word if word in _ENDINGS or word in _PROGRAMS else "")

    def bind(self, text: str, place: Place) -> tuple[str, ...]:
        word = self.canon(text)
        if self.exact:
            return (word,)
        if word not in _ENDINGS and word not in _PROGRAMS:
            return tuple(dict.fromkeys((word, _singular(word))))  # `stls`: who knows
        return _PROGRAMS.get(word, _SAME.get(word, (word,)))


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 2 and word not in _NO_PLURALS else word


@dataclass(frozen=True)
class Glob(Literal):
    """A name in which `*` and `?` stand for anything; matched without regard to capitals unless the tool says otherwise."""

    def canon(self, text: str) -> str:
        if not text.strip():
            raise ValueError("a name")
        return text


@dataclass(frozen=True)
class Chars(Literal):
    """A piece of a name or text; characters may be called by their names (`spaces`, `underscores`, `dashes`)."""

    def canon(self, text: str) -> str:
        word = re.sub(r"^an? (?=\w)", "", text.strip().lower())
        return _CHARACTERS.get(word, _CHARACTERS.get(word.removesuffix("s"), text))


_CHARACTERS = {
    "space": " ", "blank": " ", "whitespace": " ", "underscore": "_", "dash": "-", "dashe": "-", "hyphen": "-", "comma": ",",
    "dot": ".", "period": ".", "semicolon": ";", "colon": ":", "tab": "\t", "slash": "/", "slashe": "/", "pipe": "|",
    "newline": "\n", "line break": "\n", "nothing": "", "空格": " ", "下划线": "_", "逗号": ",", "apostrophe": "'", "ampersand": "&",
    "hash": "#", "hashe": "#", "plus sign": "+", "exclamation mark": "!", "at sign": "@", "percent sign": "%", "equals sign": "=",
}  # fmt: skip


def character(text: str) -> str:
    """The sign that words about names mean: `spaces`, `an underscore`, 空格. "" for what may be a word of the names, as `space` alone."""
    some = re.fullmatch(
        r"(an? )?(space|blank|underscore|dash|hyphen|comma|apostrophe|ampersand|plus sign|hash)(e?s)?|(whitespace|空格|下划线|逗号)",
        text.strip().lower(),
    )
    return _CHARACTERS[some[2] or some[4]] if some and any(some.groups()[i] for i in (0, 2, 3)) else ""


@dataclass(frozen=True)
class PathName(Literal):
    """A file or folder, as people say it; what does not exist where it was said is looked for. Bound to a Path; `fixed` words stay.

    `new` is one that need not exist: only its parent is looked for; with `found` one that exists is taken first, wherever it is.
    """

    new: bool = False
    folder: bool = False
    found: bool = False
    loose: bool = False  # a bare name stays a name: the tool says where it lies

    def canon(self, text: str) -> str:
        text = text.strip()
        if not text or "\0" in text:
            raise ValueError("a file or folder")
        if text.lower() in self.fixed:
            return text.lower()
        return {"home": "~", "主目录": "~", "here": "."}.get(text.lower(), text)

    def bind(self, text: str, place: Place) -> Any:
        if text in self.fixed:
            return text
        if self.loose and "/" not in text and text not in (".", "~"):
            return text
        if self.found:
            return place.resolve_or_new(text, folder=self.folder)
        return place.resolve_new(text) if self.new else place.resolve(text, folder=self.folder)


MODES = {"executable": "a+x", "readonly": "a-w", "writable": "u+w", "private": "go-rwx"}


@dataclass(frozen=True)
class Mode(Literal):
    """Permissions: `755`, or one of executable, readonly, writable, private. Bound to that text."""

    def canon(self, text: str) -> str:
        if text in MODES or re.fullmatch("0?[0-7]{3,4}", text):
            return text
        raise ValueError("permissions such as 644 or executable")

    @property
    def pattern(self) -> str:
        return "0?[0-7]{3,4}|" + "|".join(MODES)
