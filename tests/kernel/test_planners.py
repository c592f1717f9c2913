"""Which planner plans: the person's own copy while it counts, else the bundled one, with one sentence about it."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from llmos_cli.events import Noted
from llmos_cli.kernel import planners
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.kernel.planners import CARD, FILE, OUTDATED, Own
from tests.kernel.remembered import ask, kernel


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def kept(home: Path, **card: object) -> Own:
    """A copy of the bundled planner as the person's own."""
    paths = kernel(home).host.paths
    new = planners.folder(paths) / f"{FILE}.new"
    shutil.copyfile(planners.bundled(), new)
    new.chmod(0o600)
    Own.of(paths).keep(new, {"bundled_sha256": planners.checksum(planners.bundled()), "phrases": [[1, 5.0]], **card})
    return Own.of(paths)


def asked(home: Path) -> list[str]:
    """What is said beside the answer to a request."""
    own_kernel = Kernel(kernel(home).host)
    return [event.text for event in ask(own_kernel, "the five largest files here") if isinstance(event, Noted)]


def test_the_own_copy_plans(home: Path):
    own = kept(home)
    assert own.counts and asked(home) == []
    own.file.write_bytes(b"GGUF no more")  # so it is this one that is opened
    said = asked(home)
    assert len(said) == 1 and "cannot be used, so the bundled one plans" in said[0] and "llmos planner train" in said[0]


def test_it_is_private(home: Path):
    own = kept(home)
    assert stat.S_IMODE(own.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in own.folder.iterdir()} == {0o600}
    assert sorted(path.name for path in own.folder.iterdir()) == [FILE, CARD]


def test_after_an_upgrade_it_does_not_count_and_that_is_said_once(home: Path):
    own = kept(home, bundled_sha256="of another planner")
    own.file.write_bytes(b"GGUF no more")
    assert own.is_there and not own.counts
    assert asked(home) == [OUTDATED]
    assert asked(home) == []
    again = kept(home)
    assert again.counts and asked(home) == []


@pytest.mark.parametrize("card", ["", "[]", "{", '{"phrases": []}'])
def test_a_card_that_says_nothing_counts_for_nothing(home: Path, card: str):
    own = kept(home)
    (own.folder / CARD).write_text(card)
    assert not Own(own.folder).counts
    asked(home)


def test_a_file_without_a_card_or_a_card_without_a_file_is_no_copy(home: Path):
    own = kept(home)
    card = (own.folder / CARD).read_text()
    (own.folder / CARD).unlink()
    assert not Own(own.folder).is_there
    (own.folder / CARD).write_text(card)
    own.file.unlink()
    assert not Own(own.folder).is_there and asked(home) == []


def test_deleting_it_leaves_nothing(home: Path):
    own = kept(home, bundled_sha256="of another planner")
    asked(home)
    assert own.delete() and list(own.folder.iterdir()) == []
    assert not own.delete()


def test_forgetting_what_it_has_learned_deletes_it(home: Path):
    k = kernel(home)
    first, second = k.teach("show the invoices", "find in=invoices"), k.teach("show the letters", "find in=letters")
    own = kept(home, phrases=[[first.id, first.time]])
    done = k.forgetting(word="letters").carry_out()
    assert not done.planner and own.file.exists() and second.id != first.id
    done = k.forgetting(word="invoices").carry_out()
    assert done.planner and not own.file.exists() and "copy of the planner" in " ".join(done.sentences())
    own = kept(home, phrases=[[first.id, first.time + 1]])
    k.teach("show the taxes", "find in=taxes")
    assert k.forgetting(everything=True).carry_out().planner and not own.file.exists()


def test_the_card_is_readable_json(home: Path):
    own = kept(home, steps=3)
    assert json.loads((own.folder / CARD).read_text())["steps"] == 3 and own.phrases == [(1, 5.0)]
