"""A Hub on the loopback: one server that answers as huggingface.co does, one for the bytes, and faults to choose from."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Repo:
    files: dict[str, bytes]
    commit: str = "a" * 40
    licence: str = "apache-2.0"
    needs: str = ""  # a token


@dataclass
class Faults:
    """What goes wrong. Counts go down with each time; -1 is always."""

    cut: int = 0  # times that the connection ends after `cut_at` bytes
    cut_at: int = 0
    wrong_bytes: bool = False
    extra: bytes = b""  # at the end
    declare: int | None = None  # Content-Length of the bytes, in place of the right one
    no_ranges: bool = False
    lying_ranges: bool = False  # 206 with another start
    sha: str | None = None  # X-Linked-Etag
    listed_sha: str | None = None
    size: int | None = None  # X-Linked-Size
    listed_size: int | None = None
    no_blobs: bool = False  # the list has names only
    no_tags: bool = False
    ignores_if_range: bool = False
    new_tag_after: int = -1  # answers with bytes, after which the tag is another
    location: str | None = None  # of the redirect to the bytes
    circles: bool = False
    status: int = 0  # of everything, `times` times
    code: str = ""  # X-Error-Code
    retry_after: str = ""
    times: int = -1
    stall_at: int = -1  # bytes after which nothing more comes
    names: dict[str, str] = field(default_factory=dict)  # a file's name → what the list calls it
    slow: float = 0.0  # seconds between two pieces of 16 KiB
    chunked: bool = False
    packed: bool = False
    commit_said: str = ""
    api: bytes | None = None  # the list, whole
    garbage: bool = False  # no HTTP at all


@dataclass(frozen=True)
class Asked:
    """A request that came; `sent` are bytes of a body."""

    server: str
    method: str
    path: str
    range: str
    if_range: str
    authorization: str
    sent: list[int]


@dataclass
class HubServer:
    repos: dict[str, Repo] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    log: list[Asked] = field(default_factory=list)
    api: str = ""
    cdn: str = ""
    served: int = 0

    def bytes_asked(self) -> list[Asked]:
        return [asked for asked in self.log if asked.server == "cdn"]

    @property
    def sent(self) -> int:
        """Bytes of files that went out."""
        return sum(sum(asked.sent) for asked in self.bytes_asked())


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def serving(**repos: Repo) -> Iterator[HubServer]:
    """Both servers, stopped at the end. Repositories are given as owner__name."""
    hub = HubServer({name.replace("__", "/"): repo for name, repo in repos.items()})
    servers = []
    for name in ("api", "cdn"):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type(name, (_Handler,), {"hub": hub, "name": name}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        setattr(hub, name, f"http://127.0.0.1:{server.server_address[1]}")
        servers.append(server)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    name: str
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        get = self.headers.get
        path = unquote(urlsplit(self.path).path)
        self.asked = Asked(self.name, self.command, self.path, get("Range") or "", get("If-Range") or "", get("Authorization") or "", [])
        self.hub.log.append(self.asked)
        faults = self.hub.faults
        self.close_connection = True
        try:
            if faults.garbage:
                self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
            elif faults.status and faults.times:
                faults.times -= 1
                self._say(faults.status, {"X-Error-Code": faults.code, "Retry-After": faults.retry_after})
            elif self.name == "cdn":
                self._bytes(path)
            elif path.startswith("/api/models"):
                self._list(path)
            else:
                self._resolve(path)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            if value:
                self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _list(self, path: str) -> None:
        faults = self.hub.faults
        if path == "/api/models":
            words = parse_qs(urlsplit(self.path).query)["search"][0].lower()
            found = [
                {
                    "id": name,
                    "downloads": 7,
                    "likes": 1,
                    "tags": ["gguf", f"license:{repo.licence}"],
                    "lastModified": "2026-11-01T00:00:00Z",
                }
                for name, repo in self.hub.repos.items()
                if words in name.lower()
            ]
            self._say(200, {"Content-Type": "application/json"}, json.dumps(found).encode())
            return
        name, _, _revision = path.removeprefix("/api/models/").partition("/revision/")
        repo = self.hub.repos.get(name)
        if repo is None or not self._may(repo):
            self._say(404 if repo is None else 401, {"X-Error-Code": "RepoNotFound"})
            return
        siblings = []
        for file, data in repo.files.items():
            item: dict[str, object] = {"rfilename": faults.names.get(file, file)}
            if not faults.no_blobs:
                listed_sha = sha(data) if faults.listed_sha is None else faults.listed_sha
                item |= {
                    "size": len(data) if faults.listed_size is None else faults.listed_size,
                    "lfs": {"sha256": listed_sha, "size": len(data)},
                }
            siblings.append(item)
        body = {"id": name, "sha": repo.commit, "siblings": siblings, "cardData": {"license": repo.licence}}
        self._say(200, {"Content-Type": "application/json"}, json.dumps(body).encode() if faults.api is None else faults.api)

    def _may(self, repo: Repo) -> bool:
        return not repo.needs or self.headers.get("Authorization") == f"Bearer {repo.needs}"

    def _resolve(self, path: str) -> None:
        faults = self.hub.faults
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        repo = self.hub.repos.get(match[1]) if match else None
        if match is None or repo is None:
            self._say(404, {"X-Error-Code": "RepoNotFound"})
            return
        names = {faults.names.get(file, file): file for file in repo.files}
        if match[3] not in names or not self._may(repo):
            self._say(404 if match[3] not in names else 401, {"X-Error-Code": "EntryNotFound"})
            return
        data = repo.files[names[match[3]]]
        tag = sha(data) if faults.sha is None else faults.sha
        here = f"{self.hub.cdn}/{match[1]}/{match[2]}/{names[match[3]]}?signed=1"
        headers = {
            "X-Linked-Size": str(len(data) if faults.size is None else faults.size),
            "X-Linked-Etag": f'"{tag}"' if tag else "",
            "X-Repo-Commit": faults.commit_said or repo.commit,
            "Location": self.path if faults.circles else here if faults.location is None else faults.location,
        }
        self._say(302, headers)

    # ---- the bytes -----------------------------------------------------------------------------------------

    def _bytes(self, path: str) -> None:
        faults, hub = self.hub.faults, self.hub
        owner, name, _commit, file = path.lstrip("/").split("/", 3)
        data = hub.repos[f"{owner}/{name}"].files[file]
        if faults.wrong_bytes:
            data = data[:-9] + bytes(255 - byte for byte in data[-9:])
        data += faults.extra
        hub.served += 1
        salt = b"new" if -1 < faults.new_tag_after < hub.served else b""
        tag = "" if faults.no_tags else f'"{hashlib.md5(data + salt).hexdigest()}"'
        start, status = self._start(tag, len(data)), 200
        if start is None:
            self._say(416, {"Content-Range": f"bytes */{len(data)}"})
            return
        ranged = bool(self.asked.range) and start >= 0
        start = max(start, 0)
        self.send_response(206 if ranged else status)
        if ranged:
            said = start + 5 if faults.lying_ranges else start
            self.send_header("Content-Range", f"bytes {said}-{len(data) - 1}/{len(data)}")
        if tag:
            self.send_header("ETag", tag)
        if faults.packed:
            self.send_header("Content-Encoding", "gzip")
        if faults.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif faults.declare != -1:
            self.send_header("Content-Length", str(len(data) - start if faults.declare is None else faults.declare - start))
        self.end_headers()
        self._send(data, start)

    def _start(self, tag: str, size: int) -> int | None:
        """Where to begin; -1 for a whole answer, None for a range that there is not."""
        faults = self.hub.faults
        wanted = re.fullmatch(r"bytes=(\d+)-", self.asked.range)
        if wanted is None or faults.no_ranges:
            return -1
        if self.asked.if_range and self.asked.if_range != tag and not faults.ignores_if_range:
            return -1
        return int(wanted[1]) if int(wanted[1]) < size else None

    def _send(self, data: bytes, at: int) -> None:
        faults = self.hub.faults
        while at < len(data):
            end = min(at + 16384, len(data))
            if faults.stall_at >= 0 and at >= faults.stall_at:
                time.sleep(20)
                return
            if faults.cut and end >= faults.cut_at:
                end = max(faults.cut_at, at)
            piece = data[at:end]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if faults.chunked else piece)
            self.wfile.flush()
            self.asked.sent.append(len(piece))
            at = end
            if faults.cut and at >= faults.cut_at:
                faults.cut -= 1
                return
            time.sleep(faults.slow)
        if faults.chunked:
            self.wfile.write(b"0\r\n\r\n")
