"""The Hub's protocol, as much of it as finding and pulling a model needs.

HF_ENDPOINT, HF_TOKEN (and a login of huggingface_hub's), HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT and the usual variables for proxies count.
huggingface_hub itself keeps no partial file for another process and checks sizes only, so the bytes go through here. What is held to:
redirects lead to http or https only, never from https to http, and the token goes to the endpoint's own origin alone, never in the clear.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
import urllib.error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from llmos_cli import __version__
from llmos_cli.errors import LlmosError, NotFound

PUBLIC = "https://huggingface.co"
SECONDS = 20.0  # without a byte, after which a server counts as stalled
MOST_REDIRECTS, MOST_JSON, MOST_SIZE = 5, 32 << 20, 1 << 42
TRIES = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Trouble(LlmosError):
    """The connection or the server failed in a way that may pass: worth another try. `wait` is what the server asks for, in seconds."""

    wait = 0.0


@dataclass(frozen=True)
class Remote:
    """A file of a repository; size 0 and sha256 '' where the list does not say."""

    path: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Repository:
    name: str
    commit: str
    files: tuple[Remote, ...]
    licence: str = ""

    def file(self, path: str) -> Remote:
        return next(file for file in self.files if file.path == path)


@dataclass(frozen=True)
class Offer:
    """A repository that a search found."""

    name: str
    downloads: int
    likes: int
    licence: str
    changed: str
    gated: bool


class Hub:
    """Raises LlmosError, with a sentence for each way in which a server can fail."""

    def __init__(self, env: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._env, self.pause = env, pause
        self.endpoint = (env.get("HF_ENDPOINT") or PUBLIC).rstrip("/")
        if urlsplit(self.endpoint).scheme not in ("http", "https") or not urlsplit(self.endpoint).hostname:
            raise LlmosError(f"HF_ENDPOINT is {self.endpoint!r}, which is no web address", hint=f"HF_ENDPOINT={PUBLIC}")
        self.seconds = _seconds(env.get("HF_HUB_DOWNLOAD_TIMEOUT", ""))
        self._opener: Any = None
        self._said_token: str | None = None

    # ---- questions ---------------------------------------------------------------------------------------

    def repository(self, name: str, revision: str = "") -> Repository:
        """Its files and the commit that `revision` (a branch, tag or commit; '' is the main branch) stands for now."""
        at = f"/revision/{quote(revision, safe='')}" if revision else ""
        data = self._json(f"{self.endpoint}/api/models/{name}{at}?blobs=true", name)
        commit = data.get("sha") if isinstance(data, dict) else None
        listed = data.get("siblings") if isinstance(data, dict) else None
        if not isinstance(commit, str) or not re.fullmatch(r"[\w.-]{1,64}", commit, re.ASCII) or not isinstance(listed, list):
            raise LlmosError(f"what {self.endpoint} says of {name} is not as the Hub says it", hint="HF_ENDPOINT names the server")
        card = data.get("cardData")
        licence = card.get("license") if isinstance(card, dict) else None
        files = tuple(_remote(file) for file in listed if isinstance(file, dict) and isinstance(file.get("rfilename"), str))
        return Repository(name, commit, files, licence[:100] if isinstance(licence, str) else "")

    def search(self, words: str, limit: int) -> list[Offer]:
        """Repositories with GGUF files, those that are fetched most first."""
        asked = urlencode({"search": words, "filter": "gguf", "sort": "downloads", "direction": -1, "limit": limit})
        data = self._json(f"{self.endpoint}/api/models?{asked}", words)
        found = [item for item in data if isinstance(item, dict) and isinstance(item.get("id"), str)] if isinstance(data, list) else []
        return [_offer(item) for item in found[:limit]]

    def measured(self, repository: Repository, path: str) -> Remote:
        """The file's size and checksum, as asked by HEAD. Raises LlmosError where the Hub contradicts itself."""
        listed = repository.file(path)
        response = self.open("HEAD", self.address(repository, path), stay=True, about=f"{repository.name}/{path}")
        response.close()
        headers, redirected = response.headers, response.status in _REDIRECTS
        commit = headers.get("X-Repo-Commit")
        size = _whole(headers.get("X-Linked-Size") or ("" if redirected else headers.get("Content-Length")))
        sha = (headers.get("X-Linked-Etag") or "").removeprefix("W/").strip('"').lower()
        sha = sha if _SHA256.fullmatch(sha) else ""
        for ours, theirs in ((listed.size, size), (listed.sha256, sha), (repository.commit, commit)):
            if ours and theirs and ours != theirs:
                raise LlmosError(f"the Hub says two things about {path}: {ours} and {theirs}", hint="try again in a while")
        size = size or listed.size
        if not 0 < size < MOST_SIZE:
            raise LlmosError(f"the Hub does not say how large {path} is, so it cannot be checked and was not pulled")
        return Remote(path, size, sha or listed.sha256)

    def address(self, repository: Repository, path: str) -> str:
        return f"{self.endpoint}/{repository.name}/resolve/{quote(repository.commit, safe='')}/{quote(path)}"

    def _json(self, url: str, about: str) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                response = self.open("GET", url, about=about)
                try:
                    raw = response.read(MOST_JSON + 1)
                finally:
                    response.close()
                if len(raw) > MOST_JSON:
                    raise LlmosError(f"{self.endpoint} answers with more than {MOST_JSON >> 20} MB about {about}")
                return json.loads(raw)
            except (ValueError, RecursionError):
                raise LlmosError(f"{self.endpoint} answers in no form that the Hub uses", hint="HF_ENDPOINT names the server") from None
            except (OSError, http.client.HTTPException) as error:
                trouble = explained(error, url)
            except Trouble as error:
                trouble = error
            if attempt == TRIES or trouble.wait > SECONDS:
                raise trouble
            self.pause(trouble.wait or 0.5 * attempt)
        raise AssertionError

    # ---- the wire ----------------------------------------------------------------------------------------

    def open(self, method: str, url: str, headers: Mapping[str, str] | None = None, *, stay: bool = False, about: str = "") -> Any:
        """The http.client response at the end of the redirects; with `stay`, that which leads to another host is given back itself.

        Statuses other than 200, 206, 416 and such a redirect are raised: Trouble for those that may pass.
        """
        if self._env.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
            raise LlmosError("HF_HUB_OFFLINE is set, so nothing is pulled", hint="HF_HUB_OFFLINE=0 llmos models pull …")
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(method, url, dict(headers or {}))
            if response.status in _REDIRECTS:
                there = _next(url, response.headers.get("Location") or "")
                if stay and _origin(there) != _origin(url):
                    return response
                response.close()
                url = there
                continue
            if response.status in (200, 206, 416):
                return response
            error = _refusal(response, about or url, self._token() != "")
            response.close()
            raise error
        raise LlmosError(f"{_host(url)} redirects in circles")

    def _send(self, method: str, url: str, headers: dict[str, str]) -> Any:
        from urllib.request import Request

        headers |= {"User-Agent": f"llmos/{__version__}", "Accept-Encoding": "identity"}
        if _origin(url) == _origin(self.endpoint) and (url.startswith("https:") or urlsplit(url).hostname in _LOOPBACK) and self._token():
            headers["Authorization"] = f"Bearer {self._token()}"
        try:
            return self._director().open(Request(url, headers=headers, method=method), timeout=self.seconds)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise explained(error, url) from error

    def _director(self) -> Any:
        """urllib with proxies, and without its redirects, its files and its FTP."""
        from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, getproxies

        if self._opener is None:
            if any(proxy.startswith("socks") for proxy in getproxies().values()):
                raise LlmosError(
                    "a SOCKS proxy is set, and only HTTP proxies can be used for downloads", hint="unset ALL_PROXY; export HTTPS_PROXY=…"
                )
            self._opener = OpenerDirector()
            for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
                self._opener.add_handler(handler)
        return self._opener

    def _token(self) -> str:
        """'' where there is none, or it cannot be one."""
        if self._said_token is None:
            token = self._env.get("HF_TOKEN") or self._env.get("HUGGING_FACE_HUB_TOKEN") or ""
            if not token and self._env.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").lower() not in ("1", "true", "yes", "on"):
                from huggingface_hub import get_token

                token = get_token() or ""
            self._said_token = token.strip() if token.strip().isascii() and token.strip().isprintable() else ""
        return self._said_token


