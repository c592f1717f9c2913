"""Models that are known by a short name: data/catalogue.toml, and the person's own entries in catalogue.toml of the config folder."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmos_cli import config
from llmos_cli.errors import NotFound, UsageError
from llmos_cli.models.amounts import GB, KIB
from llmos_cli.models.names import Name, good_repository

FILE = "catalogue.toml"
OURS = Path(__file__).resolve().parents[1] / "data" / FILE
ROLES = ("plan", "chat", "summarize", "translate", "code", "embed", "rerank")
_NEEDED = {"repository": str, "files": str, "quant": str, "sizes": dict}
_OTHER: dict[str, tuple[type | tuple[type, ...], Any]] = {
    "title": (str, ""), "parameters": ((int, float), 0), "context": (int, 0), "kv": ((int, float), 0), "licence": (str, ""),
    "roles": (list, []), "good_at": (str, ""),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """`sizes` are approximate, in bytes by quantisation; `kv` is bytes for each token of context; `parameters` is a count."""

    name: str
    title: str
    repository: str
    files: str
    quant: str
    sizes: Mapping[str, int]
    parameters: float
    context: int
    kv: int
    licence: str
    roles: tuple[str, ...]
    good_at: str

    @property
    def size(self) -> int:
        """Of the quantisation that is pulled where none is asked for; 0 where it is not known."""
        return self.sizes.get(self.quant, 0)

    def file(self, quant: str) -> str:
        return self.files.replace("{quant}", quant)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Catalogue:
    """`problems` are sentences about entries of the person's own that were passed over."""

    entries: Mapping[str, Entry]
    problems: tuple[str, ...] = ()

    @staticmethod
    def of(folder: Path) -> Catalogue:
        """Ours, and those in the config folder. Raises nothing that the person could have caused."""
        entries = dict(_read(OURS.read_text(encoding="utf-8"), []))
        problems: list[str] = []
        text, problem = config.content(folder / FILE)
        if problem:
            problems.append(problem)
        entries.update(_read(text, problems, str(folder / FILE)))
        return Catalogue(entries, tuple(problems))

    def named(self, name: str) -> Entry:
        """The entry of that name, whatever its capitals. Raises NotFound with the nearest one."""
        found = self.entries.get(name.lower())
        if found is None:
            near = difflib.get_close_matches(name.lower(), self.entries, n=1)
            hint = f"did you mean {near[0]}?" if near else f"llmos models search {name.split('-')[0]} --hub"
            raise NotFound(f"the catalogue has no model called {name!r}", hint=hint)
        return found

    def of_repository(self, repository: str) -> Entry | None:
        return next((e for e in self.entries.values() if e.repository.lower() == repository.lower()), None)

    def of_model(self, name: str) -> Entry | None:
        """The entry that an installed model came from."""
        return self.entries.get(Name.of(name).base.lower()) or self.of_repository(Name.of(name).base)

    def with_role(self, role: str) -> list[Entry]:
        return [entry for entry in self.entries.values() if role in entry.roles]

    def search(self, words: Iterable[str]) -> list[Entry]:
        """Entries that have all of the words, in any order."""
        wanted = [word.lower() for word in words]
        return [entry for entry in self.entries.values() if all(word in _text(entry) for word in wanted)]


def role_named(role: str) -> str:
    """Raises UsageError for what is no role."""
    if role.lower() not in ROLES:
        near = difflib.get_close_matches(role.lower(), ROLES, n=1)
        raise UsageError(f"there is no role {role!r}", hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(ROLES)}")
    return role.lower()


def _text(entry: Entry) -> str:
    return " ".join((entry.name, entry.title, entry.repository, entry.licence, entry.good_at, *entry.roles)).lower()


def _read(text: str, problems: list[str], where: str = "") -> dict[str, Entry]:
    """What is wrong with an entry is a sentence in `problems`, and the entry is left out."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{where} is not TOML, and none of it counts: {str(error).partition(chr(10))[0]}")
        return {}
    found = {}
    for name, values in data.items():
        try:
            found[name.lower()] = _entry(name.lower(), values)
        except ValueError as error:
            problems.append(f"{where}: {name}: {error}")
    return found


def _entry(name: str, values: Any) -> Entry:
    """Raises ValueError with what is wrong."""
    if not isinstance(values, dict):
        raise ValueError("is no table")
    for key, kind in _NEEDED.items():
        if not isinstance(values.get(key), kind) or not values[key]:
            raise ValueError(f"needs {key}")
    read = {key: values.get(key, default) for key, (_, default) in _OTHER.items()}
    for key, (types, _) in _OTHER.items():
        if not isinstance(read[key], types) or isinstance(read[key], bool):
            raise ValueError(f"{key} makes no sense")
    if not good_repository(values["repository"]):
        raise ValueError(f"{values['repository']!r} is no repository")
    if any(role not in ROLES for role in read["roles"]):
        raise ValueError(f"roles are {', '.join(ROLES)}")
    sizes = {str(quant).upper(): round(float(size) * GB) for quant, size in values["sizes"].items()}
    return Entry(
        name, read["title"] or name, values["repository"], values["files"], values["quant"].upper(), sizes,
        float(read["parameters"]) * 1e9, read["context"], round(read["kv"] * KIB), read["licence"], tuple(read["roles"]), read["good_at"],
    )  # fmt: skip
