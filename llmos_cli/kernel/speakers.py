"""Which language model does what: those in the store, run by the worker, and those on servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli.errors import NotFound
from llmos_cli.host import Host
from llmos_cli.speech import Answer, Delta, Message, Speaker

if TYPE_CHECKING:
    from llmos_cli.engine.client import Client
    from llmos_cli.models.models import Models
    from llmos_cli.models.store import Model
    from llmos_cli.servers import Elsewhere


@dataclass(frozen=True)
class Local:
    """A GGUF file, run by the worker, with its adapters where it has any: `{"path": …, "scale": …}`."""

    name: str
    path: Path
    client: Client
    adapters: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def context(self) -> int:
        about: int = self.client.load(self.path, adapters=[*self.adapters])["context"]
        return about

    def chat(self, messages: Sequence[Message], **options: Any) -> Answer:
        return self.client.chat(self.path, messages, **{"adapters": [*self.adapters], **options})

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        return self.client.stream(self.path, messages, **{"adapters": [*self.adapters], **options})

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        return self.client.embed(self.path, texts, **{"adapters": [*self.adapters], **options})


@dataclass(frozen=True)
class Speakers:
    """Those that the settings name, or that are installed."""

    host: Host
    _there: dict[Elsewhere, Speaker] = field(default_factory=dict, compare=False)  # with what was learnt of their servers

    def of(self, role: str) -> Speaker:
        """Raises NoModel, whose hint says what to pull."""
        return self._made(self._models.roles.choice(role).model)

    def named(self, text: str) -> Speaker:
        """The model that a person names: SERVER:MODEL, one in the store, or the path of a GGUF. Raises NotFound."""
        if (there := self._models.servers.meant(text)) is not None:
            return self._made(there)
        path = self.host.cwd / Path(text).expanduser()
        if text.lower().endswith(".gguf"):
            if not path.is_file():
                raise NotFound(f"there is no file {path}", hint="llmos models list")
            return Local(path.stem, path.resolve(), self._client)
        return self._made(self._models.store.find(text))

    def _made(self, model: Model | Elsewhere) -> Speaker:
        from llmos_cli.servers import Elsewhere  # only where a model is asked: start-up is a feature

        if not isinstance(model, Elsewhere):
            return Local(model.name, model.path, self._client, model.used_with)
        if model not in self._there:
            from llmos_cli.engine.remote import Remote

            self._there[model] = Remote(model, self.host.env)
        return self._there[model]

    @property
    def _models(self) -> Models:
        from llmos_cli.models.models import Models

        return Models(self.host)  # anew each time: what is in the store, and in servers.toml, may have changed

    @cached_property
    def _client(self) -> Client:
        from llmos_cli.engine.client import Client

        return Client(self.host.paths)
