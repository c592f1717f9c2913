"""How fast `find` is beside GNU find, and whether it holds on to what it has found.

Usage: python benchmarks/find.py [--files N] [--rounds N]

Makes a tree of N files in a temporary folder, always the same one. Each predicate is timed with both, in turn, and the best round of each
counts; both find the same files. GNU find writes to a pipe that is read to its end, as our caller would.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llmos_cli.places import Place
from llmos_cli.tools.find import find

NOW = 1_790_000_000
EXTENSIONS = ["txt", "pdf", "jpg", "py", "md", "log", "csv", "zip", "PNG", "mp3"]
MB, DAY = 1024 * 1024, 86400
CASES: list[tuple[str, dict[str, object], list[str]]] = [
    ("all files", {}, []),
    ("name=*report*", {"name": ("*report*",)}, ["-iname", "*report*"]),
    ("ext=pdf", {"ext": (("pdf",),)}, ["-iname", "*.pdf"]),
    ("larger=1MB", {"larger": MB}, ["-size", f"+{MB}c"]),
    ("older=30d", {"older": float(NOW - 30 * DAY)}, ["!", "-newermt", f"@{NOW - 30 * DAY}"]),
    ("ext larger older", {"ext": (("pdf",),), "larger": MB, "older": float(NOW - 30 * DAY)},
     ["-iname", "*.pdf", "-size", f"+{MB}c", "!", "-newermt", f"@{NOW - 30 * DAY}"]),
]  # fmt: skip


def make_tree(root: Path, files: int) -> None:
    """`files` files (sparse: they take no room) in folders of about forty, up to six deep; sizes and ages are spread evenly."""
    rng, folders = random.Random(1), [root]
    for _ in range(files // 40):
        folder = rng.choice(folders[-200:]) / f"folder {len(folders)}"
        if len(folder.relative_to(root).parts) <= 6:
            folder.mkdir()
            folders.append(folder)
    for i in range(files):
        word = rng.choice(["report", "IMG", "notes", "Draft", "data", "scan"])
        path = rng.choice(folders) / f"{word}_{i}.{rng.choice(EXTENSIONS)}"
        with open(path, "wb") as file:
            file.truncate(rng.randrange(2 * MB))
        when = NOW - rng.randrange(60 * DAY) - 0.5
        os.utime(path, (when, when))


def ours(place: Place, predicates: dict[str, object]) -> int:
    return sum(1 for _ in find.run(given=None, place=place, **predicates).items)


def gnu(root: Path, predicates: list[str]) -> int:
    done = subprocess.run(["find", str(root), "-type", "f", *predicates, "-print0"], stdout=subprocess.PIPE, check=True)
    return done.stdout.count(b"\0")


def timed(call: Callable[[], int]) -> tuple[float, int]:
    start = time.perf_counter()
    count = call()
    return time.perf_counter() - start, count


def growth(place: Place) -> list[tuple[int, float]]:
    """(files gone by, KiB held) while all files stream past."""
    tracemalloc.start()
    start, held, seen = tracemalloc.get_traced_memory()[0], [], 0
    for seen, _ in enumerate(find.run(given=None, place=place).items, 1):
        if seen & (seen - 1) == 0 and seen >= 1024:
            held.append((seen, (tracemalloc.get_traced_memory()[0] - start) / 1024))
    held.append((seen, (tracemalloc.get_traced_memory()[0] - start) / 1024))
    tracemalloc.stop()
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="llmos-find-"))
    try:
        make_tree(root, options.files)
        place = Place(root, root, float(NOW))
        print(f"{options.files:,} files, best of {options.rounds}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        print(f"{'predicates':<18}{'found':>8}{'GNU find':>12}{'ours':>12}{'ratio':>8}")
        worst = 0.0
        for label, mine, theirs in CASES:
            rounds = [(timed(lambda t=theirs: gnu(root, t)), timed(lambda m=mine: ours(place, m))) for _ in range(options.rounds)]  # type: ignore[misc]
            assert len({count for pair in rounds for _, count in pair}) == 1, f"{label}: the two find different files: {rounds[0]}"
            a, b = min(pair[0][0] for pair in rounds), min(pair[1][0] for pair in rounds)
            worst = max(worst, b / a)
            print(f"{label:<18}{rounds[0][0][1]:>8,}{a * 1000:>9.0f} ms{b * 1000:>9.0f} ms{b / a:>8.1f}")
        print(f"\nworst ratio {worst:.1f} (target: at most 3)\n")
        print("memory held while all stream by: " + ", ".join(f"{kib:.0f} KiB at {seen:,}" for seen, kib in growth(place)))
    finally:
        shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
