"""A model on a server: what goes wrong, and keys."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from llmos_cli.errors import LlmosError
from tests.engine.conftest import HELLO, Made
from tests.engine.openaiserver import OpenAI, Reply, chunk, event, listing, refusal, said, serving, stream

KEY = "sk-3Xq7secretsecret9Zt"

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


# ---- what goes wrong -----------------------------------------------------------------------------------


def test_each_failure_is_one_sentence_with_a_hint(server: OpenAI, remote: Made) -> None:
    server.on("/v1/models", listing("llama3.2", "qwen3"))
    told = {
        refusal(404, "model 'm' not found"): ("has no model 'm'", "it has llama3.2, qwen3"),
        refusal(400, "The model `m` does not exist", "model_not_found"): ("has no model 'm'", "it has llama3.2, qwen3"),
        refusal(400, "This model's maximum context length is 10", "context_length_exceeded"): ("the text is too long for box:m", "shorten"),
        refusal(401, "no"): (r"wants a key \(401\)", "--key-from VARIABLE"),
        refusal(500, "kaputt"): (r"has a fault of its own \(500\): kaputt", "try again"),
        refusal(402, "pay"): (r"declines \(402\): pay", "server test box"),
        Reply([b"<html>hi</html>"], headers={"Content-Type": "text/html"}): ("a web page", "/v1"),
        Reply([b"<!doctype html>"], headers={"Content-Type": "application/json"}): ("a web page", "/v1"),
        Reply([b"oops"], headers={"Content-Type": "application/json"}): ("what is not JSON: 'oops'", "server test box"),
        stream(b"data: {oops}\n\n"): ("what is not JSON: '{oops}'", "server test"),
        stream(chunk({"content": "a"}), event({"error": {"message": "out of memory"}})): ("failed: out of memory", "try again"),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/v1/chat/completions"}): ("redirects to 127.0.0.1:1; nothing", "test"),
        Reply(status=307, headers={"Location": "file:///etc/passwd"}): ("redirects to what is no address", ""),
        Reply(status=307, headers={"Location": "/v1/chat/completions"}): ("redirects in circles", ""),
    }  # fmt: skip
    for reply, (message, hint) in told.items():
        server.chat(reply)
        with pytest.raises(LlmosError, match=message) as error:
            remote().chat(HELLO, temperature=0)
        assert hint in error.value.hint and error.value.message.isprintable() and len(error.value.message) < 500


Reply.__hash__ = object.__hash__  # type: ignore[method-assign]


def test_nobody_there_no_such_host_no_http(server: OpenAI, remote: Made) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LlmosError, match=f"nothing answers at http://127.0.0.1:{port}/v1") as error:
        remote(url=f"http://127.0.0.1:{port}/v1").chat(HELLO)
    assert error.value.hint == "is box running there?"
    with pytest.raises(LlmosError, match=r"nosuch\.invalid cannot be found"):
        remote(url="http://nosuch.invalid/v1").chat(HELLO)
    with pytest.raises(LlmosError, match="speaks no TLS that is understood") as error:
        remote(url=f"https://{server.url.removeprefix('http://')}/v1").chat(HELLO)
    for answer in (b"", b"SSH-2.0-x\r\n"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=_says, args=(listener, answer))
            thread.start()
            with pytest.raises(LlmosError, match="broke the connection before it answered"):
                remote(url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1").chat(HELLO)
            thread.join()


def _says(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(answer)


def test_a_busy_server_is_waited_for_as_it_asks_and_not_for_ever(server: OpenAI, remote: Made, waits: list[float]) -> None:
    server.chat(refusal(429, "slow down", Retry_After="3"), refusal(503, "loading"), said("ok"))
    assert remote().chat(HELLO).text == "ok" and waits == [3.0, 1.0]
    waits.clear()
    server.chat(refusal(429, "slow down", Retry_After="3600"))
    with pytest.raises(LlmosError, match=r"asked too often.*\(429\): slow down"):
        remote().chat(HELLO)
    assert waits == []
    server.chat(refusal(503, "Loading model"))
    with pytest.raises(LlmosError, match=r"is not ready \(503\): Loading model"):
        remote().chat(HELLO)
    assert 5 < sum(waits) <= 30


def test_what_a_server_says_is_made_harmless(server: OpenAI, remote: Made) -> None:
    server.chat(refusal(402, "\x1b]0;title\x07\u202eab" + "long " * 500))
    with pytest.raises(LlmosError) as error:
        remote().chat(HELLO)
    assert error.value.message.isprintable() and len(error.value.message) < 400


# ---- keys ----------------------------------------------------------------------------------------------


def test_the_key_goes_to_the_server_alone(server: OpenAI, remote: Made) -> None:
    server.chat(said("ok"))
    env = {"BOX_KEY": KEY}
    assert remote(env=env, key_from="BOX_KEY").chat(HELLO).text == "ok"
    assert server.log[0].headers["Authorization"] == f"Bearer {KEY}"
    with serving() as other:
        server.chat(Reply(status=307, headers={"Location": f"{other.url}/v1/chat/completions"}))
        with pytest.raises(LlmosError, match="nothing was sent there"):
            remote(env=env, key_from="BOX_KEY").chat(HELLO)
        assert other.log == []
    with pytest.raises(LlmosError, match="the key for box should be in BOX_KEY, and is not there") as error:
        remote(key_from="BOX_KEY").chat(HELLO)
    assert error.value.hint == "export BOX_KEY=…"


def test_a_key_is_never_said(server: OpenAI, remote: Made) -> None:
    model = remote(env={"BOX_KEY": KEY}, key_from="BOX_KEY")
    for reply in (
        refusal(401, f"Incorrect API key provided: {KEY}."),
        refusal(500, f"header was Bearer {KEY}"),
        Reply([f"Bearer {KEY}".encode()], headers={"Content-Type": "application/json"}),
        stream(f"data: {KEY}\n\n".encode()),
        stream(event({"error": f"bad {KEY}"})),
    ):
        server.chat(reply)
        with pytest.raises(LlmosError) as error:
            model.chat(HELLO)
        assert KEY not in f"{error.value.message} {error.value.hint} {error.value!r}" and "sk-3Xq7" not in error.value.message
    assert KEY not in f"{model!r} {model._web!r} {model._web.key!r} {model._web.key} {model._at!r}"
    server.chat(refusal(401, "no"))
    with pytest.raises(LlmosError, match=r"does not take the key \(401\)") as error:
        model.chat(HELLO)
    assert error.value.hint == "the key was looked for in BOX_KEY"


def test_a_key_does_not_go_over_the_network_in_the_clear(remote: Made, server: OpenAI) -> None:
    env = {"BOX_KEY": KEY}
    with pytest.raises(LlmosError, match=r"would go to example\.com without encryption, so nothing was sent") as error:
        remote(url="http://example.com/v1", env=env, key_from="BOX_KEY").chat(HELLO)
    assert "insecure = true" in error.value.hint
    with pytest.raises(AssertionError, match="a test wants to connect"):  # it would go there now
        remote(url="http://192.0.2.1/v1", env=env, key_from="BOX_KEY", insecure=True).chat(HELLO)


def test_this_machine_is_never_asked_through_a_proxy(server: OpenAI, remote: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    server.chat(said("ok"))
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:pass%20word@"))
        proxy.on("http://elsewhere.invalid/v1/chat/completions", said("by proxy"))
        assert remote().chat(HELLO).text == "ok" and proxy.log == []
        assert remote(url="http://elsewhere.invalid/v1").chat(HELLO).text == "by proxy"
        assert proxy.log[0].headers["Proxy-Authorization"] == "Basic " + base64.b64encode(b"me:pass word").decode()
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(LlmosError, match="only http:// proxies"):
        remote(url="http://elsewhere.invalid/v1").chat(HELLO)
