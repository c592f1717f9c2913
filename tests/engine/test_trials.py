"""What works on this machine is found out once, in processes that may crash."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from llmos_cli.engine import child, trials
from llmos_cli.engine.adapters import Source
from llmos_cli.engine.weights import Setup
from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.paths import Paths

PLAIN = Setup()


def home(tmp_path: Path) -> Paths:
    return Paths.of({"LLMOS_HOME": str(tmp_path / "home")})


def test_a_machine_is_probed_once(paths: Paths, client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(child, "run", None)  # no process is started any more
    machine = trials.machine(paths)
    assert machine.setup.threads == 1 and any(line.startswith("flash attention: ") for line in machine.why)
    assert client.hello()["machine"] == list(machine.why)


def test_what_crashes_in_the_probe_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = child.run

    def run(module: str, arguments: list[str], seconds: float):
        if json.loads(arguments[0])["extra_buffers"]:
            raise child.Ended("it crashed (segmentation fault)")
        return {**real(module, arguments, seconds), "seconds": 0.001}

    monkeypatch.setattr(child, "run", run)
    machine = trials.machine(home(tmp_path))
    assert machine.setup.flash and not machine.setup.extra_buffers
    assert "repacked weights: no, it crashed (segmentation fault)" in machine.why


@pytest.mark.parametrize(
    ("found", "taken", "said"),
    [
        ({"seconds": 0.5}, True, "yes"),
        ({"seconds": 0.99}, False, "no, it is not quicker"),
        ({"seconds": 0.1, "logits": [9.0, 1.0, 5.0]}, False, "no, it computes something else"),
        ({"error": "there is too little memory"}, False, "no, there is too little memory"),
    ],
)
def test_only_what_is_quicker_and_right_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: dict, taken: bool, said: str):
    plain = {"plain": 1.0, "right": [1.0, 2.0, 9.0], "logits": [1.0, 2.1, 9.0], "devices": []}
    monkeypatch.setattr(child, "run", lambda module, arguments, seconds: {**plain, **found})
    machine = trials.machine(home(tmp_path))
    assert machine.setup.flash == taken and f"flash attention: {said}" in machine.why


def test_a_graphics_card_is_used_only_where_it_computes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    card = {"name": "GPU0", "description": "a card", "free": 1 << 33, "total": 1 << 33}
    for number, wrong in enumerate((False, True)):

        def run(module: str, arguments: list[str], seconds: float, wrong: bool = wrong):
            ours = [9.0, 1.0] if wrong and json.loads(arguments[0])["gpu_layers"] else [1.0, 9.0]
            return {"plain": 1.0, "seconds": 1.0, "right": [1.0, 9.0], "logits": ours, "devices": [card]}

        monkeypatch.setattr(child, "run", run)
        assert trials.machine(home(tmp_path / str(number))).devices == (() if wrong else (card,))


@pytest.mark.parametrize(("name", "writes"), [("qwen3", True), ("gemma3", True), ("lfm2", True), ("bert", False)])
def test_a_model_is_tried_once_and_measured(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, writes: bool
):
    known = trials.known(home(tmp_path), Source(models[name]), PLAIN)
    assert (known.writes, known.architecture, known.bytes) == (writes, name, models[name].stat().st_size)
    if name == "qwen3":
        assert known.cell - 2 * 2 * 2 * 16 * 2 in range(32)  # keys and values of 2 layers with 2 heads of 16, as F16; and the position
    assert (known.fixed > 500) == (name == "lfm2"), "a state that every sequence has"
    monkeypatch.setattr(child, "run", None)
    assert trials.known(home(tmp_path), Source(models[name]), PLAIN) == known


def test_a_file_that_ends_the_trial_is_a_sentence(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A shape that llama.cpp asserts on, and our check does not look at."""
    whole = models["gemma3"].read_bytes()
    key = b"gemma3.attention.key_length"
    at = whole.index(key) + len(key) + 4
    broken = tmp_path / "broken.gguf"
    for value in (0, 7, 64, 1 << 31):
        broken.write_bytes(whole[:at] + value.to_bytes(4, "little") + whole[at + 4 :])
        with pytest.raises(LlmosError) as caught:
            trials.known(home(tmp_path), Source(broken), PLAIN)
        assert str(broken) in caught.value.message and "\n" not in caught.value.message
    with pytest.raises(NotFound):
        trials.known(home(tmp_path), Source(tmp_path / "none.gguf"), PLAIN)


def test_a_model_that_runs_only_plainly_is_run_so(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = child.run

    def run(module: str, arguments: list[str], seconds: float):
        if json.loads(arguments[0])["extra_buffers"]:
            raise child.Ended("it crashed (segmentation fault)")
        return real(module, arguments, seconds)

    monkeypatch.setattr(child, "run", run)
    assert trials.known(home(tmp_path), Source(models["qwen3"]), replace(PLAIN, extra_buffers=True)).plain


def test_a_damaged_note_is_found_out_again(models: dict[str, Path], tmp_path: Path):
    known = trials.known(home(tmp_path), Source(models["qwen3"]), PLAIN)
    (note,) = (home(tmp_path).cache / "engine" / "trials").iterdir()
    for text in ("", "{", "[]", '{"bytes": 1}'):
        note.write_text(text)
        assert asdict(trials.known(home(tmp_path), Source(models["qwen3"]), PLAIN)) == asdict(known)


def test_a_child_is_told_no_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    env = child.environment()
    assert "OPENAI_API_KEY" not in env and env["CUDA_VISIBLE_DEVICES"] == "1" and env["LLMOS_THREADS"] == "1"
