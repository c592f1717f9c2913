"""Time from a request to its plan, in a process that has loaded the planner, on one thread; and the time to load it.

The requests are those of the voices held out of training.

Usage: python benchmarks/plan.py [--model llmos_cli/data/planner.gguf] [--rows 500]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from llmos_cli.errors import LlmosError
from llmos_cli.planner.planner import Planner
from llmos_cli.tools import TOOLS
from training import rows

MODEL = Path(__file__).resolve().parents[1] / "llmos_cli" / "data" / "planner.gguf"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--rows", type=int, default=500)
    args = parser.parse_args()
    if not args.model.exists():
        sys.exit(f"there is no planner at {args.model}: make model")
    held = rows.split(rows.load())[1][: args.rows]
    planner = Planner.bundled(args.model, TOOLS)
    began = time.perf_counter()
    planner.plan(held[0].say, held[0].after)
    first = time.perf_counter() - began
    times, failed, tokens = [], 0, 0
    for row in held:
        began = time.perf_counter()
        try:
            tokens += len(planner.plan(row.say, row.after).choices)
        except LlmosError:
            failed += 1
        times.append(1000 * (time.perf_counter() - began))
    print(f"{len(times)} requests of {', '.join(rows.HELD_OUT)}; one thread, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'first plan, with loading':28}{1000 * first:8.1f} ms")
    print(f"{'median':28}{statistics.median(times):8.1f} ms")
    print(f"{'95th percentile':28}{statistics.quantiles(times, n=20)[-1]:8.1f} ms")
    print(f"{'slowest':28}{max(times):8.1f} ms")
    print(f"{'tokens a plan':28}{tokens / max(1, len(times) - failed):8.1f}")
    if failed:
        print(f"{'not understood':28}{failed:8d}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
