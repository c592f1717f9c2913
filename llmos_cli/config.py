"""What a person can set: one table of settings; the file, the environment and flags that set them; and where each value comes from.

    default < config.toml in the config folder < LLMOS_… in the environment < a flag

A value that makes no sense is said in one sentence, with its place, and the one below it counts. A file that others can write is not
read at all: what it says could be theirs. Nothing in the current folder is ever looked at.
"""

from __future__ import annotations

import difflib
import os
import re
import stat as statmodule
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmos_cli.errors import UsageError
from llmos_cli.paths import private
from llmos_cli.setting import Count, Part, Text, Texts, Word, YesNo

FILE = "config.toml"
MAX_BYTES = 1024 * 1024


# ---- the table -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """`name` has a section before its dot, where it is in one."""

    name: str
    type: Text
    default: Any
    help: str

    @property
    def variable(self) -> str:
        return "LLMOS_" + self.name.upper().replace(".", "_")

    @property
    def section(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        return self.name.rpartition(".")[2]


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("keys", Word(("emacs", "vi"), {"vim": "vi"}), "emacs", "The keys that edit a line in the shell."),
        Setting("colour", Word(("auto", "always", "never")), "auto", "Colours: auto heeds NO_COLOR and TERM, always does not."),
        Setting("plain", YesNo(), False, "Plain output for a screen reader: no drawings, no colours, nothing that moves."),
        Setting("pager", Text(), "", "What shows long lists: a command, or off. Where it is empty: PAGER, or else less."),
        Setting("images", Word(("auto", "kitty", "sixel", "off")), "auto", "How pictures are shown on a terminal, or not at all."),
        Setting("sure.read", Part(), 0.05, "How sure the planner must be to read without asking back; 1 is certain."),
        Setting("sure.add", Part(), 0.2, "The same, to make what was not there while nobody looks (--yes)."),
        Setting("sure.change", Part(), 0.5, "The same, to change what is there while nobody looks (--yes)."),
        Setting("sure.trust", Part(), 0.9, "The same, to change without a question what you said may always be changed."),
        *(
            Setting(f"models.{role}", Text(), "", f"The model for {what}: a name that `llmos models` lists.")
            for role, what in (
                ("plan", "requests that the small planner does not understand"),
                ("chat", "answers, and all writing that has none of its own"),
                ("summarize", "summaries"),
                ("translate", "translations"),
                ("code", "programs"),
                ("embed", "search by meaning"),
                ("rerank", "putting in order what was found"),
            )
        ),
        Setting(
            "planner.general",
            Word(("auto", "never")),
            "auto",
            "Whether the model for `plan`, if there is one, plans what the small planner is not sure of.",
        ),
        Setting("planner.unattended", YesNo(), False, "Whether --yes is enough for changes that a general model planned."),
        Setting("planner.seconds", Count(1, 3600), 60, "How long a general model may take for a plan."),
        Setting("chat.steps", Count(0, 50), 8, "How many plans a model may run for one answer; 0 is none."),
        Setting("chat.seconds", Count(1, 86400), 300, "How long it may go on for one answer; what you take to decide does not count."),
        Setting("history", Count(0, 1_000_000), 10_000, "How many of the lines typed before the shell goes back to; with 0 it keeps none."),
        Setting("mail.from", Text(), "", "Whom your mail is from: you@example.org, or Your Name <you@example.org>."),
        Setting("search.roots", Texts(), (), "Folders that a search looks in where none is said; your home where it is empty."),
        Setting("search.ignore", Texts(), (), "Folders that a search never looks into, from your home or whole paths."),
    )
}


def known(name: str) -> Setting:
    """The setting of that name. Raises UsageError with the nearest one."""
    if name not in SETTINGS:
        raise UsageError(f"there is no setting {name!r}", hint=_near(name) or "`llmos config` lists them")
    return SETTINGS[name]


def _near(name: str) -> str:
    key = name.rpartition(".")[2]
    near = [n for n in SETTINGS if n.rpartition(".")[2] == key] or difflib.get_close_matches(name, SETTINGS, n=1)
    return f"did you mean {near[0]}?" if near else ""


# ---- values --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """A value, its source (default, file, environment, flag), and the place there: a line, a variable's name."""

    value: Any
    source: str = "default"
    where: str = ""


