"""Where a request is made: the folder, the home, the clock; and how names that people say become paths.

A name is looked for where it was said, then among the known folders, then below the current folder and the home. One match is
taken, several lead to a question, none to an error that says so.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmos_cli.errors import LlmosError, NotUnderstood

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
_KNOWN_WORDS = {word: key for key, words in _KNOWN.items() for word in words.split()}
_SKIPPED = {"node_modules", "__pycache__", ".git", ".cache", ".venv", "venv", "site-packages"}
_NOISE = re.compile(r"^(the|my|our|his|her|that|this)\s+|\s+(folder|directory|dir|file)$|['’]s?$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """The folder, home, clock (seconds since the epoch) and known folders that a plan's words are bound with."""

    cwd: Path
    home: Path
    now: float
    known: Mapping[str, Path] = field(default_factory=dict)
    last: tuple[str, ...] = ()

    def known_folder(self, word: str) -> Path | None:
        """The platform's folder that `word` names, if it exists: Downloads, Desktop, Documents, Pictures, Music, Videos."""
        key = _KNOWN_WORDS.get(word.lower())
        if key is None and len(word) > 5:
            near = difflib.get_close_matches(word.lower(), _KNOWN_WORDS, n=1, cutoff=0.82)
            key = _KNOWN_WORDS[near[0]] if near else None
        if key is None:
            return None
        folder = self.known.get(key) or self.home / {"DOWNLOAD": "Downloads"}.get(key, key.capitalize())
        return folder if folder.is_dir() else None

    def resolve(self, text: str, *, folder: bool = False) -> Path:
        """The existing file or folder that `text` names. Raises NotUnderstood for several, LlmosError for none."""
        said = self._absolute(text)
        if said is not None:
            if not os.path.lexists(said):
                raise self._missing(text)
            return said
        for candidate in (self.cwd / text, self.known_folder(text)):
            if candidate is not None and os.path.lexists(candidate):
                return Path(os.path.normpath(candidate))
        head, _, rest = text.strip("/").partition("/")
        if rest:
            return self._below(self.resolve(head, folder=True), rest, text, folder=folder)
        return self._find(text, (self.cwd, self.home), text, folder=folder)

    def resolve_new(self, text: str) -> Path:
        """A path that need not exist; its parent is looked for like an existing one, and made later where there is none."""
        said = self._absolute(text)
        if said is not None:
            return said
        parent, _, name = text.rstrip("/").rpartition("/")
        if name in ("", ".", ".."):
            raise LlmosError(f"{text!r} is not a name for a file or folder")
        if not parent:
            return self.known_folder(name) or self.cwd / name
        try:
            return self.resolve(parent, folder=True) / name
        except NotUnderstood:
            raise
        except LlmosError:
            return self.resolve_new(parent) / name

    def resolve_or_new(self, text: str, *, folder: bool) -> Path:
        """The one existing path of exactly this name, or else a new one."""
        try:
            found = self.resolve(text, folder=folder)
        except NotUnderstood:
            raise
        except LlmosError:
            return self.resolve_new(text)
        wanted = text.rstrip("/").rpartition("/")[2].lower()
        same = found.name.lower() == wanted or found == self.known_folder(text)
        return found if same or text in (".", "~", "..") else self.resolve_new(text)

    def _absolute(self, text: str) -> Path | None:
        if text == "~" or text.startswith("~/"):
            return Path(os.path.normpath(self.home / text[2:]))
        if text.startswith("~"):
            return Path(os.path.expanduser(text))
        if text in (".", "./"):
            return self.cwd
        return Path(os.path.normpath(text)) if os.path.isabs(text) else None

    def _below(self, base: Path, rest: str, said: str, *, folder: bool) -> Path:
        if os.path.lexists(base / rest):
            return Path(os.path.normpath(base / rest))
        head, _, tail = rest.partition("/")
        found = self._find(head, (base,), said, folder=folder or bool(tail))
        return self._below(found, tail, said, folder=folder) if tail else found

    def _find(self, name: str, roots: tuple[Path, ...], said: str, *, folder: bool) -> Path:
        for root in dict.fromkeys(roots):
            found = list(_walk(root))
            for same in _LIKENESS:
                matches = [(depth, path) for depth, path, is_folder in found if same(name, path.name) and (is_folder or not folder)]
                least = min((depth for depth, _ in matches), default=0)
                nearest = [path for depth, path in matches if depth == least]
                if len(nearest) == 1:
                    return nearest[0]
                if nearest:
                    raise self._several(said, nearest)
        raise self._missing(said, folder=folder)

    def _several(self, said: str, paths: list[Path]) -> NotUnderstood:
        choices = tuple(self.short(path) for path in sorted(paths)[:9])
        return NotUnderstood(f"Which {said} do you mean: {', '.join(choices)}?", choices=choices, hint="say it with its folder")

    def _missing(self, said: str, *, folder: bool = False) -> LlmosError:
        what = "folder" if folder else "file or folder"
        return LlmosError(f"there is no {what} {said!r} here", hint="`llmos ask \"list\"` shows what is here")

    def short(self, path: Path | str) -> str:
        """`path` as people write it: relative to the current folder, or from `~`."""
        path = Path(path)
        for base, prefix in ((self.cwd, ""), (self.home, "~/")):
            if path == base:
                return prefix.rstrip("/") or "."
            if path.is_relative_to(base):
                return prefix + str(path.relative_to(base))
        return str(path)


def _plain(name: str) -> str:
    previous = None
    while previous != name:
        previous, name = name, _NOISE.sub("", name.strip())
    return re.sub(r"[\s_.-]+", "", name.lower())


def _alike(said: str, name: str) -> bool:
    wanted, have = _plain(said), _plain(name)
    return len(wanted) > 4 and difflib.SequenceMatcher(None, wanted, have).ratio() >= 0.85


# from the strictest likeness to the loosest: the first that finds anything decides
_LIKENESS: tuple[Callable[[str, str], bool], ...] = (
    lambda said, name: said == name,
    lambda said, name: said.lower() == name.lower(),
    lambda said, name: said.lower() == os.path.splitext(name)[0].lower(),
    lambda said, name: bool(_plain(said)) and _plain(said) in (_plain(name), _plain(os.path.splitext(name)[0])),
    lambda said, name: bool(_plain(said)) and _plain(said).removesuffix("s") == _plain(name).removesuffix("s"),
    _alike,
)


def _walk(root: Path) -> Iterator[tuple[int, Path, bool]]:
    """(depth, path, is a folder) of what lies below `root`, nearest first, hidden folders left out, bounded in number."""
    queue, seen = deque([(1, root)]), 0
    while queue and seen < MAX_LOOKED_AT:
        depth, folder = queue.popleft()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            is_folder = entry.is_dir(follow_symlinks=False)
            yield depth, Path(entry.path), is_folder
            if is_folder and depth < MAX_DEPTH and not entry.name.startswith(".") and entry.name not in _SKIPPED:
                queue.append((depth + 1, Path(entry.path)))
