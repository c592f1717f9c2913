"""Where a request is made: the folder, the home, the clock; and how names that people say become paths.

A name is looked for where it was said, then among the known folders, then below the current folder and the home. One match is
taken, several lead to a question, none to an error that says so.
"""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from llmos_cli.errors import LlmosError, NotFound, NotUnderstood
from llmos_cli.speech import Nobody, Speakers

if TYPE_CHECKING:
    from llmos_cli.values import Hit

MAX_LOOKED_AT = 40_000
MAX_DEPTH = 7
_KNOWN = {
    "DOWNLOAD": "downloads download 下载 下载文件夹 téléchargements descargas",
    "DESKTOP": "desktop 桌面 bureau escritorio schreibtisch",
    "DOCUMENTS": "documents document docs 文档 documentos dokumente",
    "PICTURES": "pictures picture photos pics images 图片 照片 imágenes bilder",
    "MUSIC": "music songs 音乐 musique música musik",
    "VIDEOS": "videos video movies films 视频 vidéos vídeos",
}
KNOWN_WORDS = {word: key for key, words in _KNOWN.items() for word in words.split()}
_SKIPPED = {"node_modules", "__pycache__", ".git", ".cache", ".venv", "venv", "site-packages"}
_NOISE = re.compile(r"^(the|my|our|his|her|that|this)\s+|\s+(folder|directory|dir|file)$|['’]s?$", re.IGNORECASE)


class Memory(Protocol):
    """What names and facts the person asked to be kept; `file` is where, an absolute path."""

    @property
    def file(self) -> str: ...
    def place_of(self, name: str) -> str | None:
        """The absolute path that the person calls so."""

    def address_of(self, name: str) -> str | None:
        """The mail address of whom the person calls so."""

    def kept(self) -> tuple[str, ...]:
        """The facts as they were said, the newest first."""

    def recall(self, text: str) -> Iterable[tuple[str, str, str]]:
        """(kind, when in ISO 8601, text) of facts and past requests that have the words; all facts where there are none."""


class Forgetful:
    """A memory that has nothing."""

    file = "/"

    def place_of(self, name: str) -> str | None:
        return None

    address_of = place_of

    def kept(self) -> tuple[str, ...]:
        return ()

    def recall(self, text: str) -> Iterable[tuple[str, str, str]]:
        return ()


class Library(Protocol):
    """The index of what the person's files say."""

    def search(self, words: str, folders: Sequence[Path] = ()) -> Iterable[Hit]:
        """Files that have all the words, best first; below the home folder where no folders are named. Raises LlmosError."""

    def texts(self, paths: Iterable[str]) -> Iterator[str | LlmosError]:
        """What each of these documents (`kinds.DOCUMENTS`) says, in their order, or why it cannot be read."""


class Shelf:
    """A library that has nothing."""

    def search(self, words: str, folders: Sequence[Path] = ()) -> Iterable[Hit]:
        return ()

    def texts(self, paths: Iterable[str]) -> Iterator[str | LlmosError]:
        return (LlmosError(f"{os.path.basename(path)} is a document, and nothing here reads those") for path in paths)


class People(Protocol):
    """Whom the person writes with."""

    def named(self, name: str) -> tuple[str, ...]:
        """`Ana Ruiz <ana@example.org>` of everybody who is called so in the mail that was read, each address once. Raises LlmosError."""

    def met_in(self, mailbox: Path) -> None:
        """A Maildir or mbox was read: the people in it are known from now on. Raises LlmosError."""


class Strangers:
    """People of whom none is known."""

    def named(self, name: str) -> tuple[str, ...]:
        return ()

    def met_in(self, mailbox: Path) -> None: ...


class Voice(Protocol):
    """What a step says while it works, apart from what it gives."""

    def tell(self, what: str, done: int, total: int) -> None:
        """What it is busy with, how far it has come, and of how much (0: not known); '' when it is through."""

    def note(self, text: str) -> None:
        """A sentence that the person should see."""

    def at_end(self, stop: Callable[[], None]) -> None:
        """`stop` is called when the turn is over, however it ends."""


class Silent:
    """A voice that nobody hears."""

    def tell(self, what: str, done: int, total: int) -> None: ...
    def note(self, text: str) -> None: ...
    def at_end(self, stop: Callable[[], None]) -> None: ...


