"""What may be done: the rules, as one table, and the judge that goes through it.

Judged is exactly what will be applied: each path with the links in its parents followed. The first rule of the table
that fits any effect decides. What no rule fits is asked for with emphasis. The current folder can widen what is asked
for quietly, and changes nothing else.
"""

from __future__ import annotations

import os
import re
import stat as statmodule
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmos_cli.effects import (
    Copy,
    Decision,
    Effect,
    Link,
    Mail,
    MakeFolder,
    Move,
    Pack,
    Remember,
    Remove,
    Send,
    SetMode,
    SetOwner,
    Trash,
    Unpack,
    Verdict,
    Write,
)  # fmt: skip
from llmos_cli.policy.volumes import VAULT

SYSTEM = (
    "/etc", "/usr", "/bin", "/sbin", "/boot", "/dev", "/proc", "/sys", "/lib", "/lib32", "/lib64",
    "/libx32", "/var", "/run", "/System", "/Library", "/private/etc", "/private/var",
)  # fmt: skip
SYSTEM_WINDOWS = re.compile(r"[a-z]:($|[\\/]$|[\\/](windows|program files|programdata)\b)", re.I)
SHARED_TEMPORARY = ("/var/tmp", "/private/var/tmp")  # what the person owns below is theirs
KNOWN_FOLDERS = (
    "Desktop", "Documents", "Downloads", "Music", "Pictures", "Public", "Templates", "Videos",
)  # fmt: skip
OWN_FOLDERS = (".config/llmos", ".local/share/llmos", ".local/state/llmos", ".cache/llmos")
# Below the home: what runs at login or in each shell, and what opens other doors.
SENSITIVE = (
    ".ssh", ".gnupg", ".pki", ".aws", ".azure", ".kube", ".docker", ".netrc", ".pgpass", ".pypirc",
    ".npmrc", ".git-credentials", ".gitconfig", ".config/git", ".config/gh", ".config/gcloud",
    ".password-store", ".local/share/keyrings", ".mozilla", ".thunderbird", ".config/google-chrome",
    ".config/chromium", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases",
    ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".kshrc", ".cshrc", ".tcshrc", ".login",
    ".inputrc", ".config/fish", ".xinitrc", ".xsession", ".xprofile", ".pam_environment",
    ".config/autostart", ".config/systemd", ".config/environment.d", ".config/user-dirs.dirs",
    ".local/share/applications", ".local/bin", "bin", ".vimrc", ".config/nvim", ".emacs",
    "Library/LaunchAgents", "Library/Keychains",
)  # fmt: skip
SENSITIVE_ANYWHERE = re.compile(r"/(\.git/(hooks|config)|\.ssh|\.gnupg|\.envrc|\.mcp\.json)(/|$)")


@dataclass(frozen=True)
class Place:
    """A path of an effect, links in its parents followed. `goes`: what is there is taken away or replaced."""

    path: str
    changes: bool  # False: only read
    goes: bool = False


@dataclass(frozen=True)
class Case:
    """One effect and what it touches; `within` are the folders that give a right, `own` those of llmos."""

    effect: Effect
    places: tuple[Place, ...]
    home: str
    within: tuple[str, ...]
    trusted: tuple[str, ...]
    own: tuple[str, ...]

    @property
    def changed(self) -> tuple[Place, ...]:
        return tuple(place for place in self.places if place.changes)


@dataclass(frozen=True)
class Rule:
    """`fits` gives the path that the rule is about, None where it does not fit; `reason` is told about that path."""

    name: str
    decision: Decision
    loud: bool
    reason: str
    fits: Callable[[Case], str | None]


def judge(
    effects: Sequence[Effect],
    *,
    home: Path,
    cwd: Path,
    trusted: Sequence[Path] = (),
    limit: int = 200,
    own: Sequence[Path] = (),
    trusted_tool: str = "",
) -> Verdict:
    """The verdict on exactly these effects. `trusted` are folders whose change needs no question, `own` llmos's folders;
    `trusted_tool` is the tool that they come from, where it needs none."""
    if not effects:
        return Verdict(Decision.ALLOW, "reads only", "nothing is changed")
    cases = _Court(home, cwd, trusted, own).cases(effects)
    for rule in RULES:
        for case in cases:
            path = rule.fits(case)
            if path is not None:
                return Verdict(rule.decision, rule.name, rule.reason.format(path=path), rule.loud)
    if all(isinstance(effect, Remember) for effect in effects):
        return Verdict(Decision.ALLOW, "own memory", "it is kept in memory, and no file is changed")
    if _more_than(cases, limit):
        return Verdict(Decision.ASK, "many files", f"more than {limit} files are changed", True)
    if all(_is_below(p.path, case.trusted) for case in cases for p in case.changed):
        return Verdict(Decision.ALLOW, "trusted folder", "all of it is in folders that you trust")
    if trusted_tool:
        return Verdict(Decision.ALLOW, "trusted tool", f"you let {trusted_tool} work without asking")
    return Verdict(Decision.ASK, "own files", "files of yours are changed")


