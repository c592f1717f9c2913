"""The store: a folder for each model, in it a folder for each version, and record.json, which says what is whole and which one counts.

    models/qwen3-4b--Q4_K_M/record.json
    models/qwen3-4b--Q4_K_M/3f2a9c04be11/Qwen3-4B-Instruct-2507-Q4_K_M.gguf
    models/qwen3-4b--Q4_K_M/adapters/letters-9c1be03f2a44.gguf
    models/partial/…                              downloads that are not done

Files come under these names by a rename only, when they are whole and checked. A version counts once the record names it, so a kill in
between costs nothing. A version's name is made of its files' checksums: the same bytes are one version, whatever they are called upstream.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from llmos_cli import paths
from llmos_cli.errors import LlmosError, NotFound, Refused
from llmos_cli.models.download import Notice, digest, sync
from llmos_cli.models.locks import locked
from llmos_cli.models.names import Name

RECORD, PARTIAL, GONE, ADAPTERS = "record.json", "partial", ".gone-", "adapters"


@dataclass(frozen=True)
class File:
    name: str
    size: int
    sha256: str
    promised: bool = True  # the Hub said the checksum; else it is what came


@dataclass(frozen=True)
class Version:
    """`source` is OWNER/REPOSITORY, or the path of a file that was imported; `added` is seconds since 1970."""

    id: str
    files: tuple[File, ...]
    added: float
    source: str = ""
    commit: str = ""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter that is used with a model, whatever its version; `scale` is how strongly it counts."""

    file: File
    scale: float = 1.0

    @property
    def name(self) -> str:
        return self.file.name.removesuffix(".gguf")


@dataclass(frozen=True)
class Model:
    """An installed model. `folder` holds its versions, the oldest first; `current` is the id of the one that counts."""

    name: str
    folder: Path
    versions: tuple[Version, ...]
    current: str
    pinned: bool = False
    licence: str = ""
    repository: str = ""
    adapters: tuple[Adapter, ...] = ()

    def adapter_path(self, adapter: Adapter) -> Path:
        return self.folder / ADAPTERS / f"{adapter.name}-{adapter.file.sha256[:12]}.gguf"

    @property
    def used_with(self) -> list[dict[str, Any]]:
        """Its adapters, as the engine wants them."""
        return [{"path": str(self.adapter_path(adapter)), "scale": adapter.scale} for adapter in self.adapters]

    @property
    def version(self) -> Version:
        return next((version for version in self.versions if version.id == self.current), self.versions[-1])

    @property
    def path(self) -> Path:
        """The file to load; of a split model, the first part."""
        return self.paths[0]

    @property
    def paths(self) -> list[Path]:
        return [self.folder / self.version.id / file.name for file in self.version.files]

    @property
    def size(self) -> int:
        """Of all versions, and of the adapters."""
        return sum(version.size for version in self.versions) + sum(adapter.file.size for adapter in self.adapters)

    @property
    def before(self) -> Version | None:
        """The version that `rollback` goes to."""
        at = self.versions.index(self.version)
        return self.versions[at - 1] if at else None


def version_id(files: Sequence[File]) -> str:
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()[:12]


