"""Tiny models, made once for all tests of the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.tinygguf import write_tiny

ROOT = Path(__file__).resolve().parents[2]
Child = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths of tiny models by name:

    their architecture, `q8`, and `mid`, which takes seconds for a long prompt.
    """
    folder = tmp_path_factory.mktemp("models")
    return {
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