# ---- the rules ------------------------------------------------------------------------------------------


def _system(case: Case) -> str | None:
    return _first(case.changed, lambda p: _is_system(p.path, case.home))


def _whole_home(case: Case) -> str | None:
    return _first(case.changed, lambda p: p.goes and _is_at_or_above(p.path, (case.home,)))


def _own_state(case: Case) -> str | None:
    def is_own(place: Place) -> bool:
        if _is_kept_mail(case, place):
            return False
        if _is_below(place.path, case.own) or f"/{VAULT}" in place.path:
            return True
        there = [folder for folder in case.own if os.path.lexists(folder)]
        return place.goes and _is_at_or_above(place.path, there)

    return _first(case.changed, is_own)


def _is_kept_mail(case: Case, place: Place) -> bool:
    """Drafts and the outbox are llmos's own, and mail is what may be put there."""
    return isinstance(case.effect, Mail) and _is_below(place.path, tuple(f"{folder}/mail" for folder in case.own))


def _unknown(case: Case) -> str | None:
    return None if isinstance(case.effect, KNOWN_EFFECTS) else case.effect.op


def _final(case: Case) -> str | None:
    return case.effect.path if case.effect.final else None


def _sensitive(case: Case) -> str | None:
    def is_sensitive(place: Place) -> bool:
        if SENSITIVE_ANYWHERE.search(place.path):
            return True
        listed = tuple(f"{case.home}/{name}" for name in SENSITIVE)
        if _is_below(place.path, listed):
            return True
        return place.goes and place.path.startswith(f"{case.home}/.") and _is_at_or_above(place.path, listed)

    return _first(case.places, is_sensitive)


def _known_folder(case: Case) -> str | None:
    known = {*case.within, *(f"{case.home}/{name}" for name in KNOWN_FOLDERS)}
    marks = isinstance(case.effect, SetMode | SetOwner)
    return _first(case.changed, lambda p: (p.goes or marks) and p.path in known)


def _outside(case: Case) -> str | None:
    return _first(case.places, lambda p: not _is_below(p.path, (*case.within, *case.trusted)) and not _is_kept_mail(case, p))


def _sends(case: Case) -> str | None:
    """Whatever else is allowed, a mail is shown and asked about."""
    return case.effect.path if isinstance(case.effect, Send) else None


DENY, ASK = Decision.DENY, Decision.ASK
RULES = (
    Rule("system folder", DENY, True, "{path} belongs to the system", _system),
    Rule("home folder", DENY, True, "{path} holds all that is yours", _whole_home),
    Rule("llmos's own files", DENY, True, "{path} holds what llmos needs to undo", _own_state),
    Rule("unknown effect", ASK, True, "{path} is nothing that a rule is about", _unknown),
    Rule("final", ASK, True, "{path} would be deleted for ever", _final),
    Rule("keys and start-up files", ASK, True, "{path} opens doors or is run at login", _sensitive),
    Rule("known folder", ASK, True, "{path} is one of your main folders", _known_folder),
    Rule("outside", ASK, True, "{path} is outside your home and this folder", _outside),
    Rule("mail is sent", ASK, True, "once a mail has left, it cannot be taken back", _sends),
)
KNOWN_EFFECTS = (
    Move, Copy, Trash, Remove, MakeFolder, Write, Link, SetMode, SetOwner, Pack, Unpack, Mail, Remember,
)  # fmt: skip


# ---- what an effect touches -----------------------------------------------------------------------------