@dataclass(frozen=True)
class Settings:
    """All settings as they are now. `problems` are sentences about what was passed over."""

    given: Mapping[str, Given]
    problems: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.given[name].value

    @staticmethod
    def of(folder: Path, env: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Settings:
        """Read anew; raises nothing."""
        given = {setting.name: Given(setting.default) for setting in SETTINGS.values()}
        problems: list[str] = []
        _from_file(folder / FILE, given, problems)
        for setting in SETTINGS.values():
            if text := env.get(setting.variable, ""):
                try:
                    given[setting.name] = Given(setting.type.parse(text), "environment", setting.variable)
                except ValueError as error:
                    problems.append(f"{setting.variable}={text!r} should be {error}; it was passed over")
            if flags and setting.name in flags:
                given[setting.name] = Given(flags[setting.name], "flag")
        return Settings(given, tuple(problems))


def _from_file(file: Path, given: dict[str, Given], problems: list[str]) -> None:
    text, problem = content(file)
    if problem:
        problems.append(problem)
    if not text.strip():
        return
    import tomllib

    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{file} is not TOML, and none of it counts: {_said(error)}")
        return
    for name, value in _flat(data):
        where = f"line {line_of(text, name)}"
        setting = SETTINGS.get(name)
        if setting is None:
            problems.append(f"{file}, {where}: there is no setting {name!r}" + (f"; {hint}" if (hint := _near(name)) else ""))
            continue
        try:
            given[name] = Given(setting.type.read(value), "file", where)
        except ValueError as error:
            problems.append(f"{file}, {where}: {name} should be {error}; {setting.type.show(setting.default)} is used")


def _said(error: Exception) -> str:
    """`Invalid value (at line 3, column 8)`; nested too deep, TOML has no sentence."""
    return str(error).partition("\n")[0] or "it is nested too deep"


def _flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict) and not before:
            yield from _flat(value, f"{key}.")
        else:
            yield before + key, value


def line_of(text: str, name: str) -> int:
    """The line of the file that sets `name`, counted from 1; 1 where it is written in some other way."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            section = header[1] + "."
        elif (key := re.match(r"\s*([\w.-]+)\s*=", line)) and section + key[1] == name:
            return number
    return 1


def content(file: Path) -> tuple[str, str]:
    """(the text of a file that only its person can have written, or '' where there is none; what is wrong with it)."""
    try:
        folder = os.stat(file.parent)
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "", ""
    except OSError as error:
        return "", f"{file} cannot be read: {(error.strerror or str(error)).lower()}"
    with open(handle, "rb") as opened:
        about = os.fstat(opened.fileno())
        if problem := _others(file, about) or _others(file.parent, folder):
            return "", problem
        if not statmodule.S_ISREG(about.st_mode) or about.st_size > MAX_BYTES:
            return "", f"{file} is no file of settings, and was not read"
        try:
            return opened.read().decode(), ""
        except UnicodeDecodeError:
            return "", f"{file} is not UTF-8, and was not read"


def _others(path: Path, about: os.stat_result) -> str:
    """Why what is at `path` cannot be trusted; '' where it can."""
    if about.st_uid not in (os.getuid(), 0):
        return f"{path} belongs to another user, so it was not read"
    if about.st_mode & 0o022:
        return f"{path} can be written by others, so it was not read (chmod go-w {path})"
    return ""


# ---- the file ------------------------------------------------------------------------------------------

HEAD = """\
# The settings of llmos. Take the # away before a line to set it.
# LLMOS_… in the environment counts more than this file, and a flag more than both. `llmos config` shows what counts now, and why.
"""


def template() -> str:
    """A file with all settings in it, each as a comment."""
    lines, section = [HEAD], ""
    for setting in sorted(SETTINGS.values(), key=lambda s: s.section != ""):
        if setting.section != section:
            section = setting.section
            lines += [f"[{section}]"]
        lines += [f"# {setting.help}", f"# {setting.key} = {setting.type.show(setting.default)}", ""]
    return "\n".join(lines)


def changed(text: str, name: str, value: Any) -> str:
    """The file's text with `name` set to `value`, or unset where that is None; all comments stay. Raises UsageError for what is no TOML."""
    import tomlkit

    setting = SETTINGS[name]
    try:
        document = tomlkit.parse(text)
        section: Any = document.get(setting.section, None) if setting.section else document
        there = section is not None and setting.key in section
    except (ValueError, TypeError) as error:
        raise UsageError(f"the settings are not TOML: {_said(error)}", hint="llmos config edit") from error
    if value is None:
        if there:
            del section[setting.key]
        return tomlkit.dumps(document)
    plain = list(value) if isinstance(value, tuple) else value
    if not there and (uncommented := _uncommented(text, setting, value)):
        return uncommented
    if section is None:
        section = document[setting.section] = tomlkit.table()
    section[setting.key] = plain
    return tomlkit.dumps(document)


def _uncommented(text: str, setting: Setting, value: Any) -> str:
    """`# keys = "emacs"` in the right section becomes `keys = "vi"`; '' where there is no such line."""
    section, lines = "", text.splitlines(keepends=True)
    for i, line in enumerate(lines):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            section = header[1]
        elif section == setting.section and re.match(rf"#\s*{re.escape(setting.key)}\s*=", line):
            lines[i] = f"{setting.key} = {setting.type.show(value)}\n"
            return "".join(lines)
    return ""


def update(file: Path, change: Callable[[str], str]) -> None:
    """Put `change` of the file's text in its place, whole or not at all, one process after the other; a link stays one. The file is 0600.

    Raises UsageError where others could have written it or `change` does, OSError where it cannot be written.
    """
    import fcntl

    folder = os.open(private(file.parent), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        text, problem = content(file)
        if problem:
            raise UsageError(problem, hint=f"ls -ld {file.parent} {file}")
        target = os.path.realpath(file)
        new = f"{target}.new-{os.getpid()}"
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
                opened.write(change(text))
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(new, target)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
    finally:
        os.close(folder)
