"""Broken downloads: whatever a server does, nothing wrong ever has a final name, and a sentence says what is the matter."""

from __future__ import annotations

import os
import re
import stat

import pytest

from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.models.models import Models
from tests.models.conftest import FILE, REPO, finals, fresh, parts
from tests.models.hubserver import Faults, HubServer, Repo, sha

NAMES = [
    "../evil.gguf",
    "/etc/evil.gguf",
    "a/../../evil.gguf",
    "C:\\evil.gguf",
    "\\\\server\\share\\evil.gguf",
    "evil\x1b[2J.gguf",
    "ev\u202eil.gguf",
    "x" * 300 + ".gguf",
    "evil\n.gguf",
    ".evil.gguf",
    "-rf.gguf",
    "a//evil.gguf",
    "./evil.gguf",
    "evil\x00.gguf",
    " .gguf",
    "con:evil.gguf",
]


def refused(models: Models, model: str = REPO) -> LlmosError:
    """The error that a pull ends with; nothing has a final name."""
    with pytest.raises(LlmosError) as caught:
        models.pull(model)
    assert finals(models) == [] and models.installed() == []
    message = caught.value.message
    assert message.isprintable() and len(message) < 400 and "Traceback" not in message
    return caught.value


def whole(models: Models, data: bytes, model: str = REPO) -> None:
    """A pull works, and what is there has the right bytes and rights."""
    path = models.pull(model).model.path
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert parts(models) == []


def test_a_good_one(models: Models, hub: HubServer, tiny: bytes) -> None:
    pulled = models.pull(REPO)
    assert (pulled.model.name, pulled.new, pulled.came) == ("maker/Tiny-GGUF:Q8_0", True, len(tiny))
    whole(models, tiny)
    assert len(hub.bytes_asked()) == 1  # the second pull has asked for none
    assert pulled.model.version.files[0].sha256 == sha(tiny) and pulled.model.licence == "apache-2.0"


MENDABLE: dict[str, Faults] = {
    "cut once": Faults(cut=1, cut_at=50_000),
    "cut thrice": Faults(cut=3, cut_at=90_000),
    "cut in the first bytes": Faults(cut=1, cut_at=2),
    "cut, and no ranges": Faults(cut=1, cut_at=50_000, no_ranges=True),
    "cut, and ranges that lie": Faults(cut=2, cut_at=50_000),
    "cut, and no tags": Faults(cut=1, cut_at=50_000, no_tags=True),
    "no length said": Faults(chunked=True),
    "no length said, and cut": Faults(chunked=True, cut=1, cut_at=70_000),
    "server fault twice": Faults(status=503, times=2),
    "too often, once": Faults(status=429, retry_after="1", times=1),
    "a list without sizes": Faults(no_blobs=True),
    "no checksum anywhere": Faults(no_blobs=True, sha=""),
    "a tag that is no checksum": Faults(sha="12-345", no_blobs=True),
    "another file between two parts": Faults(cut=1, cut_at=50_000, new_tag_after=1),
    "another file between two parts, in spite of If-Range": Faults(cut=1, cut_at=50_000, new_tag_after=1, ignores_if_range=True),
}


@pytest.mark.parametrize("fault", MENDABLE)
def test_what_can_be_mended_is(fault: str, models: Models, hub: HubServer, tiny: bytes) -> None:
    hub.faults = MENDABLE[fault]
    whole(models, tiny)


