"""Searching a home full of text: how long the first index takes, and a question afterwards, beside `grep -r` on the same files.

Usage: python benchmarks/search.py [--files 20000] [--rounds 7]

The text is made up, with words as unevenly spread as in a language. Both programs run in turn, in the same minutes; the least time of the
rounds counts. A question's time is that inside the process: the walk that looks for changes, the index, the first ten results with their
excerpts. grep is given what it needs to list files alone.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llmos_cli.search.library import Library

WORDS, LINE, LINES = 30_000, 11, 30
SHOWN = 10


def make_tree(root: Path, files: int) -> list[str]:
    """So many files of about 2 KB, forty to a folder. The words, the most frequent first."""
    rng = random.Random(1)
    words = list(dict.fromkeys("".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(3, 10))) for _ in range(WORDS)))
    weights = list(itertools.accumulate(1 / (i + 1) ** 0.9 for i in range(len(words))))
    for i in range(files):
        folder = root / f"{i // 40 % 20}" / f"{i // 40}"
        folder.mkdir(parents=True, exist_ok=True)
        said = rng.choices(words, cum_weights=weights, k=LINE * LINES)
        text = "\n".join(" ".join(said[at : at + LINE]) for at in range(0, len(said), LINE))
        (folder / f"note {i}.txt").write_text(text + "\n")
    return words


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ask(library: Library, words: str) -> int:
    """How many files there are; the first are looked at as a person would."""
    hits = library.search(words)
    first = [hit.excerpt for hit in itertools.islice(hits, SHOWN)]
    return len(first)


def grep(root: Path, words: str) -> int:
    done = subprocess.run(["grep", "-rliwF", words, str(root)], stdout=subprocess.PIPE, check=False)
    return done.stdout.count(b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="llmos-search-"))
    try:
        words = make_tree(base / "home", options.files)
        library = Library(base / "cache", base / "home", [])
        read = timed(lambda: grep(base / "home", "zzz"))
        first = timed(lambda: ask(library, "zzz"))
        size = sum(path.stat().st_size for path in (base / "cache").iterdir()) / 1e6
        text = sum(path.stat().st_size for path in (base / "home").rglob("*") if path.is_file()) / 1e6
        print(
            f"{options.files:,} files, {text:.0f} MB, best of {options.rounds}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
        )
        print(f"first index {first:.1f} s ({first / read:.0f} times reading all with grep), {size:.0f} MB\n")
        print(f"{'question':<34}{'found':>8}{'grep -r':>12}{'ours':>12}{'ratio':>8}")
        questions = [
            ("nothing", "zzz"),
            ("rare", words[20_000]),
            ("ordinary", words[2000]),
            ("frequent", words[200]),
            ("everywhere", words[0]),
        ]
        questions.append(("two words", f"{words[2000]} {words[300]}"))
        for label, said in questions:
            rounds = [(timed(lambda s=said: grep(base / "home", s)), timed(lambda s=said: ask(library, s))) for _ in range(options.rounds)]  # type: ignore[misc]
            theirs, ours = min(a for a, _ in rounds), min(b for _, b in rounds)
            found = sum(1 for _ in library.search(said))
            print(f"{label + ': ' + said:<34}{found:>8,}{theirs * 1000:>9.0f} ms{ours * 1000:>9.0f} ms{ours / theirs:>8.2f}")
        changed = []
        for i in range(options.rounds):
            (base / "home/0/0/new.txt").write_text(f"a new word: qqq{i}")
            changed.append(timed(lambda i=i: ask(library, f"qqq{i}")))  # type: ignore[misc]
        print(f"\na question after one file was written: {min(changed) * 1000:.0f} ms")
    finally:
        shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
