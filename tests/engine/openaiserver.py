"""A server on the loopback that speaks OpenAI's API as it is told to, oddities and failures too."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

END = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Reply:
    """`pieces` are written as they are, with `pause` seconds between two; a chunked reply says where it ends, unless it is `cut`."""

    pieces: Sequence[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    chunked: bool = True
    cut: bool = False
    hang: float = 0.0  # seconds that the connection stays open after the last piece


Answer = Callable[[Asked], Reply] | Reply


def event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def chunk(delta: Mapping[str, Any], ended: str | None = None, **more: Any) -> bytes:
    return event({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": ended}], **more})


def said(*texts: str, usage: bool = True, done: bool = True) -> Reply:
    """A streamed answer in these pieces."""
    use = [event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": len(texts)}})] if usage else []
    return stream(*(chunk({"content": text}) for text in texts), chunk({}, "stop"), *use, *([END] if done else []))


def stream(*pieces: bytes, **more: Any) -> Reply:
    return Reply(pieces, headers={"Content-Type": "text/event-stream"}, **more)


def plain(data: Any, status: int = 200, **headers: str) -> Reply:
    return Reply([json.dumps(data).encode()], status, {"Content-Type": "application/json", **headers})


def refusal(status: int, message: str, code: str = "", **headers: str) -> Reply:
    return plain({"error": {"message": message, "code": code, "type": "invalid_request_error"}}, status, **headers)


def listing(*names: str, **more: Any) -> Reply:
    return plain({"object": "list", "data": [{"id": name, "object": "model", **more} for name in names]})


@dataclass
class OpenAI:
    """`answers` by path, each a reply or a list of them, the last of which stays; `log` is what came."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)
    url: str = ""
    gone: threading.Event = field(default_factory=threading.Event)  # somebody left in the middle of an answer

    def on(self, path: str, *answers: Answer) -> None:
        self.answers[path] = [*answers]

    def chat(self, *answers: Answer) -> None:
        self.on("/v1/chat/completions", *answers)

    def asked(self, path: str = "/v1/chat/completions") -> list[Any]:
        return [each.body for each in self.log if each.path == path]

    def next(self, asked: Asked) -> Reply:
        self.log.append(asked)
        waiting = self.answers.get(asked.path)
        if not waiting:
            return refusal(404, f"no route {asked.path}")
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answer(asked) if callable(answer) else answer


@contextmanager
def serving() -> Iterator[OpenAI]:
    """A server that is stopped at the end."""
    made = OpenAI()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = made.next(Asked(self.command, self.path, dict(self.headers), json.loads(raw) if raw else None))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Connection", "close")
            if reply.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._write(reply)
            except OSError:
                made.gone.set()
            self.close_connection = True

        def _write(self, reply: Reply) -> None:
            for piece in reply.pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if reply.chunked else piece)
                self.wfile.flush()
                time.sleep(reply.pause)
            if reply.chunked and not reply.cut:
                self.wfile.write(b"0\r\n\r\n")
            time.sleep(reply.hang)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
