"""The store: versions side by side, back again, pinned, checked, removed, taken in, shared."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError, NotFound, Refused, UsageError
from llmos_cli.models.models import Models
from tests.engine.tinygguf import write_tiny
from tests.models.conftest import FILE, REPO, finals, fresh
from tests.models.hubserver import HubServer, Repo, sha


@pytest.fixture
def two(models: Models, hub: HubServer, tiny2: bytes) -> Models:
    """A model with two versions; the newer one counts."""
    models.pull(REPO)
    hub.repos[REPO].files[FILE], hub.repos[REPO].commit = tiny2, "b" * 40
    models.pull(REPO)
    return fresh(models.host)


def test_versions_lie_side_by_side_and_rollback_goes_back(two: Models, tiny: bytes, tiny2: bytes, hub: HubServer) -> None:
    model = two.store.find(REPO)
    assert model.path.read_bytes() == tiny2 and len(model.versions) == 2 and model.before is not None
    back = two.store.roll_back(REPO)
    assert back.path.read_bytes() == tiny and fresh(two.host).store.find(REPO).current == back.current
    with pytest.raises(NotFound, match="no version before"):
        two.store.roll_back(REPO)
    hub.log.clear()
    pulled = two.pull(REPO)  # to the newest again, with nothing to fetch
    assert pulled.new and pulled.model.path.read_bytes() == tiny2 and hub.bytes_asked() == [] and len(pulled.model.versions) == 2
    assert two.store.roll_back(REPO, model.versions[0].id[:5]).path.read_bytes() == tiny
    with pytest.raises(NotFound, match="no version zzz"):
        two.store.roll_back(REPO, "zzz")


def test_a_commit_with_the_same_bytes_is_no_new_version(models: Models, hub: HubServer) -> None:
    models.pull(REPO)
    hub.repos[REPO].commit = "d" * 40
    pulled = models.pull(REPO)
    assert not pulled.new and len(pulled.model.versions) == 1


def test_a_pin_holds(two: Models) -> None:
    two.store.pin(REPO, True)
    for attempt in (lambda: two.pull(REPO), lambda: two.store.remove(REPO), lambda: two.store.roll_back(REPO)):
        with pytest.raises(Refused, match="pinned") as caught:
            attempt()
        assert "--off" in caught.value.hint
    two.store.pin(REPO, False)
    assert not two.pull(REPO).new


def test_removing_frees_what_it_says(two: Models, tiny: bytes) -> None:
    free = two.frees(REPO, old=True)
    assert free == len(tiny)
    two.store.remove(REPO, old=True)
    model = fresh(two.host).store.find(REPO)
    assert len(finals(two)) == len(model.versions) == 1 and model.path.exists()
    assert two.frees(REPO) == len(tiny)
    two.store.remove(REPO)
    assert finals(two) == [] and fresh(two.host).installed() == [] and list(two.store.partials.glob(".gone*")) == []
    with pytest.raises(NotFound, match="no model called"):
        two.store.remove(REPO)


def test_verify_finds_each_flipped_bit_and_again_mends_it(models: Models, hub: HubServer, tiny: bytes) -> None:
    path = models.pull(REPO).model.path
    assert [state for _, _, state in models.verify()] == ["ok"]
    broken = bytearray(tiny)
    broken[-1] ^= 1
    path.write_bytes(broken)
    assert [state for _, _, state in models.verify(REPO)] == ["damaged"]
    models.pull(REPO, again=True)
    assert path.read_bytes() == tiny
    path.unlink()
    assert [state for _, _, state in models.verify()] == ["missing"]
    models.pull(REPO)
    assert path.read_bytes() == tiny


def test_names_are_found_without_their_quantisation(models: Models, hub: HubServer, tiny: bytes, tiny2: bytes) -> None:
    hub.repos[REPO].files["Tiny-Q4_0.gguf"] = tiny2
    models.pull(f"{REPO}:q8_0")
    models.pull(f"{REPO}:Q4_0")
    assert [model.name for model in models.installed()] == [f"{REPO}:Q4_0", f"{REPO}:Q8_0"]
    assert models.store.find(f"{REPO}:q8_0").path.read_bytes() == tiny
    assert models.store.find(REPO.lower()).path.read_bytes() == tiny2  # the one that came last
    with pytest.raises(NotFound):
        models.store.find(f"{REPO}:Q2_K")


def test_the_same_bytes_in_another_repository_are_not_fetched_again(models: Models, hub: HubServer, tiny: bytes) -> None:
    first = models.pull(REPO).model
    hub.repos["other/Same-GGUF"] = Repo({"Same-Q8_0.gguf": tiny})
    hub.log.clear()
    second = models.pull("other/Same-GGUF")
    assert hub.bytes_asked() == [] and second.model.path.samefile(first.path)
    assert models.frees(REPO) == 0  # its other name stays
    models.store.remove(REPO)
    assert second.model.path.read_bytes() == tiny


@pytest.mark.parametrize("good", [True, False])
def test_what_huggingface_hub_has_is_copied_and_checked(good: bool, models: Models, hub: HubServer, tiny: bytes, tmp_path: Path) -> None:
    blob = tmp_path / "cache/models--maker--Tiny-GGUF/blobs" / sha(tiny)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(tiny if good else bytes(len(tiny)))
    found = fresh(models.host, HF_HUB_CACHE=str(tmp_path / "cache"))
    assert found.pull(REPO).model.path.read_bytes() == tiny
    assert len(hub.bytes_asked()) == (0 if good else 1) and not found.store.find(REPO).path.samefile(blob)


def test_a_record_that_is_damaged_is_said_and_skipped(models: Models) -> None:
    model = models.pull(REPO).model
    record = model.folder / "record.json"
    good = json.loads(record.read_text())
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    evil = [b"", b"{", b"[]", b'{"name": 1}', json.dumps({**good, "versions": []}).encode()]
    for name in ("../../x", "", ".", "a/b"):
        evil.append(json.dumps({**good, "versions": [{**good["versions"][0], "id": name}]}).encode())
    for text in evil:
        record.write_bytes(text)
        found = fresh(models.host)
        assert found.installed() == [] and len(found.problems) == 1
    assert fresh(models.host).pull(REPO).model.path.exists()


# ---- files of one's own --------------------------------------------------------------------------------


def test_a_file_is_taken_in_as_a_copy_or_a_link(models: Models, tmp_path: Path, tiny: bytes) -> None:
    mine = tmp_path / "My Model (v2)-Q8_0.gguf"
    mine.write_bytes(tiny)
    copied = models.take_in(mine)
    assert copied.name == "My-Model-v2-Q8_0" and copied.path.read_bytes() == tiny and not copied.path.samefile(mine)
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    linked = models.take_in(mine, "mine:Q8_0", link=True)
    assert linked.name == "mine:Q8_0" and linked.path.samefile(mine) and models.frees("mine") == 0
    assert models.store.find("MINE").version.source == str(mine)
    models.store.remove("mine")
    assert mine.read_bytes() == tiny
    with pytest.raises(UsageError):
        models.take_in(mine, "../../evil")


def test_what_is_no_gguf_is_not_taken_in(models: Models, tmp_path: Path, tiny: bytes) -> None:
    for name, data in (("cut", tiny[:-9000]), ("text", b"hello"), ("empty", b"")):
        bad = tmp_path / f"{name}.gguf"
        bad.write_bytes(data)
        with pytest.raises(LlmosError):
            models.take_in(bad)
    for missing in (tmp_path / "nothing.gguf", tmp_path):
        with pytest.raises(NotFound):
            models.take_in(missing)
    (tmp_path / "x-00001-of-00002.gguf").write_bytes(tiny)
    with pytest.raises(LlmosError, match="does not exist"):
        models.take_in(tmp_path / "x-00001-of-00002.gguf")
    assert finals(models) == [] and models.installed() == []


def test_a_split_file_is_taken_in_whole(models: Models, tmp_path: Path, tiny: bytes, tiny2: bytes) -> None:
    for number, data in ((1, tiny), (2, tiny2)):
        (tmp_path / f"x-0000{number}-of-00002.gguf").write_bytes(data)
    model = models.take_in(tmp_path / "x-00001-of-00002.gguf")
    assert model.name == "x" and [path.read_bytes() for path in model.paths] == [tiny, tiny2]


def test_rights_do_not_depend_on_the_umask(models: Models) -> None:
    old = os.umask(0)
    try:
        models.pull(REPO)
    finally:
        os.umask(old)
    for path in models.store.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


# ---- the header ----------------------------------------------------------------------------------------


def test_the_header_says_what_a_model_is(models: Models, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "x-F16.gguf", kind="F16", layers=3, width=64, heads=4, kv_heads=2, feed_forward=128, context=4096)
    _, _, header = models.about(str(path))
    assert header is not None
    assert (header.architecture, header.layers, header.width, header.context, header.quant) == ("qwen3", 3, 64, 4096, "F16")
    assert header.kv == 3 * 2 * (16 + 16) * 2 and not header.template and not header.embeds
    words = 256 + 10 + 9
    each = 64 * 64 * 2 + 2 * 32 * 64 + 3 * 64 * 128 + 2 * 64 + 2 * 16
    assert header.parameters == words * 64 + 64 + 3 * each


@pytest.mark.skipif("LLMOS_TEST_MODELS" not in os.environ, reason="no folder of real models is named")
def test_real_models_can_be_read() -> None:
    from llmos_cli.models.about import about, accept

    for path in Path(os.environ["LLMOS_TEST_MODELS"]).rglob("*.gguf"):
        accept(path)
        found = about([path])
        assert found.architecture and found.parameters > 1_000_000 and found.layers
