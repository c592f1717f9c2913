"""Files that were damaged or made to do harm: whoever asks lives and gets a sentence, and sound models are answered as before."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.engine.templates import Templates
from llmos_cli.errors import LlmosError
from tests.engine.test_adapters import write_adapter
from tests.engine.test_templates import HOSTILE, USER
from tests.engine.test_worker import HELLO
from tests.engine.tinygguf import write_tiny

KINDS = ("chat", "llama", "gemma3", "lfm2", "bert")
WRAPPERS = (
    "{{% for m in messages %}}{0}{{% endfor %}}",
    "{{% macro f() %}}{0}{{% endmacro %}}{{{{ f() }}}}",
    "{{% if true %}}{0}{{% endif %}}",
)


def damaged(whole: bytes, source: random.Random) -> bytes:
    """A copy with something wrong, mostly in its header, where harm can be done."""
    front = whole.rindex(b".weight") + 60
    raw = bytearray(whole)
    kind = source.randrange(5)
    if kind == 0:
        return whole[: source.randrange(len(whole))]
    if kind == 1:
        at = source.randrange(front)
        raw[at : at + 8] = source.choice([0, 1, 7, 1 << 31, (1 << 32) - 1, (1 << 63) - 1]).to_bytes(8, "little")
    elif kind == 2:
        one, other, size = source.randrange(front), source.randrange(front), source.randrange(1, 64)
        raw[one : one + size] = whole[other : other + size]
    elif kind == 3:
        at = source.randrange(len(raw))
        raw[at : at + 4096] = source.randbytes(len(raw[at : at + 4096]))
    else:
        for _ in range(source.randrange(1, 9)):
            raw[source.randrange(front)] ^= 1 << source.randrange(8)
    return bytes(raw)


def peak(pid: int) -> int:
    """The most bytes that a process has had in memory."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) << 10


def outcome(client: Client, path: Path, embeds: bool, **more: object) -> str:
    try:
        if embeds:
            client.embed(path, ["hello the"], keep_alive=0)
        else:
            client.chat(path, HELLO, max_tokens=4, keep_alive=0, **more)
        return "answered"
    except LlmosError as error:
        assert error.message and "\n" not in error.message.strip() and len(error.message) < 2000, error.message
        return "died" if "ended in the middle" in error.message else "refused"


def check(client: Client, models: dict[str, Path], folder: Path, count: int, seed: int) -> Counter[str]:
    source, outcomes = random.Random(seed), Counter[str]()
    sound = client.chat(models["qwen3"], HELLO, max_tokens=4, temperature=0).text
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        path = folder / f"{number}.gguf"
        path.write_bytes(damaged(models[kind].read_bytes(), source))
        outcomes[outcome(client, path, kind == "bert")] += 1
        path.unlink()
        if number % 10 == 9:
            assert client.chat(models["qwen3"], HELLO, max_tokens=4, temperature=0).text == sound
    return outcomes


def test_damaged_files_are_refused_and_others_are_answered(client: Client, models: dict[str, Path], tmp_path: Path):
    outcomes = check(client, models, tmp_path, 10, 1)
    assert sum(outcomes.values()) == 10 and outcomes["refused"] > 5


@pytest.mark.slow
def test_five_hundred_damaged_files(client: Client, models: dict[str, Path], tmp_path: Path):
    outcomes = check(client, models, tmp_path, 500, 2)
    print(outcomes)
    assert sum(outcomes.values()) == 500 and outcomes["refused"] > 200
    assert outcomes["died"] < 25, "most of what would end the worker ends the trial before"
    assert peak(client.hello()["pid"]) < 1 << 30


@pytest.mark.slow
def test_fifty_damaged_adapters(client: Client, models: dict[str, Path], tmp_path: Path):
    source, outcomes = random.Random(3), Counter[str]()
    whole = write_adapter(tmp_path / "sound.gguf").read_bytes()
    sound = client.chat(models["chat"], HELLO, max_tokens=4, temperature=0).text
    for number in range(50):
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(damaged(whole, source))
        outcomes[outcome(client, models["chat"], False, adapters=[{"path": str(path)}])] += 1
        assert client.chat(models["chat"], HELLO, max_tokens=4, temperature=0).text == sound
    print(outcomes)
    assert sum(outcomes.values()) == 50 and outcomes["refused"] > 10 and outcomes["died"] < 5


@pytest.mark.slow
def test_fifty_hostile_templates():
    templates = Templates()
    try:
        for name, template in HOSTILE.items():
            for wrapper in WRAPPERS:
                with pytest.raises(LlmosError, match="chat template cannot be used") as caught:
                    templates.render(wrapper.format(template), [{"messages": [USER]}])
                assert "\n" not in caught.value.message, name
        assert templates.render("{{ messages[0].content }}", [{"messages": [USER]}]) == ["hello"]
    finally:
        templates.close()


def test_a_model_with_a_hostile_template_is_a_sentence_and_can_still_continue_a_text(client: Client, tmp_path: Path):
    path = write_tiny(tmp_path / "m.gguf", template=HOSTILE["recursion"])
    pid = client.hello()["pid"]
    with pytest.raises(LlmosError, match="chat template cannot be used"):
        client.chat(path, HELLO)
    assert client.complete(path, "hello", max_tokens=3).usage["completion_tokens"] == 3
    assert client.hello()["pid"] == pid
