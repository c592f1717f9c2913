"""What a person lets pass without a question: folders and tools, in one TOML file that they can read, edit and delete.

Such a rule spares only the quiet question. What the table in `judge.py` denies or asks for loudly stays so.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.paths import private

HEAD = """\
# What llmos does without asking: changes inside these folders, and changes that these tools make.
# "always" at a question adds to it, and so does /policy; both write this file anew, without other comments.
# Deleting for ever, keys and start-up files, many files at once, what lies outside your home: these are asked for all the same.
"""


@dataclass(frozen=True)
class Allowed:
    """`folders` are absolute paths, `tools` names of tools; numbered as one list, folders first."""

    folders: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.folders) + len(self.tools)


class Rules:
    """Raises LlmosError where the file cannot be read, written or understood."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.file = folder / "policy.toml"
        self._home = home

    def allowed(self) -> Allowed:
        try:
            data = tomllib.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Allowed()
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise LlmosError(f"{self.file} cannot be read: {said}", hint="mend it, or delete it") from error
        lists = [data.get(key, []) for key in ("folders", "tools")]
        if not all(isinstance(items, list) and all(isinstance(item, str) for item in items) for items in lists):
            raise LlmosError(f"{self.file}: folders and tools are lists of texts", hint="mend it, or delete it")
        folders = (os.path.expanduser(item) for item in lists[0])
        return Allowed(tuple(item for item in folders if os.path.isabs(item)), tuple(lists[1]))

    def allow_folder(self, folder: Path) -> None:
        """Raises UsageError for a folder that holds more than one may let pass: the home, what is above it, the root."""
        path = os.path.realpath(folder)
        if os.path.realpath(self._home).startswith(path.rstrip("/") + "/") or path == os.path.realpath(self._home):
            raise UsageError(f"{folder} holds too much to be changed without asking", hint="name a folder inside your home")
        now = self.allowed()
        self._write(Allowed(tuple(dict.fromkeys((*now.folders, path))), now.tools))

    def allow_tool(self, tool: str) -> None:
        now = self.allowed()
        self._write(Allowed(now.folders, tuple(dict.fromkeys((*now.tools, tool)))))

    def remove(self, number: int) -> str:
        """Take away the rule of that number, counted from 1; what it was about."""
        now = self.allowed()
        both = [*now.folders, *now.tools]
        if not 0 < number <= len(both):
            raise UsageError(f"there is no rule {number}", hint="/policy lists them")
        gone = both.pop(number - 1)
        folders = len(now.folders) - (number <= len(now.folders))
        self._write(Allowed(tuple(both[:folders]), tuple(both[folders:])))
        return gone

    def _write(self, allowed: Allowed) -> None:
        """All of the file at once, 0600. JSON's strings are TOML's too."""
        try:
            text = HEAD + "".join(f"{key} = {_listed(items)}\n" for key, items in (("folders", allowed.folders), ("tools", allowed.tools)))
            new = private(self.file.parent) / f"{self.file.name}.new"
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(new, self.file)
        except (OSError, UnicodeEncodeError) as error:
            raise LlmosError(f"{self.file} cannot be written: {getattr(error, 'strerror', None) or 'a name is not UTF-8'}") from error


def _listed(items: tuple[str, ...]) -> str:
    return "[" + "".join(f"\n  {json.dumps(item, ensure_ascii=False)}," for item in items) + ("\n]" if items else "]")
