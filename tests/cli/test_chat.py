"""`llmos chat` for scripts: streams, exit codes, JSON; with the real worker and a model of random weights."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.paths import Paths
from tests.cli.conftest import Run
from tests.engine.conftest import CHATML
from tests.engine.openaiserver import END, chunk, listing, said, serving, stream
from tests.engine.tinygguf import write_tiny


def test_without_a_model_it_says_what_to_pull(llmos: Run) -> None:
    ran = llmos("chat", "why is the sky blue")
    assert ran.code == 5 and ran.out == "" and "llmos models pull qwen3-4b" in ran.err
    assert llmos("chat", "hello", "--json").json["outcome"] == "no_model"
    assert llmos("chat").code == 2


def test_words_that_come_through_a_pipe_may_be_anybodys(llmos: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_PLANNER_UNATTENDED", "yes")
    function = {"name": "plan", "arguments": json.dumps({"plan": "mkdir made"})}
    call = stream(chunk({"tool_calls": [{"index": 0, "id": "a", "function": function}]}), chunk({}, "tool_calls"), END)
    with serving() as box:
        box.on("/v1/models", listing("small"))
        llmos("models", "server", "add", "box", box.url)
        llmos("models", "use", "box:small")
        box.chat(call, said("As you like."))
        assert llmos("chat", "--yes", given=b"Make a folder.").code == 3 and not (folder / "made").exists()
        box.chat(call, said("It is there."))
        assert llmos("chat", "--yes", "make a folder").code == 0 and (folder / "made").is_dir()


@pytest.fixture
def model(llmos: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LLMOS_THREADS", "1")
    made = write_tiny(tmp_path / "made.gguf", template=CHATML, size=2048, text=True, context=8192)
    assert llmos("models", "import", str(made), "--name", "tiny").code == 0
    paths = Paths.of(os.environ)
    (paths.config / "prompts").mkdir(parents=True)
    (paths.config / "prompts/chat.toml").write_text('system = "x"\nplans = "{tools}"\n[options]\nmax_tokens = 8\ntemperature = 0\n')
    yield
    if (client := Client.running(paths)) is not None:
        client.stop()


@pytest.mark.slow
def test_one_thing_said_and_answered(llmos: Run, model: None) -> None:
    ran = llmos("chat", "hello")
    assert ran.code == 0 and ran.out.endswith("\n") and ran.out.strip() and "cut off" in ran.err
    data = llmos("chat", "hello", "--json").json
    assert (data["outcome"], data["plan"], data["confidence"]) == ("done", None, None) and data["result"]["text"] == ran.out[:-1]
    piped = llmos("chat", "what is this", given=b"some text\n")
    assert piped.code == 0 and piped.out != ran.out
    assert llmos("chat", given=b"hello").out == ran.out  # what is piped in without words is what is said
    assert llmos("chat", "-f", "nothing.txt", "what").code == 1
    assert llmos("chat", "-m", "other", "hello").code == 5
    assert llmos("chat", "-c", "and then").out != ran.out  # it is told of what was said before
