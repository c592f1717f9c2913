"""What a pipe gets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.events import Answered
from llmos_cli.ui.out import Out
from llmos_cli.ui.show import Show
from llmos_cli.values import Cell, Entry, Files, Number, Table, Text, Value
from tests.ui.fakes import NOW, Pipe, harm, pipe, printed, said, sent, terminal

ROOT = Path(__file__).resolve().parents[2]


def plain(folder: Path, value: Value, *, null: bool = False) -> bytes:
    host = pipe(folder)
    Show(host, null=null).event(Answered(value))
    assert said(host) == ""
    return sent(host)


def test_files_are_paths_that_the_next_program_can_open(work: Path) -> None:
    files = Files.at([f"{work}/report.pdf", f"{work}/-rf", f"{work.parent}/outside.csv", f"{work}"])
    assert plain(work, files).decode() == f"report.pdf\n./-rf\n{work.parent}/outside.csv\n.\n"


def test_null_keeps_every_byte(work: Path) -> None:
    names = [b"a\nb", b"caf\xe9", "报告".encode(), b"\x1b[2J"]
    files = Files.at([os.fsdecode(os.fsencode(work) + b"/" + name) for name in names])
    assert plain(work, files, null=True) == b"".join(name + b"\0" for name in names)


def test_names_are_raw_in_a_pipe_and_safe_on_a_terminal(work: Path) -> None:
    files = Files.at([f"{work}/\x1b]0;x\x07\udcff"])
    assert plain(work, files) == b"\x1b]0;x\x07\xff\n"
    host = terminal(work)
    Show(host, "plain").value(files)
    assert printed(host) == "\\x1b]0;x\\x07\\xff\n"
    assert not harm(printed(host))


def test_tables_text_and_numbers(work: Path) -> None:
    rows: list[list[Cell]] = [[f"{work}/a\tb", 3, 2.0, None, "x\ty\nz"], ["sum", 1572864, 0.1 + 0.2, "", ""]]
    table = Table(("path", "size", "share", "none", "text"), iter(rows))
    assert plain(work, table) == b"a\\tb\t3\t2\t\tx\ty\\nz\nsum\t1572864\t0.3\t\t\n"
    assert plain(work, Text(["a\x1b", "", "b\r"])) == b"a\x1b\n\nb\r\n"
    assert plain(work, Number(1572864, "bytes")) == b"1572864\n"
    assert plain(work, Files(())) == b""


def test_items_are_sent_while_others_are_still_made(work: Path) -> None:
    host = pipe(work)
    taken = 0

    def entries() -> Iterator[Entry]:
        nonlocal taken
        for taken in range(1, 100_001):
            if taken <= 20:
                assert len(sent(host).splitlines()) == taken - 1
            elif taken % 1000 == 0:
                assert len(sent(host).splitlines()) > taken - 3000
            yield Entry(f"{work}/{taken:06}")

    Show(host).event(Answered(Files(entries())))
    assert taken == 100_000
    assert len(sent(host)) == 700_000


def test_what_an_encoding_lacks_is_written_otherwise() -> None:
    pipe = Pipe("ascii")
    out = Out(pipe, lambda: NOW)
    out.line("a → b … 报 \udcff")
    assert pipe.sent == b"a -> b ... \\u62a5 \\udcff\n"


def _child(code: str, **streams: int) -> subprocess.Popen[bytes]:
    host = "from llmos_cli.host import Host; from llmos_cli.ui.show import Show; from llmos_cli.values import *; show = Show(Host.real())\n"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-c", host + code], stderr=subprocess.PIPE, env=env, **streams)


def test_a_closed_pipe_ends_quietly() -> None:
    code = """
try: show.value(Text(str(i) for i in range(10**7)))
except BrokenPipeError: raise SystemExit(7)"""
    child = _child(code, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == b"0\n"
    child.stdout.close()
    assert child.wait(30) == 7
    assert child.stderr.read() == b""
    child.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_an_error_of_ours() -> None:
    code = """
from llmos_cli.errors import LlmosError
try: show.value(Text(['a']))
except LlmosError as error: print(error.message, file=__import__('sys').stderr)"""
    with open("/dev/full", "wb") as full:
        child = _child(code, stdout=full.fileno())
        said = child.communicate(timeout=30)[1]
    assert said == b"the answer cannot be written: no space left on device\n"
    assert child.returncode == 0


def test_a_failure_while_items_are_made_comes_after_those_that_were(work: Path) -> None:
    def lines() -> Iterator[str]:
        yield "one"
        raise LlmosError("the disk reports an error")

    for host in (pipe(work), terminal(work)):
        show = Show(host)
        with pytest.raises(LlmosError):
            show.event(Answered(Text(lines())))
        assert (sent(host) if isinstance(host.stdout, Pipe) else printed(host).encode()) == b"one\n"


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys; print(sorted({'rich', 'prompt_toolkit', 'typer', 'sqlite3', 'subprocess'} & set(sys.modules)))"
    child = _child(code, stdout=subprocess.PIPE)
    assert child.communicate(timeout=30) == (b"[]\n", b"")
