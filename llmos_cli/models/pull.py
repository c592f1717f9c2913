"""From a name to files in the store: what is meant, what the Hub has, what is here already, what has to come; and files of one's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmos_cli import paths
from llmos_cli.errors import LlmosError, NotFound, Refused, UsageError
from llmos_cli.models.about import about, accept
from llmos_cli.models.catalogue import Catalogue
from llmos_cli.models.download import Fetched, Notice, Wanted, check_room, digest, drop_old, fetch, missing, sync
from llmos_cli.models.hub import Hub, Repository
from llmos_cli.models.locks import locked
from llmos_cli.models.names import MOST_PARTS, Name, Reference, choose, good_name, parts_of, plain, read_repository, safe_file
from llmos_cli.models.store import File, Model, Store, Version, version_id


@dataclass(frozen=True)
class Pulled:
    """`came` bytes came over the wire, `kept` were there from a download that had not ended, `new` is off where it was up to date."""

    model: Model
    new: bool
    came: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Puller:
    store: Store
    hub: Hub
    catalogue: Catalogue
    env: Mapping[str, str]
    notice: Notice

    def pull(self, text: str, revision: str = "", *, again: bool = False) -> Pulled:
        """Bring the newest version, which counts from now on. With `again`, what is here is hashed, and fetched anew where it is damaged.

        Raises LlmosError; what has come by then is kept for the next try.
        """
        reference = meant(text, self.catalogue)
        repository = self.hub.repository(reference.repository, revision)
        quant, chosen = choose([file.path for file in repository.files], reference.quant, reference.file)
        name = str(Name(reference.name, quant))
        self._not_pinned(name)
        wanted = [self._wanted(repository, path, part) for part, path in enumerate(chosen, 1)]
        if len({item.name for item in wanted}) < len(wanted):
            raise LlmosError(f"{reference.repository} has parts of one name", hint="llmos models search --hub")
        folder = self.store.home(name) / version_id([File(item.name, item.size, item.key) for item in wanted])
        drop_old(self.store.partials, self.store.clock())
        targets = [folder / item.name for item in wanted]
        if again:
            self._drop_damaged(wanted, targets)
        fetched = self._fetch(repository, wanted, targets)
        files = tuple(File(w.name, w.size, f.sha256, w.sha256 != "") for w, f in zip(wanted, fetched, strict=True))
        installed = next((model for model in self.store.all() if model.name == name), None)
        version = Version(folder.name, files, self.store.clock(), reference.repository, repository.commit)
        new = installed is None or installed.current != version.id or any(f.came or f.kept for f in fetched)
        licence = repository.licence or about(targets).licence
        model = self.store.add(name, version, licence=licence, repository=reference.repository)
        return Pulled(model, new, sum(f.came for f in fetched), sum(f.kept for f in fetched))

    def _not_pinned(self, name: str) -> None:
        for model in self.store.all():
            if model.name == name and model.pinned:
                raise Refused(f"{name} is pinned to version {model.current}, so it was not updated", hint=f"llmos models pin {name} --off")

    def _wanted(self, repository: Repository, path: str, part: int) -> Wanted:
        name = safe_file(path)
        found = self.hub.measured(repository, path)
        return Wanted(name, self.hub.address(repository, path), found.size, found.sha256, f"{repository.name}/{path}", part)

    def _drop_damaged(self, wanted: Sequence[Wanted], targets: Sequence[Path]) -> None:
        for item, target in zip(wanted, targets, strict=True):
            if item.sha256 and target.is_file() and digest(target, self.notice) != item.sha256:
                target.unlink()

    def _fetch(self, repository: Repository, wanted: Sequence[Wanted], targets: Sequence[Path]) -> list[Fetched]:
        for item, target in zip(wanted, targets, strict=True):
            self._share(repository, item, target)
        check_room(sum(missing(item, target, self.store.partials) for item, target in zip(wanted, targets, strict=True)), self.store.folder)
        return [fetch(item, target, self.store.partials, self.hub, self.notice) for item, target in zip(wanted, targets, strict=True)]

    def _share(self, repository: Repository, wanted: Wanted, target: Path) -> None:
        """What lies in the store under another name gets a second one. What is in huggingface_hub's cache is copied to where a download
        that was stopped would be, and is checked as such."""
        if not wanted.sha256 or target.exists():
            return
        here = self.store.with_sha(wanted.sha256, wanted.size)
        if here is not None:
            with locked(self.store.partials / f"{wanted.key}.lock"):
                if not target.exists():
                    os.link(here, paths.private(target.parent) / target.name)
                    sync(target.parent)
            return
        cached = _cache(self.env) / f"models--{repository.name.replace('/', '--')}" / "blobs" / wanted.sha256
        if cached.is_file() and cached.stat().st_size == wanted.size:
            part = self.store.partials / f"{wanted.key}.part"
            with locked(part.with_suffix(".lock"), wait=False) as ours:
                if ours and not target.exists() and not part.exists():
                    check_room(wanted.size, self.store.folder)
                    shutil.copyfile(cached, part)

    # ---- files of one's own --------------------------------------------------------------------------------

    def take_in(self, file: Path, name: str = "", *, link: bool = False) -> Model:
        """Copy a GGUF (all parts, where it is the first of several) into the store, or with `link` give it a second name there.

        Raises LlmosError for what is no whole GGUF, or is on another disk and to be linked.
        """
        names = parts_of(file.name)
        if len(names) > MOST_PARTS or not file.is_file():
            raise NotFound(f"there is no file {file}", hint="a GGUF file; of a split one, the first part")
        sources = [file.parent / part for part in names]
        for number, source in enumerate(sources, 1):
            accept(source, part=number)
        found = about(sources)
        wanted = Name.of(name or plain(file.name))
        full = str(Name(good_name(wanted.base), wanted.quant or (found.quant if name else "")))
        self._not_pinned(full)
        files = tuple(File(s.name, s.stat().st_size, digest(s, self.notice)) for s in sources)
        folder = self.store.home(full) / version_id(files)
        if not link:
            check_room(sum(f.size for f in files if not (folder / f.name).exists()), self.store.folder)
        for source, described in zip(sources, files, strict=True):
            self.place(source, described, folder / source.name, link=link)
        version = Version(folder.name, files, self.store.clock(), str(file.absolute()))
        return self.store.add(full, version, licence=found.licence)

    def place(self, source: Path, described: File, target: Path, *, link: bool = False) -> None:
        """Put a file under its final name: linked, or copied and hashed again."""
        with locked(self.store.partials / f"{described.sha256}.lock"):
            if target.exists():
                return
            paths.private(target.parent)
            if link:
                _link(source, target)
            else:
                part = self.store.partials / f"{described.sha256}.part"
                shutil.copyfile(source, part)
                os.chmod(part, 0o600)
                if digest(part, self.notice) != described.sha256:
                    part.unlink()
                    raise LlmosError(f"{source} changes while it is copied", hint="try again when nobody writes it")
                with part.open("rb") as copied:
                    os.fsync(copied.fileno())
                os.replace(part, target)
            sync(target.parent)


def meant(text: str, catalogue: Catalogue) -> Reference:
    """What is to be pulled: an entry of the catalogue, or any repository. Raises NotFound or UsageError."""
    text = text.strip()
    if "/" in text:
        reference = read_repository(text)
        entry = catalogue.of_repository(reference.repository)
        if entry is None or reference.file:
            return reference
        return Reference(entry.name, entry.repository, reference.quant or entry.quant, entry.files)
    name = Name.of(text)
    if not name.base:
        raise UsageError("which model?", hint="llmos models recommend")
    entry = catalogue.named(name.base)
    return Reference(entry.name, entry.repository, name.quant or entry.quant, entry.files)


def _cache(env: Mapping[str, str]) -> Path:
    """huggingface_hub's, where its own variables say."""
    if env.get("HF_HUB_CACHE"):
        return Path(env["HF_HUB_CACHE"]).expanduser()
    base = env.get("HF_HOME") or str(Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "~") / ".cache") / "huggingface")
    return Path(base).expanduser() / "hub"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise UsageError(f"{source} cannot be linked into the store: {said}", hint="leave --link out, and it is copied") from error