@dataclass
class _Court:
    """What holds for all effects of a list, and the real paths of the folders seen so far."""

    home: Path
    cwd: Path
    trusted: Sequence[Path]
    own: Sequence[Path]
    _real: dict[str, str] = field(default_factory=dict)

    def cases(self, effects: Sequence[Effect]) -> list[Case]:
        home = os.path.realpath(self.home)
        own = tuple(os.path.realpath(path) for path in self.own)
        own += tuple(f"{home}/{name}" for name in OWN_FOLDERS)
        trusted = tuple(os.path.realpath(path) for path in self.trusted)
        cwd = os.path.realpath(self.cwd)
        within = (home,) if _gives_no_right(cwd, home) else (home, cwd)
        return [Case(effect, tuple(self._places(effect)), home, within, trusted, own) for effect in effects]

    def _places(self, effect: Effect) -> list[Place]:
        at = self._at(effect.path)
        if isinstance(effect, Remember):
            return []
        if isinstance(effect, Move):
            return [Place(at, True, True), Place(self._at(effect.to), True, effect.overwrite)]
        if isinstance(effect, Copy):
            return [Place(at, False), Place(self._at(effect.to), True, effect.overwrite)]
        if isinstance(effect, Trash | Remove):
            return [Place(at, True, True)]
        if isinstance(effect, Link):
            target = os.path.join(os.path.dirname(effect.path), effect.to)
            return [Place(at, True), Place(os.path.realpath(target), False)]
        if isinstance(effect, Pack):
            read = [Place(self._at(path), False) for path, _ in effect.members]
            return [Place(at, True, effect.overwrite), *read]
        if isinstance(effect, Unpack):
            into = self._at(os.path.join(effect.into, "."))
            made = [Place(self._at(os.path.join(into, name)), True) for name in effect.members]
            return [Place(at, False), Place(into, True), *made]
        if isinstance(effect, Mail):
            gone = [Place(self._at(effect.replaces), True, True)] if effect.replaces else []
            return [Place(at, True), *gone, *(Place(os.path.realpath(path), False) for path in effect.sources)]
        return [Place(at, True, isinstance(effect, Write) and effect.overwrite)]

    def _at(self, path: str) -> str:
        if SYSTEM_WINDOWS.match(path):
            return path
        folder, name = os.path.split(os.path.join("/", path).rstrip("/") or "/")
        if name in ("", ".", ".."):
            return os.path.realpath(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return os.path.join(self._real[folder], name)


def _first(places: Sequence[Place], fits: Callable[[Place], bool]) -> str | None:
    return next((place.path for place in places if fits(place)), None)


def _is_below(path: str, folders: Sequence[str]) -> bool:
    """Whether `path` is one of the folders or in one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _is_at_or_above(path: str, folders: Sequence[str]) -> bool:
    above = path.rstrip("/") + "/"
    return any(f"{folder}/".startswith(above) for folder in folders)


def _is_system(path: str, home: str) -> bool:
    if path == "/" or SYSTEM_WINDOWS.match(path):
        return True
    if not _is_below(path, SYSTEM) or (home not in SYSTEM and _is_below(path, (home,))):
        return False
    return not (_is_below(path, SHARED_TEMPORARY) and _is_owned(path))


def _is_owned(path: str) -> bool:
    """Whether it, or what is nearest above it, is the person's own."""
    while True:
        try:
            stat = os.lstat(path)
        except OSError:
            path = os.path.dirname(path)
        else:
            mine = not hasattr(os, "getuid") or stat.st_uid == os.getuid()
            return mine and path not in SHARED_TEMPORARY and not statmodule.S_ISLNK(stat.st_mode)


def _gives_no_right(cwd: str, home: str) -> bool:
    """A current folder that is the system's, or holds more than the home, widens nothing."""
    return cwd == "/" or _is_system(cwd, home) or (cwd != home and _is_at_or_above(cwd, (home,)))


def _more_than(cases: Sequence[Case], limit: int) -> bool:
    """Whether more files than `limit` are changed; of folders that go or are copied, all that is in them counts."""
    left = limit
    for case in cases:
        left -= len(case.effect.members) if isinstance(case.effect, Unpack) else 1
    for case in cases:
        if left < 0:
            break
        if isinstance(case.effect, Trash | Remove | Copy):
            left -= _count(case.places[0].path, left)
    return left < 0


def _count(folder: str, enough: int) -> int:
    """How many things are in a folder, counted up to a few more than `enough`."""
    found, todo = 0, [] if os.path.islink(folder) else [folder]
    while todo and found <= enough:
        try:
            with os.scandir(todo.pop()) as inside:
                for entry in inside:
                    found += 1
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except OSError:
            continue  # no folder, or none that we may read
    return found
