"""What a request is about, when it comes with the command: files, pipes, and the lines of a script's loop."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_file_is_what_it_means(llmos: Run) -> None:
    assert llmos("ask", "-f", "notes.txt", "count the words in it").out.split()[-1] == "5"


def test_several_files_are_files(llmos: Run) -> None:
    assert llmos("run", "-f", "notes.txt", "-f", "b.txt", "@last | count").out == "2\n"
    assert llmos("run", "-f", "notes.txt", "-f", "b.txt", "@last | read").out.split() == "one two three four five one two".split()


def test_a_file_that_is_not_there_is_said_at_once(llmos: Run) -> None:
    ran = llmos("ask", "-f", "nope.txt", "count the words in it")
    assert (ran.code, ran.out) == (1, "") and "nope.txt: no such file" in ran.err


def test_a_pipe_is_the_material(llmos: Run) -> None:
    assert llmos("ask", "how many lines", given=b"a\nb\nc\n").out == "3\n"
    assert llmos("run", "-f", "-", "@last | words", given=b"a b\nc\n").out == "3\n"


def test_the_request_itself_can_be_piped_in(llmos: Run) -> None:
    assert llmos("ask", "-", given=b"count the words in notes.txt\n").out == "5\n"
    assert llmos("ask", "-", "-f", "notes.txt", given=b"count the words in it").out.split()[-1] == "5"
    assert llmos("run", "-", given=b"read notes.txt | words\n").out == "5\n"


def test_a_loop_keeps_its_lines(folder: Path, on_path: dict[str, str]) -> None:
    script = 'set -e; ls *.txt | while read -r name; do echo "$name"; llmos ask "count the words in $name"; done'
    ran = subprocess.run(["bash", "-c", script], cwd=folder, env=on_path, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout.split(), ran.returncode) == (["b.txt", "2", "notes.txt", "5"], 0), ran.stderr


def test_what_is_not_needed_is_not_read(folder: Path, on_path: dict[str, str]) -> None:
    """A pipe that nobody closes would be waited for without end."""
    reading, writing = os.pipe()
    try:
        began = time.monotonic()
        ran = subprocess.run(
            ["llmos", "run", "find | count"], cwd=folder, env=on_path, stdin=reading, capture_output=True, timeout=20, check=False
        )
        assert ran.stdout == b"2\n" and time.monotonic() - began < 20
    finally:
        os.close(reading)
        os.close(writing)


def test_what_is_late_is_waited_for(folder: Path, on_path: dict[str, str]) -> None:
    script = "(sleep 0.5; echo late) | llmos run '@last | words'"
    ran = subprocess.run(["bash", "-c", script], cwd=folder, env=on_path, capture_output=True, timeout=60, check=False)
    assert ran.stdout == b"1\n"


@pytest.mark.parametrize("request_", ["how many lines", "the lines with a"])
def test_what_is_no_text_is_refused(llmos: Run, request_: str) -> None:
    ran = llmos("ask", request_, given=b"a\0b\n" * 10)
    assert ran.code == 2 and "not text" in ran.err


def test_the_last_result_counts_more_than_a_pipe_where_it_is_meant(llmos: Run) -> None:
    assert llmos("run", "find name=notes.txt").code == 0
    assert llmos("run", "-c", "@last", given=b"piped\n").out == "notes.txt\n"


def test_all_results_are_in_the_json(llmos: Run) -> None:
    found = llmos("run", "--json", "find | count ; read notes.txt | words").json
    assert [result["value"] for result in found["results"]] == [2, 5] and found["result"] == found["results"][-1]
