"""What fits a machine, and why; which model does what; and what a missing one's hint says."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.errors import NoModel, NotFound, UsageError
from llmos_cli.models.amounts import GIB
from llmos_cli.models.catalogue import Catalogue
from llmos_cli.models.fit import judge, recommend, room
from llmos_cli.models.machine import Card, Machine, measure
from llmos_cli.models.models import Models, model_for
from tests.models.conftest import FILE, REPO, fresh
from tests.models.hubserver import HubServer, Repo

CATALOGUE = Catalogue.of(Path("/nowhere"))
LAPTOP = Machine(16 * GIB, 12 * GIB, 8, 25e9)


def best(machine: Machine, context: int = 8192) -> str:
    fit = recommend(CATALOGUE.with_role("chat"), machine, context)[0]
    assert fit.good
    return f"{fit.entry.name}:{fit.quant}"


def test_larger_machines_get_larger_models() -> None:
    sizes = []
    for memory, reads in ((2, 8e9), (4, 12e9), (8, 20e9), (16, 50e9), (64, 200e9)):
        name = best(Machine(memory * GIB, memory * GIB, 4, reads)).partition(":")[0]
        sizes.append(CATALOGUE.named(name).parameters)
    assert sizes == sorted(sizes) and sizes[0] < 1e9 and sizes[-1] > 14e9


def test_nothing_recommended_takes_more_than_there_is() -> None:
    for memory in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64):
        machine = Machine(memory * GIB, memory * GIB, 4, 30e9)
        for fit in recommend(CATALOGUE.entries.values(), machine, 32768):
            assert fit.need.total == fit.need.weights + fit.need.cache + fit.need.margin
            assert not fit.good or fit.need.total <= room(machine) < machine.memory


def test_the_parts_are_reckoned() -> None:
    entry = CATALOGUE.named("qwen3-8b")
    fit = judge(entry, "Q4_K_M", entry.sizes["Q4_K_M"], LAPTOP, 8192)
    assert fit.need.cache == 8192 * 36 * 8 * 128 * 2 * 2  # layers, KV heads, head size, keys and values, two bytes
    assert fit.need.weights == 5_030_000_000 and 0 < fit.need.margin < GIB


def test_a_card_computes_where_it_can() -> None:
    card = Machine(16 * GIB, 12 * GIB, 8, 10e9, (Card("A card", 24 * GIB, 23 * GIB),), offloads=True)
    assert best(card).startswith("qwen3-14b") and recommend(CATALOGUE.with_role("chat"), card)[0].where == "card"
    without = Machine(16 * GIB, 12 * GIB, 8, 10e9, card.cards)
    assert recommend(CATALOGUE.with_role("chat"), without)[0].where == "memory" and not best(without).startswith("qwen3-14b")


def test_quick_machines_get_more_bits() -> None:
    quants = [best(Machine(8 * GIB, 8 * GIB, 4, reads)) for reads in (20e9, 100e9)]
    assert quants == ["qwen3-4b:Q4_K_M", "qwen3-4b:Q8_0"]


def test_slow_memory_and_busy_machines_are_said() -> None:
    slow = Machine(64 * GIB, 60 * GIB, 2, 2e9)
    assert CATALOGUE.named(best(slow).partition(":")[0]).size < 0.5e9
    entry = CATALOGUE.named("qwen3-4b")
    assert "slow" in judge(entry, "Q4_K_M", entry.size, slow, 8192).why
    busy = judge(entry, "Q4_K_M", entry.size, Machine(16 * GIB, GIB, 8, 25e9), 8192)
    assert not busy.good and "close other programs" in busy.why


def test_this_machine_is_measured() -> None:
    found = measure()
    assert 2**27 < found.free <= found.memory and found.cores >= 1 and found.reads > 1e8


def test_a_container_counts_as_the_machine(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\n",
        "proc/self/cgroup": "0::/user/x\n",
        "sys/fs/cgroup/user/x/memory.max": "max\n",
        "sys/fs/cgroup/user/memory.max": str(3 * GIB),
        "sys/fs/cgroup/user/cpu.max": "100000 100000\n",
        "sys/class/drm/card0/device/mem_info_vram_total": str(8 * GIB),
        "sys/class/drm/card0/device/mem_info_vram_used": str(GIB),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = measure(tmp_path)
    assert (found.memory, found.free, found.cores) == (3 * GIB, 3 * GIB, 1)
    assert Card("AMD (card0)", 8 * GIB, 7 * GIB) in found.cards


# ---- roles ---------------------------------------------------------------------------------------------


def test_without_a_model_it_says_what_to_pull(models: Models) -> None:
    for role, name, size in (
        ("summarize", "qwen3-4b", "2.3 GB"),
        ("embed", "embeddinggemma", "315 MB"),
        ("code", "qwen2.5-coder-1.5b", "944 MB"),
    ):
        with pytest.raises(NoModel) as caught:
            model_for(role, models.host)
        assert caught.value.exit_code == 5 and f"llmos models pull {name}  (about {size})" in caught.value.hint
    with pytest.raises(UsageError, match="no role") as wrong:
        model_for("sumarize", models.host)
    assert "summarize" in wrong.value.hint


def test_what_is_installed_is_used_and_a_choice_counts_more(models: Models, hub: HubServer, tiny2: bytes) -> None:
    first = models.pull(REPO).model
    assert model_for("chat", models.host) == model_for("translate", models.host) == first.path
    with pytest.raises(NoModel):
        model_for("embed", models.host)
    hub.repos["maker/Other-GGUF"] = Repo({FILE: tiny2})
    second = models.pull("maker/Other-GGUF").model
    assert model_for("chat", models.host) == second.path  # the newest
    models.use(REPO)
    again = fresh(models.host)
    assert [model_for(role, again.host) for role in ("chat", "summarize", "code")] == [first.path] * 3
    models.use("maker/Other-GGUF", "code")
    assert model_for("code", fresh(models.host).host) == second.path and model_for("chat", fresh(models.host).host) == first.path
    env = fresh(models.host, LLMOS_MODELS_CHAT="maker/Other-GGUF").host
    assert model_for("summarize", env) == second.path


def test_a_chosen_model_that_is_gone_is_said(models: Models) -> None:
    models.pull(REPO)
    models.use(REPO)
    models.store.remove(REPO)
    with pytest.raises(NoModel, match="is not installed") as caught:
        model_for("chat", fresh(models.host).host)
    assert f"llmos models pull {REPO}" in caught.value.hint


def test_what_cannot_do_it_is_not_chosen(models: Models) -> None:
    models.pull(REPO)
    with pytest.raises(UsageError, match="not made for embed"):
        models.use(REPO, "embed")
    with pytest.raises(NotFound):
        models.use("nothing")


# ---- quantising ----------------------------------------------------------------------------------------


def test_a_smaller_model_is_made(models: Models, tmp_path: Path) -> None:
    from tests.engine.tinygguf import write_tiny

    big = write_tiny(tmp_path / "big.gguf", kind="F16", width=256, feed_forward=512)
    models.take_in(big, "big:F16")
    small = models.quantize("big", "q8_0")
    assert small.name == "big:Q8_0" and small.version.size < 0.65 * big.stat().st_size
    assert models.about("big:Q8_0")[2].quant == "Q8_0"  # type: ignore[union-attr]
    assert list(models.store.partials.glob("quantise*")) == [] and models.store.find("big:F16").path.exists()
    with pytest.raises(UsageError, match="already"):
        models.quantize("big:Q8_0", "Q4_0")
    assert models.quantize("big:Q8_0", "Q4_0", again=True).version.size < small.version.size
    with pytest.raises(UsageError, match="no quantisation"):
        models.quantize("big:F16", "Q99")


def test_a_damaged_model_ends_only_the_child(models: Models, tmp_path: Path) -> None:
    from llmos_cli.errors import LlmosError
    from tests.engine.tinygguf import write_tiny

    model = models.take_in(write_tiny(tmp_path / "big.gguf", kind="F16"), "big:F16")
    data = model.path.read_bytes()
    model.path.write_bytes(data[: len(data) // 2])
    with pytest.raises(LlmosError, match="not quantised: .* cut short"):
        models.quantize("big", "Q8_0")
    assert [model.name for model in models.installed()] == ["big:F16"]
