"""llmos as a library: through the real worker with random weights, and where words matter, on a server that says them."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos_cli import LLM, Chatbot, LlmosError
from llmos_cli.engine.client import Client
from llmos_cli.host import Host
from llmos_cli.models.models import Models
from llmos_cli.paths import Paths
from llmos_cli.servers import FILE
from tests.engine.architectures import write_bert
from tests.engine.conftest import CHATML
from tests.engine.openaiserver import END, OpenAI, chunk, said, serving, stream
from tests.engine.tinygguf import write_tiny
from tests.models.hubserver import Repo
from tests.models.hubserver import serving as hub_serving

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/sdk.md").read_text(), re.DOTALL)
TEXT = "The heron stood in the river. It waited a long time. Then it caught a fish."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with small models in its store, and a worker that all tests here share."""
    folder = tmp_path_factory.mktemp("sdk")
    env = {"LLMOS_HOME": str(folder / "llmos"), "HOME": str(folder), "PATH": os.environ["PATH"]}
    models = Models(Host(sys.stdin, sys.stdout, sys.stderr, folder, env))
    models.take_in(write_tiny(folder / "tiny.gguf", template=CHATML, size=2048, text=True, context=1024), "qwen3-4b")
    models.take_in(write_bert(folder / "bert.gguf"), "embeddinggemma")
    yield folder
    if (client := Client.running(Paths.of(env))) is not None:
        client.stop()


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """This process is in that home, in an empty folder."""
    monkeypatch.setenv("LLMOS_HOME", str(home / "llmos"))
    monkeypatch.setenv("LLMOS_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    return home


@pytest.fixture
def box(here: Path) -> Iterator[OpenAI]:
    """A server `box` that says what it is told to."""
    file = here / "llmos/config" / FILE
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with serving() as server:
        file.write_text(f'[box]\nurl = "{server.url}/v1"\ncontext = 4096\n')
        file.chmod(0o600)
        yield server
        file.unlink()


def test_the_lines_of_the_page_work(here: Path, box: OpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    """With random weights; what needs sense is asked of the server."""
    names: dict[str, Any] = {}
    box.chat(said('{"items": [{"name": "Ana", "age": 31}, {"name": "Ben", "age": 28}]}'))
    for block in BLOCKS:
        capsys.readouterr()
        if ".extract(" in block:
            names["model"] = LLM.from_pretrained("box:m")
        exec(compile(block, "docs/sdk.md", "exec"), names)
        names["model"] = LLM.from_pretrained("qwen3-4b")
        if ".extract(" in block:
            assert capsys.readouterr().out == "Ana 31\nBen 28\n"
    assert "the catalogue has no model called 'no-such-model' –" in capsys.readouterr().out
    assert Path("garden.json").exists() and len(BLOCKS) >= 8


def test_a_model_that_has_to_come_is_pulled(here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    gguf = write_tiny(here / "other.gguf", template=CHATML).read_bytes()
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    with hub_serving() as hub:
        hub.repos["maker/Other-GGUF"] = Repo({"Other-Q8_0.gguf": gguf})
        monkeypatch.setenv("HF_ENDPOINT", hub.api)
        model = LLM.from_pretrained("maker/Other-GGUF")
        asked = len(hub.log)
        assert model.name == "maker/Other-GGUF:Q8_0" and model.context > 0
        assert LLM.from_pretrained("maker/Other-GGUF:Q8_0").name == model.name and len(hub.log) == asked
        with pytest.raises(LlmosError, match="there is no model maker/None"):
            LLM.from_pretrained("maker/None")
    assert capfd.readouterr().err == ""  # it is no terminal
    for name in ("no-such-model", "no.gguf", Path("no.gguf"), "nobox:m"):
        with pytest.raises(LlmosError) as error:
            LLM.from_pretrained(name)
        assert error.value.hint


def test_a_file_and_the_end_of_a_block(here: Path) -> None:
    with LLM.from_pretrained(here / "tiny.gguf") as model:
        pieces = [*model.generate("hello", stream=True, max_tokens=12, seed=1)]
        assert len(pieces) > 1 and "".join(pieces) == model.generate("hello", max_tokens=12, seed=1)
        worker = Client.running(Paths.of(os.environ))
        assert worker is not None and str(here / "tiny.gguf") in [each["model"] for each in worker.ps()]
    assert str(here / "tiny.gguf") not in [each["model"] for each in worker.ps()]


def test_vectors(here: Path) -> None:
    one, two = LLM.from_pretrained("embeddinggemma").embed(["a heron", "a bird"])
    assert sum(value * value for value in one) == pytest.approx(1) and one != two
    assert LLM.from_pretrained("embeddinggemma").embed("a heron") == [pytest.approx(one, abs=1e-4)]


def test_what_steps_say(box: OpenAI, caplog: pytest.LogCaptureFixture) -> None:
    model = LLM.from_pretrained("box:m")
    box.chat(said(" A heron", " ate.\n"))
    assert model.summarize(TEXT, length="short", about="food") == "A heron ate."
    assert "food" in str(box.asked()[-1]["messages"])
    assert model.translate(TEXT, to="fr") == "A heron ate." and "into French" in str(box.asked()[-1]["messages"])
    box.chat(said('{"label": "complaint"}'), said('{"label": "praise"}'))
    assert model.classify(["it never came", "lovely\nthanks"], ["praise", "complaint"]) == ["complaint", "praise"]
    assert model.classify("lovely", ["praise", "complaint"]) == "praise" and model.classify([], ["a", "b"]) == []
    with pytest.raises(LlmosError):
        model.classify(["x", " "], ["a", "b"])
    box.chat(said('{"items": [{"name": "Ana", "tags": ["a", "b"], "here": true}]}'))
    assert model.extract("Ana", "name, tags list, here yes/no") == [{"name": "Ana", "tags": ["a", "b"], "here": True}]
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert model.extract("Ana", schema)[0]["name"] == "Ana"
    box.chat(said("so"))
    with caplog.at_level(logging.WARNING, "llmos"):
        assert model.summarize(f"{TEXT} " * 400)
    assert "works through it in" in caplog.text


def test_a_conversation_is_kept_and_goes_on(box: OpenAI, tmp_path: Path) -> None:
    chatbot = Chatbot(LLM.from_pretrained("box:m"), system="be kind", temperature=0)
    box.chat(said("Hi", "!"), said("Fine."))
    assert chatbot.generate_response("Hello!") == "Hi!"
    assert [*chatbot.generate_response("How are you?", stream=True)] == ["Fine."]
    assert [turn["content"] for turn in chatbot.history] == ["Hello!", "Hi!", "How are you?", "Fine."]
    assert [m["content"] for m in box.asked()[-1]["messages"]] == ["be kind", "Hello!", "Hi!", "How are you?"]
    assert box.asked()[-1]["temperature"] == 0
    chatbot.history.clear()
    chatbot.save(tmp_path / "talk.json")
    assert stat.S_IMODE((tmp_path / "talk.json").stat().st_mode) == 0o600
    other = Chatbot(chatbot.model)
    other.load(tmp_path / "talk.json")
    assert other.history == chatbot.history and len(other.history) == 4 and other.system == "be kind"
    other.reset()
    assert other.history == []
    for bad in ("no json", "{}", '{"system": "", "messages": [{"role": "system", "content": "x"}]}', "[1]"):
        (tmp_path / "bad.json").write_text(bad)
        with pytest.raises(LlmosError, match="no conversation that was saved"):
            other.load(tmp_path / "bad.json")


def test_what_fails_or_is_stopped_leaves_the_conversation_as_it_was(box: OpenAI) -> None:
    chatbot = Chatbot(LLM.from_pretrained("box:m"))
    box.chat(stream(chunk({"content": "half"}), cut=True))
    with pytest.raises(LlmosError):
        chatbot.generate_response("Hello!")
    box.chat(stream(chunk({"content": "half"}), chunk({"content": " whole"}), chunk({}, "stop"), END))
    pieces = chatbot.generate_response("Hello!", stream=True)
    assert next(pieces) == "half"
    pieces.close()  # type: ignore[attr-defined]
    assert chatbot.history == []


def test_old_turns_are_left_out_and_it_is_logged(box: OpenAI, caplog: pytest.LogCaptureFixture) -> None:
    chatbot = Chatbot(LLM.from_pretrained("box:m"))
    box.chat(said("word " * 400))
    with caplog.at_level(logging.WARNING, "llmos"):
        for _ in range(8):
            chatbot.generate_response("more, please", max_tokens=100)
    assert "did not see the first" in caplog.text and len(chatbot.history) == 16


def test_importing_loads_nothing_heavy() -> None:
    code = """
import sys
import llmos_cli
before = sorted(name for name in sys.modules if name.startswith("llmos_cli"))
assert before == ["llmos_cli"], before
import llmasos
from llmos_cli import LLM, Chatbot
assert llmasos.LLM is LLM and llmasos.Chatbot is Chatbot
heavy = {"llama_cpp", "numpy", "jinja2", "huggingface_hub", "typer", "rich", "prompt_toolkit", "sqlite3", "keyring", "ssl", "asyncio",
         "pydantic", "urllib.request", "http.client", "logging", "subprocess", "dateparser"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert set(dir(llmos_cli)) >= {"LLM", "Chatbot"} or llmos_cli.__all__
try:
    llmos_cli.nothing
except AttributeError as error:
    print(error)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == "" and ran.stdout == "module 'llmos_cli' has no attribute 'nothing'\n"


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "llmos_cli/py.typed").exists()
    assert json.loads(json.dumps(sorted(__import__("llmasos").__all__))) == ["Chatbot", "LLM", "LlmosError"]
