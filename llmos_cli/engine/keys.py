"""Keys of servers: from the environment or the system's keyring, when a request needs one. The only import of keyring.

A key is never part of a message, a repr or a process's arguments; what a server says is searched for it before it is said on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmos_cli.errors import LlmosError
from llmos_cli.servers import KEYRING, Server

SERVICE = "llmos"  # in the keyring; the user there is the server's name
LEAST = 4  # letters; what is shorter is no key, and cutting it out of texts would do harm


@dataclass(frozen=True)
class Key:
    """`where` says where it was looked for."""

    where: str
    _text: str = field(repr=False, default="")

    def __bool__(self) -> bool:
        return self._text != ""

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def without(self, text: str) -> str:
        """The text, with … in the key's place."""
        return text.replace(self._text, "…") if len(self._text) >= LEAST else text


def key_of(server: Server, env: Mapping[str, str]) -> Key:
    """The server's key; an empty one where it needs none. Raises LlmosError where it is to have one and that is not found."""
    if not server.key_from:
        return Key("")
    where = "the keyring" if server.key_from == KEYRING else server.key_from
    text = (_from_keyring(server) if server.key_from == KEYRING else env.get(server.key_from, "")).strip()
    if not text:
        hint = f"keyring set {SERVICE} {server.name}" if server.key_from == KEYRING else f"export {server.key_from}=…"
        raise LlmosError(f"the key for {server.name} should be in {where}, and is not there", hint=hint)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise LlmosError(f"what {where} has for {server.name} cannot be a key: it has spaces or unusual letters in it")
    return Key(where, text)


def _from_keyring(server: Server) -> str:
    """'' where it has none. Raises LlmosError."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise LlmosError(
            f"the key for {server.name} is in the system's keyring, and the library that reads it is not installed",
            hint="pip install 'llmos[keyring]'",
        ) from None
    try:
        return keyring.get_password(SERVICE, server.name) or ""
    except (KeyringError, OSError, RuntimeError) as error:
        raise LlmosError(
            f"the system's keyring cannot be read: {type(error).__name__}", hint=f"keyring get {SERVICE} {server.name} > /dev/null"
        ) from None
