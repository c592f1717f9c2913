"""`llmos models server …`, and models on servers as all other commands see them."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.host import Host
from tests.cli.conftest import ROOT, Run
from tests.engine.openaiserver import Asked, OpenAI, Reply, listing, refusal, said, serving
from tests.engine.tinygguf import write_tiny

KEY = "sk-3Xq7secretsecret9Zt"


@pytest.fixture
def box() -> Iterator[OpenAI]:
    with serving() as server:
        server.on("/v1/models", listing("small", "large"))
        server.chat(said("It works."))
        yield server


def file() -> Path:
    return Host.real().paths.config / "servers.toml"


def test_from_nothing_to_an_answer_and_back(llmos: Run, box: OpenAI) -> None:
    assert "llmos models server add NAME URL" in llmos("models", "server").err
    added = llmos("models", "server", "add", "box", box.url)
    assert added.code == 0 and "It has small, large." in added.err and "llmos models use box:small" in added.err
    assert stat.S_IMODE(file().stat().st_mode) == 0o600
    assert llmos("models", "server", "list").out == f"box\t{box.url}/v1\t-\t-\n"
    listed = llmos("models", "list").out.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["box:small", "box:large"]
    chosen = llmos("models", "use", "box:small")
    assert "box:small is used for chat and all other writing." in chosen.err and "is sent to" not in chosen.err
    assert "all writing" in llmos("models", "list").out.splitlines()[0]
    assert llmos("models", "use", "--json").json[1] == {"role": "chat", "model": "box:small", "why": "chosen"}
    box.chat(said("Two lines of", " numbers."))
    ran = llmos("run", "read notes.txt | summarize")
    assert ran.code == 0 and ran.out == "Two lines of numbers.\n" and box.asked()[-1]["model"] == "small"
    removed = llmos("models", "server", "remove", "box")
    assert removed.code == 0 and "used for chat" in removed.err and llmos("models", "--json").json == []
    assert llmos("models", "use", "--for", "chat").code == 5
    assert llmos("models", "server", "remove", "box").code == 1


def test_json(llmos: Run, box: OpenAI) -> None:
    added = llmos("models", "server", "add", "box", box.url, "--model", "small", "--key-from", "BOX_KEY", "--json")
    assert added.json["url"] == f"{box.url}/v1" and added.json["key_from"] == "BOX_KEY" and "BOX_KEY" in added.json["problem"]["message"]
    llmos("models", "server", "add", "box", box.url, "-m", "small")
    llmos("models", "use", "box")
    found = llmos("models", "list", "--json").json
    assert [each["name"] for each in found] == ["box:small", "box:large"] and found[0]["path"] is None
    assert found[0]["roles"] == ["plan", "chat", "summarize", "translate", "code"]
    assert llmos("models", "server", "list", "--json").json[0]["local"] is True
    assert llmos("models", "server", "remove", "box", "--json").json == {"removed": "box", "roles": ["chat"]}


def test_trying_a_server(llmos: Run, box: OpenAI) -> None:
    llmos("models", "server", "add", "box", box.url)
    tried = llmos("models", "server", "test", "box")
    assert tried.code == 0 and "models\tsmall, large" in tried.out and "llmos models server test box:small" in tried.err
    box.chat(said("It works."), refusal(400, "response_format is not supported"), said('{"ok": true}'))
    tried = llmos("models", "server", "test", "box:large")
    assert "answer\tIt works." in tried.out and "JSON Schema\tnot taken; JSON is" in tried.out and "context\t8,192 tokens" in tried.out
    box.on("/v1/models", refusal(401, "who are you?"))
    refused = llmos("models", "server", "test", "box")
    assert refused.code == 1 and "wants a key (401): who are you?" in refused.err and "--key-from VARIABLE" in refused.err
    missing = llmos("models", "server", "test", "bax")
    assert missing.code == 1 and "did you mean box?" in missing.err


def test_a_server_that_is_not_there(llmos: Run) -> None:
    added = llmos("models", "server", "add", "box", "http://127.0.0.1:9", "--model", "m")
    assert added.code == 0 and "nothing answers at http://127.0.0.1:9/v1" in added.err and "is box running there?" in added.err
    listed = llmos("models", "list")
    assert listed.code == 0 and "box: nothing answers at http://127.0.0.1:9/v1" in listed.err
    unchosen = llmos("run", 'answer "what is a heron?"')
    assert unchosen.code == 5 and "llmos models use box:m" in unchosen.err
    llmos("models", "use", "box")
    ran = llmos("run", 'answer "what is a heron?"')
    assert ran.code == 1 and "nothing answers at http://127.0.0.1:9/v1" in ran.err


def test_names_never_mean_two_things(llmos: Run, box: OpenAI, tmp_path: Path) -> None:
    gguf = write_tiny(tmp_path / "mine.gguf")
    assert llmos("models", "import", str(gguf)).code == 0
    for name in ("mine", "qwen3-4b"):
        refused = llmos("models", "server", "add", name, box.url)
        assert refused.code == 2 and "is the name of a model" in refused.err
    llmos("models", "server", "add", "box", box.url)
    refused = llmos("models", "import", str(gguf), "--name", "box")
    assert refused.code == 2 and "is the name of a server" in refused.err
    assert llmos("models", "use", "box:nothing").err.count("lists no model called nothing. It has small, large.") == 1
    assert llmos("models", "use", "box:small", "--for", "rerank").code == 2


def test_who_gets_what_is_worked_on_is_said(llmos: Run) -> None:
    llmos("models", "server", "add", "far", "https://models.invalid", "-m", "m")
    chosen = llmos("models", "use", "far")
    assert "What it is given to work on is sent to models.invalid." in chosen.err and "models.invalid cannot be found" in chosen.err


def test_the_key_is_written_nowhere(llmos: Run, box: OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server says of it: not in what is printed, nor in any file of llmos's, nor in a process's arguments."""
    monkeypatch.setenv("BOX_KEY", KEY)
    said_ = []

    def run(*arguments: str) -> None:
        ran = llmos(*arguments)
        said_.append(ran.out + ran.err)

    box.on("/v1/models", lambda asked: listing("small") if asked.headers.get("Authorization") == f"Bearer {KEY}" else refusal(401, "no"))
    run("models", "server", "add", "box", box.url, "--key-from", "BOX_KEY")
    assert "It has small." in said_[-1]
    run("models", "use", "box:small")
    box.chat(said("A heron."))
    for more in ((), ("--json",), ("--jsonl",)):
        run("run", 'answer "what is it?"', *more)
        run("models", "list", *[each for each in more if each == "--json"])
    run("models", "server", "test", "box:small", "--json")
    seen: list[bytes] = []

    def echo(asked: Asked) -> Reply:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                seen.append(path.read_bytes())
        return refusal(500, f"you sent {asked.headers}")

    box.chat(echo)
    monkeypatch.setenv("LLMOS_DEBUG", "1")
    for more in ((), ("--json",), ("--jsonl",)):
        run("run", 'answer "what is it?"', *more)
        assert "you sent" in said_[-1]
    run("history", "--json")
    code = 'import sys; from llmos_cli.main import run; sys.exit(run(["run", "answer what"]))'
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    said_.append(ran.stdout + ran.stderr)
    assert "you sent" in said_[-1]
    home = Path(os.environ["LLMOS_HOME"])
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and not path.is_socket()}
    assert len(files) >= 3 and any(b"what is it" in content for content in files.values())  # history is kept, and was looked through
    assert [path for path, content in files.items() if KEY.encode() in content] == []
    assert [text for text in said_ if KEY in text] == [] and seen and not any(KEY.encode() in arguments for arguments in seen)
    assert json.loads(said_[4])["outcome"] == "done"


def test_a_key_that_is_typed_is_refused_and_not_repeated(llmos: Run, box: OpenAI) -> None:
    for arguments in (
        ("box", box.url, "--key-from", KEY),
        ("box", f"https://me:{KEY}@example.com"),
        ("box", f"https://example.com/v1?key={KEY}"),
    ):
        refused = llmos("models", "server", "add", *arguments)
        assert refused.code == 2 and KEY not in refused.out + refused.err and "--key-from" in refused.err
    assert not file().exists()
