"""Tensors of a GGUF as arrays, and a copy of the file with others."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from llmos_cli.engine import gguf, tensors
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import LlmosError
from tests.engine.tinygguf import write_tiny


@pytest.mark.parametrize("kind", ["F32", "F16", "Q8_0"])
def test_a_copy_with_the_same_weights_is_the_same_file(tmp_path: Path, kind: str):
    source, target = write_tiny(tmp_path / "a.gguf", kind=kind), tmp_path / "b.gguf"
    found = tensors.read(source)
    assert found["blk.0.ffn_gate.weight"].shape == (128, 64) and found["output_norm.weight"].shape == (64,)
    tensors.copied(source, target, found, {})
    assert target.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_other_weights_and_texts_take_the_place_of_the_old_ones(tmp_path: Path):
    source, target = write_tiny(tmp_path / "a.gguf", kind="Q8_0"), tmp_path / "b.gguf"
    weights = tensors.read(source)
    changed = weights["blk.1.attn_k.weight"] * 2
    tensors.copied(source, target, {**weights, "blk.1.attn_k.weight": changed}, {"general.name": "a name of another length"})
    back = tensors.read(target)
    assert np.abs(back["blk.1.attn_k.weight"] - changed).max() <= np.abs(changed).max() / 127
    assert all(np.array_equal(back[name], weights[name]) for name in weights if name != "blk.1.attn_k.weight")
    old, new = gguf.read_metadata(source), gguf.read_metadata(target)
    assert new == {**old, "general.name": "a name of another length"}
    with Llama.open(target, context=64) as model:
        model.decode([1, 2, 3])
        assert model.metadata("general.name") == "a name of another length"


def test_what_does_not_fit_is_not_written(tmp_path: Path):
    source = write_tiny(tmp_path / "a.gguf")
    weights = tensors.read(source)
    with pytest.raises(KeyError):
        tensors.copied(source, tmp_path / "b.gguf", {**weights, "output_norm.weight": np.ones(32)}, {})
    with pytest.raises(KeyError):
        tensors.copied(source, tmp_path / "b.gguf", weights, {"general.author": "somebody"})


def test_what_was_there_stays_as_it_is_for_whoever_has_it_open(tmp_path: Path):
    source, target, elsewhere = write_tiny(tmp_path / "a.gguf"), tmp_path / "b.gguf", tmp_path / "c.gguf"
    elsewhere.write_text("of somebody else")
    target.symlink_to(elsewhere)
    with target.open() as file:
        tensors.copied(source, target, tensors.read(source), {})
        assert file.read() == "of somebody else"
    assert elsewhere.read_text() == "of somebody else" and not target.is_symlink()


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path):
    source = write_tiny(tmp_path / "a.gguf")
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(LlmosError, match="cut short"):
        tensors.read(source)
