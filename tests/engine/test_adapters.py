"""LoRA adapters: they change what is written, are part of what a model is, and a broken one is a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmos_cli.engine import trials
from llmos_cli.engine.adapters import Adapter, Source, read
from llmos_cli.engine.client import Client
from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.paths import Paths
from training.gguf_write import write_gguf

WIDTH, RANK = 64, 4  # of tinygguf's models
ASK = {"temperature": 0, "max_tokens": 1, "logprobs": True}


def write_adapter(path: Path, *, architecture: str = "qwen3", width: int = WIDTH, strength: float = 1.0, kind: str = "lora") -> Path:
    """A random change of the first layer's attention output."""
    random = np.random.default_rng(7)
    tensors = {
        "blk.0.attn_output.weight.lora_a": random.normal(0, strength, (RANK, width)).astype(np.float32),
        "blk.0.attn_output.weight.lora_b": random.normal(0, strength, (width, RANK)).astype(np.float32),
    }
    about = {"general.architecture": architecture, "general.type": "adapter", "adapter.type": kind, "adapter.lora.alpha": 8.0}
    write_gguf(path, about, [], [], tensors, lambda _: "F32")
    return path


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter.gguf")


def with_(*paths: Path, scale: float = 1.0) -> dict:
    return {"adapters": [{"path": str(path), "scale": scale} for path in paths]}


def first(client: Client, model: Path, **options: object) -> dict[int, float]:
    """The likeliest first tokens, with their log-probabilities."""
    (found,) = client.ask("POST", "/v1/completions", {"model": str(model), "prompt": "hello", **ASK, **options})["choices"][0]["logprobs"][
        "content"
    ]
    return {each["id"]: each["logprob"] for each in found["top_logprobs"]}


def test_an_adapter_changes_what_is_computed_as_far_as_its_scale_says(client: Client, models: dict[str, Path], adapter: Path):
    without = first(client, models["chat"])
    full, half = (first(client, models["chat"], **with_(adapter, scale=scale)) for scale in (1.0, 0.5))
    assert full != pytest.approx(without, abs=1e-3) and half != pytest.approx(full, abs=1e-3)
    assert first(client, models["chat"], **with_(adapter, scale=0)) == pytest.approx(without, abs=1e-4)
    assert first(client, models["chat"]) == without, "who asks for none gets none"
    same = [[each["path"] for each in model["adapters"]] for model in client.ps() if model["model"] == str(models["chat"])]
    assert [] in same and [str(adapter)] in same
    assert len(client.stop(models["chat"])) == len(same)


def test_vectors_change_too(client: Client, models: dict[str, Path], adapter: Path):
    one, other = (client.embed(models["chat"], ["hello"], **more)[0] for more in ({}, with_(adapter)))
    assert one != pytest.approx(other, abs=1e-3)


def test_what_was_kept_of_a_prefix_is_not_used_with_another_adapter(client: Client, paths: Paths, models: dict[str, Path], adapter: Path):
    kept = paths.cache / "engine" / "prefixes"
    messages = [{"role": "system", "content": "hello the find adapters " * 20}, {"role": "user", "content": "hi"}]
    restored = []
    for more in ({}, with_(adapter), {}, with_(adapter), with_(adapter, scale=0.5)):
        restored.append(client.chat(models["chat"], messages, temperature=0, max_tokens=2, **more).said["restored"])
        client.stop(models["chat"])  # waits until the file is written
    assert restored[:2] == [0, 0] and restored[2] == restored[3] > 64 and restored[4] == 0
    assert len([*kept.glob("*.prefix")]) >= 3


def test_a_broken_adapter_is_a_sentence_and_the_model_lives(client: Client, models: dict[str, Path], adapter: Path, tmp_path: Path):
    before = client.hello()["pid"]
    cut, text = tmp_path / "cut.gguf", tmp_path / "text.gguf"
    cut.write_bytes(adapter.read_bytes()[:-100])
    text.write_text("hello")
    for path, sentence in (
        (cut, "cut short"),
        (text, "not a GGUF"),
        (models["qwen3"], "is not an adapter"),
        (write_adapter(tmp_path / "llama.gguf", architecture="llama"), "for models of the kind 'llama'"),
        (write_adapter(tmp_path / "wide.gguf", width=128), "cannot be used as an adapter of chat.gguf: "),
        (write_adapter(tmp_path / "kind.gguf", kind="zork"), "of the kind 'zork'"),
    ):
        with pytest.raises(LlmosError, match=sentence) as caught:
            client.chat(models["chat"], [{"role": "user", "content": "hi"}], max_tokens=2, **with_(path))
        assert "\n" not in caught.value.message and str(path.name) in caught.value.message
    with pytest.raises(NotFound, match="no such file"):
        client.load(models["chat"], **with_(tmp_path / "none.gguf"))
    assert client.hello()["pid"] == before and first(client, models["chat"])


def test_a_replaced_adapter_counts_as_another(client: Client, models: dict[str, Path], adapter: Path):
    one = first(client, models["chat"], **with_(adapter))
    write_adapter(adapter, strength=0.5)
    assert first(client, models["chat"], **with_(adapter)) != pytest.approx(one, abs=1e-3)


def test_a_fingerprint_names_adapters_and_scales(paths: Paths, models: dict[str, Path], adapter: Path):
    setup = trials.machine(paths).setup
    known = [
        trials.known(paths, Source(models["chat"], adapters), setup).fingerprint
        for adapters in ((), (Adapter(adapter),), (Adapter(adapter, 0.5),))
    ]
    assert len({*known}) == 3


def test_a_split_model_is_all_of_its_parts():
    assert [path.name for path in Source(Path("/m/a-00001-of-00003.gguf")).parts] == [f"a-0000{at}-of-00003.gguf" for at in (1, 2, 3)]
    assert Source(Path("/m/a-00002-of-00003.gguf")).parts == [Path("/m/a-00002-of-00003.gguf")]
    assert Source(Path("/m/a.gguf"), (Adapter(Path("/m/b.gguf")),)).files == [Path("/m/a.gguf"), Path("/m/b.gguf")]


@pytest.mark.parametrize("given", ["x", [1], [{}], [{"path": "relative.gguf"}], [{"path": "/a", "scale": "much"}], [{"path": "/a"}] * 9])
def test_what_makes_no_sense_is_said(given: object):
    with pytest.raises(UsageError, match="adapter"):
        read(given)