# ---- what servers say ----------------------------------------------------------------------------------


def explained(error: Exception, url: str) -> Trouble:
    """What went wrong with a connection, as a sentence."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    host = _host(url)
    if isinstance(reason, socket.gaierror):
        return Trouble(f"{host} cannot be found", hint="is there a connection to the network? HF_ENDPOINT names another server")
    if isinstance(reason, TimeoutError):
        return Trouble(f"{host} has stopped answering", hint="the same command goes on from where it was")
    if isinstance(reason, ssl.SSLError):
        said = getattr(reason, "verify_message", "") or str(reason)
        return Trouble(f"{host} cannot be trusted: {said}", hint="SSL_CERT_FILE names a file of certificates to trust")
    if isinstance(reason, ConnectionRefusedError):
        return Trouble(f"{host} takes no connections", hint="HF_ENDPOINT and HTTPS_PROXY name the servers that are asked")
    if isinstance(reason, http.client.BadStatusLine) and not isinstance(reason, ConnectionError):
        return Trouble(f"{host} speaks no HTTP", hint="HF_ENDPOINT and HTTPS_PROXY name the servers that are asked")
    said = (getattr(reason, "strerror", None) or str(reason) or type(reason).__name__).lower()
    said = " ".join("".join(char if char.isprintable() else " " for char in said[:200]).split())
    return Trouble(f"the connection to {host} broke: {said}", hint="the same command goes on from where it was")


def _refusal(response: Any, about: str, token: bool) -> LlmosError:
    status, code = response.status, response.headers.get("X-Error-Code") or ""
    repository = "/".join(about.split("/")[:2])
    if code == "GatedRepo" or status == 403:
        return LlmosError(
            f"{repository} is not open to you: the Hub wants its terms accepted, or a login that may read it ({status})",
            hint=f"accept them on https://huggingface.co/{repository}, then: hf auth login",
        )
    if status == 401 and code != "RepoNotFound":
        said = "does not take the token" if token else "wants a login"
        return LlmosError(f"the Hub {said} for {repository} (401)", hint="hf auth login, or HF_TOKEN=…")
    if status in (401, 404):
        what = {"EntryNotFound": "file", "RevisionNotFound": "revision"}.get(code, "model")
        return NotFound(f"there is no {what} {about} on the Hub, or it is private", hint="llmos models search --hub WORDS")
    if status == 429:
        trouble = Trouble("the Hub is asked too often from here (429)", hint="try again in some minutes; hf auth login raises the limit")
        trouble.wait = float(min(_whole(response.headers.get("Retry-After") or ""), 3600))
        return trouble
    if status >= 500:
        return Trouble(f"the Hub has a fault of its own ({status})", hint="try again in a while; what has come is kept")
    return LlmosError(f"the Hub answers {status} to {about}", hint="HF_ENDPOINT names the server that is asked")


def _next(url: str, location: str) -> str:
    """Where a redirect leads. Raises LlmosError where it may not be followed."""
    try:
        there = urljoin(url, location)
        split = urlsplit(there)
        bad = (
            not location
            or not location.isascii()
            or not location.isprintable()
            or " " in location
            or not split.hostname
            or "@" in split.netloc
        )
        bad = bad or split.port == 0
    except ValueError:
        bad = True
    if bad or split.scheme not in ("http", "https"):
        raise LlmosError(f"{_host(url)} redirects to what is no web address: {location[:80]!r}")
    if url.startswith("https:") and split.scheme == "http":
        raise LlmosError(f"{_host(url)} redirects to {split.hostname} without encryption, which is not followed")
    return there


def _origin(url: str) -> tuple[str, str, int]:
    split = urlsplit(url)
    return split.scheme, split.hostname or "", split.port or {"http": 80}.get(split.scheme, 443)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text) and float(text) > 0 else SECONDS


def _remote(file: Mapping[str, Any]) -> Remote:
    lfs = file.get("lfs")
    sha = lfs.get("sha256") if isinstance(lfs, dict) else ""
    size = file.get("size")
    good = isinstance(size, int) and not isinstance(size, bool) and 0 < size < MOST_SIZE
    return Remote(
        file["rfilename"], size if good and isinstance(size, int) else 0, sha if isinstance(sha, str) and _SHA256.fullmatch(sha) else ""
    )


def _offer(item: Mapping[str, Any]) -> Offer:
    def number(key: str) -> int:
        value = item.get(key)
        return value if isinstance(value, int) else 0

    tags = [tag for tag in item.get("tags") or [] if isinstance(tag, str)] if isinstance(item.get("tags"), list) else []
    licence = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    changed = item.get("lastModified") or item.get("createdAt")
    return Offer(
        item["id"][:200],
        number("downloads"),
        number("likes"),
        licence[:60],
        str(changed or "")[:10],
        item.get("gated") not in (None, False),
    )
