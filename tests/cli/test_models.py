"""`llmos models …`, as a person and as a script see it, against a Hub on the loopback."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.paths import Paths
from tests.cli.conftest import Run
from tests.engine.test_adapters import write_adapter
from tests.engine.tinygguf import write_tiny
from tests.models.hubserver import Faults, HubServer, Repo, serving

REPO = "unsloth/Qwen3-0.6B-GGUF"
FILE = "Qwen3-0.6B-Q8_0.gguf"


@pytest.fixture
def gguf(tmp_path: Path) -> bytes:
    return write_tiny(tmp_path / "made.gguf", kind="Q8_0").read_bytes()


@pytest.fixture
def hub(gguf: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving() as server:
        server.repos[REPO] = Repo({FILE: gguf})
        monkeypatch.setenv("HF_ENDPOINT", server.api)
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        yield server


def test_from_nothing_to_a_model_and_back(llmos: Run, hub: HubServer, gguf: bytes) -> None:
    assert llmos("models", "list").out == "" and llmos("models", "--json").json == []
    assert llmos("models", "list", "--json").json == []
    pulled = llmos("models", "pull", "qwen3-0.6b")
    assert pulled.code == 0 and "qwen3-0.6b:Q8_0 is in the store" in pulled.err and "It is used for all writing." in pulled.err
    assert llmos("models", "pull", "qwen3-0.6b").err == "qwen3-0.6b:Q8_0 is up to date.\n"
    (found,) = llmos("models", "list", "--json").json
    assert Path(found["path"]).read_bytes() == gguf and found["roles"] == ["plan", "chat", "summarize", "translate", "code"]
    assert llmos("models").out == f"qwen3-0.6b:Q8_0\t{len(gguf)}\tall writing\t-\n"
    refused = llmos("models", "remove", "qwen3-0.6b")
    assert refused.code == 3 and "--yes" in refused.err and Path(found["path"]).exists()
    removed = llmos("models", "remove", "qwen3-0.6b", "--yes", "--json")
    assert removed.json == {"removed": "qwen3-0.6b:Q8_0", "freed": len(gguf), "old": False}
    assert llmos("models", "remove", "qwen3-0.6b", "-y").code == 1


def test_pull_in_json(llmos: Run, hub: HubServer, gguf: bytes) -> None:
    said = llmos("models", "pull", REPO, "--json")
    assert said.err == "" and said.json["new"] is True and said.json["downloaded"] == len(gguf) and said.json["name"] == "qwen3-0.6b:Q8_0"
    wrong = llmos("models", "pull", "maker/Nothing", "--json")
    assert wrong.code == 1 and wrong.json["outcome"] == "failed" and "there is no model" in wrong.json["error"]["message"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pull", "qwen4"), 1, "catalogue"),
        (("pull", "a b"), 1, "catalogue"),
        (("pull", "a/b/c.bin"), 2, "no GGUF"),
        (("pull",), 2, "MODEL"),
        (("use", "nothing"), 1, "no model called"),
        (("use", "--for", "embed"), 5, "llmos models pull embeddinggemma"),
        (("use", "--for", "sing"), 2, "no role"),
        (("info", "nothing"), 1, "no model called"),
        (("import", "nothing.gguf"), 1, "there is no file"),
        (("import", "notes.txt"), 1, "is not a GGUF"),
        (("rollback", "nothing"), 1, "no model called"),
        (("pin", "nothing"), 1, "no model called"),
        (("verify", "nothing"), 1, "no model called"),
        (("quantize", "nothing", "Q4_K_M"), 1, "no model called"),
        (("recommend", "--for", "sing"), 2, "no role"),
    ],
)
def test_what_makes_no_sense_is_said(words: tuple[str, ...], code: int, said: str, llmos: Run, hub: HubServer) -> None:
    ran = llmos("models", *words)
    assert ran.code == code and said in ran.err and "Traceback" not in ran.err and ran.out == ""


def test_choosing(llmos: Run, hub: HubServer) -> None:
    shown = llmos("models", "use", "--json").json
    assert shown[1] == {"role": "chat", "model": "", "why": "llmos models pull qwen3-4b  (about 2.3 GB)"}
    llmos("models", "pull", "qwen3-0.6b")
    said = llmos("models", "use", "qwen3-0.6b")
    assert said.code == 0 and "used for chat and all other writing" in said.err
    assert llmos("config", "get", "models.chat").out == "qwen3-0.6b:Q8_0\n"
    rows = {row["role"]: (row["model"], row["why"]) for row in llmos("models", "use", "--json").json}
    assert rows["chat"] == ("qwen3-0.6b:Q8_0", "chosen") and rows["code"] == ("qwen3-0.6b:Q8_0", "the model for chat")
    assert llmos("models", "use", "qwen3-0.6b", "--for", "embed").code == 2


def test_versions_pins_and_checks(llmos: Run, hub: HubServer, gguf: bytes, tmp_path: Path) -> None:
    first = llmos("models", "pull", "qwen3-0.6b", "--json").json
    hub.repos[REPO].files[FILE] = write_tiny(tmp_path / "new.gguf", kind="Q8_0", seed=5).read_bytes()
    hub.repos[REPO].commit = "b" * 40
    assert "The version before is kept" in llmos("models", "pull", "qwen3-0.6b").err
    assert llmos("models", "rollback", "qwen3-0.6b", "--json").json["version"] == first["version"]
    assert "is pinned to version" in llmos("models", "pin", "qwen3-0.6b").err
    assert llmos("models", "pull", "qwen3-0.6b").code == 3 and llmos("models", "remove", "qwen3-0.6b", "-y").code == 3
    assert llmos("models", "pin", "qwen3-0.6b", "--off").code == 0
    assert [row.split("\t")[0] for row in llmos("models", "verify").out.splitlines()] == ["ok", "ok"]
    Path(first["path"]).write_bytes(gguf[:-1] + b"\x01")
    bad = llmos("models", "verify")
    assert bad.code == 1 and "damaged" in bad.out and "--again" in bad.err
    in_json = llmos("models", "verify", "--json")
    assert in_json.code == 1 and in_json.json["ok"] is False and in_json.err == ""
    assert llmos("models", "remove", "qwen3-0.6b", "--old", "-y").code == 0
    assert llmos("models", "list", "--json").json[0]["versions"][0]["id"] == first["version"]


def test_what_is_known_of_a_model(llmos: Run, hub: HubServer, tmp_path: Path) -> None:
    assert "llmos models pull qwen3-8b" in llmos("models", "info", "qwen3-8b").out
    llmos("models", "pull", "qwen3-0.6b")
    out = llmos("models", "info", "qwen3-0.6b").out
    assert "architecture   qwen3" in out and "sha256" in out and "chat template  none" in out
    data = llmos("models", "info", "qwen3-0.6b", "--json").json
    assert data["header"]["layers"] == 2 and data["catalogue"]["context"] == 40960 and data["installed"]["name"] == "qwen3-0.6b:Q8_0"
    by_path = llmos("models", "info", str(tmp_path / "made.gguf"), "--json").json
    assert by_path["installed"] is None and by_path["header"]["architecture"] == "qwen3"


def test_nothing_from_a_server_or_a_header_acts_on_the_terminal(llmos: Run, hub: HubServer, folder: Path) -> None:
    hub.repos["evil/\x1b[2Jx\u202e-GGUF"] = Repo({}, licence="\x1b]0;x\x07")
    out = llmos("models", "search", "--hub", "evil", "--json").out
    assert "\x1b" not in out and "\u202e" not in out
    write_tiny(folder / "evil.gguf", kind="Q8_0")
    data = (folder / "evil.gguf").read_bytes().replace(b"tiny", b"\x1b[2J", 1)
    (folder / "evil.gguf").write_bytes(data)
    assert "\x1b" not in llmos("models", "info", "evil.gguf", "--json").out


def test_searching(llmos: Run, hub: HubServer) -> None:
    assert {row["name"] for row in llmos("models", "search", "rerank", "--json").json} == {"qwen3-reranker-0.6b", "bge-reranker-v2-m3"}
    assert "bge-small\t37000000\tmit" in llmos("models", "search", "bge").out
    assert llmos("models", "search", "--hub", "qwen3").out == f"{REPO}\t7\tapache-2.0\t\t2026-11-01\n"
    nothing = llmos("models", "search", "zebra")
    assert (nothing.code, nothing.out) == (0, "") and "--hub" in nothing.err


def test_importing(llmos: Run, tmp_path: Path, gguf: bytes) -> None:
    said = llmos("models", "import", str(tmp_path / "made.gguf"), "--name", "mine", "--json").json
    assert said["name"] == "mine" and Path(said["path"]).read_bytes() == gguf
    assert llmos("models", "import", str(tmp_path / "made.gguf"), "--name", "../mine").code == 2


def test_recommending(llmos: Run) -> None:
    ran = llmos("models", "recommend")
    assert ran.code == 0 and "This machine:" in ran.err and " + " in ran.out and " = " in ran.out
    data = llmos("models", "recommend", "--for", "embed", "--json").json
    assert data["machine"]["memory"] > 0 and {"embed"} == {role for fit in data["models"] for role in fit["roles"]}
    assert all(fit["need"]["total"] > fit["need"]["weights"] for fit in data["models"])


def test_starting_llmos_loads_none_of_it(on_path: dict[str, str]) -> None:
    code = "import sys; from llmos_cli.main import run; run(['--version']); print([m for m in sys.modules if m.startswith(('llmos_cli.models', 'huggingface', 'urllib.request'))])"  # noqa: E501
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**on_path, "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    assert ran.stdout.splitlines()[-1] == "[]", ran.stdout + ran.stderr


def test_on_a_terminal_it_is_seen_coming_and_ctrl_c_keeps_what_came(on_path: dict[str, str], hub: HubServer, tmp_path: Path) -> None:
    big = write_tiny(tmp_path / "big.gguf", kind="Q8_0", layers=6, width=256, feed_forward=1024).read_bytes()
    hub.repos[REPO].files[FILE], hub.faults = big, Faults(slow=0.01)
    env = {**on_path, "HF_ENDPOINT": hub.api, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "COLUMNS": "100"}
    master, slave = pty.openpty()
    child = subprocess.Popen(
        ["llmos", "models", "pull", "qwen3-0.6b"], stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    seen = _read(master, lambda text: "/s" in text)
    child.send_signal(signal.SIGINT)
    seen += _read(master, lambda text: "goes on" in text)
    assert child.wait(10) == 130 and " of " in seen and FILE in seen and "Interrupted: stopped; what has come is kept" in seen
    hub.faults = Faults()
    hub.log.clear()
    again = subprocess.run(["llmos", "models", "pull", "qwen3-0.6b", "--json"], capture_output=True, text=True, env=env)
    assert json.loads(again.stdout)["resumed"] > 0 and sum(hub.bytes_asked()[0].sent) < len(big)
    os.close(master)


def _read(handle: int, enough: object) -> str:
    """What the terminal gets until it is enough, at most 20 seconds."""
    text, until = "", time.monotonic() + 20
    while not enough(text) and time.monotonic() < until:  # type: ignore[operator]
        if select.select([handle], [], [], 0.1)[0]:
            try:
                text += os.read(handle, 65536).decode()
            except OSError:
                break
    return text


def test_adapters_are_used_with_their_model_until_they_are_removed(
    llmos: Run, tmp_path: Path, machine_known: Callable[[Path], None]
) -> None:
    machine_known(Path(os.environ["LLMOS_HOME"]))
    mine = write_tiny(tmp_path / "mine.gguf")
    style = write_adapter(tmp_path / "style.gguf")
    assert llmos("models", "import", str(mine)).code == 0
    assert llmos("models", "adapter", "list").err == "There are no adapters: llmos models adapter add MODEL FILE\n"
    added = llmos("models", "adapter", "add", "mine", str(style), "--scale", "0.5")
    assert (added.code, added.err) == (0, "mine is used with style at 0.5 from now on.\n")
    assert llmos("models", "adapter", "list").out == f"mine\tstyle\t0.5\t{style.stat().st_size}\n"
    assert "1 adapter" in llmos("models", "list").out and "style, scale 0.5" in llmos("models", "info", "mine").out
    wrong = llmos("models", "adapter", "add", "mine", str(mine))
    assert wrong.code == 1 and "is not an adapter" in wrong.err and "Traceback" not in wrong.err
    assert llmos("models", "adapter", "remove", "mine", "nothing").code == 1
    assert llmos("models", "adapter", "remove", "mine", "style", "--json").json["adapters"] == []
    assert llmos("models", "adapter", "list", "mine", "--json").json == []


def test_what_is_in_memory_is_shown_and_let_go(llmos: Run, tmp_path: Path, machine_known: Callable[[Path], None]) -> None:
    machine_known(Path(os.environ["LLMOS_HOME"]))
    assert llmos("models", "ps").err == "No model is in memory. One comes when it is needed.\n"
    assert llmos("models", "stop").code == 0 and llmos("models", "ps", "--json").json == []
    mine = write_tiny(tmp_path / "mine.gguf")
    llmos("models", "import", str(mine))
    client = Client.connect(Paths.of(os.environ))
    try:
        client.load(Path(llmos("models", "list", "--json").json[0]["path"]))
        name, size, does, goes = llmos("models", "ps").out.rstrip("\n").split("\t")
        assert name == "mine" and int(size) > mine.stat().st_size and (does, goes) == ("nothing", "in 10 minutes")
        assert llmos("models", "ps", "--json").json[0]["name"] == "mine"
        assert llmos("models", "stop", "mine").err == "Stopped: mine.\n" and llmos("models", "ps").out == ""
        assert llmos("models", "stop", "mine").err == "mine was not in memory.\n"
    finally:
        client.stop()
