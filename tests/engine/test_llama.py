"""What the real model and the scripted one have in common, and what only the real one does."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llmos_cli.engine.llama import Llama
from llmos_cli.engine.scripted import Scripted
from llmos_cli.errors import Bug, Interrupted, LlmosError
from tests.engine.tinygguf import END, WORDS, write_tiny
from training.gguf_write import USER_DEFINED

Any = Llama | Scripted


@pytest.fixture(params=["qwen3", "llama", "scripted"])
def model(request: pytest.FixtureRequest, models: dict[str, Path]):
    """Each model in turn, with room for 64 tokens."""
    if request.param == "scripted":
        made: Any = Scripted([[1, 2, 3]] * 9, words=WORDS, context=64)
    else:
        made = Llama.open(models[request.param], context=64)
    with made:
        yield made


@pytest.fixture(scope="module")
def real(tiny: Path):
    with Llama.open(tiny) as made:
        yield made


# ---- the contract: real and scripted alike ----


def test_text_becomes_tokens_and_text_again(model: Any):
    for text in ("", "hello the find", "naïve 日本 🎉\0\n\t", " <1> "):
        for special in (False, True):
            tokens = model.tokenize(text, special=special)
            assert b"".join(map(model.piece, tokens)) == text.encode()
            assert all(0 <= token < model.vocabulary for token in tokens)


def test_plan_words_count_only_when_asked_for(model: Any):
    for word in WORDS:
        token = model.token(word)
        assert model.piece(token) == word.encode()
        assert model.tokenize(f"a{word}b", special=True)[1] == token
        assert token not in model.tokenize(f"a{word}b")


def test_a_token_that_is_none(model: Any):
    for text in ("<nope>", "", "hello the"):
        with pytest.raises(LlmosError, match="no token"):
            model.token(text)


def test_only_the_end_ends(model: Any):
    assert model.is_end(model.token(END))
    assert not any(model.is_end(model.token(word)) for word in WORDS)


def test_position_counts_what_was_decoded(model: Any):
    assert model.position == 0
    model.decode([5, 6, 7])
    model.decode([])
    model.decode([8])
    assert model.position == 4
    model.rewind(4)
    model.rewind(2)
    assert model.position == 2
    model.rewind(0)
    assert model.position == 0


def test_logits_are_there_after_a_decode_and_not_after_a_rewind(model: Any):
    with pytest.raises(Bug):
        model.logits()
    model.decode([5, 6])
    assert len(model.logits()[0 : model.vocabulary]) == model.vocabulary
    model.decode([])
    model.logits()
    model.rewind(1)
    with pytest.raises(Bug):
        model.logits()


def test_a_full_context_says_so_and_takes_nothing(model: Any):
    model.decode([1] * 60)
    with pytest.raises(LlmosError, match=r"65 tokens, room for 64"):
        model.decode([1] * 5)
    assert model.position == 60
    model.rewind(0)
    model.decode([1] * 64)
    assert model.position == 64


@pytest.mark.parametrize("wrong", [-1, 1 << 40])
def test_ids_that_are_none(model: Any, wrong: int):
    for call in (model.piece, model.is_end, lambda token: model.decode([1, token])):
        with pytest.raises(Bug):
            call(wrong)
    assert model.position == 0


def test_rewinding_to_where_nothing_is(model: Any):
    model.decode([1, 2])
    for position in (-1, 3):
        with pytest.raises(Bug):
            model.rewind(position)


def test_cancel_ends_the_next_decode_and_only_that(model: Any):
    model.cancel()
    with pytest.raises(Interrupted):
        model.decode([1, 2])
    model.decode([1, 2])
    assert model.position == 2


# ---- the real one ----


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=80), special=st.booleans())
@example(text=END + "<1><|><", special=True)
@example(text="\U0010ffff\u0000\ufffe", special=False)
def test_any_text_survives(real: Llama, text: str, special: bool):
    tokens = real.tokenize(text, special=special)
    assert b"".join(map(real.piece, tokens)) == text.encode()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=60))
@example(raw=b"\xf4\x90\x80\x80")  # beyond U+10FFFF: llama.cpp's tokenizer would end the process
@example(raw=b"\xed\xa0\x80")
def test_bytes_that_are_no_text_are_replaced(real: Llama, raw: bytes):
    read = b"".join(map(real.piece, real.tokenize(raw)))
    assert read.decode() == raw.decode(errors="replace")


def test_a_lone_surrogate_becomes_a_question_mark(real: Llama):
    assert real.tokenize("a\ud800") == real.tokenize("a?")


def test_user_defined_tokens_are_matched_always(tmp_path: Path):
    """Only control tokens need `special`, so what a person must not type is a control token."""
    path = write_tiny(tmp_path / "user.gguf", kinds={"<1>": USER_DEFINED})
    with Llama.open(path) as model:
        assert model.tokenize("<1>") == [model.token("<1>")]
        assert len(model.tokenize("<2>")) == 3


def test_merges_are_used(real: Llama):
    assert [real.piece(t) for t in real.tokenize("hello the")] == [b"hello", b" the"]


def test_metadata(real: Llama):
    assert real.metadata("general.architecture") == "qwen3"
    assert real.metadata("tokenizer.ggml.add_bos_token") == "false"
    assert real.metadata("qwen3.block_count") == "2"
    assert real.metadata("tokenizer.ggml.tokens") is None
    assert real.metadata("nothing") is None


def row(model: Llama) -> list[float]:
    values: list[float] = model.logits()[0 : model.vocabulary]
    return values


@pytest.mark.parametrize("name", ["qwen3", "llama", "q8"])
def test_rewinding_is_as_good_as_a_fresh_start(models: dict[str, Path], name: str):
    start, one, two = [1, 2, 3, 4], [50, 60, 70], [80, 90]
    with Llama.open(models[name]) as model, Llama.open(models[name]) as fresh:
        model.decode(start + one)
        model.rewind(len(start))
        model.decode(two)
        fresh.decode(start)
        fresh.decode(two)
        assert row(model) == row(fresh)
        fresh.rewind(0)
        fresh.decode(start + two)
        assert row(model) == pytest.approx(row(fresh), abs=2e-2)


@pytest.mark.parametrize("name", ["qwen3", "q8"])
def test_batches_of_any_size_agree(models: dict[str, Path], name: str):
    """Q8_0 in batches of 8 and more crashes on AMX machines unless extra buffers are off."""
    prompt = list(range(100))
    rows = []
    for batch in (1, 7, 8, 64, 512):
        with Llama.open(models[name], batch=batch) as model:
            model.decode(prompt)
            assert model.position == 100
            rows.append(row(model))
    for other in rows[1:]:
        assert other == pytest.approx(rows[0], abs=0.3)  # logits spread over 30; Q8_0 rounds what it multiplies


def test_logits_are_a_pointer_to_floats(real: Llama):
    real.rewind(0)
    real.decode([1])
    pointer = real.logits()
    assert ctypes.string_at(pointer, 4) == bytes(ctypes.c_float(pointer[0]))


def test_closing_twice_is_fine(tiny: Path):
    model = Llama.open(tiny)
    model.close()
    model.close()


def test_two_models_at_once(models: dict[str, Path]):
    with Llama.open(models["qwen3"]) as one, Llama.open(models["llama"]) as two:
        one.decode([1, 2])
        two.decode([1, 2])
        assert row(one) != row(two)
