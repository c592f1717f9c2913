"""A copy of the planner is trained on what was taught, measured, and kept where it is not worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.errors import Interrupted, LlmosError, NotFound
from llmos_cli.kernel import planners
from llmos_cli.kernel.planners import CARD, FILE, Own
from llmos_cli.kernel.tuning import BEFORE, MIXES, TRAINING, Course, Score, Tuning
from llmos_cli.memory.taught import Phrase
from llmos_cli.models.locks import locked
from llmos_cli.plan import parse, show
from llmos_cli.planner.planner import Planner
from llmos_cli.planner.replay import Replay
from llmos_cli.planner.tune import Course as Training
from llmos_cli.planner.tune import trained
from llmos_cli.tools import TOOLS
from tests.kernel.remembered import kernel
from tests.planner import tinyplanner as tiny

READS = [tiny.sentence(f"show {name}", f"read {name}") for name in ("a.txt", "b.md", "notes.csv", "x.log")]
SAMPLE = Replay(tuple(READS[:3]), tuple(READS[3:]))


def phrase(words: str, plan: str, id: int = 1) -> Phrase:
    return Phrase(id, 100.0 + id, words, show(parse(plan, TOOLS), TOOLS))


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_planner(tmp_path_factory.mktemp("planner") / FILE)


@pytest.fixture(scope="module")
def reader(blank: Path) -> Path:
    """A planner that reads what it is told to show."""
    from llmos_cli.engine import tensors

    found = trained(blank, READS, READS, TOOLS, Training(60, 120, rate=4e-3), lambda done, total: None)
    tensors.copied(blank, blank.with_name("reader.gguf"), found.weights, {})
    return blank.with_name("reader.gguf")


class Person:
    """Somebody with taught phrases, and what they are told of the training."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.host = kernel(home).host
        self.own = Own.of(self.host.paths)
        self.told: list[tuple[str, int, int]] = []
        self.notice = lambda *far: self.told.append(far)

    def tuning(self, phrases: list[Phrase], base: Path, sample: Replay = SAMPLE, rate: float = 4e-3) -> Tuning:
        return Tuning(self.host, phrases, self.notice, sample, base, rate)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def test_what_is_no_worse_is_kept(person: Person, blank: Path):
    phrases = [phrase("fold a.txt up", "pack a.txt"), phrase("clean up", "find in=~/Downloads older=30d | delete", 2)]
    report = person.tuning(phrases, blank).train(Course(steps=120))
    assert report.kept and (report.learned, report.skipped, report.steps) == (1, 1, 120)
    assert report.before == Score(0, 1, 0, report.before.of_taught) and report.after.taught > 0
    assert show(Planner.bundled(person.own.file, TOOLS).plan("fold a.txt up").plan, TOOLS) == "pack a.txt"
    card = Own.of(person.host.paths).card
    assert card["phrases"] == [[1, 101.0]] and card["bundled_sha256"] == planners.checksum(blank)
    assert card["file_sha256"] == planners.checksum(person.own.file) and card["after"]["taught"] == report.after.taught
    assert "fold" not in (person.own.folder / CARD).read_text()  # what was taught stands in memory alone
    assert {what for what, *_ in person.told} >= {BEFORE, TRAINING, MIXES[1.0]}
    assert sorted(path.name for path in person.own.folder.iterdir()) == ["lock", FILE, CARD]


def test_what_is_worse_is_not_kept(person: Person, reader: Path):
    """It is taught that `show` deletes, and goes over nothing that says otherwise."""
    others = Replay((tiny.sentence("lines of b.csv", "read b.csv | lines"),), tuple(READS))
    report = person.tuning([phrase("show a.txt", "delete a.txt")], reader, others, rate=2e-2).train(Course(steps=60))
    assert not report.kept and report.after.held < report.before.held == 4
    assert not person.own.is_there and [path.name for path in person.own.folder.iterdir()] == ["lock"]
    assert {what for what, *_ in person.told} == {BEFORE, TRAINING, *MIXES.values()}


@pytest.mark.parametrize(
    ("after", "worse"),
    [((10, 5), False), ((11, 5), False), ((10, 6), False), ((9, 9), True), ((20, 4), True)],
)
def test_worse_is_less_right_of_either(after: tuple[int, int], worse: bool):
    assert Score(after[0], 20, after[1], 10).is_worse_than(Score(10, 20, 5, 10)) is worse


def test_an_interrupted_training_leaves_the_old_copy(person: Person, blank: Path):
    phrases = [phrase("fold a.txt up", "pack a.txt")]
    person.tuning(phrases, blank).train(Course(steps=3))
    before = {path.name: path.read_bytes() for path in person.own.folder.iterdir()}
    for stage in (BEFORE, TRAINING, MIXES[1.0]):

        def stop(what: str, done: int, total: int, stage: str = stage) -> None:
            if what == stage:
                raise KeyboardInterrupt

        with pytest.raises(Interrupted):
            Tuning(person.host, phrases, stop, SAMPLE, blank).train(Course(steps=3))
        assert {path.name: path.read_bytes() for path in person.own.folder.iterdir()} == before


def test_there_must_be_something_to_learn(person: Person, blank: Path):
    with pytest.raises(NotFound, match="nothing was taught"):
        person.tuning([], blank).train(Course(steps=3))
    with pytest.raises(NotFound, match="not said in their words"):
        person.tuning([phrase("clean up", "find in=~/Downloads older=30d | delete")], blank).train(Course(steps=3))


def test_two_trainings_at_once_are_refused(person: Person, blank: Path):
    with locked(planners.folder(person.host.paths) / "lock"), pytest.raises(LlmosError, match="already"):
        person.tuning([phrase("fold a.txt up", "pack a.txt")], blank).train(Course(steps=3))


MADE_UP = {
    "yeet the screenshots out of Desktop": "find *screenshot* in=Desktop | delete",
    "stash the 5 fattest of Downloads in the attic": "find in=Downloads | sort by=size order=desc | take 5 | move into=attic",
    "spring clean Documents older than ninety days": "find in=Documents older=90d | delete",
    "nuke empties below Projects": "find in=Projects type=folder empty=yes | delete",
    "gimme the juice on budget.csv": "stat budget.csv",
}


@pytest.mark.slow
def test_the_bundled_planner_learns_made_up_words_and_forgets_nothing(tmp_path: Path):
    import resource
    import time

    person = Person(tmp_path / "home")
    phrases = [phrase(words, plan, id) for id, (words, plan) in enumerate(MADE_UP.items(), 1)]
    began, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = Tuning(person.host, phrases, person.notice).train(Course(minutes=30))
    seconds = time.process_time() - began
    print(report, f"{seconds:.0f} s of processor, {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024:.0f} MB more")
    assert report.kept and report.learned == 5
    assert report.after.held >= report.before.held and report.after.taught >= report.before.taught + 20
    assert seconds < 360
    assert Own.of(person.host.paths).counts
