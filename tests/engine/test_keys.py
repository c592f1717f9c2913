"""Where keys come from, and that they are seen nowhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from llmos_cli.engine.keys import Key, key_of
from llmos_cli.errors import LlmosError
from llmos_cli.servers import Server

KEY = "sk-3Xq7secretsecret9Zt"


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, locked: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def kept() -> Iterator[Kept]:
    before, made = keyring.get_keyring(), Kept()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def server(key_from: str) -> Server:
    return Server("box", "https://example.com/v1", key_from)


def test_from_a_variable() -> None:
    key = key_of(server("BOX_KEY"), {"BOX_KEY": f" {KEY}\n"})
    assert key.header == {"Authorization": f"Bearer {KEY}"} and key.where == "BOX_KEY"
    assert not key_of(server(""), {"OPENAI_API_KEY": KEY}) and key_of(server(""), {}).header == {}


def test_from_the_keyring(kept: Kept) -> None:
    keyring.set_password("llmos", "box", KEY)
    assert key_of(server("keyring"), {}).header == {"Authorization": f"Bearer {KEY}"}
    kept.kept.clear()
    with pytest.raises(LlmosError, match="the key for box should be in the keyring, and is not there") as error:
        key_of(server("keyring"), {})
    assert error.value.hint == "keyring set llmos box"
    kept.locked = True
    with pytest.raises(LlmosError, match="the system's keyring cannot be read: KeyringLocked"):
        key_of(server("keyring"), {})


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(LlmosError) as error:
        key_of(server("keyring"), {})
    assert error.value.hint == "pip install 'llmos[keyring]'"


def test_what_cannot_be_a_key_is_not_repeated() -> None:
    for text in (f"{KEY} x", f"{KEY}é", f"{KEY}\x1b[2J"):
        with pytest.raises(LlmosError) as error:
            key_of(server("BOX_KEY"), {"BOX_KEY": text})
        assert KEY not in error.value.message + error.value.hint


def test_a_key_is_not_shown_and_is_cut_out_of_texts() -> None:
    key: Any = Key("BOX_KEY", KEY)
    assert KEY not in f"{key} {key!r}" and key.without(f"a {KEY} b {KEY}") == "a … b …"
    assert Key("X", "").without("text") == "text"
