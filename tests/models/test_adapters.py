"""LoRA adapters of installed models: kept beside them, used with them, gone with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.models.models import Models
from tests.engine.test_adapters import write_adapter
from tests.models.conftest import fresh

NAME = "mine"


@pytest.fixture
def mine(models: Models, tiny: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine_known: Callable[[Path], None]) -> Models:
    """A store with one model, on a machine that was tried already."""
    machine_known(models.host.paths.cache.parent)
    monkeypatch.setenv("LLMOS_THREADS", "1")
    (tmp_path / "mine.gguf").write_bytes(tiny)
    models.take_in(tmp_path / "mine.gguf", NAME)
    return models


def kept(models: Models) -> list[Path]:
    return sorted((models.store.find(NAME).folder / "adapters").glob("*"))


def test_an_adapter_is_kept_beside_its_model_and_goes_again(mine: Models, tmp_path: Path):
    source = write_adapter(tmp_path / "my style (2).gguf")
    model = mine.add_adapter(NAME, source, 0.5)
    (found,) = fresh(mine.host).store.find(NAME).used_with
    assert Path(found["path"]).read_bytes() == source.read_bytes() and found["scale"] == 0.5
    assert Path(found["path"]).stat().st_mode & 0o777 == 0o600
    source.unlink()
    assert model.adapters[0].name == "my-style-2" and model.size == model.version.size + model.adapters[0].file.size
    assert [state for _, _, state in mine.verify()] == ["ok", "ok"]
    assert mine.remove_adapter(NAME, str(source))[1] == "my-style-2"
    assert kept(mine) == [] and not fresh(mine.host).store.find(NAME).adapters


def test_the_same_again_changes_its_scale_and_another_of_its_name_takes_its_place(mine: Models, tmp_path: Path):
    one = write_adapter(tmp_path / "one.gguf")
    mine.add_adapter(NAME, one)
    assert [a.scale for a in mine.add_adapter(NAME, one, -2).adapters] == [-2]
    renamed = one.rename(tmp_path / "two.gguf")
    assert [a.name for a in mine.add_adapter(NAME, renamed).adapters] == ["two"] and len(kept(mine)) == 1
    write_adapter(renamed, strength=0.5)
    assert len(mine.add_adapter(NAME, renamed).adapters) == len(kept(mine)) == 1
    mine.add_adapter(NAME, write_adapter(one, strength=0.1))
    assert [a.name for a in mine.store.find(NAME).adapters] == ["two", "one"]


def test_what_does_not_fit_is_a_sentence_and_leaves_nothing(mine: Models, tmp_path: Path):
    damaged = write_adapter(tmp_path / "damaged.gguf")
    damaged.write_bytes(damaged.read_bytes()[:-50])
    for path, sentence in (
        (damaged, "cut short"),
        (tmp_path / "mine.gguf", "is not an adapter"),
        (write_adapter(tmp_path / "llama.gguf", architecture="llama"), "models of the kind 'llama', and mine"),
        (write_adapter(tmp_path / "wide.gguf", width=128), "cannot be used as an adapter"),
    ):
        with pytest.raises(LlmosError, match=sentence) as caught:
            mine.add_adapter(NAME, path)
        assert "\n" not in caught.value.message
    with pytest.raises(NotFound, match="there is no file"):
        mine.add_adapter(NAME, tmp_path / "none.gguf")
    with pytest.raises(UsageError, match="scale"):
        mine.add_adapter(NAME, damaged, float("nan"))
    with pytest.raises(NotFound, match="has no adapter called 'x'"):
        mine.remove_adapter(NAME, "x")
    assert kept(mine) == [] and not mine.store.find(NAME).adapters


def test_a_newer_version_keeps_them_and_removing_the_model_takes_them_along(mine: Models, tiny2: bytes, tmp_path: Path):
    mine.add_adapter(NAME, write_adapter(tmp_path / "one.gguf"))
    (tmp_path / "mine.gguf").write_bytes(tiny2)
    assert mine.take_in(tmp_path / "mine.gguf", NAME).adapters == mine.store.roll_back(NAME).adapters != ()
    folder = mine.store.find(NAME).folder
    mine.store.remove(NAME)
    assert not folder.exists()
