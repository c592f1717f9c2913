"""The program as it is started by people and scripts: a process, the bundled planner, real files."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from llmos_cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for i, name in enumerate(["Downloads/a.pdf", "Downloads/b.pdf", "Downloads/song.mp3", "notes/todo.txt", "notes/log.txt"]):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\nERROR one\n" * (i + 1))
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    keep = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "dumb"}
    return {**keep, "HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), **more}


def llmos(home: Path, *args: str, given: bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *args], cwd=home, env=env or environment(home), input=given, capture_output=True, timeout=60, check=False
    )


def test_a_request_is_planned_by_our_own_model_and_done(home):
    done = llmos(home, "ask", "--json", "the two largest files in downloads")
    said = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert said["plan"] == "find in=downloads | sort by=size order=desc | take 2"
    assert [Path(i["path"]).name for i in said["result"]["items"]] == ["song.mp3", "b.pdf"]
    assert said["effects"] == [] and said["undo"] is None and 0 < said["confidence"] <= 1


def test_a_change_in_one_process_is_undone_from_another(home):
    done = llmos(home, "ask", "-y", "move the pdfs in downloads to papers")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(home / "papers")) == ["a.pdf", "b.pdf"]
    assert llmos(home, "undo").returncode == 0
    assert sorted(os.listdir(home / "Downloads")) == ["a.pdf", "b.pdf", "song.mp3"] and not (home / "papers").exists()
    assert llmos(home, "redo").returncode == 0 and (home / "papers/a.pdf").exists()


def test_nobody_there_means_no(home):
    done = llmos(home, "run", "delete Downloads/a.pdf")
    assert done.returncode == 3 and (home / "Downloads/a.pdf").exists()


def test_follow_ups(home):
    assert llmos(home, "ask", "the files in downloads").returncode == 0
    done = llmos(home, "ask", "--continue", "only the pdfs")
    assert done.stdout.split() == [b"Downloads/a.pdf", b"Downloads/b.pdf"], done.stderr


def test_standard_input_is_the_material(home):
    done = llmos(home, "run", "@last | grep ERROR | count", given=b"ok\nERROR a\nERROR b\n")
    assert done.stdout == b"2\n"


@pytest.mark.parametrize(("args", "given", "code", "says"), [
    (["ask", ""], b"", 2, b"the request is empty"),
    (["ask", "x " * 50_000], b"", 4, b"too long for a request"),
    (["ask", "how many lines"], b"\x00\x01\x02" * 100, 2, b"standard input is not text"),
    (["run", "fnid ext=pdf"], b"", 2, b"did you mean find?"),
    (["run", "find | count | take 2"], b"", 2, b"take takes files or a table or text, but gets a number"),
    (["run", "read nowhere.txt"], b"", 1, b"there is no file or folder 'nowhere.txt' here"),
    (["run", "find newer=someday"], b"", 1, b"someday"),
    (["run", "read notes/todo.txt ; delete /usr/bin/env"], b"", 3, b"/usr/bin/env"),
    (["ask", "--json", "--jsonl", "list"], b"", 2, b"exclude each other"),
    (["ask", "write a poem about spring"], b"", 5, b"larger model"),
])  # fmt: skip
def test_bad_input_gets_one_clear_sentence_and_its_code(home, args, given, code, says):
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    done = llmos(home, *args, given=given)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert says in done.stdout + done.stderr and b"Traceback" not in done.stderr
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before


def test_a_closed_pipe_ends_quietly(home):
    for i in range(3000):
        (home / f"file {i}").touch()
    shell = subprocess.run(
        ["bash", "-c", f"{sys.executable} -c 'from llmos_cli.main import main; main()' run find | head -1"],
        cwd=home, env=environment(home), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert len(shell.stdout.splitlines()) == 1 and shell.stderr == b""


def test_nowhere_to_write_to_is_no_bug(home):
    line = f"{sys.executable} -c 'from llmos_cli.main import main; main()' run find >&-"
    done = subprocess.run(["sh", "-c", line], cwd=home, env=environment(home), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_only_models_need_is_not_loaded_for_a_plan(home):
    late = "servers planner.sources language.steps language.templates models.models engine.client"
    code = "import sys; from llmos_cli.main import run; run(['ask', '-x', 'list the pdfs']); "
    code += f"print([name for name in '{late}'.split() if f'llmos_cli.{{name}}' in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=home, env=environment(home), capture_output=True, timeout=60, check=False)
    assert done.stdout.decode().splitlines()[-1] == "[]" and done.returncode == 0


def test_a_full_disk_is_said_and_loses_nothing(home):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, "run", "find"], cwd=home, env=environment(home), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"Traceback" not in done.stderr and done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system of its own needs root")
def test_a_read_only_home_still_reads_and_changes_nothing(home):
    script = (
        f"mount -t tmpfs -o ro none {home.parent}/llmos && "
        f"{sys.executable} -c 'from llmos_cli.main import main; main()' run 'find ext=pdf | count' && "
        f"{sys.executable} -c 'from llmos_cli.main import main; main()' run -y 'delete Downloads/a.pdf'"
    )
    (home.parent / "llmos").mkdir()
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script], cwd=home, env=environment(home), capture_output=True, timeout=60, check=False
    )
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.stdout == b"2\n" and done.returncode == 1 and (home / "Downloads/a.pdf").exists()
    assert b"Traceback" not in done.stderr and done.stderr


def test_names_never_reach_a_terminal_raw(home):
    (home / "evil\x1b[2J\x07\u202etxt.exe").touch()
    shown = on_a_terminal(home, ["run", "find name=evil*"])
    assert "evil" in shown and "\x1b[2J" not in shown and "\x07" not in shown and "\u202e" not in shown


def test_a_person_is_asked_and_answers(home):
    shown = on_a_terminal(home, ["run", "delete Downloads/a.pdf"], keys=b"y\n")
    assert "to the trash" in shown and not (home / "Downloads/a.pdf").exists()
    shown = on_a_terminal(home, ["run", "delete Downloads/b.pdf"], keys=b"n\n")
    assert (home / "Downloads/b.pdf").exists()


def on_a_terminal(home: Path, args: list[str], keys: bytes = b"") -> str:
    """What a person at a terminal of 80 columns sees."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *args], cwd=home, env=environment(home, TERM="xterm-256color"), stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    shown, sent, ends = b"", False, time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            data = os.read(parent, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if keys and not sent and b"Enter:" in shown:
            os.write(parent, keys)
            sent = True
    process.wait(10)
    os.close(parent)
    return shown.decode(errors="replace")
