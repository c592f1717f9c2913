"""Time from the start of the process to its answer, and the memory it took, beside `llm --version` of the PyPI package llm; and time from
the start of the interactive shell to its prompt, and to its editor (colours, completion, the line at the bottom), beside `python -c pass`.

In a folder of 1,000 files, each run with a new LLMOS_HOME: nothing is warm but the system's page cache. They take turns, so that
what else the machine does falls on all.

Usage: python benchmarks/start.py [--runs 15] [--llmos PATH]
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FILES = 1000
REQUEST = "the five largest files here"
MOST_MS, MOST_MB, MOST_OF_LLM, MOST_PROMPT_MS = 400, 120, 0.5, 300
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}  # as a person's is
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmos-benchmarks"


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float
    code: int
    out: bytes


def measured(command: list[str], cwd: Path, env: dict[str, str]) -> Run:
    """One run: its wall time, and its largest resident set as the system counts it."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        unit = 1024 if sys.platform == "darwin" else 1  # bytes there, kilobytes elsewhere
        return Run(seconds, usage.ru_maxrss / unit / 1024, process.returncode, out.read())


def folder(where: Path) -> Path:
    """FILES files of known sizes in twenty folders; the five largest are 999.dat to 995.dat."""
    for i in range(FILES):
        path = where / f"folder {i % 20}" / f"{i}.dat"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * (i * 7 + 1))
    return where


def other() -> str | None:
    """The command `llm` in an environment of its own, made once; None where it cannot be had."""
    command = CACHE / "llm" / "bin" / "llm"
    if not command.exists():
        print(f"installing llm in {CACHE} (once)", file=sys.stderr)
        venv.create(CACHE / "llm", with_pip=True, clear=True)
        pip = [str(CACHE / "llm" / "bin" / "python"), "-m", "pip", "install", "--quiet", "llm"]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"llm cannot be installed here, so it is left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
    return str(command)


def ours(llmos: str, where: Path) -> Callable[[], Run]:
    def run() -> Run:
        with tempfile.TemporaryDirectory() as home:
            return measured([llmos, "ask", REQUEST], where, {**ENVIRONMENT, "LLMOS_HOME": home})

    return run


def prompt(llmos: str, where: Path, sign: bytes) -> Callable[[], Run]:
    """The shell on a terminal of its own, timed until `sign` is on its screen."""

    def run() -> Run:
        parent, child = pty.openpty()
        with tempfile.TemporaryDirectory() as home:
            env = {**ENVIRONMENT, "LLMOS_HOME": home, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "80"}
            began = time.perf_counter()
            process = subprocess.Popen([llmos], cwd=where, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True)
            shown = b""
            while sign not in shown and select.select([parent], [], [], 20)[0]:
                shown += os.read(parent, 65536)
            seconds = time.perf_counter() - began
            process.kill()
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = -9
        os.close(parent)
        os.close(child)
        return Run(seconds, usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1) / 1024, 0, shown)

    return run


def checked(runs: list[Run]) -> list[Run]:
    """The runs, if all of them gave the five files in order."""
    wanted = [b"999.dat", b"998.dat", b"997.dat", b"996.dat", b"995.dat"]
    for run in runs:
        found = [line.split(b"\t")[0].rsplit(b"/")[-1] for line in run.out.splitlines()]
        if run.code or found != wanted:
            sys.exit(f"`llmos ask` did not give the five largest files: exit code {run.code}, {run.out[:300]!r}")
    return runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--llmos", default=str(Path(sys.executable).parent / "llmos"))
    args = parser.parse_args()
    llmos = shutil.which(args.llmos)
    if llmos is None:
        sys.exit(f"there is no {args.llmos}: make run")
    with tempfile.TemporaryDirectory() as where:
        commands = {"llmos ask": ours(llmos, folder(Path(where)))}
        commands["llmos prompt"] = prompt(llmos, Path(where), b" > ")
        commands["llmos editor"] = prompt(llmos, Path(where), b"\x1b[?2004h")
        commands["python -c pass"] = lambda: measured([sys.executable, "-c", "pass"], Path(where), ENVIRONMENT)
        if llm := other():
            commands["llm --version"] = lambda: measured([llm, "--version"], Path(where), ENVIRONMENT)
        for command in commands.values():
            command()  # fills the page cache, and compiles what is not
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(args.runs):
            for name, command in commands.items():
                runs[name].append(command())
    checked(runs["llmos ask"])
    return report(runs)


def report(runs: dict[str, list[Run]]) -> int:
    print(f"{len(runs['llmos ask'])} runs each, {FILES} files, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'':15}{'median':>10}{'fastest':>10}{'slowest':>10}{'memory':>10}")
    for name, found in runs.items():
        times = [1000 * run.seconds for run in found]
        memory = max(run.megabytes for run in found)
        print(f"{name:15}{statistics.median(times):7.0f} ms{min(times):7.0f} ms{max(times):7.0f} ms{memory:7.0f} MB")
    median = {name: statistics.median(run.seconds for run in found) for name, found in runs.items()}
    goals = [
        (f"at most {MOST_MS} ms", 1000 * median["llmos ask"] <= MOST_MS),
        (f"at most {MOST_MB} MB", max(run.megabytes for run in runs["llmos ask"]) <= MOST_MB),
    ]
    ratio = median["llmos prompt"] / median["python -c pass"]
    in_time = 1000 * median["llmos prompt"] <= MOST_PROMPT_MS
    goals.append((f"prompt within {MOST_PROMPT_MS} ms: {ratio:.1f} times `python -c pass`", in_time))
    if "llm --version" in median:
        ratio = median["llmos ask"] / median["llm --version"]
        goals.append((f"less than {MOST_OF_LLM} of llm's start: {ratio:.2f}", ratio < MOST_OF_LLM))
    print()
    for goal, reached in goals:
        print(f"{'yes' if reached else 'NO '}  {goal}")
    return 0 if all(reached for _, reached in goals) else 1


if __name__ == "__main__":
    raise SystemExit(main())