@dataclass
class Store:
    """All models below `folder`. Raises LlmosError; files of the store that cannot be read are skipped and named in `problems`."""

    folder: Path
    clock: Callable[[], float]
    problems: list[str] = field(default_factory=list)

    @property
    def partials(self) -> Path:
        return self.folder / PARTIAL

    # ---- reading -----------------------------------------------------------------------------------------

    def all(self) -> list[Model]:
        """Installed models by name."""
        self.problems = []
        records = sorted(self.folder.glob(f"*/{RECORD}")) if self.folder.is_dir() else []
        return sorted(filter(None, map(self._read, records)), key=lambda model: model.name.lower())

    def find(self, text: str) -> Model:
        """By its name, or its name without the quantisation where one is meant: then the one that was added last. Raises NotFound."""
        wanted, installed = Name.of(text), self.all()
        found = [
            model
            for model in installed
            if Name.of(model.name).base.lower() == wanted.base.lower() and wanted.quant in ("", Name.of(model.name).quant)
        ]
        if not found:
            hint = f"llmos models pull {text}" if installed or not text else f"nothing is installed yet: llmos models pull {text}"
            raise NotFound(f"no model called {text!r} is installed", hint=hint)
        return max(found, key=lambda model: model.version.added)

    def with_sha(self, sha256: str, size: int) -> Path | None:
        """A whole file of that checksum, whatever model it belongs to."""
        for model in self.all():
            for version in model.versions:
                for file in version.files:
                    path = model.folder / version.id / file.name
                    if sha256 and file.sha256 == sha256 and path.is_file() and path.stat().st_size == size:
                        return path
        return None

    def _read(self, record: Path) -> Model | None:
        try:
            data = json.loads(record.read_bytes())
            versions = tuple(_version(version) for version in data["versions"])
            if not versions:
                raise ValueError("no versions")
            return Model(
                str(data["name"]),
                record.parent,
                versions,
                str(data["current"]),
                data["pinned"] is True,
                str(data["licence"]),
                str(data["repository"]),
                tuple(_adapter(adapter) for adapter in data.get("adapters", ())),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.problems.append(f"{record} cannot be read, so its model does not count: {error}")
            return None

    # ---- changing ----------------------------------------------------------------------------------------

    def home(self, name: str) -> Path:
        """The folder of a model, made where it is missing."""
        return paths.private(self.folder / Name.of(name).folder)

    @contextmanager
    def changing(self, name: str) -> Iterator[Model | None]:
        """The model as it is, with nobody else changing it; None where there is none."""
        with locked(self.partials / f"{Name.of(name).folder}.model.lock"):
            record = self.folder / Name.of(name).folder / RECORD
            yield self._read(record) if record.exists() else None

    def add(self, name: str, version: Version, *, licence: str = "", repository: str = "") -> Model:
        """From now on the version counts; its files are there already."""
        with self.changing(name) as old:
            before = old.versions if old else ()
            versions = before if any(v.id == version.id for v in before) else (*before, version)
            pinned, adapters = (old.pinned, old.adapters) if old else (False, ())
            model = Model(name, self.home(name), versions, version.id, pinned, licence, repository, adapters)
            self._write(model)
            return model

    def adapt(self, text: str, change: Callable[[tuple[Adapter, ...]], tuple[Adapter, ...]]) -> Model:
        """Have a model used with other adapters; the files of those that are left out are deleted. `change` may raise."""
        with self.changing(self.find(text).name) as found:
            model = _there(found)
            changed = replace(model, adapters=change(model.adapters))
            self._write(changed)
            for adapter in model.adapters:
                if adapter.file not in [other.file for other in changed.adapters]:
                    model.adapter_path(adapter).unlink(missing_ok=True)
            return changed

    def pin(self, text: str, on: bool) -> Model:
        with self.changing(self.find(text).name) as model:
            changed = replace(_there(model), pinned=on)
            self._write(changed)
            return changed

    def roll_back(self, text: str, to: str = "") -> Model:
        """Make the version before the current one count, or that whose id begins with `to`. Raises NotFound, Refused."""
        with self.changing(self.find(text).name) as found:
            model = _there(found)
            _unpinned(model)
            wanted = next((v for v in model.versions if to and v.id.startswith(to)), None) if to else model.before
            if wanted is None:
                said = f"{model.name} has no version {to}" if to else f"{model.name} has no version before this one"
                raise NotFound(said, hint=f"it has {', '.join(v.id for v in model.versions)}")
            changed = replace(model, current=wanted.id)
            self._write(changed)
            return changed

    def remove(self, text: str, *, old: bool = False) -> Model:
        """Delete the model, or with `old` all versions but the current one; gives it as it was. Raises Refused where it is pinned."""
        with self.changing(self.find(text).name) as found:
            model = _there(found)
            _unpinned(model)
            gone = self.partials / f"{GONE}{secrets.token_hex(6)}"
            paths.private(gone)
            if old:
                self._write(replace(model, versions=(model.version,)))  # first the record: what it does not name does not count
                for version in model.versions:
                    if version.id != model.version.id and (model.folder / version.id).exists():
                        os.rename(model.folder / version.id, gone / version.id)
            else:
                os.rename(model.folder, gone / model.folder.name)
        self.sweep()
        return model

    def sweep(self) -> None:
        """Delete what was taken out of the store, also by a process that was killed."""
        for gone in self.partials.glob(f"{GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)

    def _write(self, model: Model) -> None:
        data = {
            "name": model.name, "current": model.current, "pinned": model.pinned, "licence": model.licence, "repository": model.repository,
            "versions": [asdict(version) for version in model.versions], "adapters": [asdict(adapter) for adapter in model.adapters],
        }  # fmt: skip
        record = model.folder / RECORD
        new = record.with_suffix(f".new-{os.getpid()}")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, record)
        sync(model.folder)

    # ---- checking ----------------------------------------------------------------------------------------

    def verify(self, models: Sequence[Model], notice: Notice) -> list[tuple[str, Path, str]]:
        """(model, file, `ok`, `damaged` or `missing`) of each file of all versions, hashed anew."""
        return [(model.name, path, _state(path, file, notice)) for model in models for path, file in _files(model)]


def _files(model: Model) -> list[tuple[Path, File]]:
    """Of all versions, and the adapters."""
    weights = [(model.folder / version.id / file.name, file) for version in model.versions for file in version.files]
    return weights + [(model.adapter_path(adapter), adapter.file) for adapter in model.adapters]


def freed(model: Model, *, old: bool = False) -> int:
    """Bytes that removing it would free: files that have another name on the disk free nothing."""
    total = 0 if old else sum(adapter.file.size for adapter in model.adapters)
    for version in model.versions:
        for file in version.files:
            path = model.folder / version.id / file.name
            if (not old or version.id != model.current) and path.is_file() and path.stat().st_nlink == 1:
                total += file.size
    return total


def _state(path: Path, file: File, notice: Notice) -> str:
    try:
        return "ok" if path.stat().st_size == file.size and digest(path, notice) == file.sha256 else "damaged"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise LlmosError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}", hint=f"ls -l {path}") from error


def _there(model: Model | None) -> Model:
    if model is None:
        raise NotFound("the model has just been removed", hint="llmos models")
    return model


def _unpinned(model: Model) -> None:
    if model.pinned:
        raise Refused(f"{model.name} is pinned", hint=f"llmos models pin {model.name} --off")


def _version(data: Any) -> Version:
    """Raises KeyError, TypeError or ValueError for what we have not written."""
    files = tuple(map(_file, data["files"]))
    if not files or _is_path(data["id"]):
        raise ValueError("a version makes no sense")
    return Version(str(data["id"]), files, float(data["added"]), str(data["source"]), str(data["commit"]))


def _adapter(data: Any) -> Adapter:
    """As `_version`."""
    return Adapter(_file(data["file"]), float(data["scale"]))


def _file(data: Any) -> File:
    if _is_path(data["name"]) or _is_path(data["sha256"]):
        raise ValueError("a file's name makes no sense")
    return File(str(data["name"]), int(data["size"]), str(data["sha256"]), bool(data["promised"]))


def _is_path(text: Any) -> bool:
    return not isinstance(text, str) or "/" in text or text in ("", ".", "..")
