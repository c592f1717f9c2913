"""HTTP to one server: connections, proxies, redirects, retries, and a sentence for each way in which they fail.

What is held to: the key goes to the server's own host alone, and in the clear to this machine only, save where the person has said
`insecure`; redirects lead to the same host, never from https to http; what a server says is cleaned before it is said on.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from llmos_cli import __version__
from llmos_cli.engine.keys import Key, key_of
from llmos_cli.errors import LlmosError
from llmos_cli.servers import Server, is_loopback

CONNECT_SECONDS, SILENT_SECONDS, WAIT_SECONDS = 10.0, 300.0, 30.0  # to connect; without a byte; for a server that asks to wait
MOST_REDIRECTS, MOST_BODY, MOST_LINE, MOST_SAID = 5, 64 << 20, 16 << 20, 300
REDIRECTS, BUSY = (301, 302, 307, 308), (429, 503)
PORTS = {"http": 80, "https": 443}


class Declined(LlmosError):
    """The server answers, and says no: `status`, what it `said`, its own `code` for that, and the seconds it asks us to `wait`."""

    def __init__(self, message: str, *, hint: str = "", status: int = 0, said: str = "", code: str = "", wait: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.status, self.said, self.code, self.wait = status, said, code, wait


@dataclass
class Reply:
    """A 200 and what comes of it, until `until` (time.monotonic). Closing it cancels the work there."""

    web: Web
    connection: http.client.HTTPConnection
    response: http.client.HTTPResponse
    until: float
    silent: float = SILENT_SECONDS

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    @property
    def streams(self) -> bool:
        return (self.response.headers.get("Content-Type") or "").lower().startswith("text/event-stream")

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    def lines(self) -> Iterator[bytes]:
        """As they come. Raises LlmosError where the connection fails, TimeoutError where `until` has come."""
        while line := self._read(lambda: self.response.readline(MOST_LINE)):
            if len(line) == MOST_LINE:
                raise LlmosError(f"{self.web.name} sends lines that are too long")
            yield line

    def json(self) -> Any:
        """Raises LlmosError for what is not JSON."""
        parts, size = [], 0
        try:
            while part := self._read(lambda: self.response.read1(1 << 16)):
                parts.append(part)
                if (size := size + len(part)) > MOST_BODY:
                    raise LlmosError(f"{self.web.name} answers with more than {MOST_BODY >> 20} MB")
        except TimeoutError:
            raise self.web.late() from None
        raw = b"".join(parts)
        expected = self.response.headers.get("Content-Length") or ""
        if expected.isdigit() and size < int(expected):
            raise self.web.cut()
        return self.web.parsed(raw)

    def _read(self, read: Callable[[], bytes]) -> bytes:
        left = self.left
        if left <= 0:
            raise TimeoutError
        if (sock := self.connection.sock or getattr(getattr(self.response.fp, "raw", None), "_sock", None)) is not None:
            sock.settimeout(min(left, self.silent))
        try:
            return read()
        except TimeoutError:
            if self.left <= 0:
                raise
            raise self.web.late(self.silent) from None
        except http.client.IncompleteRead:
            raise self.web.cut() from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.web.explained(error) from None


class Web:
    """Thread-safe: each request has a connection of its own. `pause` waits between two tries."""

    def __init__(self, server: Server, env: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self.server, self._env, self._pause = server, env, pause
        self.name = f"{server.name} ({server.url})"
        self.root = server.url.removesuffix("/v1")
        self._key: Key | None = None

    @property
    def key(self) -> Key:
        """Raises LlmosError where it is not found, or would go over the network in the clear."""
        if self._key is None:
            self._key = key_of(self.server, self._env)
        if self._key and self.server.url.startswith("http:") and not self.server.here and not self.server.insecure:
            raise LlmosError(
                f"the key for {self.server.name} would go to {self.server.host} without encryption, so nothing was sent",
                hint=f"an address with https://, or insecure = true under [{self.server.name}] in servers.toml",
            )
        return self._key

    def ask(self, method: str, url: str, body: Any = None, *, seconds: float) -> Any:
        """The JSON that is answered to one request; `url` is below the server's where it begins with `/`. Raises LlmosError."""
        with self.open(method, url, body, seconds=seconds) as reply:
            return reply.json()

    @contextmanager
    def open(self, method: str, url: str, body: Any = None, *, seconds: float) -> Iterator[Reply]:
        """A reply, closed at the end. Raises Declined for what is no 200, LlmosError for all else."""
        until = time.monotonic() + seconds
        reply = self._tried(method, self.server.url + url if url.startswith("/") else url, body, until)
        try:
            yield reply
        finally:
            reply.close()

    def _tried(self, method: str, url: str, body: Any, until: float) -> Reply:
        """Again where the server is busy, for as long as it asks and at most WAIT_SECONDS in all."""
        waited = 0.0
        for attempt in itertools.count():
            reply = self._followed(method, url, body, until)
            if 200 <= reply.response.status < 300:
                return reply
            try:
                error = self._declined(reply)
            finally:
                reply.close()
            wait = error.wait or 0.5 * 2**attempt
            if error.status not in BUSY or waited + wait > WAIT_SECONDS or time.monotonic() + wait > until:
                raise error
            waited += wait
            self._pause(wait)
        raise AssertionError

    def _followed(self, method: str, url: str, body: Any, until: float) -> Reply:
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._sent(method, url, body, until)
            if reply.response.status not in REDIRECTS:
                return reply
            reply.close()
            url = self._next(url, reply.response.headers.get("Location") or "")
        raise LlmosError(f"{self.name} redirects in circles", hint=self._again)

    def _next(self, url: str, location: str) -> str:
        """Where a redirect leads, on the same host. Raises LlmosError for another: neither key nor text goes there."""
        try:
            there = urlsplit(urljoin(url, location)) if location.isascii() and location.isprintable() else None
            to = (there.scheme, there.hostname, there.port or PORTS.get(there.scheme)) if there and location else None
        except ValueError:
            to = there = None
        here = urlsplit(url)
        same = [(here.scheme, here.hostname, here.port or PORTS[here.scheme])]
        if same[0][0] == "http" and same[0][2] == 80:
            same.append(("https", here.hostname, 443))
        if to is None or there is None or to not in same or "@" in there.netloc:
            host = there.netloc.rpartition("@")[2][:80] if there and there.netloc else "what is no address"
            raise LlmosError(f"{self.name} redirects to {host}; nothing was sent there", hint=self._again)
        return there.geturl()

    def _sent(self, method: str, url: str, body: Any, until: float) -> Reply:
        key = self.key
        connection, target, more = self._connection(url)
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json, text/event-stream", "User-Agent": f"llmos/{__version__}", **key.header, **more}
        headers |= {"Accept-Encoding": "identity", "Connection": "close", **({"Content-Type": "application/json"} if data else {})}
        left = until - time.monotonic()
        try:
            connection.timeout = max(0.01, min(CONNECT_SECONDS, left))
            connection.connect()
            if connection.sock is not None:
                connection.sock.settimeout(max(0.01, min(SILENT_SECONDS, until - time.monotonic())))
            connection.request(method, target, data, headers)
            return Reply(self, connection, connection.getresponse(), until)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | http.client.HTTPException | ValueError):
                raise self.explained(error) from None
            raise

    def _connection(self, url: str) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
        """(connection, what is asked for on it, headers for a proxy). This machine is never asked through a proxy."""
        from urllib.request import getproxies, proxy_bypass

        split = urlsplit(url)
        host, port = split.hostname or "", split.port or PORTS[split.scheme]
        path = (split.path or "/") + (f"?{split.query}" if split.query else "")
        proxies = {} if is_loopback(host) or proxy_bypass(host) else getproxies()
        proxy = proxies.get(split.scheme) or proxies.get("all")
        tls = split.scheme == "https"
        if not proxy:
            return self._made(tls, host, port), path, {}
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if through.scheme != "http" or not through.hostname:
            raise LlmosError(
                f"only http:// proxies can be used, and {through.scheme}:// is set", hint="unset ALL_PROXY; export HTTPS_PROXY=…"
            )
        headers = _proxy_login(through.username, through.password)
        connection = self._made(tls, through.hostname, through.port or 80)
        if not tls:
            return connection, url, headers
        connection.set_tunnel(host, port, headers)
        return connection, path, {}

    def _made(self, tls: bool, host: str, port: int) -> http.client.HTTPConnection:
        return (
            http.client.HTTPSConnection(host, port, context=ssl.create_default_context()) if tls else http.client.HTTPConnection(host, port)
        )

    # ---- what goes wrong ---------------------------------------------------------------------------------

    @property
    def _again(self) -> str:
        return f"llmos models server test {self.server.name}"

    def cleaned(self, text: object) -> str:
        """What a server says, in one line, without the key."""
        line = str(text)[: 1 << 16]
        line = self._key.without(line) if self._key else line
        line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
        return line if len(line) <= MOST_SAID else line[: MOST_SAID - 1] + "…"

    def parsed(self, raw: bytes) -> Any:
        """Raises LlmosError for what is not JSON."""
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            if raw.lstrip()[:1] == b"<":
                raise LlmosError(
                    f"{self.name} answers with a web page, so it is no address of OpenAI's API", hint="such addresses often end in /v1"
                ) from None
            said = self.cleaned(raw[: 1 << 16].decode(errors="replace"))[:100]
            raise LlmosError(f"{self.name} answers with what is not JSON: {said!r}", hint=self._again) from None

    def cut(self) -> LlmosError:
        return LlmosError(f"{self.name} ended in the middle of its answer", hint="try again")

    def late(self, seconds: float = 0.0) -> LlmosError:
        said = f"has sent nothing for {seconds:.0f} seconds" if seconds else "has not answered in time"
        return LlmosError(f"{self.name} {said}", hint=self._again)

    def explained(self, error: Exception) -> LlmosError:
        """What went wrong with a connection, as a sentence."""
        said = self.cleaned(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        if isinstance(error, socket.gaierror):
            return LlmosError(f"{self.server.host} cannot be found", hint="is the name right, and is there a network?")
        if isinstance(error, ConnectionRefusedError):
            return LlmosError(f"nothing answers at {self.server.url}", hint=f"is {self.server.name} running there?")
        if isinstance(error, TimeoutError):
            return self.late()
        if isinstance(error, ssl.SSLCertVerificationError):
            why = self.cleaned(error.verify_message)
            return LlmosError(f"{self.name} cannot be trusted: {why}", hint="SSL_CERT_FILE names a file of certificates to trust")
        if isinstance(error, ssl.SSLError):
            return LlmosError(f"{self.name} speaks no TLS that is understood: {said}", hint="is it an address with http://?")
        if isinstance(error, http.client.BadStatusLine | ConnectionResetError):
            return LlmosError(f"{self.name} broke the connection before it answered", hint=self._again)
        return LlmosError(f"the connection to {self.name} failed: {said}", hint="HTTPS_PROXY and HTTP_PROXY count, if they are set")

    def _declined(self, reply: Reply) -> Declined:
        status, headers = reply.response.status, reply.response.headers
        try:
            raw = reply.response.read(1 << 16)
        except (OSError, http.client.HTTPException, ValueError):
            raw = b""
        said, code = _reason(raw)
        said = self.cleaned(said)
        because = f": {said}" if said else ""
        message, hint = f"{self.name} declines ({status}){because}", self._again
        if status in (401, 403):
            message = f"{self.name} {'does not take the key' if self.key else 'wants a key'} ({status}){because}"
            hint = f"the key was looked for in {self.key.where}"
            if not self.key:
                hint = f"llmos models server add {self.server.name} {self.server.url} --key-from VARIABLE"
        elif status == 404:
            message, hint = f"{self.name} has nothing there (404){because}", "such addresses often end in /v1"
        elif status == 429:
            message, hint = f"{self.name} is asked too often, or has too much to do ({status}){because}", "try again in a while"
        elif status >= 500:
            message, hint = (
                f"{self.name} {'is not ready' if status == 503 else 'has a fault of its own'} ({status}){because}",
                "try again in a while",
            )
        elif status >= 300 and status < 400:
            message = f"{self.name} redirects in a way that is not followed ({status})"
        return Declined(message, hint=hint, status=status, said=said, code=code, wait=_after(headers.get("Retry-After") or ""))


def _reason(raw: bytes) -> tuple[str, str]:
    """(what a refusal says, its code), '' where it says none that is worth saying on."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        text = raw.decode(errors="replace").strip()
        return ("" if text.startswith("<") else text), ""
    found = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(found, dict):
        said = found.get("message") or found.get("detail") or found.get("error") or ""
        return (said if isinstance(said, str) else json.dumps(said)), str(found.get("code") or found.get("type") or "")
    return (found if isinstance(found, str) else ""), ""


def _after(text: str) -> float:
    """Seconds, of a Retry-After in seconds or as a date; 0 where it says nothing."""
    try:
        return min(max(0.0, float(text)), 86400.0)
    except ValueError:
        from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _proxy_login(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    import base64

    login = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login).decode()}"}
