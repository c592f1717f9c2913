"""`llmos planner …`, as a person and as a script see it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from llmos_cli import main
from llmos_cli.host import Host
from llmos_cli.kernel import planners
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.kernel.tuning import Report, Score


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main.run(words)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def own() -> planners.Own:
    """A copy that has learned one phrase, and another phrase that was taught since."""
    kernel = Kernel(Host.real())
    learned = kernel.teach("fold it up", "pack a.txt")
    kernel.teach("squirrel it", "copy a.txt into=nest")
    new = planners.folder(kernel.host.paths) / "new"
    shutil.copyfile(planners.bundled(), new)
    score = Score(281, 400, 6, 55)
    report = Report(True, score, Score(283, 400, 50, 55), 1, 0, 80, 154_706, 200.0)
    card = {
        "bundled_sha256": planners.checksum(new), "made": "2026-11-23T10:00:00Z", "phrases": [[learned.id, learned.time]],
        **report.as_json(),
    }  # fmt: skip
    found = planners.Own.of(kernel.host.paths)
    found.keep(new, card)
    return planners.Own.of(kernel.host.paths)


def test_info_of_the_bundled_one(capsys):
    code, out, _ = ran(capsys, "planner")
    assert code == 0 and out == ran(capsys, "planner", "info")[1]
    assert "the bundled one" in out and str(planners.bundled()) in out and "Apache-2.0" in out and "exactly right" in out
    found = json.loads(ran(capsys, "planner", "info", "--json")[1])
    assert (found["own"], found["outdated"], found["trained"]) == (False, False, None)
    assert found["bundled"]["architecture"] == "qwen3"


def test_info_of_the_own_one(capsys, own):
    _, out, _ = ran(capsys, "planner")
    assert "your own copy" in out and str(own.file) in out and "fold it up" in out
    assert "281 of 400 requests of other people, 6 of 55 of yours" in out and "283 of 400" in out
    assert any(line.startswith("not learned") and "squirrel it" in line for line in out.splitlines())
    ran(capsys, "memory", "taught", "--remove", "1")
    assert "no longer taught" in ran(capsys, "planner")[1]
    assert json.loads(ran(capsys, "planner", "info", "--json")[1])["own"] is True


def test_info_after_an_upgrade(capsys, own):
    (own.folder / planners.CARD).write_text(json.dumps({**own.card, "bundled_sha256": "another"}))
    _, out, err = ran(capsys, "planner")
    assert "the bundled one" in out and "fold it up" not in out and "not used any more" in err
    assert json.loads(ran(capsys, "planner", "info", "--json")[1])["outdated"] is True


def test_reset_goes_back(capsys, own):
    code, _, err = ran(capsys, "planner", "reset")
    assert code == 0 and "bundled planner is in use again" in err and not own.file.exists()
    assert "the bundled one" in ran(capsys, "planner")[1]
    code, _, err = ran(capsys, "planner", "reset")
    assert code == 1 and "no copy" in err


def test_a_learned_phrase_that_is_no_longer_taught_is_pointed_out(capsys, own):
    _, _, err = ran(capsys, "memory", "taught", "--remove", "1")
    assert "llmos planner train" in err
    assert "llmos planner train" not in ran(capsys, "memory", "taught", "--remove", "2")[2]


def test_training_needs_something_that_can_be_learned(capsys):
    code, out, err = ran(capsys, "planner", "train")
    assert code == 1 and out == "" and "nothing was taught" in err and "llmos teach" in err
    ran(capsys, "teach", "clean up", "find in=~/Downloads older=30d | delete")
    code, _, err = ran(capsys, "planner", "train", "--json")
    assert code == 1 and "not said in their words" in json.loads(_)["error"]["message"]
    assert not (Path(os.environ["LLMOS_HOME"]) / "data/planner/planner.gguf").exists()


@pytest.mark.slow
def test_training_from_the_first_phrase_to_the_copy_in_use(capsys):
    ran(
        capsys,
        "teach",
        "stash the 5 fattest of Downloads in attic",
        "find in=Downloads | sort by=size order=desc | take 5 | move into=attic",
    )
    code, out, err = ran(capsys, "planner", "train", "--steps", "2")
    assert code == 0 and out == "" and "Exactly right before" in err
    kept = "in use from now on" in err
    assert kept != ("was not kept" in err)
    assert ("your own copy" in ran(capsys, "planner")[1]) is kept
