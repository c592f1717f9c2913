#!/usr/bin/env python3
"""Thirty requests over mail and search, end to end: real mailboxes and files, a fresh copy for each, judged by what is there afterwards.

    python benchmarks/scenario/run.py                    # `llmos ask --json --yes` with the bundled planner
    python benchmarks/scenario/run.py --plans            # the plans that each case carries, with no planner
    python benchmarks/scenario/run.py --only m02 --only d01

A case of `requests.jsonl` has `turns` (requests, the later ones with `--continue`), `plans` (one right plan for each) and what is to be
expected, in the words of `check.py`. How a plan looks does not count. Mail is never sent on a guess, whatever was said beforehand: where
sending is refused for that, nothing may have left, and the plan that was shown is then run, as by the person who has read it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.scenario import check, stores, world

REQUESTS = Path(__file__).with_name("requests.jsonl")
TIMEOUT = 120  # seconds for one turn
KEPT = ("PATH", "PYTHONPATH", "TMPDIR", "LANG", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Done:
    """How a case went: `why` is '' where it passed; `wrong_change` says that something was changed, and not as asked."""

    id: str
    why: str
    asked: tuple[str, ...]
    plans: tuple[str, ...]
    seconds: float
    wrong_change: bool


class Case:
    """One case in its own copy of the world."""

    def __init__(self, case: dict[str, Any], command: list[str], origin: Path, copy: Path, now: float) -> None:
        self.case, self.command, self.origin, self.world, self.now = case, command, origin, copy, now
        shutil.copytree(origin, copy, symlinks=True)
        self.before = stores.state(copy)

    def run(self, typed: bool) -> Done:
        """All turns, and the judgement after the last. `typed` runs the plans of the case in place of its requests."""
        asked, plans, why = self.case["plans" if typed else "turns"], [], ""
        answer: dict[str, Any] = {}
        start = time.perf_counter()
        for i, words in enumerate(asked):
            try:
                answer = self._answer(*(("run",) if typed else ("ask", *(["--continue"] if i else []))), words)
                plans.append(str(answer.get("plan")))
                if answer.get("outcome") == "refused" and any(effect.get("op") == "send" for effect in answer.get("effects", [])):
                    if stores.box(self.world / "llmos/data/mail/outbox"):
                        raise ValueError("mail has left that was refused")
                    answer = self._answer("run", str(answer["plan"]))
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:
                why = str(error)
                break
        seconds = (time.perf_counter() - start) / len(asked)
        why = why or check.judge(self.case, answer, self.before, self.world, self.origin, self.now)
        return Done(self.case["id"], why, tuple(asked), tuple(plans), seconds, bool(why) and stores.state(self.world) != self.before)

    def llmos(self, *arguments: str) -> bytes:
        """What it answers. Raises ValueError where that could do something to a terminal."""
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {"HOME": str(self.world / "home"), "LLMOS_HOME": str(self.world / "llmos"), "LLMOS_SESSION": "scenario"}
        env |= {"TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        done = subprocess.run(
            [*self.command, *arguments], cwd=self.world / "home", env=env, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
        if any(byte < 32 and byte not in b"\t\n" for byte in done.stdout + done.stderr):
            raise ValueError("it writes control characters")
        return done.stdout

    def _answer(self, *arguments: str) -> dict[str, Any]:
        """Raises ValueError where it is no JSON object."""
        answer = json.loads(self.llmos(*arguments[:-1], "--json", "--yes", arguments[-1]))
        if not isinstance(answer, dict):
            raise ValueError("the answer is not a JSON object")
        return answer


def cases(only: list[str] | None = None) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in REQUESTS.read_text().splitlines() if line.strip()]
    if unknown := set(only or ()) - {case["id"] for case in found}:
        raise SystemExit(f"there is no case {', '.join(sorted(unknown))}")
    return [case for case in found if not only or case["id"] in only]


def run(chosen: list[dict[str, Any]], llmos: list[str], *, typed: bool = False, jobs: int = 1) -> list[Done]:
    with tempfile.TemporaryDirectory(prefix="llmos-scenario-") as base:
        now = time.time()
        origin = world.build(Path(base) / "world", now)

        def one(case: dict[str, Any]) -> Done:
            copy = Path(base) / case["id"]
            try:
                return Case(case, llmos, origin, copy, now).run(typed)
            finally:
                shutil.rmtree(copy, ignore_errors=True)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, chosen))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llmos", default="llmos", help="the command under test")
    parser.add_argument("--plans", action="store_true", help="run each case's own plans in place of its requests")
    parser.add_argument("--only", action="append", metavar="ID", help="this case alone (may be given again)")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    results = run(cases(options.only), shlex.split(options.llmos), typed=options.plans, jobs=options.jobs)
    for done in results:
        if done.why:
            mark = ", and something was changed" if done.wrong_change else ""
            print(f"{done.id}: {done.why}{mark}\n    {' / '.join(done.asked)}\n    plan: {' / '.join(done.plans)}")
    passed, wrong = sum(not done.why for done in results), sum(done.wrong_change for done in results)
    times = statistics.median(done.seconds for done in results)
    print(f"{passed}/{len(results)} passed ({100 * passed / len(results):.1f} %), {wrong} wrong changes made, median {times:.2f} s a turn")
    return 0 if passed == len(results) or not options.plans else 1


if __name__ == "__main__":
    raise SystemExit(main())
