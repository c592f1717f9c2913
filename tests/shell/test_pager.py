"""Which pager there is, and what it is given."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from llmos_cli.shell.pager import Paged, command
from tests.ui.fakes import printed


@pytest.mark.parametrize(("env", "line"), [
    ({"PAGER": "head -x"}, "head -x"),
    ({"PAGER": "head", "LLMOS_PAGER": "LESS=X tail"}, "LESS=X tail"),
    ({"PAGER": "/nowhere/pager"}, ""),
    ({"PAGER": "cat"}, ""),
    ({"PAGER": ""}, ""),
    ({"PAGER": "less", "TERM": "dumb"}, ""),
    ({"PAGER": "less", "LLMOS_PLAIN": "1"}, ""),
    ({"PATH": "/nowhere"}, ""),
])  # fmt: skip
def test_which(make, env, line):
    host = make().host
    assert command(replace(host, env={"TERM": "xterm", "PATH": os.environ["PATH"], **env})) == line


@pytest.fixture
def paged(make, tmp_path, monkeypatch):
    """A stream whose screen has ten rows, and whose pager writes into a file."""
    monkeypatch.setattr("llmos_cli.shell.pager.rows", lambda host: 10)

    def made(pager: str = f"cat > {tmp_path}/paged") -> tuple[Paged, object]:
        host = make().host
        host = replace(host, env={**host.env, "PATH": os.environ["PATH"], "TERM": "xterm", "PAGER": pager, "COLUMNS": "20"})
        return Paged(host.stdout, host.clock, lambda: None, host), host

    return made


def test_all_of_a_long_answer_goes_there(paged, tmp_path):
    out, host = paged()
    with out.answer():
        for i in range(50):
            out.line(f"\x1b[2mline {i} 报\udcff\x1b[0m")
    lines = [f"\x1b[2mline {i} 报".encode() + b"\xff\x1b[0m" for i in range(50)]
    assert (tmp_path / "paged").read_bytes().splitlines() == lines
    assert printed(host).count("\n") == 9 and printed(host).endswith("… 50 lines; /last shows them again\n")


def test_rows_are_counted_as_the_terminal_has_them(paged, tmp_path):
    out, _ = paged()
    with out.answer():
        for _ in range(3):
            out.line("x" * 41)  # three rows each
    assert (tmp_path / "paged").exists()


def test_a_short_answer_and_what_is_said_after_it_do_not(paged, tmp_path):
    out, host = paged()
    for _ in range(3):
        with out.answer():
            for i in range(5):
                out.line(str(i))
    for i in range(30):
        out.line(str(i))
    assert not (tmp_path / "paged").exists() and printed(host).count("\n") == 45


@pytest.mark.parametrize("pager", ["head -c 1 > /dev/null", "false"])
def test_a_pager_that_is_left_does_not_stop_the_answer(paged, pager):
    out, host = paged(pager)
    with out.answer():
        for _ in range(100_000):
            out.line("x" * 10)
    assert "100,000 lines" in printed(host)
