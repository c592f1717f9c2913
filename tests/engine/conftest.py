"""Tiny models, made once for all tests of the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.engine.remote import Remote
from llmos_cli.paths import Paths
from llmos_cli.servers import Elsewhere, Server
from tests.engine.architectures import write_bert, write_gemma3, write_lfm2
from tests.engine.openaiserver import OpenAI, serving
from tests.engine.tinygguf import write_tiny

ROOT = Path(__file__).resolve().parents[2]
HELLO = [{"role": "user", "content": "hello"}]
Made = Callable[..., Remote]
Child = Callable[..., "subprocess.CompletedProcess[str]"]
CHATML = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths of tiny models by name:

    their architecture, `q8`, and `mid`, which takes seconds for a long prompt.
    """
    folder = tmp_path_factory.mktemp("models")
    return {
        "chat": write_tiny(folder / "chat.gguf", template=CHATML, size=2048, text=True),
        "gemma3": write_gemma3(folder / "gemma3.gguf"),
        "lfm2": write_lfm2(folder / "lfm2.gguf"),
        "bert": write_bert(folder / "bert.gguf"),
        "qwen3": write_tiny(folder / "qwen3.gguf"),
        "llama": write_tiny(folder / "llama.gguf", architecture="llama"),
        "q8": write_tiny(folder / "q8.gguf", kind="Q8_0"),
        "mid": write_tiny(
            folder / "mid.gguf",
            kind="Q8_0",
            layers=8,
            width=512,
            heads=8,
            feed_forward=2048,
            context=8192,
        ),
    }


@pytest.fixture(scope="session")
def tiny(models: dict[str, Path]) -> Path:
    return models["qwen3"]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_THREADS", "1")


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paths]:
    """A home whose worker all tests share; what was found out of this machine is found out once."""
    made = Paths.of({"LLMOS_HOME": str(tmp_path_factory.mktemp("engine"))})
    yield made
    if (client := Client.running(made)) is not None:
        client.stop()


@pytest.fixture
def client(paths: Paths) -> Client:
    return Client.connect(paths)


@pytest.fixture
def child() -> Child:
    """Run Python in a process of its own: `child("-c", "…", argument…)`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


# ---- models on servers ---


@pytest.fixture
def server() -> Iterator[OpenAI]:
    with serving() as made:
        yield made


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def remote(server: OpenAI, waits: list[float]) -> Made:
    """A model `m` on the server; its pauses between two tries are counted in place of waited for."""

    def make(model: str = "m", env: dict[str, str] | None = None, **more: Any) -> Remote:
        made = Server("box", more.pop("url", f"{server.url}/v1"), model=model, **more)
        return Remote(Elsewhere(made, model), env or {}, waits.append)

    return make