@dataclass(frozen=True)
class Place:
    """The folder, home, clock (seconds since the epoch) and known folders that a plan's words are bound with.

    `reach` says how far names are looked for: `home` is everywhere and also what is only alike, `here` below the current folder, `said`
    nowhere but where they were said. Changes that nobody looks at reach less far. `me` is whom mail is from, as an address with or without
    a name, '' where that is not said; `mail` is the folder of llmos's own Maildirs, `prompts`
    the one of the person's own words to models; `schema` is the shape that the answer is wanted in, '' for none.
    """

    cwd: Path
    home: Path
    now: float
    known: Mapping[str, Path] = field(default_factory=dict)
    last: tuple[str, ...] = ()
    reach: str = "home"
    memory: Memory = field(default=Forgetful(), compare=False)
    library: Library = field(default=Shelf(), compare=False)
    speakers: Speakers = field(default=Nobody(), compare=False)
    voice: Voice = field(default=Silent(), compare=False)
    people: People = field(default=Strangers(), compare=False)
    me: str = ""
    mail: Path = Path()
    prompts: Path = Path()
    schema: str = ""

    def named(self, word: str) -> Path | None:
        """What the person calls so (`my papers live in ~/research`), if it exists, or else the platform's folder of that name."""
        own = self.memory.place_of(word)
        return Path(own) if own is not None and os.path.lexists(own) else self.known_folder(word)

    def known_folder(self, word: str) -> Path | None:
        """The platform's folder that `word` names, if it exists: Downloads, Desktop, Documents, Pictures, Music, Videos."""
        word = _unadorned(word).lower()
        key = KNOWN_WORDS.get(word)
        if key is None:
            return None
        usual = self.home / {"DOWNLOAD": "Downloads"}.get(key, key.capitalize())
        folder = self.known.get(key, usual)
        folder = usual if folder == self.home else folder  # how user-dirs.dirs says that there is none
        return folder if folder.is_dir() else None

    def resolve(self, text: str, *, folder: bool = False) -> Path:
        """The existing file or folder that `text` names. Raises NotUnderstood for several, LlmosError for none."""
        said = self._absolute(text)
        candidates = (said,) if said is not None else (self.cwd / text, self.named(text))
        there = [Path(os.path.normpath(path)) for path in candidates if path is not None and os.path.lexists(path)]
        for path in there:
            if not folder or path.is_dir():
                return path
        if said is not None:
            raise self._missing(text, there)
        head, _, rest = text.strip("/").partition("/")
        if rest and head not in (".", ".."):
            return self._below(self.resolve(head, folder=True), rest, text, folder=folder)
        return self._find(text, (self.cwd, self.home), text, folder=folder, there=there)

    def resolve_new(self, text: str) -> Path:
        """A path that need not exist; its parent is looked for like an existing one, and made later where there is none."""
        said = self._absolute(text)
        if said is not None:
            return said
        parent, _, name = text.rstrip("/").rpartition("/")
        if name in ("", ".", ".."):
            raise LlmosError(f"{text!r} is not a name for a file or folder")
        head, _, rest = text.partition("/")
        base = self.cwd / head if (self.cwd / head).is_dir() else self.named(head)
        if not parent or base is None:
            return self._new_below(parent, name) if parent else self.cwd / name
        return Path(os.path.normpath(base / rest))

    def _new_below(self, parent: str, name: str) -> Path:
        try:
            return self.resolve(parent, folder=True) / name
        except NotUnderstood:
            raise
        except LlmosError:
            return self.resolve_new(parent) / name

    def resolve_or_new(self, text: str, *, folder: bool) -> Path:
        """The one existing path of this name, or else a new one."""
        try:
            found = self.resolve(text, folder=folder)
        except NotUnderstood:
            raise
        except LlmosError:
            return self.resolve_new(text)
        wanted = text.rstrip("/").rpartition("/")[2]
        same = _plain(found.name) == _plain(wanted) or found == self.named(text)
        return found if same or wanted in (".", "~", "..") else self.resolve_new(text)

    def _absolute(self, text: str) -> Path | None:
        """None for a name that is to be looked for; `~x` is one too where nobody is called x."""
        if text == "~" or text.startswith("~/"):
            return Path(os.path.normpath(f"{self.home}/{text[2:]}"))
        if text.startswith("~"):
            text = os.path.expanduser(text)
        if text in (".", "./"):
            return self.cwd
        return Path(os.path.normpath(text)) if os.path.isabs(text) else None

    def _below(self, base: Path, rest: str, said: str, *, folder: bool) -> Path:
        if os.path.lexists(base / rest) and (not folder or (base / rest).is_dir()):
            return Path(os.path.normpath(base / rest))
        head, _, tail = rest.partition("/")
        found = self._find(head, (base,), said, folder=folder or bool(tail))
        return self._below(found, tail, said, folder=folder) if tail else found

    def _find(self, name: str, roots: tuple[Path, ...], said: str, *, folder: bool, there: list[Path] | None = None) -> Path:
        """What is called so below the first root that has it; a stricter likeness anywhere goes before a looser one."""
        below: dict[Path, list[tuple[int, str, bool]]] = {}
        roots = {"home": roots, "here": tuple(r for r in roots if r != self.home or r == self.cwd), "said": ()}[self.reach]
        for likeness in _LIKENESS if self.reach == "home" else _LIKENESS[:-1]:
            same = likeness(name)
            for root in dict.fromkeys(roots):
                if root not in below:
                    below[root] = list(_walk(root))
                matches = [
                    (depth, path) for depth, path, is_folder in below[root] if (is_folder or not folder) and same(os.path.basename(path))
                ]
                least = min((depth for depth, _ in matches), default=0)
                nearest = [Path(path) for depth, path in matches if depth == least]
                if len(nearest) == 1:
                    return nearest[0]
                if nearest:
                    raise self._several(said, nearest)
        raise self._missing(said, there or [], folder=folder)

    def _several(self, said: str, paths: list[Path]) -> NotUnderstood:
        choices = tuple(self.short(path) for path in sorted(paths)[:9])
        return NotUnderstood(f"Which {said} do you mean: {', '.join(choices)}?", choices=choices, hint="say it with its folder")

    def _missing(self, said: str, there: list[Path], *, folder: bool = False) -> LlmosError:
        """`there` are files of that name, where a folder is wanted."""
        if there:
            return NotFound(f"{self.short(there[0])} is not a folder")
        what = "folder" if folder else "file or folder"
        return NotFound(f"there is no {what} {said!r} here", hint='`llmos ask "list"` shows what is here')

    def short(self, path: Path | str) -> str:
        """`path` as people write it: relative to the current folder, or from `~`."""
        path = Path(path)
        for base, prefix in ((self.cwd, ""), (self.home, "~/")):
            if path == base:
                return prefix.rstrip("/") or "."
            if path.is_relative_to(base):
                return prefix + str(path.relative_to(base))
        return str(path)


