"""Which model does what. The settings models.chat, models.summarize … name one for each role; without them, what is installed decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from llmos_cli.errors import LlmosError, NoModel, NotFound
from llmos_cli.models.about import about
from llmos_cli.models.amounts import said
from llmos_cli.models.catalogue import ROLES, Catalogue, Entry, role_named
from llmos_cli.models.store import Model, Store
from llmos_cli.servers import Elsewhere, Servers

WRITING = ("plan", "chat", "summarize", "translate", "code")  # what any model that answers can do, more or less
USUAL = {"embed": "embeddinggemma", "rerank": "qwen3-reranker-0.6b", "code": "qwen2.5-coder-1.5b"}  # else: qwen3-4b
DEFAULT = "qwen3-4b"
_DOING = {
    "plan": "planning what the small planner cannot", "chat": "answering", "summarize": "summarizing", "translate": "translating",
    "code": "writing programs", "embed": "search by meaning", "rerank": "putting what was found in order",
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """`why` is `set` (a setting names it), `chat` (the model for chat does this too), or `installed`."""

    role: str
    model: Model | Elsewhere
    why: str


@dataclass(frozen=True)
class Roles:
    """`named` is what the settings say for each role, '' for nothing."""

    store: Store
    catalogue: Catalogue
    named: dict[str, str]
    servers: Servers = field(default_factory=Servers)
    _embeds: dict[Path, bool | None] = field(default_factory=dict)  # what headers say, read once; None where they cannot be

    def choice(self, role: str) -> Choice:
        """Raises NoModel, with what to pull and its size, where there is none."""
        role = role_named(role)
        for name, why in ((self.named.get(role, ""), "set"), (self.named.get("chat", "") if role in WRITING else "", "chat")):
            if name and (there := self.servers.meant(name)) is not None:
                return Choice(role, there, why)
            if name:
                try:
                    return Choice(role, self.store.find(name), why)
                except NotFound:
                    raise NoModel(f"the model for {role} is {name}, and it is not installed", hint=self._pull(name)) from None
        fitting = [model for model in self.store.all() if self._can(model, role)]
        if not fitting and (usual := next((server for server in self.servers.all.values() if server.model), None)) and role != "rerank":
            hint = f"llmos models use {usual.name}:{usual.model} --for {role}"
            raise NoModel(f"{_DOING[role]} needs a model, and none is installed or chosen", hint=hint)
        if not fitting:
            raise NoModel(f"{_DOING[role]} needs a model, and none that can is installed", hint=self._pull(self._offered(role).name))
        return Choice(role, max(fitting, key=lambda model: model.version.added), "installed")

    def local(self, role: str) -> Model:
        """The one that does the role, if it is here. Raises NoModel."""
        model = self.choice(role).model
        if isinstance(model, Elsewhere):
            raise NoModel(f"the model for {role} is {model.name}, on a server, and here a file is needed", hint=self._pull(DEFAULT))
        return model

    def path(self, role: str) -> Path:
        return self.local(role).path

    def of(self, model: Model) -> list[str]:
        """The roles that the model has now."""
        return self.used().get(model.name, [])

    def used(self) -> dict[str, list[str]]:
        """The roles of each model that has any, by its name."""
        found: dict[str, list[str]] = {}
        for role in ROLES:
            try:
                found.setdefault(self.choice(role).model.name, []).append(role)
            except NoModel:
                continue
        return found

    def fit_for(self, model: Model) -> tuple[str, ...]:
        """The roles that the model could have."""
        return tuple(role for role in ROLES if self._can(model, role))

    def _can(self, model: Model, role: str) -> bool:
        """An entry of the catalogue says so; of others the header: what embeds does not write."""
        entry = self.catalogue.of_model(model.name)
        if entry is not None and role in entry.roles:
            return True
        if entry is not None and role not in WRITING:
            return False
        if entry is not None:
            return "chat" in entry.roles or (role == "code" and "code" in entry.roles)
        if model.path not in self._embeds:
            try:
                self._embeds[model.path] = about(model.paths).embeds
            except LlmosError:
                self._embeds[model.path] = None
        embeds = self._embeds[model.path]
        return embeds is not None and (role == "embed" if embeds else role in WRITING)

    def _offered(self, role: str) -> Entry:
        entry = self.catalogue.entries.get(USUAL.get(role, DEFAULT))
        return entry or next(iter(self.catalogue.with_role(role)), next(iter(self.catalogue.entries.values())))

    def _pull(self, name: str) -> str:
        entry = self.catalogue.of_model(name)
        size = f"  (about {said(entry.size)})" if entry and entry.size else ""
        return f"llmos models pull {name}{size}"
