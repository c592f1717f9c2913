"""The decode loop: what is chosen, how probable it was, and that a constraint is kept to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_cli.engine.decode import Choice, best_of, best_of_all, greedy
from llmos_cli.engine.llama import Llama
from llmos_cli.engine.scripted import Scripted
from llmos_cli.errors import Bug, Interrupted, LlmosError
from tests.engine.tinygguf import END, WORDS


class Listed:
    """Allows `steps[i]` at step i, and is finished after the last."""

    def __init__(self, steps: Sequence[Sequence[int] | None]) -> None:
        self.steps = steps
        self.taken: list[int] = []

    @property
    def finished(self) -> bool:
        return len(self.taken) == len(self.steps)

    def allowed(self) -> Sequence[int] | None:
        return self.steps[len(self.taken)]

    def accept(self, token: int) -> None:
        self.taken.append(token)


@pytest.fixture(scope="module")
def opened(tiny: Path):
    with Llama.open(tiny) as made:
        yield made


@pytest.fixture
def model(opened: Llama) -> Llama:
    opened.rewind(0)
    return opened


def softmax(row: Sequence[float]) -> list[float]:
    top = max(row)
    weights = [math.exp(x - top) for x in row]
    return [w / sum(weights) for w in weights]


def after(model: Llama, tokens: Sequence[int]) -> list[float]:
    """All logits after `tokens`, from a fresh start."""
    model.rewind(0)
    model.decode(tokens)
    row: list[float] = model.logits()[0 : model.vocabulary]
    model.rewind(0)
    return row


def test_probabilities_are_those_of_a_plain_softmax(model: Llama):
    prompt, allowed, block = [1, 2, 3], [40, 7, 250, 99, 12, 270], range(200, 275)
    row = after(model, prompt)
    among = softmax([row[t] for t in allowed])
    ranked = sorted(zip(among, allowed, strict=True), reverse=True)
    region = sorted({*block, *allowed})
    over = dict(zip(region, softmax([row[t] for t in region]), strict=True))

    (choice,) = greedy(model, prompt, Listed([allowed]), limit=5, block=block)

    assert choice.token == ranked[0][1]
    assert math.exp(choice.logprob) == pytest.approx(ranked[0][0])
    assert [t for t, _ in choice.runners_up] == [t for _, t in ranked[1:4]]
    assert [math.exp(p) for _, p in choice.runners_up] == pytest.approx([p for p, _ in ranked[1:4]])
    assert choice.mass == pytest.approx(sum(over[t] for t in allowed))
    assert choice.free


def test_without_a_constraint_the_best_of_all_comes(model: Llama):
    tokens = [1, 2, 3]
    for choice in greedy(model, [1, 2, 3], None, limit=4):
        with_all = softmax(row := after_in(model, tokens))
        assert choice.token == row.index(max(row))
        assert math.exp(choice.logprob) == pytest.approx(max(with_all))
        assert choice.mass == 1.0 and choice.free and len(choice.runners_up) == 3
        tokens.append(choice.token)


def after_in(model: Llama, tokens: Sequence[int]) -> list[float]:
    """The logits the model has now: it stands right after `tokens`."""
    assert model.position == len(tokens)
    row: list[float] = model.logits()[0 : model.vocabulary]
    return row


def test_a_constraint_is_kept_to_and_told(model: Llama):
    steps = [[5], [6, 7], None, [8, 9, 10], [model.token("<1>")]]
    constraint = Listed(steps)
    choices = list(greedy(model, [1], constraint, limit=99))
    assert constraint.taken == [c.token for c in choices]
    assert all(s is None or c.token in s for s, c in zip(steps, choices, strict=True))
    assert [c.free for c in choices] == [False, True, True, True, False]
    assert choices[0].logprob == 0.0 and choices[0].runners_up == ()
    assert math.isnan(choices[0].mass)


def test_the_last_token_is_not_decoded(model: Llama):
    list(greedy(model, [1, 2], Listed([[5], [6], [7]]), limit=99))
    assert model.position == 4


def test_it_ends_at_the_limit_and_after_an_end_token(model: Llama):
    assert len(list(greedy(model, [1], None, limit=3))) == 3
    model.rewind(0)
    assert list(greedy(model, [1], None, limit=0)) == []
    end = model.token(END)
    choices = list(greedy(model, [1], Listed([[5], [end], [6]]), limit=9))
    assert [c.token for c in choices] == [5, end]


def test_a_finished_constraint_wants_nothing(model: Llama):
    assert list(greedy(model, [1], Listed([]), limit=9)) == []
    assert model.position == 0


def test_nothing_allowed_is_an_error(model: Llama):
    with pytest.raises(LlmosError, match="nothing may come next"):
        list(greedy(model, [1], Listed([[]]), limit=9))


@pytest.mark.parametrize("ids", [[1, 275], [-1], [1 << 33]])
def test_ids_that_the_model_does_not_have(model: Llama, ids: list[int]):
    with pytest.raises(Bug, match="not all among the model's 275"):
        list(greedy(model, [1], Listed([ids]), limit=9))
    with pytest.raises(Bug, match="not all among"):
        list(greedy(model, [1], Listed([[1]]), limit=9, block=range(200, 276)))


def test_a_full_context_ends_in_an_error(tiny: Path):
    with Llama.open(tiny, context=8) as model, pytest.raises(LlmosError, match="room for 8"):
        list(greedy(model, [1, 2, 3], Listed([[5]] * 99), limit=99))


def test_a_cancelled_loop_ends(model: Llama):
    steps = greedy(model, [1], Listed([[5]] * 99), limit=99)
    next(steps)
    model.cancel()
    with pytest.raises(Interrupted):
        next(steps)
    model.decode([1])


@pytest.mark.parametrize("row", [[math.nan] * 4, [1.0, math.nan, 2.0, 3.0], [math.inf, 0, 0, 0]])
def test_logits_that_are_no_numbers(row: list[float]):
    calls: list[Callable[[], Choice]] = [
        lambda: best_of_all(row, 4),
        lambda: best_of(row, [0, 1, 2, 3]),
        lambda: best_of([0.0] * 4 + row, [0, 1], range(4, 8)),
    ]
    for call in calls:
        with pytest.raises(LlmosError, match="damaged"):
            call()


def test_tokens_that_cannot_be_have_no_weight():
    row = [-math.inf, 1.0, -math.inf]
    assert best_of_all(row, 3).token == best_of(row, [0, 1]).token == 1
    assert best_of(row, [0, 1]).runners_up == ()
    with pytest.raises(LlmosError, match="damaged"):
        best_of(row, [0, 2])


numbers = st.floats(-40, 40, width=32)


@settings(max_examples=200, deadline=None)
@given(row=st.lists(numbers, min_size=3, max_size=60), data=st.data())
def test_any_logits(row: list[float], data: st.DataObject):
    allowed = data.draw(st.lists(st.integers(0, len(row) - 1), min_size=1, unique=True))
    first = data.draw(st.integers(0, len(row) - 1))
    block = range(first, data.draw(st.integers(first + 1, len(row))))
    choice = best_of(row, allowed, block)
    region = sorted({*block, *allowed})
    assert choice.token == max(allowed, key=row.__getitem__)
    expected = dict(zip(region, softmax([row[t] for t in region]), strict=True))
    assert choice.mass == pytest.approx(sum(expected[t] for t in allowed), rel=1e-6, abs=1e-12)
    among = softmax([row[t] for t in allowed])
    assert math.exp(choice.logprob) == pytest.approx(max(among), rel=1e-9)
    assert list(choice.runners_up) == sorted(choice.runners_up, key=lambda pair: -pair[1])


# ---- the scripted model ----


def said(model: Scripted, prompt: str, constraint: Listed | None = None) -> bytes:
    model.rewind(0)
    tokens = [c.token for c in greedy(model, model.tokenize(prompt), constraint, limit=99)]
    return b"".join(map(model.piece, tokens))


def test_scripted_answers_come_in_turn():
    model = Scripted(["first <1>", [65, 66]], words=WORDS)
    assert said(model, "anything") == b"first <1>" + END.encode()
    assert said(model, "else") == b"AB" + END.encode()
    with pytest.raises(Bug, match="no more answers"):
        said(model, "more")


def test_a_scripted_answer_is_certain_or_as_unsure_as_wanted():
    assert next(iter(greedy(Scripted(["a"]), [1], None, limit=1))).logprob > -1e-6
    unsure = next(iter(greedy(Scripted(["a"], margin=0.5), [1], None, limit=1)))
    assert unsure.token == ord("a") and unsure.logprob < -4


def test_a_constraint_that_forbids_the_script_is_noticed():
    with pytest.raises(Bug, match="the script has b'a', not b'b'"):
        said(Scripted(["abc"]), "x", Listed([[98], [99]]))
