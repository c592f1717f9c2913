"""What a walk leaves out: what is hidden or made by programs, and what `.gitignore` and `.ignore` files say.

A `.gitignore` counts from the top of its repository down, and never in the home folder: people who keep their settings in git have
one there that names everything. Lines with more than `MAX_STARS` stars are passed over, since they can take for ever to match.
"""

from __future__ import annotations

import os
import re
import stat as statmodule
from collections.abc import Collection
from dataclasses import dataclass

NEVER = frozenset(b"node_modules bower_components __pycache__ site-packages venv lost+found Trash $RECYCLE.BIN".split())
ENDINGS = (b"~", b".pyc", b".pyo", b".o", b".class", b".swp", b".tmp", b".part", b".crdownload")
MARKERS = frozenset((b"CACHEDIR.TAG", b"pyvenv.cfg"))  # a folder with one of these is a cache, or a copy of Python
PSEUDO = frozenset((b"/proc", b"/sys", b"/dev", b"/run"))  # made up by the system
RULE_FILES = (b".gitignore", b".ignore")
SPECIAL = frozenset((*RULE_FILES, b".git"))
MAX_BYTES, MAX_LINE, MAX_STARS = 64 * 1024, 300, 8


@dataclass(frozen=True)
class Rule:
    """`matches` is tried on the path from the folder that holds the rule file."""

    matches: re.Pattern[bytes]
    keeps: bool
    folders_only: bool


@dataclass(frozen=True)
class Rules:
    """Those of one folder, and the ones above it; the last that matches decides, and the deeper folder before the higher."""

    base: bytes = b""
    rules: tuple[Rule, ...] = ()
    above: Rules | None = None
    in_repository: bool = False

    def inside(self, folder: bytes, special: Collection[bytes], home: bytes) -> Rules:
        """The rules in `folder`, in which the `special` names were seen."""
        at_home = folder == home
        top = b".git" in special and not at_home
        in_repository = top or (self.in_repository and not at_home)
        rules: list[Rule] = []
        for name in RULE_FILES:
            if name in special and (name == b".ignore" or in_repository):
                rules += parsed(_content(os.path.join(folder, name)))
        if not rules and in_repository == self.in_repository and not top:
            return self
        return Rules(folder.rstrip(b"/") + b"/", tuple(rules), None if top else self, in_repository)

    def leave_out(self, path: bytes, is_folder: bool) -> bool:
        level: Rules | None = self
        while level is not None:
            if level.rules:
                below = path[len(level.base) :]
                for rule in reversed(level.rules):
                    if (is_folder or not rule.folders_only) and rule.matches.fullmatch(below):
                        return not rule.keeps
            level = level.above
        return False


def never(name: bytes, path: bytes, own: Collection[bytes]) -> bool:
    """Whether a folder is left out by its name, or is one of llmos's own."""
    return name.startswith(b".") or name in NEVER or path in own or path in PSEUDO


def parsed(content: bytes) -> list[Rule]:
    """The rules in a `.gitignore`'s content; lines that cannot be read are passed over."""
    rules = []
    for line in content.split(b"\n"):
        line = re.sub(rb"(?<!\\)[ \r]+$", b"", line)
        if not line or line.startswith(b"#") or len(line) > MAX_LINE or line.count(b"*") > MAX_STARS:
            continue
        keeps = line.startswith(b"!")
        line = line[keeps:]
        folders_only = line.endswith(b"/")
        try:
            rules.append(Rule(re.compile(_expression(line.rstrip(b"/")), re.DOTALL), keeps, folders_only))
        except re.error:
            continue
    return rules


_PART = re.compile(rb"(^|/)\*\*(?=/|$)/?|\*+|\?|\[!?\]?[^]]*\]|\\.|.", re.DOTALL)


def _expression(glob: bytes) -> bytes:
    """As in gitignore(5): with a slash in it the pattern starts at the folder of the rule file, without one anywhere below."""
    anchored = b"/" in glob
    glob = glob.removeprefix(b"/")

    def part(match: re.Match[bytes]) -> bytes:
        text = match[0]
        if b"**" in text and match[1] is not None:
            return match[1] + (rb"(?:.*/)?" if text.endswith(b"/") else rb".*")
        if text.startswith(b"*"):
            return rb"[^/]*"
        if text == b"?":
            return rb"[^/]"
        if text.startswith(b"[") and len(text) > 1:
            inner = text[1:-1].replace(b"\\", b"\\\\").replace(b"[", b"\\[")
            return b"[" + (b"^" + inner[1:] if inner.startswith(b"!") else inner) + b"]"
        return re.escape(text[1:] if text.startswith(b"\\") and len(text) > 1 else text)

    return (b"" if anchored else rb"(?:.*/)?") + _PART.sub(part, glob)


def _content(path: bytes) -> bytes:
    """The start of a rule file; nothing where it is no regular file, or cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(handle, MAX_BYTES) if statmodule.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(handle)
