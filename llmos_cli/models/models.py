"""All that can be done with models, in one object: what the command line and the rest of llmos call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from llmos_cli import config
from llmos_cli.errors import NotFound, UsageError
from llmos_cli.host import Host
from llmos_cli.models.about import About, about
from llmos_cli.models.catalogue import ROLES, Catalogue, Entry, role_named
from llmos_cli.models.download import Notice
from llmos_cli.models.fit import CONTEXT, Fit, recommend
from llmos_cli.models.hub import Hub, Offer
from llmos_cli.models.machine import Machine, cores, measure
from llmos_cli.models.names import Name, plain
from llmos_cli.models.pull import Pulled, Puller, meant
from llmos_cli.models.roles import WRITING, Choice, Roles
from llmos_cli.models.store import Model, Store, freed
from llmos_cli.servers import Servers


def model_for(role: str, host: Host) -> Path:
    """The GGUF that does this role (plan, chat, summarize, translate, code, embed). Raises NoModel, whose hint says what to pull."""
    return Models(host).roles.path(role)


@dataclass
class Models:
    """`notice` is told how far long work has come: what, bytes done, of how many."""

    host: Host
    notice: Notice = field(default=lambda what, done, total: None)
    pause: Callable[[float], None] = time.sleep  # between two tries
    role_names = ROLES

    @cached_property
    def store(self) -> Store:
        return Store(self.host.paths.data / "models", self.host.clock)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue.of(self.host.paths.config)

    @cached_property
    def hub(self) -> Hub:
        return Hub(self.host.env, self.pause)

    @cached_property
    def roles(self) -> Roles:
        return Roles(self.store, self.catalogue, {role: self.host.settings[f"models.{role}"] for role in ROLES}, self.servers)

    @cached_property
    def servers(self) -> Servers:
        return Servers.of(self.host.paths.config)

    @property
    def problems(self) -> list[str]:
        """What was passed over, as sentences."""
        return [*self.catalogue.problems, *self.store.problems, *self.servers.problems]

    @property
    def _puller(self) -> Puller:
        return Puller(self.store, self.hub, self.catalogue, self.host.env, self.notice)

    # ---- the store ---------------------------------------------------------------------------------------

    def installed(self) -> list[Model]:
        return self.store.all()

    def pull(self, text: str, revision: str = "", *, again: bool = False) -> Pulled:
        self._no_server(meant(text, self.catalogue).name)
        return self._puller.pull(text, revision, again=again)

    def take_in(self, file: Path, name: str = "", *, link: bool = False) -> Model:
        self._no_server(name or plain(file.name))
        return self._puller.take_in(file, name, link=link)

    def _no_server(self, name: str) -> None:
        """A model may not be called as a server is: SERVER:MODEL would mean two things. Raises UsageError."""
        if Name.of(name).base in self.servers.all:
            raise UsageError(
                f"{name!r} is the name of a server, so no model can be called so", hint=f"llmos models server remove {Name.of(name).base}"
            )

    def quantize(self, text: str, quant: str, *, again: bool = False) -> Model:
        from llmos_cli.models.quantize import quantize

        return quantize(self._puller, text, quant, cores(), again=again)

    def add_adapter(self, text: str, file: Path, scale: float = 1.0) -> Model:
        """Use a LoRA adapter with a model. Raises LlmosError where they do not fit."""
        from llmos_cli.models import adapters

        return adapters.add(self._puller, self.host.paths, text, file, scale)

    def remove_adapter(self, text: str, name: str) -> tuple[Model, str]:
        """(the model, what the adapter was called). Raises NotFound."""
        from llmos_cli.models import adapters

        return adapters.remove(self._puller, text, name)

    def verify(self, text: str = "") -> list[tuple[str, Path, str]]:
        """(model, file, `ok`, `damaged` or `missing`) for one model, or all."""
        return self.store.verify([self.store.find(text)] if text else self.installed(), self.notice)

    def frees(self, text: str, *, old: bool = False) -> int:
        return freed(self.store.find(text), old=old)

    # ---- about models --------------------------------------------------------------------------------------

    def about(self, text: str) -> tuple[Model | None, Entry | None, About | None]:
        """What is known of a model: as installed, as the catalogue has it, as its header says. Raises NotFound where nothing is."""
        if text.lower().endswith(".gguf") and (self.host.cwd / text).is_file():
            return None, None, about([self.host.cwd / text])
        entry = self.catalogue.of_model(text)
        try:
            model = self.store.find(text)
        except NotFound:
            if entry is None:
                raise
            return None, entry, None
        return model, entry, about(model.paths)

    def search(self, words: Sequence[str]) -> list[Entry]:
        return self.catalogue.search(words)

    def search_hub(self, words: Sequence[str], limit: int) -> list[Offer]:
        return self.hub.search(" ".join(words), limit)

    def recommend(self, role: str = "", context: int = CONTEXT) -> tuple[Machine, list[Fit]]:
        machine = measure()
        entries = self.catalogue.with_role(role_named(role)) if role else self.catalogue.with_role("chat")
        return machine, recommend(entries, machine, context)

    # ---- roles -------------------------------------------------------------------------------------------

    def use(self, text: str, role: str = "") -> list[Choice]:
        """Set the model for a role; without one for all writing, or for what it was made for. Raises NotFound, UsageError."""
        if (there := self.servers.meant(text)) is not None:
            name = role_named(role or "chat")
            if name == "rerank":
                raise UsageError("a server's model cannot be used for rerank", hint="llmos models recommend --for rerank")
            self._set(f"models.{name}", there.name)
            return [Choice(name, there, "set")]
        model = self.store.find(text)
        can = self.roles.fit_for(model)
        if role and role_named(role) not in can:
            fitting = ", ".join(can) or "nothing that is known here"
            raise UsageError(
                f"{model.name} is not made for {role_named(role)}, but for {fitting}", hint=f"llmos models recommend --for {role}"
            )
        chosen = [role_named(role)] if role else ["chat"] if set(can) >= set(WRITING) else [can[0]] if can else []
        if not chosen:
            raise UsageError(f"it is not known what {model.name} can do", hint=f"llmos models info {model.name}")
        for name in chosen:
            self._set(f"models.{name}", model.name)
        return [Choice(name, model, "set") for name in chosen]

    def _set(self, setting: str, name: str) -> None:
        file = self.host.paths.config / config.FILE
        config.update(file, lambda text: config.changed(text or config.template(), setting, name))

    def as_json(self, model: Model) -> dict[str, Any]:
        version, used = model.version, self.roles.used()
        return {
            "name": model.name, "path": str(model.path), "size": version.size, "version": version.id, "commit": version.commit,
            "source": version.source, "added": version.added, "licence": model.licence, "pinned": model.pinned,
            "roles": used.get(model.name, []), "quantisation": Name.of(model.name).quant,
            "files": [
                {"path": str(path), "size": file.size, "sha256": file.sha256, "promised": file.promised}
                for path, file in zip(model.paths, version.files, strict=True)
            ],
            "adapters": [{"name": a.name, "scale": a.scale, "size": a.file.size, "sha256": a.file.sha256} for a in model.adapters],
            "versions": [
                {"id": v.id, "size": v.size, "added": v.added, "commit": v.commit, "current": v.id == model.current} for v in model.versions
            ],
        }  # fmt: skip
