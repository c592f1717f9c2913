"""Which model does what: those in the store and those on servers, by role and by name."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from llmos_cli.engine.remote import Remote
from llmos_cli.errors import NoModel, NotFound
from llmos_cli.host import Host
from llmos_cli.kernel import servers
from llmos_cli.kernel.speakers import Local, Speakers
from llmos_cli.models.models import Models
from tests.engine.tinygguf import write_tiny


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(io.StringIO(), io.StringIO(), io.StringIO(), tmp_path, dict(os.environ))


def again(host: Host) -> Host:
    """With the settings as they are now."""
    return Host(host.stdin, host.stdout, host.stderr, host.cwd, host.env)


def test_roles_lead_here_or_there(host: Host, tmp_path: Path) -> None:
    with pytest.raises(NoModel):
        Speakers(host).of("chat")
    model = Models(host).take_in(write_tiny(tmp_path / "mine.gguf"))
    here = Speakers(host).of("chat")
    assert isinstance(here, Local) and here.path == model.path
    servers.add(host, "box", "http://localhost:1", model="small")
    assert Speakers(again(host)).of("chat").name == model.name  # nothing is sent to a server that was not chosen
    Models(host).use("box:other/name:4b", "summarize")
    speakers = Speakers(again(host))
    there = speakers.of("summarize")
    assert isinstance(there, Remote) and there.name == "box:other/name:4b" and speakers.of("summarize") is there
    assert isinstance(speakers.of("chat"), Local)
    assert servers.remove(again(host), "box")[1] == ["summarize"]
    assert isinstance(Speakers(again(host)).of("summarize"), Local)


def test_names(host: Host, tmp_path: Path) -> None:
    model = Models(host).take_in(write_tiny(tmp_path / "mine.gguf"))
    servers.add(host, "box", "http://localhost:1", model="small")
    speakers = Speakers(host)
    assert speakers.named("box").name == "box:small" and speakers.named("box:large").name == "box:large"
    assert speakers.named("MINE").name == model.name
    file = speakers.named("mine.gguf")
    assert isinstance(file, Local) and file.path == (tmp_path / "mine.gguf").resolve()
    for unknown in ("other.gguf", "other", "bix:small", ""):
        with pytest.raises(NotFound):
            speakers.named(unknown)
