"""servers.toml: what may stand in it, which names mean a server, and that it never has a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.errors import NotFound, UsageError
from llmos_cli.servers import FILE, HEAD, Elsewhere, Server, Servers, added, good_key, good_name, good_url, is_loopback, removed

KEY = "sk-3Xq7secretsecret9Zt"


def kept(folder: Path, text: str) -> Servers:
    (folder / FILE).write_text(text)
    (folder / FILE).chmod(0o600)
    folder.chmod(0o700)
    return Servers.of(folder)


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://openrouter.ai/api/v1/models", "https://openrouter.ai/api/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("https://example.com/v1beta/openai", "https://example.com/v1beta/openai"),
    ],
)
def test_addresses(said: str, url: str) -> None:
    assert good_url(said) == url and good_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:11434", "ftp://x", "http://", "http://x:99999", "http://a b", f"https://user:{KEY}@x", f"https://x/v1?key={KEY}",
        f"https://x#{KEY}", "http://x\x1b[2J", "https://[::1", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none_and_what_is_said_has_no_key(url: str) -> None:
    with pytest.raises(UsageError) as error:
        good_url(url)
    assert KEY not in error.value.message + error.value.hint and error.value.hint


def test_a_key_typed_where_its_place_should_be_is_refused_and_not_repeated() -> None:
    for key in (KEY, "gsk_abc123", "AIza0000", "x" * 80, "A B", "keyring2"):
        with pytest.raises(UsageError) as error:
            good_key(key)
        assert key not in error.value.message + error.value.hint
    assert [good_key(text) for text in ("OPENAI_API_KEY", "keyring", "")] == ["OPENAI_API_KEY", "keyring", ""]


def test_names_and_what_they_mean(tmp_path: Path) -> None:
    for bad in ("", "Ollama", "a/b", "a:b", "a b", "-a", "hf", "https", "keyring", "x" * 40, "ä"):
        with pytest.raises(UsageError):
            good_name(bad)
    servers = kept(tmp_path, '[box]\nurl = "http://localhost:1"\nmodel = "small"\n[far-away]\nurl = "https://example.com/v1"\n')
    box, far = servers.all["box"], servers.all["far-away"]
    assert box.here and not far.here
    assert servers.meant("box") == Elsewhere(box, "small") and servers.meant("box:Qwen/Qwen3:4b") == Elsewhere(box, "Qwen/Qwen3:4b")
    far_model = servers.meant("far-away")
    assert far_model is not None and far_model.name == "far-away" and far_model.model == ""
    for text in ("qwen3-4b", "qwen3-4b:Q4_K_M", "box/repo", "box/repo:Q8_0", "hf:box/repo", "BOX:x", ""):
        assert servers.meant(text) is None
    with pytest.raises(NotFound) as error:
        servers.find("bix")
    assert error.value.hint == "did you mean box?"


def test_what_is_wrong_in_the_file_is_said_and_the_rest_counts(tmp_path: Path) -> None:
    text = (
        '[good]\nurl = "http://localhost:1"\n[Bad]\nurl = "http://x"\n[nourl]\n[other]\nurl = "ftp://x"\n'
        f'[keyed]\nurl = "https://x"\nkey = "{KEY}"\n[pasted]\nurl = "https://x"\nkey_from = "{KEY}"\n'
        '[long]\nurl = "https://x"\ncontext = -1\n'
    )
    servers = kept(tmp_path, text)
    assert list(servers.all) == ["good"] and len(servers.problems) == 6
    assert KEY not in str(servers.problems) and any("a key has no place in this file" in problem for problem in servers.problems)
    assert "not TOML" in kept(tmp_path, "x = [").problems[0]
    (tmp_path / FILE).chmod(0o666)
    assert "can be written by others" in Servers.of(tmp_path).problems[0]
    assert Servers.of(tmp_path / "nothing") == Servers()


def test_the_file_keeps_its_comments_and_other_settings(tmp_path: Path) -> None:
    text = added("", Server("box", "http://localhost:1/v1", "BOX_KEY"))
    assert text.startswith(HEAD) and "insecure" in HEAD
    text = text.replace('key_from = "BOX_KEY"', 'key_from = "BOX_KEY"  # mine')
    text = added(text, Server("other", "https://example.com/v1", model="m", context=99))
    text = added(text, Server("box", "http://localhost:2/v1", "BOX_KEY", "new"))
    servers = kept(tmp_path, text)
    assert servers.all == {
        "box": Server("box", "http://localhost:2/v1", "BOX_KEY", "new"),
        "other": Server("other", "https://example.com/v1", model="m", context=99),
    }
    assert "# mine" in text
    text = removed(text, "box")
    assert list(kept(tmp_path, text).all) == ["other"] and text.startswith(HEAD)
    with pytest.raises(UsageError, match="not TOML"):
        added("x = [", Server("box", "http://x/v1"))


def test_what_stays_on_this_machine() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.1.2.3", "::1", "a.localhost")))
    assert not any(map(is_loopback, ("localhost.example.com", "10.0.0.1", "0.0.0.0", "example.com", "127.0.0.1.example.com", "")))