BROKEN: dict[str, tuple[Faults, str]] = {
    "always cut": (Faults(cut=-1, cut_at=50_000), "broke"),
    "wrong bytes": (Faults(wrong_bytes=True), "checksum"),
    "wrong checksum": (Faults(sha="0" * 64, no_blobs=True), "checksum"),
    "two checksums": (Faults(sha="0" * 64), "two things"),
    "two sizes": (Faults(size=99), "two things"),
    "another commit": (Faults(commit_said="b" * 40), "two things"),
    "longer": (Faults(extra=b"x" * 100), "bytes for"),
    "longer, and no length said": (Faults(extra=b"x" * 100, chunked=True), "more of"),
    "length that is too small": (Faults(declare=100), "bytes for"),
    "no size said": (Faults(no_blobs=True, size=0), "how large"),
    "a size that cannot be": (Faults(no_blobs=True, size=1 << 50), "how large"),
    "packed": (Faults(packed=True), "packed"),
    "ranges that lie": (Faults(cut=-1, cut_at=50_000, lying_ranges=True), "broke|changes"),
    "no HTTP": (Faults(garbage=True), "speaks no HTTP"),
    "redirect to plain text": (Faults(location="gopher://127.0.0.1/x"), "no web address"),
    "redirect to a file": (Faults(location="file:///etc/passwd"), "no web address"),
    "redirect to ftp": (Faults(location="ftp://127.0.0.1/x"), "no web address"),
    "redirect to nowhere": (Faults(location=""), "no web address"),
    "redirect with a password": (Faults(location="http://a:b@127.0.0.1:1/x"), "no web address"),
    "redirect in circles": (Faults(circles=True), "circles"),
    "redirect to a closed door": (Faults(location="http://127.0.0.1:1/x"), "takes no connections"),
    "list that is no JSON": (Faults(api=b"<html>Sign in</html>"), "no form"),
    "list that is nested": (Faults(api=b"[" * 100_000), "no form"),
    "list that is another": (Faults(api=b'{"sha": 5, "siblings": {}}'), "not as the Hub"),
    "list of nothing": (Faults(api=b'{"sha": "abc", "siblings": []}'), "no GGUF"),
    "list of nonsense": (Faults(api=b'{"sha": "abc", "siblings": [1, null, {"rfilename": 3}]}'), "no GGUF"),
    "commit that is a path": (Faults(api=b'{"sha": "../../x", "siblings": []}'), "not as the Hub"),
    "not found": (Faults(status=404), "there is no model"),
    "no login": (Faults(status=401), "wants a login"),
    "forbidden": (Faults(status=403), "terms"),
    "gated": (Faults(status=401, code="GatedRepo"), "terms"),
    "too often": (Faults(status=429), "too often"),
    "too often, for hours": (Faults(status=429, retry_after="99999999"), "too often"),
    "fault": (Faults(status=500), "fault of its own"),
    "bad gateway": (Faults(status=502), "fault of its own"),
    "a teapot": (Faults(status=418), "418"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_cannot_be_mended_is_said(fault: str, models: Models, hub: HubServer, tiny: bytes) -> None:
    hub.faults, said = BROKEN[fault]
    assert re.search(said, refused(models).message)
    assert all(path.read_bytes() in tiny for path in parts(models)) or "checksum" not in said
    hub.faults = Faults()  # and when the server is well again, the same command works
    whole(fresh(models.host), tiny)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_hostile_names_are_not_taken(name: str, models: Models, hub: HubServer) -> None:
    hub.faults = Faults(names={FILE: name})
    refused(models)
    home = models.store.folder.parent
    assert list(home.rglob("*evil*")) == [] and not os.path.exists("/etc/evil.gguf")


@pytest.mark.parametrize("body", [b"", b"GGUF", b"GGUF" + bytes(5000), b"PK\x03\x04" + bytes(5000), b"<!doctype html>" * 100])
def test_what_is_no_gguf_is_thrown_away_though_its_checksum_is_right(body: bytes, models: Models, hub: HubServer) -> None:
    hub.repos[REPO].files[FILE] = body
    error = refused(models)
    assert re.search("no GGUF|thrown away|how large", error.message) and str(models.store.folder) not in error.message
    assert sum(path.stat().st_size for path in parts(models)) == 0


def test_a_cut_gguf_that_the_hub_itself_has_is_thrown_away(models: Models, hub: HubServer, tiny: bytes) -> None:
    hub.repos[REPO].files[FILE] = tiny[:-40_000]
    assert "cut short" in refused(models).message


def test_what_is_no_gguf_is_noticed_at_once(models: Models, hub: HubServer) -> None:
    hub.repos[REPO].files[FILE] = b"<html>" + bytes(4 << 20)
    refused(models)
    assert hub.sent < 3 << 20


def test_a_stalled_server_is_left(hub: HubServer, host, tiny: bytes) -> None:  # type: ignore[no-untyped-def]
    hub.faults = Faults(stall_at=50_000)
    models = fresh(host, HF_HUB_DOWNLOAD_TIMEOUT="0.3")
    assert "stopped answering" in refused(models).message
    assert parts(models)[0].stat().st_size >= 50_000 - 16384
    hub.faults = Faults()
    whole(fresh(host), tiny)


@pytest.mark.parametrize("endpoint", ["ftp://x", "huggingface", "file:///x"])
def test_an_endpoint_that_is_no_web_address(endpoint: str, hub: HubServer, host) -> None:  # type: ignore[no-untyped-def]
    assert "HF_ENDPOINT" in refused(fresh(host, HF_ENDPOINT=endpoint)).message


def test_an_endpoint_where_nobody_is(hub: HubServer, host) -> None:  # type: ignore[no-untyped-def]
    assert "takes no connections" in refused(fresh(host, HF_ENDPOINT="http://127.0.0.1:9")).message
    assert "HF_HUB_OFFLINE" in refused(fresh(host, HF_HUB_OFFLINE="1")).message


def test_what_is_not_there(models: Models) -> None:
    assert "there is no model" in refused(models, "maker/Nothing-GGUF").message
    assert "Q8_0" in refused(models, f"{REPO}:Q4_K_M").hint
    assert "no file" in refused(models, f"{REPO}/Other.gguf").message
    with pytest.raises(NotFound, match="catalogue") as caught:
        models.pull("qwen3-4c")
    assert "qwen3-4b" in caught.value.hint


# ---- the token -----------------------------------------------------------------------------------------


def test_the_token_goes_to_the_hub_alone(hub: HubServer, host, tiny: bytes) -> None:  # type: ignore[no-untyped-def]
    hub.repos[REPO].needs = "hf_secret"
    assert refused(fresh(host)).exit_code == 1
    whole(fresh(host, HF_TOKEN="hf_secret"), tiny)
    assert {asked.authorization for asked in hub.bytes_asked()} == {""}
    assert all(asked.authorization == "Bearer hf_secret" for asked in hub.log[-4:] if asked.server == "api")


def test_a_login_of_huggingface_hub_counts(hub: HubServer, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.models.test_resume import ended, start

    hub.repos[REPO].needs = "hf_secret"
    (tmp_path / "token").write_text("hf_secret\n")
    assert ended(start(REPO, HF_TOKEN_PATH=str(tmp_path / "token")))[0] == 1  # the fixture has said that no login counts
    assert ended(start(REPO, HF_TOKEN_PATH=str(tmp_path / "token"), HF_HUB_DISABLE_IMPLICIT_TOKEN="0"))[0] == 0


def test_proxies_count(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmos_cli.models.hub import Hub

    env = {"HF_ENDPOINT": "http://hub.invalid", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
    monkeypatch.setenv("http_proxy", hub.api)
    assert [offer.name for offer in Hub(env).search("tiny", 5)] == [REPO]
    assert hub.log[-1].path.startswith("http://hub.invalid/api/models?")
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(LlmosError, match="SOCKS"):
        Hub(env).search("tiny", 5)


@pytest.mark.parametrize("token", ["hf\r\nX-Evil: 1", "hf\x00", "hf\u202e"])
def test_a_token_that_would_be_a_header_is_not_sent(token: str, hub: HubServer, host) -> None:  # type: ignore[no-untyped-def]
    fresh(host, HF_TOKEN=token).pull(REPO)
    assert {asked.authorization for asked in hub.log} == {""}


@pytest.mark.parametrize(
    ("url", "location", "followed"),
    [
        ("https://hub.example/a", "https://cdn.example/b", True),
        ("https://hub.example/a", "/b", True),
        ("https://hub.example/a", "http://cdn.example/b", False),
        ("https://hub.example/a", "http://hub.example/b", False),
        ("https://hub.example/a", "file:///etc/passwd", False),
        ("https://hub.example/a", "data:text/plain,x", False),
        ("https://hub.example/a", "javascript:x", False),
        ("https://hub.example/a", "https://cdn.example/a b", False),
        ("https://hub.example/a", "https://cdn.example:99999/", False),
        ("https://hub.example/a", "https://[::1", False),
        ("https://hub.example/a", "https:///x", True),
        ("https://hub.example/a", "https://cdn.example/\u202e", False),
        ("http://hub.example/a", "http://cdn.example/b", True),
    ],
)
def test_where_redirects_may_lead(url: str, location: str, followed: bool) -> None:
    from llmos_cli.models.hub import _next

    if followed:
        assert _next(url, location).startswith("http")
    else:
        with pytest.raises(LlmosError):
            _next(url, location)


def test_the_token_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmos_cli.models.hub import Hub

    sent: list[str | None] = []

    class Opener:
        def open(self, request, timeout):  # type: ignore[no-untyped-def]
            sent.append(request.get_header("Authorization"))
            raise ConnectionRefusedError

    for endpoint in ("http://mirror.example", "https://mirror.example"):
        hub = Hub({"HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_x"}, pause=lambda seconds: None)
        hub._opener = Opener()
        with pytest.raises(LlmosError):
            hub.open("GET", f"{endpoint}/api/models/a/b")
    assert sent == [None, "Bearer hf_x"]


def test_a_link_in_the_way_is_replaced_not_followed(models: Models, hub: HubServer, tiny: bytes, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Where somebody has put a link under the final or the partial name, its target stays as it is."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    models.store.partials.mkdir(parents=True)
    (models.store.partials / f"{sha(tiny)}.part").symlink_to(victim)
    with pytest.raises((LlmosError, OSError)):
        models.pull(REPO)
    assert victim.read_bytes() == b"precious" and finals(models) == []
    (models.store.partials / f"{sha(tiny)}.part").unlink()
    folder = models.pull(REPO).model.path
    folder.unlink()
    folder.symlink_to(victim)
    fresh(models.host).pull(REPO)
    assert victim.read_bytes() == b"precious" and folder.read_bytes() == tiny and not folder.is_symlink()


# ---- split models --------------------------------------------------------------------------------------


@pytest.fixture
def split(hub: HubServer, tiny: bytes, tiny2: bytes) -> dict[str, bytes]:
    """Three parts, as far as the Hub and the store can see."""
    names = [f"big/Big-Q8_0-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    files = dict(zip(names, (tiny, tiny2, tiny), strict=True))
    hub.repos["maker/Big-GGUF"] = Repo({**files, "big/Big-Q4_0-00001-of-00002.gguf": tiny, "mmproj-F16.gguf": tiny2})
    return files


def test_parts_are_pulled_together(models: Models, split: dict[str, bytes]) -> None:
    model = models.pull("maker/Big-GGUF").model
    assert [path.name for path in model.paths] == [name.removeprefix("big/") for name in split]
    assert [path.read_bytes() for path in model.paths] == list(split.values())
    assert model.path.name.endswith("00001-of-00003.gguf") and model.name == "maker/Big-GGUF:Q8_0"


def test_a_part_that_is_missing_or_wrong_keeps_the_model_out(models: Models, hub: HubServer, split: dict[str, bytes]) -> None:
    assert "no Q4_0" in refused(models, "maker/Big-GGUF:Q4_0").message
    last = list(split)[-1]
    hub.repos["maker/Big-GGUF"].files[last] = b"GGUF" + bytes(100)
    with pytest.raises(LlmosError):
        models.pull("maker/Big-GGUF:Q8_0")
    assert models.installed() == []
    assert {path.read_bytes() for path in finals(models)} <= set(split.values())  # whole parts may wait for the rest
    hub.repos["maker/Big-GGUF"].files[last] = split[last]
    before = len(hub.bytes_asked())
    assert len(models.pull("maker/Big-GGUF:Q8_0").model.paths) == 3
    assert len(hub.bytes_asked()) > before
