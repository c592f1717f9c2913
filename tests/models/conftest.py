"""A Hub on the loopback with a small real model, and the store that pulls from it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.host import Host
from llmos_cli.models.models import Models
from tests.engine.tinygguf import write_tiny
from tests.models.hubserver import HubServer, Repo, serving

FILE = "Tiny-Q8_0.gguf"
REPO = "maker/Tiny-GGUF"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole GGUF of about 200 KB."""
    return write_tiny(tmp_path_factory.mktemp("gguf") / FILE, kind="Q8_0", layers=2).read_bytes()


@pytest.fixture(scope="session")
def tiny2(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Another one, of the same size."""
    return write_tiny(tmp_path_factory.mktemp("gguf") / FILE, kind="Q8_0", layers=2, seed=2).read_bytes()


@pytest.fixture
def hub(tiny: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(maker__Tiny_GGUF=Repo({FILE: tiny, "README.md": b"hello"})) as server:
        server.repos = {name.replace("_", "-"): repo for name, repo in server.repos.items()}
        monkeypatch.setenv("HF_ENDPOINT", server.api)
        monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "5")
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        yield server


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(io.StringIO(), io.StringIO(), io.StringIO(), tmp_path, dict(os.environ))


@pytest.fixture
def models(hub: HubServer, host: Host) -> Models:
    return fresh(host)


def fresh(host: Host, **env: str) -> Models:
    """As a new process has them, save that it does not wait between two tries."""
    return Models(Host(host.stdin, host.stdout, host.stderr, host.cwd, {**os.environ, **env}), pause=lambda seconds: None)


def finals(models: Models) -> list[Path]:
    """All files that have a final name."""
    return [path for path in models.store.folder.rglob("*.gguf") if "partial" not in path.parts]


def parts(models: Models) -> list[Path]:
    return list(models.store.partials.glob("*.part"))
