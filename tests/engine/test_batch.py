"""Many answers in one batch are what each is alone; what was computed is used again only where that is right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmos_cli.engine.batch import Batch
from llmos_cli.engine.choosing import Chooser, Sampling
from llmos_cli.engine.network import Network, Rows
from llmos_cli.engine.prefix import Prefixes
from llmos_cli.engine.run import Limits, Run
from llmos_cli.engine.slots import common
from llmos_cli.engine.weights import Setup, Weights
from llmos_cli.errors import Interrupted, LlmosError

Models = dict[str, Path]
KINDS = ["qwen3", "llama", "gemma3", "lfm2"]
GREEDY = Sampling(temperature=0)
PROMPT = [(7 * at) % 250 for at in range(90)]  # longer than gemma3's window


@contextmanager
def batch_of(path: Path, prefixes: Prefixes | None = None, cells: int = 0, **setup: int) -> Iterator[tuple[Batch, Network]]:
    weights = Weights.open(path, Setup())
    network = Network(weights, Setup(**{"context": 1024, **setup}), cells=cells)
    batch = Batch(network, prefixes)
    yield batch, network
    batch.close()
    network.close()
    weights.close()


def run(network: Network, tokens: list[int], limit: int = 12, *, stem: int = 0, client: str = "", seconds: float = 60) -> Run:
    chooser = Chooser(network.weights.lib.lib, GREEDY, None)
    return Run([*tokens], chooser, Limits(limit, seconds), client, stem)


def answer(batch: Batch, network: Network, tokens: list[int], limit: int = 12, *, stem: int = 0) -> tuple[list[int], Run]:
    made = run(network, tokens, limit, stem=stem)
    batch.submit(made)
    list(made.pieces())
    return made.tokens[len(tokens) :], made


def alone(path: Path, tokens: list[int], limit: int = 12) -> list[int]:
    with batch_of(path) as (batch, network):
        return answer(batch, network, tokens, limit)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_together_they_say_what_each_says_alone(models: Models, kind: str):
    prompts = [PROMPT[at : at + 20 + 3 * at] for at in range(6)]
    with batch_of(models[kind]) as (batch, network):
        runs = [run(network, prompt) for prompt in prompts]
        for each in runs:
            batch.submit(each)
        for each in runs:
            list(each.pieces())
    assert [each.tokens[each.prompt :] for each in runs] == [alone(models[kind], prompt) for prompt in prompts]


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_and_going_back_are_as_good_as_a_fresh_start(models: Models, kind: str):
    """The second prompt goes on from the first's answer, the third goes back into it, the fourth shares only its start."""
    with batch_of(models[kind]) as (batch, network):
        first, _ = answer(batch, network, PROMPT)
        longer = PROMPT + first[:-1] + [3, 4, 5]
        for tokens in (longer, [*longer[:-20], 9, 8], [*PROMPT[:40], 1, 2, 3], PROMPT):
            got, made = answer(batch, network, tokens)
            assert got == alone(models[kind], tokens), made.ready
            assert made.ready < len(tokens)
            if network.rewinds:
                assert made.ready >= min(40, len(tokens) - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stem_is_computed_once(models: Models, kind: str):
    with batch_of(models[kind]) as (batch, network):
        for at in range(3):
            tokens = [*PROMPT, 100 + at, 5]
            got, made = answer(batch, network, tokens, stem=len(PROMPT))
            assert got == alone(models[kind], tokens)
            assert made.ready == (len(PROMPT) if at else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_process_restores_it_from_the_disk(models: Models, kind: str, tmp_path: Path):
    tokens = [*PROMPT, 7, 8]
    with batch_of(models[kind], Prefixes(tmp_path, b"key")) as (batch, network):
        one, made = answer(batch, network, tokens, stem=len(PROMPT))
        assert (made.ready, made.restored) == (0, 0)
    with batch_of(models[kind], Prefixes(tmp_path, b"key"), context=512) as (batch, network):
        other, made = answer(batch, network, tokens, stem=len(PROMPT))
        assert (made.ready, made.restored) == (len(PROMPT), len(PROMPT))
        assert one == other
        assert answer(batch, network, [*PROMPT, 9], stem=len(PROMPT))[0] == alone(models[kind], [*PROMPT, 9])
    with batch_of(models[kind], Prefixes(tmp_path, b"other key")) as (batch, network):
        assert answer(batch, network, tokens, stem=len(PROMPT))[1].restored == 0


@pytest.mark.parametrize("kind", KINDS)
def test_restored_logits_are_the_same_to_the_last_bit(models: Models, kind: str):
    weights = Weights.open(models[kind], Setup())
    rows = []
    with_state: bytearray | None = None
    for _ in range(2):
        network = Network(weights, Setup(context=512))
        if with_state is None:
            read = Rows()
            read.add(PROMPT, 0, 0, logits=False)
            network.decode(read)
            with_state = bytearray(network.state(0))
        else:
            assert network.restore(0, with_state) and network.length(0) == len(PROMPT)
        next_ = Rows()
        row = next_.add([5], len(PROMPT), 0, logits=True)
        network.decode(next_)
        rows.append(network.logits(row)[: weights.vocabulary])
    assert rows[0] == rows[1]


def test_a_full_context_lets_the_youngest_wait_and_all_are_answered(models: Models):
    prompts = [[at, *PROMPT[:60]] for at in range(6)]
    with batch_of(models["qwen3"], context=256) as (batch, network):
        runs = [run(network, prompt, 90) for prompt in prompts]
        for each in runs:
            batch.submit(each)
        for each in runs:
            pieces = list(each.pieces())
            assert pieces[-1].ended and sum(len(piece.choices) for piece in pieces) == each.written
    assert [each.tokens[each.prompt :] for each in runs] == [alone(models["qwen3"], prompt, 90) for prompt in prompts]


@pytest.mark.parametrize("kind", KINDS)
def test_a_context_grows_with_what_is_asked_and_nothing_is_lost(models: Models, kind: str):
    prompts = [[at, *PROMPT] for at in range(5)]
    with batch_of(models[kind], cells=256, context=2048) as (batch, network):
        first, _ = answer(batch, network, prompts[0], 60)
        before = network.cells
        runs = [run(network, prompt, 60) for prompt in prompts]
        for each in runs:
            batch.submit(each)
        for each in runs:
            list(each.pieces())
        assert before < network.cells <= 2048 and first == runs[0].tokens[len(prompts[0]) :]
        longer = [*prompts[4], *runs[4].tokens[len(prompts[4]) : -1], 9]
        assert answer(batch, network, longer, 5)[1].ready > len(PROMPT), "what was kept was taken along"
    assert [each.tokens[each.prompt :] for each in runs] == [alone(models[kind], prompt, 60) for prompt in prompts]


def test_clients_take_turns(models: Models):
    """One has queued eighty before the other comes; the other does not wait for all of them."""
    with batch_of(models["qwen3"]) as (batch, network):
        many = [run(network, [at, *PROMPT], 100, client="many") for at in range(80)]
        one = run(network, PROMPT, 5, client="one")
        for each in [*many, one]:
            batch.submit(each)
        list(one.pieces())
        assert sum(not each.written for each in many) > 20
        for each in many:
            batch.cancel(each)


def test_cancelled_ones_leave_and_others_stay(models: Models):
    with batch_of(models["qwen3"]) as (batch, network):
        gone, stays = run(network, PROMPT, 900), run(network, [1, *PROMPT], 60)
        for each in (gone, stays):
            batch.submit(each)
        batch.cancel(gone)
        list(stays.pieces())
        assert gone.written < 900 and batch.load == (0, 0)


def test_closing_ends_those_that_read_write_and_wait(models: Models):
    with batch_of(models["mid"], context=8192) as (batch, network):
        runs = [run(network, [at, *([5] * 800)], 500) for at in range(20)]
        for each in runs:
            batch.submit(each)
        runs[0].next(1.0)
        batch.close()
        for each in runs:
            with pytest.raises(Interrupted):
                list(each.pieces())
        with pytest.raises(Interrupted):
            batch.submit(run(network, PROMPT))


def test_too_many_that_wait_are_refused(models: Models):
    with batch_of(models["qwen3"]) as (batch, network), pytest.raises(LlmosError, match="wait for this model already"):
        for _ in range(500):
            batch.submit(run(network, PROMPT, 900))


def test_what_two_texts_start_with():
    for one, other, size in (([], [1], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 9, 3], 1), ([9], [1], 0), ([1, 2], [1, 2], 2)):
        assert common(one, other) == common(other, one) == size
