"""Training a copy of the planner on what the person taught: trained, measured beside the bundled one, and kept where it is not worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_cli import __version__
from llmos_cli.errors import Interrupted, LlmosError, NotFound
from llmos_cli.host import Host
from llmos_cli.kernel import planners
from llmos_cli.memory.taught import Phrase
from llmos_cli.models.locks import locked
from llmos_cli.planner.variants import Sentence
from llmos_cli.tools import TOOLS

if TYPE_CHECKING:
    from llmos_cli.planner.measure import Result
    from llmos_cli.planner.replay import Replay
    from llmos_cli.planner.tune import Trained

Notice = Callable[[str, int, int], None]  # what is being done, how much of it is done, of how much
# How far to go from the bundled weights to the trained ones: what has learned a little less has forgotten less.
MIXES = {1.0: "Asking the copy", 0.7: "Asking a copy that has learned a little less", 0.5: "Asking a copy that has learned half of it"}
MOST_ASKED, OTHERS = 100, 10  # requests to measure taught phrases with; for each phrase, its words with so many other literals
LEAST_SECONDS = 10.0
BEFORE, TRAINING = "Asking the planner as it is", "Training a copy"


@dataclass(frozen=True)
class Score:
    """Exactly right plans: of people whom the planner has not heard, and of the taught phrases with other names and numbers."""

    held: int
    of_held: int
    taught: int
    of_taught: int

    def is_worse_than(self, other: Score) -> bool:
        return self.held < other.held or self.taught < other.taught


@dataclass(frozen=True)
class Report:
    """`skipped` phrases have a plan that names what their words do not say, or tools that the planner does not know."""

    kept: bool
    before: Score
    after: Score
    learned: int
    skipped: int
    steps: int
    tokens: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Course:
    minutes: float = 5.0  # in all, about
    steps: int = 0  # of training, where it is not 0, however long they take


class Tuning:
    """One training of a copy of `base`, a planner's file."""

    def __init__(
        self,
        host: Host,
        phrases: Sequence[Phrase],
        notice: Notice,
        sample: Replay | None = None,
        base: Path | None = None,
        rate: float = 0.0,
    ) -> None:
        """`sample`: what is gone over again and measured with, the one that comes with llmos if left out; `rate`: see `tune.Course`."""
        self._host, self._phrases, self._notice = host, phrases, notice
        self._given, self._base, self._rate = sample, base or planners.bundled(), rate

    @cached_property
    def _sample(self) -> Replay:
        from llmos_cli.planner.replay import replay

        return self._given or replay(TOOLS)

    def train(self, course: Course) -> Report:
        """Raises NotFound where nothing can be learned, Interrupted at Ctrl-C, LlmosError, OSError; then all is as before."""
        folder = planners.folder(self._host.paths)
        new = folder / f"{planners.FILE}.new"
        with locked(folder / "lock", wait=False) as ours:
            if not ours:
                raise LlmosError("a copy of the planner is being trained already", hint="wait for it, then try again")
            try:
                return self._trained(course, new)
            except (KeyboardInterrupt, Interrupted):
                raise Interrupted("stopped: the planner is as it was", hint="llmos planner info") from None
            finally:
                new.unlink(missing_ok=True)

    def _trained(self, course: Course, new: Path) -> Report:
        from llmos_cli.planner import tune
        from llmos_cli.planner.measure import other_words

        began = time.monotonic()
        learned, sentences = self._sentences()
        asked = list(other_words(sentences, self._sample.held, TOOLS, min(OTHERS, MOST_ASKED // len(sentences))))
        before = self._score(self._measured(self._base, asked, BEFORE))
        measuring = time.monotonic() - began
        seconds = max(LEAST_SECONDS, 60 * course.minutes - 3 * measuring)  # for the copy, and perhaps another
        trained = tune.trained(
            self._base, sentences, self._sample.train, TOOLS, tune.Course(seconds, course.steps, self._rate or tune.RATE),
            lambda *far: self._notice(TRAINING, *far),
        )  # fmt: skip
        for mix in MIXES:
            results = self._written(new, trained, mix, asked)
            after = self._score(results)
            if kept := not after.is_worse_than(before):
                break
        report = Report(
            kept, before, after, len(learned), len(self._phrases) - len(learned), trained.steps, trained.tokens,
            round(time.monotonic() - began, 1),
        )  # fmt: skip
        if kept:
            planners.Own.of(self._host.paths).keep(new, self._card(report, learned, mix, new))
        return report

    def _sentences(self) -> tuple[list[Phrase], list[Sentence]]:
        """The phrases that can be learned, and how."""
        from llmos_cli.kernel.taught import as_said
        from llmos_cli.planner.marks import NOTHING
        from llmos_cli.planner.tune import Encoder

        if not self._phrases:
            raise NotFound("nothing was taught yet, so there is nothing to train on", hint="llmos teach WORDS PLAN")
        encoder = Encoder(self._base, TOOLS)
        said = [(phrase, as_said(phrase, TOOLS)) for phrase in self._phrases]
        found = [(phrase, sentence) for phrase, sentence in said if sentence and encoder.document(sentence, NOTHING)]
        if not found:
            raise NotFound(
                "what the taught plans name is not said in their words, so it cannot be learned; they count as they stand all the same",
                hint="llmos memory taught",
            )
        return [phrase for phrase, _ in found], [sentence for _, sentence in found]

    def _measured(self, file: Path, asked: Sequence[Sentence], what: str) -> list[Result]:
        """The results of the held-out sentences, then those of the taught ones."""
        from llmos_cli.planner.measure import measured
        from llmos_cli.planner.planner import Planner

        planner = Planner.bundled(file, TOOLS)
        return measured(planner, [*self._sample.held, *asked], TOOLS, lambda done, total: self._notice(what, done, total))

    def _score(self, results: Sequence[Result]) -> Score:
        count = len(self._sample.held)
        held, taught = results[:count], results[count:]
        return Score(sum(result.right for result in held), count, sum(result.right for result in taught), len(taught))

    def _written(self, new: Path, trained: Trained, mix: float, asked: Sequence[Sentence]) -> list[Result]:
        """Write the copy and measure it; then write it again, with a confidence that fits."""
        from llmos_cli.engine import gguf, tensors
        from llmos_cli.planner.measure import calibrated
        from llmos_cli.planner.planner import CALIBRATION_KEY, weights_of

        old = tensors.read(self._base)
        weights = {name: weight + (mix - 1) * (weight - old[name]) for name, weight in trained.weights.items()}
        tensors.copied(self._base, new, weights, {})
        results = self._measured(new, asked, MIXES[mix])
        if calibration := gguf.read_metadata(self._base).get(CALIBRATION_KEY):
            fitting = calibrated(results[: len(self._sample.held)], weights_of(str(calibration)))
            tensors.copied(self._base, new, weights, {CALIBRATION_KEY: ",".join(f"{weight:.6f}" for weight in fitting)})
        return results

    def _card(self, report: Report, learned: Sequence[Phrase], mix: float, new: Path) -> dict[str, Any]:
        return {
            "bundled_sha256": planners.checksum(self._base), "file_sha256": planners.checksum(new), "file_bytes": new.stat().st_size,
            "made": f"{datetime.fromtimestamp(self._host.clock(), UTC):%Y-%m-%dT%H:%M:%SZ}", "llmos": __version__, "mix": mix,
            "phrases": [[phrase.id, phrase.time] for phrase in learned], **report.as_json(),
        }  # fmt: skip
