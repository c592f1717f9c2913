"""HTTP over a Unix socket, as little of it as our client and OpenAI's need: one request after the other on a connection.

    GET  /hello                   what this worker is
    GET  /ps                      the models in memory
    POST /stop                    {"model": path}, or {} for the worker itself
    POST /load                    {"model": path, "adapters": [{"path": …, "scale": …}]}
    POST /v1/chat/completions     POST /v1/completions     POST /v1/embeddings     GET /v1/models

A streamed answer is `text/event-stream`, ends with `data: [DONE]`, and closes the connection.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llmos_cli.engine import options
from llmos_cli.engine.api import Api, Chunk, as_error, collected, said
from llmos_cli.engine.options import Body
from llmos_cli.engine.pool import Pool
from llmos_cli.errors import Bug, LlmosError, NotFound, UsageError

MOST_CONNECTIONS = 128
MOST_BODY = 64 << 20
MOST_LINE, MOST_HEADERS = 8192, 64
IDLE_SECONDS = 60.0  # that a connection may say nothing
STATUS = {UsageError: "400 Bad Request", NotFound: "404 Not Found"}
FAILED = "500 Internal Server Error"


class _Gone(Exception):
    """Nobody is at the other end of the connection any more."""


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    body: Body
    keep: bool  # the connection stays open after the answer


class Server:
    """`about` is what /hello says; `leave` is called when /stop asks the worker itself to end."""

    def __init__(self, listener: socket.socket, pool: Pool, about: Chunk, leave: Callable[[], None]) -> None:
        self._listener, self._pool, self._api = listener, pool, Api(pool)
        self._about, self._leave = about, leave
        self._lock = threading.Lock()
        self._open = 0
        self._woken, self._wake = os.pipe()
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        listener.setblocking(False)

    @property
    def busy(self) -> bool:
        """Is any connection open?"""
        with self._lock:
            return self._open > 0

    def wake(self) -> None:
        """Have `accept` return. From any thread, or a signal handler."""
        os.write(self._wake, b"x")

    def accept(self, seconds: float) -> bool:
        """Wait for a connection, for at most so long, and begin to answer it in a thread; False where none came."""
        if any(found == self._woken for found, _ in self._poll.poll(seconds * 1000)):
            os.read(self._woken, 64)
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        with self._lock:
            full = self._open >= MOST_CONNECTIONS
            self._open += not full
        if full:
            with contextlib.suppress(OSError), connection:
                _send(connection, "503 Service Unavailable", as_error(LlmosError("too many requests at once", hint="try again")))
            return True
        threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
        return True

    def _answer(self, connection: socket.socket) -> None:
        """All requests of a connection."""
        try:
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(IDLE_SECONDS)
                client = _peer(connection)
                while (request := self._read(connection, stream)) is not None:
                    self._one(connection, request, client)
                    if not request.keep:
                        return
        except (_Gone, OSError):
            pass  # whoever asked has left
        finally:
            with self._lock:
                self._open -= 1

    def _read(self, connection: socket.socket, stream: BinaryIO) -> _Request | None:
        """The next request, None at the end. What is no request is answered here, and ends the connection."""
        try:
            return _request(stream)
        except LlmosError as error:
            _send(connection, _status(error), as_error(error))
            return None

    def _one(self, connection: socket.socket, request: _Request, client: str) -> None:
        try:
            chunks = self._chunks(request, client)
            first = next(chunks)
            if request.body.get("stream") is True and request.path in ("/v1/chat/completions", "/v1/completions"):
                _stream(connection, first, chunks)
            else:
                _send(connection, "200 OK", _last(connection, first, chunks))
        except LlmosError as error:
            _send(connection, _status(error), as_error(error))
        except (_Gone, OSError):
            raise
        except Exception as error:  # the worker must live, and the caller must hear of it
            traceback.print_exc(file=sys.stderr)
            _send(connection, FAILED, as_error(Bug(f"the worker failed: {type(error).__name__}: {error}")))

    def _chunks(self, request: _Request, client: str) -> Iterator[Chunk | None]:
        """What is answered: one object, or many where it is streamed; None where there is nothing new."""
        body, api = request.body, self._api
        if (request.method, request.path) == ("POST", "/v1/chat/completions"):
            chunks = api.chat(body, client)
            return chunks if body.get("stream") is True else collected(chunks)
        if (request.method, request.path) == ("POST", "/v1/completions"):
            chunks = api.complete(body, client)
            return chunks if body.get("stream") is True else collected(chunks)
        answers: dict[tuple[str, str], Callable[[], Chunk]] = {
            ("POST", "/v1/embeddings"): lambda: api.embed(body),
            ("POST", "/load"): lambda: api.load(body),
            ("POST", "/stop"): lambda: self._stop(body),
            ("GET", "/hello"): lambda: self._about,
            ("GET", "/ps"): lambda: {**self._about, "models": self._pool.about()},
            ("GET", "/v1/models"): self._models,
        }
        answer = answers.get((request.method, request.path))
        if answer is None:
            raise NotFound(f"there is no {request.method} {request.path}")
        return iter([answer()])

    def _stop(self, body: Body) -> Chunk:
        model = options.text(body, "model")
        stopped = self._pool.stop(Path(model) if model else None)
        if not model:
            self._leave()
        return {"stopped": stopped}

    def _models(self) -> Chunk:
        models = [{"id": each["model"], "object": "model", "owned_by": "llmos"} for each in self._pool.about()]
        return {"object": "list", "data": models}


# ---- reading -------------------------------------------------------------------------------------------


def _request(stream: BinaryIO) -> _Request | None:
    """Raises UsageError for what is no request, OSError where none comes."""
    line = _line(stream)
    if not line:
        return None
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise UsageError("that is no HTTP request")
    headers: dict[str, str] = {}
    while line := _line(stream):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
        if len(headers) > MOST_HEADERS:
            raise UsageError("the request has too many headers")
    size = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not size.isdecimal() or int(size) > MOST_BODY:
        raise UsageError(f"a request's length must be said, and be at most {MOST_BODY} bytes")
    raw = stream.read(int(size))
    if len(raw) < int(size):
        raise _Gone
    keep = parts[2] == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return _Request(parts[0], parts[1].partition("?")[0], _body(raw), keep)


def _line(stream: BinaryIO) -> str:
    raw = stream.readline(MOST_LINE)
    if raw and not raw.endswith(b"\n"):
        raise UsageError("the request has too long a line")
    return raw.decode("latin-1").rstrip("\r\n")


def _body(raw: bytes) -> Body:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the request's body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise UsageError("the request's body should be an object")
    return body


def _peer(connection: socket.socket) -> str:
    """The process at the other end, as far as the system says: requests of one are answered in turns with those of others."""
    if not hasattr(socket, "SO_PEERCRED"):
        return str(id(connection))
    pid, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if user not in (os.getuid(), 0):
        raise _Gone
    return str(pid)


# ---- answering -----------------------------------------------------------------------------------------


def _status(error: LlmosError) -> str:
    return STATUS.get(type(error), FAILED)


def _send(connection: socket.socket, status: str, answer: Chunk) -> None:
    data = said(answer).encode(errors="replace")
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    connection.sendall(head.encode() + data)


def _last(connection: socket.socket, first: Chunk | None, chunks: Iterator[Chunk | None]) -> Chunk:
    """The one object that comes. Raises _Gone when nobody waits for it any more."""
    answer = first
    while answer is None:
        if _left(connection):
            raise _Gone
        answer = next(chunks)
    return answer


def _stream(connection: socket.socket, first: Chunk | None, chunks: Iterator[Chunk | None]) -> None:
    """Raises _Gone or OSError when nobody reads any more."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")
    chunk = first
    try:
        while True:
            if chunk is not None:
                connection.sendall(f"data: {said(chunk)}\n\n".encode(errors="replace"))
            elif _left(connection):
                raise _Gone
            chunk = next(chunks)
    except StopIteration:
        pass
    except LlmosError as error:
        connection.sendall(f"data: {said(as_error(error))}\n\n".encode(errors="replace"))
    connection.sendall(b"data: [DONE]\n\n")
    raise _Gone  # the end of the connection is the end of the stream


def _left(connection: socket.socket) -> bool:
    """Has the other end closed the connection?"""
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLHUP)
    try:
        return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
