"""The training sentences: none comes near a benchmark's request, and their plans can be read, written and run."""

import json
import random
from collections import Counter

import pytest

from llmos_cli.planner import wire
from llmos_cli.planner.grammar import PlanGrammar, last_kind
from llmos_cli.tools import TOOLS
from training import leak
from training.check import problem
from training.execute import executed, plan_of
from training.rows import DATA, HELD_OUT, Row, row_of

LINES = [line for file in sorted(DATA.glob("*.jsonl")) for line in file.read_text().splitlines()]
IDS = {token: i for i, token in enumerate(wire.vocabulary(TOOLS))}


def sample(count: int) -> list[str]:
    return random.Random(5).sample(LINES, count)


def test_no_sentence_is_near_one_of_the_benchmark():
    nearest = leak.Nearest(leak.known())
    near = [say for line in LINES if nearest.to(say := json.loads(line)["say"]) > leak.TOO_NEAR]
    assert near == []


def test_a_copy_with_other_numbers_would_be_found():
    nearest = leak.Nearest([leak.fingerprint("move the 12 newest drawings of the shed into Plans")])
    assert nearest.to("Move the 9 newest drawings of the shed into plans, please") > leak.TOO_NEAR
    assert nearest.to("how big is the shed folder in Plans") < leak.TOO_NEAR / 2


def test_there_are_as_many_sentences_and_voices_as_are_said():
    voices = Counter(json.loads(line)["voice"] for line in LINES)
    chinese = sum(count for voice, count in voices.items() if voice.startswith("zh_"))
    assert len(LINES) >= 20_000 and chinese >= 4_000 and len(voices) >= 20
    assert set(HELD_OUT) <= set(voices)


def check_rows(lines: list[str]) -> list[str]:
    wrong = []
    for line in lines:
        if why := problem(json.loads(line)):
            wrong.append(f"{line}: {why}")
    return wrong


def test_sampled_rows_are_good():
    assert check_rows(sample(1500)) == []


def unwritable(row: Row) -> bool:
    grammar = PlanGrammar(row.request, TOOLS, last_kind(row.after), IDS)
    for token in row.tokens:
        if IDS[token] not in grammar.allowed():
            return True
        grammar.accept(IDS[token])
    return False


def test_the_planner_could_write_nearly_all_plans():
    rows = [row for line in sample(500) if (row := row_of(line))]
    assert sum(map(unwritable, rows)) <= 3


def failing(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Rows whose plan cannot be carried out on a made-up disk; archives of a sort that is not read are said so, which is right."""
    found = [(row.say, plan_of(row), said) for row, outcome, said in executed(rows) if outcome == "failed"]
    return [one for one in found if not one[2].endswith("is not an archive that llmos reads")]


def test_sampled_plans_run():
    assert failing([row for line in sample(30) if (row := row_of(line))]) == []


@pytest.mark.slow
def test_all_rows_are_good_and_run():
    assert check_rows(LINES) == []
    rows = [row for line in LINES if (row := row_of(line))]
    failed = failing(rows)
    assert len(failed) <= len(rows) / 200, failed[:20]
