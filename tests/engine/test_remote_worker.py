"""A model on a server, where the server is our own worker's application; and one behind TLS."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.engine.remote import Remote
from llmos_cli.errors import LlmosError
from llmos_cli.servers import Elsewhere, Server

HELLO = [{"role": "user", "content": "hello"}]


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def worker(client: Client) -> Iterator[str]:
    """The worker's application, reached over TCP; its address."""
    open_: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = listener.accept()
                theirs = socket.socket(socket.AF_UNIX)
                theirs.connect(str(client._at.socket))
                open_.extend((ours, theirs))
                for ends in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        listener.shutdown(socket.SHUT_RDWR)
    for each in open_:
        each.close()


def test_our_own_worker_answers_as_it_does_without_a_server(worker: str, client: Client, models: dict[str, Path]) -> None:
    remote = Remote(Elsewhere(Server("own", worker), str(models["chat"])), {})
    options = {"seed": 7, "max_tokens": 20}
    here, there = client.chat(models["chat"], HELLO, **options), remote.chat(HELLO, **options)
    assert (there.text, there.ended, there.usage["completion_tokens"]) == (here.text, here.ended, here.usage["completion_tokens"])
    assert there.text and there.said == {}
    assert "".join(delta.text for delta in remote.stream(HELLO, **options)) == here.text


def test_a_schema_vectors_and_refusals(worker: str, client: Client, models: dict[str, Path]) -> None:
    remote = Remote(Elsewhere(Server("own", worker), str(models["chat"])), {})
    schema = {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    found = remote.chat(HELLO, response_format=form, max_tokens=64)
    assert found.text.replace(" ", "") in ('{"kind":"a"}', '{"kind":"b"}') and found.said == {}
    vectors = Remote(Elsewhere(Server("own", worker), str(models["bert"])), {}).embed(["hello", "the fish"])
    assert vectors == [pytest.approx(each, abs=1e-4) for each in client.embed(models["bert"], ["hello", "the fish"])]
    with pytest.raises(LlmosError, match=r"nothing\.gguf"):
        Remote(Elsewhere(Server("own", worker), "/nothing.gguf"), {}).chat(HELLO)


def test_leaving_an_answer_ends_it_in_the_worker(worker: str, client: Client, models: dict[str, Path]) -> None:
    remote = Remote(Elsewhere(Server("own", worker), str(models["mid"])), {})
    deltas = remote.stream([{"role": "user", "content": "hello"}], max_tokens=4000)
    next(deltas)
    assert any(each["writing"] for each in client.ps())
    deltas.close()  # type: ignore[attr-defined]
    until = threading.Event()
    for _ in range(100):
        if not any(each["writing"] for each in client.ps()):
            return
        until.wait(0.05)
    pytest.fail("it goes on writing")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_certificates_are_looked_at_and_ones_own_can_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key -out cert"
    )
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    body = b'{"choices": [{"message": {"content": "by TLS"}, "finish_reason": "stop"}]}'

    def answer() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                received = secure.recv(1 << 16)
                while not received.endswith(b"}"):  # headers and body come apart; closing with some of it unread would break the connection
                    received += secure.recv(1 << 16)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                secure.sendall(head + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        remote = Remote(Elsewhere(Server("box", f"https://localhost:{listener.getsockname()[1]}/v1"), "m"), {})
        with pytest.raises(LlmosError, match="cannot be trusted: self-signed certificate") as error:
            remote.chat(HELLO)
        assert "SSL_CERT_FILE" in error.value.hint
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
        assert remote.chat(HELLO).text == "by TLS"
        thread.join(5)