def _unadorned(name: str) -> str:
    """`the thesis folder` → `thesis`."""
    previous = None
    while previous != name:
        previous, name = name, _NOISE.sub("", name.strip())
    return name


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", _folded(_unadorned(name)))


def _folded(name: str) -> str:
    """Capitals, and the two ways to write é, make no difference."""
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).lower()


Same = Callable[[str], bool]


def _exactly(said: str) -> Same:
    return lambda name: name == said


def _but_for_capitals(said: str) -> Same:
    wanted = _folded(said)
    return lambda name: _folded(name) == wanted


def _but_for_ending(said: str) -> Same:
    wanted = _folded(said)
    return lambda name: _folded(os.path.splitext(name)[0]) == wanted


def _but_for_marks(said: str) -> Same:
    wanted = _plain(said)
    return lambda name: bool(wanted) and wanted in (_plain(name), _plain(os.path.splitext(name)[0]))


def _but_for_plural(said: str) -> Same:
    wanted = _plain(said).removesuffix("s")
    return lambda name: bool(wanted) and wanted == _plain(name).removesuffix("s")


def _nearly(said: str) -> Same:
    matcher = difflib.SequenceMatcher(None, b=_plain(said))  # what is told of b is kept from name to name

    def same(name: str) -> bool:
        matcher.set_seq1(_plain(name))
        return matcher.real_quick_ratio() >= 0.85 and matcher.quick_ratio() >= 0.85 and matcher.ratio() >= 0.85

    return same if len(_plain(said)) > 4 else lambda name: False


# from the strictest likeness to the loosest: the first that finds anything decides
_LIKENESS = (_exactly, _but_for_capitals, _but_for_ending, _but_for_marks, _but_for_plural, _nearly)


def _walk(root: Path) -> Iterator[tuple[int, str, bool]]:
    """(depth, path, is a folder) of what lies below `root`, nearest first, hidden folders left out, bounded in number."""
    queue, seen = deque([(1, str(root))]), 0
    while queue and seen < MAX_LOOKED_AT:
        depth, folder = queue.popleft()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            is_folder = entry.is_dir(follow_symlinks=False)
            yield depth, entry.path, is_folder or (entry.is_symlink() and os.path.isdir(entry.path))
            if is_folder and depth < MAX_DEPTH and not entry.name.startswith(".") and entry.name not in _SKIPPED:
                queue.append((depth + 1, entry.path))
