"""Servers that run models elsewhere, as servers.toml names them. It says where a key is found, never the key.

A model there is called SERVER:MODEL (`ollama:llama3.2`), or SERVER alone for the server's usual one. A server's name has no `/`, so it is
no repository; that it is no model's name either is seen to where servers are added and where models come into the store.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llmos_cli import config
from llmos_cli.errors import NotFound, UsageError

FILE = "servers.toml"
KEYRING = "keyring"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}", re.ASCII)
_RESERVED = ("hf", "http", "https", "file", KEYRING)  # what begins an address
MOST_CONTEXT = 1 << 24
HEAD = """\
# Servers that speak OpenAI's API, one table each. `llmos models server` adds, lists, tests and removes them.
#
# [name]                       # a model there is called name:model
# url = "http://localhost:11434/v1"
# key_from = "OPENAI_API_KEY"  # the variable that has the key, or "keyring"; a key itself has no place here
# model = "llama3.2"           # the one that is meant by the server's name alone
# context = 8192               # tokens, where the server does not say it right
# insecure = true              # send the key, and what you ask, without encryption to another machine

"""


@dataclass(frozen=True)
class Server:
    """`url` ends before `/chat/completions`; `key_from` is a variable's name, `keyring`, or ''; `context` is tokens, 0 if not said."""

    name: str
    url: str
    key_from: str = ""
    model: str = ""
    context: int = 0
    insecure: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def here(self) -> bool:
        """What is sent there stays on this machine."""
        return is_loopback(self.host)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "url": self.url, "key_from": self.key_from or None, "model": self.model or None, "local": self.here}


@dataclass(frozen=True)
class Elsewhere:
    """A model on a server; `model` is '' for the only one there."""

    server: Server
    model: str = ""

    @property
    def name(self) -> str:
        return f"{self.server.name}:{self.model}" if self.model else self.server.name


@dataclass(frozen=True)
class Servers:
    """By name. `problems` are sentences about what was passed over."""

    all: Mapping[str, Server] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @staticmethod
    def of(folder: Path) -> Servers:
        """Those of the config folder. Raises nothing that the person could have caused."""
        text, problem = config.content(folder / FILE)
        if not text.strip():
            return Servers(problems=(problem,) if problem else ())
        import tomllib

        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            said = str(error).partition("\n")[0] or "it is nested too deep"
            return Servers(problems=(f"{folder / FILE} is not TOML, and none of it counts: {said}",))
        found, problems = {}, []
        for name, values in data.items():
            try:
                found[name] = _server(name, values)
            except UsageError as error:
                problems.append(f"{folder / FILE}: {name[:40]}: {error.message}")
        return Servers(found, tuple(problems))

    def find(self, name: str) -> Server:
        """Raises NotFound with the nearest one."""
        if name in self.all:
            return self.all[name]
        near = difflib.get_close_matches(name, self.all, n=1)
        raise NotFound(
            f"there is no server called {name!r}", hint=f"did you mean {near[0]}?" if near else "llmos models server add NAME URL"
        )

    def meant(self, text: str) -> Elsewhere | None:
        """The model that SERVER:MODEL or SERVER names; None where it names no server."""
        name, _, model = text.partition(":")
        server = self.all.get(name)
        return None if server is None else Elsewhere(server, model or server.model)


# ---- what may stand there ------------------------------------------------------------------------------


def good_name(text: str) -> str:
    """Raises UsageError."""
    if not _NAME.fullmatch(text) or text in _RESERVED:
        raise UsageError(f"{text[:40]!r} cannot be a server's name", hint="small letters, digits, - and _; such as ollama")
    return text


def good_url(text: str) -> str:
    """The address as it is kept: with /v1 where no path was said, without what comes after it. Raises UsageError, which says no secrets."""
    try:
        split = urlsplit(text.strip())
        port = split.port
    except ValueError:
        raise UsageError("that is no web address", hint="such as http://localhost:11434") from None
    if split.scheme not in ("http", "https") or not split.hostname or not text.isprintable() or not text.isascii() or " " in text.strip():
        raise UsageError("a server's address begins with http:// or https://", hint="such as http://localhost:11434")
    if "@" in split.netloc or split.query or split.fragment:
        raise UsageError(
            "the address has a name, password or key in it, and those have no place there",
            hint="--key-from VARIABLE says where the key is found",
        )
    path = split.path.rstrip("/")
    for end in ("/chat/completions", "/completions", "/embeddings", "/models"):
        path = path.removesuffix(end)
    host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
    return f"{split.scheme}://{host}{f':{port}' if port is not None else ''}{path or '/v1'}"


def good_key(text: str) -> str:
    """Where a key is found. Raises UsageError, which does not repeat what could be the key itself."""
    if text and text != KEYRING and not _VARIABLE.fullmatch(text):
        raise UsageError(
            "a key is not written there, but where it is found: a variable's name in capitals, or keyring",
            hint="export OPENAI_API_KEY=…, then --key-from OPENAI_API_KEY",
        )
    return text


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress  # slow to load

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _server(name: str, values: Any) -> Server:
    """Raises UsageError."""
    good_name(name)
    if not isinstance(values, dict) or not isinstance(values.get("url"), str):
        raise UsageError("needs url")
    if strange := sorted(set(values) - {"url", "key_from", "model", "context", "insecure"}):
        raise UsageError(
            f"there is no {strange[0][:20]!r}: {'a key has no place in this file' if 'key' in strange[0] else 'it is left out'}"
        )
    key_from, model, context, insecure = (
        values.get(k, d) for k, d in (("key_from", ""), ("model", ""), ("context", 0), ("insecure", False))
    )
    if not isinstance(key_from, str) or not isinstance(model, str) or not model.isprintable() or not isinstance(insecure, bool):
        raise UsageError("key_from and model should be texts, and insecure true or false")
    if not isinstance(context, int) or isinstance(context, bool) or not 0 <= context <= MOST_CONTEXT:
        raise UsageError("context should be a number of tokens")
    return Server(name, good_url(values["url"]), good_key(key_from), model, context, insecure)


# ---- the file ------------------------------------------------------------------------------------------


def added(text: str, server: Server) -> str:
    """The file's text with the server in it; comments stay. Raises UsageError for what is no TOML."""
    import tomlkit

    document = _parsed(text or HEAD)
    old = document.get(server.name)
    table = old if isinstance(old, dict) else tomlkit.table()
    kept = {"url": server.url, "key_from": server.key_from, "model": server.model, "context": server.context, "insecure": server.insecure}
    for key, value in kept.items():
        if value:
            table[key] = value
        elif key in table:
            del table[key]
    document[server.name] = table
    return tomlkit.dumps(document)


def removed(text: str, name: str) -> str:
    import tomlkit

    document = _parsed(text)
    document.pop(name, None)
    return tomlkit.dumps(document)


def _parsed(text: str) -> Any:
    import tomlkit

    try:
        return tomlkit.parse(text)
    except (ValueError, TypeError) as error:
        said = str(error).partition("\n")[0]
        raise UsageError(f"{FILE} is not TOML: {said}", hint="llmos models server list") from error
