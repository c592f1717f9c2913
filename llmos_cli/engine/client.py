"""Our end of the worker: what the rest of llmos asks of general models.

    client = Client.connect(paths)
    answer = client.chat(model, [{"role": "user", "content": "…"}])
    for delta in client.stream(model, messages): print(delta.text, end="")

The worker is started when the first request needs it, and again after it has died. A model is the
path of a GGUF file. All that fails is an LlmosError of one sentence.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from llmos_cli import errors
from llmos_cli.engine import starting
from llmos_cli.errors import LlmosError
from llmos_cli.paths import Paths
from llmos_cli.speech import Answer, Call, Delta, Message

Json = dict[str, Any]


class Client:
    """Thread-safe: each request has a connection of its own."""

    def __init__(self, paths: Paths, *, memory: int = 0) -> None:
        """`memory`: bytes that models may take, should the worker be started for this; 0 for three quarters of the machine's."""
        from llmos_cli.engine.trials import build

        self._paths, self._memory = paths, memory
        self._at = starting.where(paths, build())

    @classmethod
    def connect(cls, paths: Paths, *, memory: int = 0) -> Client:
        """A client whose worker answers: started where there was none. Raises LlmosError."""
        client = cls(paths, memory=memory)
        client.hello()
        return client

    @classmethod
    def running(cls, paths: Paths) -> Client | None:
        """A client of the worker that is there, None where there is none."""
        client = cls(paths)
        found = starting.connect(client._at)
        if found is None:
            return None
        found.close()
        return client

    def hello(self) -> Json:
        """What the worker is: `pid`, `build`, `memory`, `machine`."""
        return self.ask("GET", "/hello")

    def ps(self) -> list[Json]:
        """The models in memory: model, bytes, context, writing, waiting, seconds_left."""
        models: list[Json] = self.ask("GET", "/ps")["models"]
        return models

    def stop(self, model: Path | None = None) -> list[str]:
        """Let go of a model, or of all, and the worker ends; which models they were."""
        stopped: list[str] = self.ask("POST", "/stop", {"model": str(model)} if model else {})["stopped"]
        return stopped

    def load(self, model: Path, **options: Any) -> Json:
        """Have a model in memory before it is needed; what `ps` says of it."""
        return self.ask("POST", "/load", {**options, "model": str(model)})

    def chat(self, model: Path, messages: Sequence[Message], **options: Any) -> Answer:
        """An answer to a conversation. `options` are OpenAI's, and the page docs/engine.md's. Raises LlmosError."""
        whole = self.ask("POST", "/v1/chat/completions", {**options, "model": str(model), "messages": list(messages)})
        choice = whole["choices"][0]
        message = choice["message"]
        calls = _calls(message)
        thought = message.get("reasoning_content", "")
        return Answer(message["content"], thought, calls, choice["finish_reason"], whole["usage"], whole["llmos"])

    def stream(self, model: Path, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        """As `chat`, part by part. Closed before its end, it has the worker stop. Raises LlmosError."""
        for chunk in self.events("/v1/chat/completions", {**options, "model": str(model), "messages": list(messages)}):
            choice = chunk["choices"][0]
            delta = choice["delta"]
            made = Delta(
                delta.get("content", ""), delta.get("reasoning_content", ""), _calls(delta), choice["finish_reason"] or "",
                chunk.get("usage", {}), chunk.get("llmos", {}),
            )  # fmt: skip
            if made != Delta():
                yield made

    def complete(self, model: Path, prompt: str, **options: Any) -> Answer:
        """A plain continuation of a text. Raises LlmosError."""
        whole = self.ask("POST", "/v1/completions", {**options, "model": str(model), "prompt": prompt})
        choice = whole["choices"][0]
        return Answer(choice["text"], "", (), choice["finish_reason"], whole["usage"], whole["llmos"])

    def embed(self, model: Path, texts: Sequence[str], **options: Any) -> list[list[float]]:
        """A vector of length 1 for each text. Raises LlmosError."""
        whole = self.ask("POST", "/v1/embeddings", {**options, "model": str(model), "input": list(texts)})
        return [each["embedding"] for each in whole["data"]]

    # ---- HTTP ----

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request, one answer. Raises LlmosError."""
        with self._sent(method, path, body) as connection, connection.makefile("rb") as stream:
            try:
                headers = _headers(stream)
                answer: Json = json.loads(stream.read(int(headers["content-length"])))
            except (OSError, ValueError, KeyError) as error:
                raise self._died() from error
        if "error" in answer:
            raise _error(answer["error"])
        return answer

    def events(self, path: str, body: Json) -> Iterator[Json]:
        """The chunks of a streamed answer, as OpenAI has them. Raises LlmosError."""
        with self._sent("POST", path, {**body, "stream": True}) as connection, connection.makefile("rb") as stream:
            try:
                headers = _headers(stream)
                if "content-length" in headers:
                    raise _error(json.loads(stream.read(int(headers["content-length"])))["error"])
                for line in stream:
                    if not line.startswith(b"data: "):
                        continue
                    if line.startswith(b"data: [DONE]"):
                        return
                    chunk: Json = json.loads(line[6:])
                    if "error" in chunk:
                        raise _error(chunk["error"])
                    yield chunk
            except (OSError, ValueError, KeyError) as error:
                raise self._died() from error
        raise self._died()

    def _sent(self, method: str, path: str, body: Json | None) -> socket.socket:
        """A connection on which the request has been sent; the worker is started where there is none."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: llmos\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        connection = starting.connect(self._at) or starting.start(self._at, self._paths, self._memory)
        try:
            connection.settimeout(None)
            connection.sendall(head.encode() + data)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise self._died() from error
            raise
        return connection

    def _died(self) -> LlmosError:
        return LlmosError(f"the process that runs models ended in the middle of this: {starting.reason(self._at)}", hint="try again")


def _headers(stream: BinaryIO) -> dict[str, str]:
    """Raises ValueError where there is no answer."""
    if not stream.readline().startswith(b"HTTP/1."):
        raise ValueError("no answer")
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _calls(message: Mapping[str, Any]) -> tuple[Call, ...]:
    return tuple(Call(each["function"]["name"], each["function"]["arguments"], each["id"]) for each in message.get("tool_calls", ()))


def _error(found: Mapping[str, Any]) -> LlmosError:
    """The error that the worker has raised, of its own class."""
    kind = getattr(errors, str(found.get("type")), LlmosError)
    if not (isinstance(kind, type) and issubclass(kind, LlmosError)):
        kind = LlmosError
    made: LlmosError = kind(str(found.get("message", "the worker failed")), hint=str(found.get("hint", "")))
    return made
