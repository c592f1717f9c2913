"""Servers that run models, for the front ends: kept, removed, asked what they have, tried."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmos_cli import config
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.host import Host
from llmos_cli.servers import FILE, Elsewhere, Server, Servers, added, good_key, good_name, good_url, removed

LOOK_SECONDS = 2.0  # for a list of models
TRY_SECONDS = 120.0  # for an answer: a server may have to load the model first
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}


@dataclass(frozen=True)
class Found:
    """What a server has: its models, or why that is not known."""

    server: Server
    models: tuple[str, ...] = ()
    problem: LlmosError | None = None


@dataclass(frozen=True)
class Tried:
    """How an answer came. `first` and `whole` are seconds; `form` is how the answer to a schema was held to it, '' where that failed."""

    model: str
    context: int
    first: float
    whole: float
    text: str
    form: str


def servers(host: Host) -> Servers:
    return Servers.of(host.paths.config)


def add(host: Host, name: str, url: str, key_from: str = "", model: str = "") -> Server:
    """Keep a server, in the place of one of that name. Raises UsageError for what cannot be, also for a model's name."""
    from llmos_cli.models.models import Models
    from llmos_cli.models.names import Name

    server, models = Server(good_name(name), good_url(url), good_key(key_from), model), Models(host)
    if name in models.catalogue.entries or any(Name.of(m.name).base.lower() == name for m in models.installed()):
        raise UsageError(f"{name!r} is the name of a model, so no server can be called so", hint=f"llmos models server add my-{name} {url}")
    old = models.servers.all.get(name)
    if old is not None and old.url == server.url:
        server = replace(server, context=old.context, insecure=old.insecure)
    config.update(host.paths.config / FILE, lambda text: added(text, server))
    return server


def remove(host: Host, name: str) -> tuple[Server, list[str]]:
    """Forget a server, and let the roles that its models had be chosen anew; which they were. Raises NotFound."""
    from llmos_cli.models.models import Models

    models = Models(host)
    server = models.servers.find(name)
    roles = [role for role, model in models.roles.named.items() if model.partition(":")[0] == name]
    config.update(host.paths.config / FILE, lambda text: removed(text, name))
    for role in roles:
        if host.settings.given[f"models.{role}"].source == "file":
            config.update(host.paths.config / config.FILE, lambda text, role=role: config.changed(text, f"models.{role}", None))  # type: ignore[misc]
    return server, roles


def look(host: Host, wanted: Sequence[Server]) -> list[Found]:
    """What each of the servers has, all asked at once."""
    from concurrent.futures import ThreadPoolExecutor

    if not wanted:
        return []
    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(lambda server: _look(host, server), wanted))


def _look(host: Host, server: Server) -> Found:
    from llmos_cli.engine import elsewhere
    from llmos_cli.engine.web import Web

    try:
        return Found(server, tuple(there.model for there in elsewhere.models(Web(server, host.env), LOOK_SECONDS)))
    except LlmosError as error:
        return Found(server, problem=error)


def attempt(host: Host, at: Elsewhere) -> Tried:
    """Ask a model for an answer, and for one that keeps to a schema. Raises LlmosError where it gives none."""
    from llmos_cli.engine.remote import Remote

    model = Remote(at, host.env)
    asked, began, first, text = [{"role": "user", "content": "Say: it works."}], time.monotonic(), 0.0, ""
    for delta in model.stream(asked, max_tokens=64, timeout=TRY_SECONDS):
        first = first or (time.monotonic() - began if delta.text or delta.thought else 0.0)
        text += delta.text
    whole = time.monotonic() - began
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    try:
        held = model.chat([{"role": "user", "content": "Is 2 less than 3?"}], max_tokens=256, timeout=TRY_SECONDS, response_format=form)
        kept = str(held.said.get("format", "json_schema")) if held.ended == "stop" else ""
    except LlmosError:
        kept = ""
    return Tried(model.model, model.context, first, whole, text.strip(), kept)
