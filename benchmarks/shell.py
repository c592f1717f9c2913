"""The warm shell on a terminal: time from Enter to the plan on the screen, and from a key to its letter while the model is being loaded.

Usage: python benchmarks/shell.py [--llmos PATH]
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
from pathlib import Path

MOST_PLAN_MS, MOST_KEY_MS = 120, 100
REQUESTS = (
    "the five largest files here",
    "how many pdfs are there",
    "files changed in the last week",
    "the newest picture in pictures",
    "everything over ten megs in downloads",
    "which folders are empty",
    "count the files by extension",
    "files called report, biggest first",
    "show me the three oldest text files",
    "how much room do the downloads take",
    "all videos longer ago than a year",
    "find TODO in the python files",
)


class Shell:
    def __init__(self, command: str, home: Path) -> None:
        self._terminal, child = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env = {**kept, "HOME": str(home), "LLMOS_HOME": str(home / ".llmos"), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen([command], cwd=home, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True)
        os.close(child)

    def until(self, sign: bytes, seconds: float = 20) -> float:
        """Seconds until `sign` is on the screen."""
        began, shown = time.perf_counter(), b""
        while sign not in shown:
            if not select.select([self._terminal], [], [], seconds)[0]:
                sys.exit(f"{sign!r} did not come: {shown[-300:]!r}")
            shown += os.read(self._terminal, 65536)
        return time.perf_counter() - began

    def quiet(self, seconds: float = 0.3) -> None:
        """Until nothing has come for a while."""
        while select.select([self._terminal], [], [], seconds)[0]:
            os.read(self._terminal, 65536)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llmos", default=str(Path(sys.executable).parent / "llmos"))
    args = parser.parse_args()
    llmos = shutil.which(args.llmos)
    if llmos is None:
        sys.exit(f"there is no {args.llmos}: make run")
    with tempfile.TemporaryDirectory() as home:
        for i in range(500):
            path = Path(home) / ("Downloads", "Pictures", "work/notes", "work")[i % 4] / f"{i}.{('pdf', 'jpg', 'txt', 'py')[i % 4]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * i)
        shell = Shell(llmos, Path(home))
        shell.until(b" > ")
        keys = []
        for letter in "qwzjkvbnmQWZJKVBNM":  # these come while the editor and then the model are being loaded
            time.sleep(0.03)
            shell.type(letter)
            keys.append(shell.until(letter.encode()))
        shell.type("\x15")
        shell.quiet(1)
        plans = []
        for request in REQUESTS:
            shell.type(request)
            shell.quiet()
            shell.type("\r")
            plans.append(shell.until("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}".encode()))
            shell.quiet()
            shell.type("\x03q\x15")  # out of a question or the pager
            shell.quiet()
        shell.process.kill()
        shell.process.wait()
    key, plan = 1000 * max(keys), 1000 * statistics.median(plans)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"a letter on the screen while all is being loaded: median {1000 * statistics.median(keys):.0f} ms, slowest {key:.0f} ms")
    print(f"from Enter to the plan in the warm shell: median {plan:.0f} ms, slowest {1000 * max(plans):.0f} ms, {len(plans)} requests\n")
    goals = [(f"a plan in at most {MOST_PLAN_MS} ms", plan <= MOST_PLAN_MS), (f"a letter in at most {MOST_KEY_MS} ms", key <= MOST_KEY_MS)]
    for goal, reached in goals:
        print(f"{'yes' if reached else 'NO '}  {goal}")
    return 0 if all(reached for _, reached in goals) else 1


if __name__ == "__main__":
    raise SystemExit(main())
