"""What a process sees: what is imported, what is printed, and how a running decode is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from llmos_cli.engine import child as throw_away
from llmos_cli.engine.client import Client
from llmos_cli.engine.decode import greedy
from llmos_cli.engine.llama import Llama, library
from llmos_cli.engine.weights import Setup
from llmos_cli.errors import Interrupted, LlmosError
from tests.engine.conftest import ROOT, Child

START = """
import json, sys
from pathlib import Path
from llmos_cli.engine.llama import Llama
imported = "llama_cpp" in sys.modules
with Llama.open(Path(sys.argv[1])) as model:
    model.decode(model.tokenize("hello"))
print(json.dumps([imported, sorted(sys.modules)]))
"""

LONG = """
import sys
from pathlib import Path
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import Interrupted
with Llama.open(Path(sys.argv[1]), context=8192, batch=4096) as model:
    print("ready", flush=True)
    try:
        while True:
            model.rewind(0)
            for size in SIZES:
                model.decode([1] * size)
    except Interrupted as error:
        print(model.position >= 0, flush=True)
        model.rewind(0)
        model.decode([1, 2, 3])
        model.logits()[0]
        sys.exit(error.exit_code)
"""


def test_opening_a_model_imports_neither_numpy_nor_jinja2(child: Child, tiny: Path):
    run = child("-c", START, str(tiny))
    assert (run.returncode, run.stderr) == (0, "")
    before, modules = json.loads(run.stdout)
    assert not before, "importing the engine must not load llama.cpp"
    assert not {"numpy", "jinja2", "diskcache", "llama_cpp.llama", "multiprocessing"} & set(modules)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are looked for in /proc")
def test_an_interrupt_leaves_no_process_behind():
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def children() -> set[str]:
        return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())

    running, before = children(), signal.signal(signal.SIGALRM, interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.15)
    try:
        with pytest.raises(KeyboardInterrupt):
            throw_away.run("probe", [json.dumps(asdict(Setup()))], 30)  # it takes longer than that to begin
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert children() <= running


def test_nobody_writes_for_who_has_left_a_whole_answer(client: Client, models: dict[str, Path]):
    def writing() -> bool:
        return any(model["writing"] for model in client.ps())

    body = {"model": str(models["mid"]), "messages": [{"role": "user", "content": "hello"}], "grammar": "root ::= [a-z]{1900}"}
    client.load(models["mid"])
    with client._sent("POST", "/v1/chat/completions", body):
        time.sleep(1)
        assert writing()
    until = time.monotonic() + 2
    while writing() and time.monotonic() < until:
        time.sleep(0.05)
    assert not writing()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], models: dict[str, Path], tmp_path: Path):
    for path in (models["llama"], models["qwen3"]):
        with Llama.open(path, context=64) as model:
            list(greedy(model, model.tokenize("hello"), None, limit=3))
            with pytest.raises(LlmosError):
                model.decode([1] * 99)
            with pytest.raises(LlmosError):
                model.token("<nope>")
            with pytest.raises(LlmosError):
                model.grammar("root ::= nope", "root")
    whole = models["qwen3"].read_bytes()
    broken = tmp_path / "broken.gguf"
    for old, new in (
        (b"qwen3", b"qwen9"),
        (b"blk.1.ffn_up", b"blk.1.ffn_uP"),
        (b"gpt-2", b"gpt-9"),
    ):
        broken.write_bytes(whole.replace(old, new))
        with pytest.raises(LlmosError):
            Llama.open(broken)
    assert capfd.readouterr() == ("", "")


def test_the_reason_in_the_log_is_kept(models: dict[str, Path], tmp_path: Path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(models["qwen3"].read_bytes().replace(b"gpt-2", b"gpt-9"))
    with pytest.raises(LlmosError, match="unknown pre-tokenizer type: 'gpt-9'"):
        Llama.open(broken)
    Llama.open(models["qwen3"]).close()
    assert "gpt-9" not in library().reason()


def test_a_missing_package_says_what_to_install(child: Child, tiny: Path):
    code = (
        "import sys, importlib.abc\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'llama_cpp': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
        "from pathlib import Path\n"
        "from llmos_cli.engine.llama import Llama\n"
        "from llmos_cli.errors import LlmosError\n"
        "try: Llama.open(Path(sys.argv[1]))\n"
        "except LlmosError as error: print(error.message, '|', error.hint)\n"
    )
    run = child("-c", code, str(tiny))
    assert run.returncode == 0 and run.stderr == ""
    assert "llama.cpp does not load" in run.stdout and "pip install" in run.stdout


@pytest.fixture(scope="module")
def mid(models: dict[str, Path]):
    with Llama.open(models["mid"], context=8192, batch=4096) as model:
        yield model


def cancelled_after(model: Llama, seconds: float) -> float:
    """Seconds from `cancel`, called by another thread, until a long decode here has ended."""
    called: list[float] = []

    def cancel() -> None:
        time.sleep(seconds)
        called.append(time.perf_counter())
        model.cancel()

    model.rewind(0)
    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Interrupted):
        model.decode([1] * 8000)
    ended = time.perf_counter()
    thread.join()
    return ended - called[0]


def test_cancel_from_another_thread_ends_a_long_prefill_within_100_ms(mid: Llama):
    assert min(cancelled_after(mid, 0.2) for _ in range(3)) < 0.1
    mid.rewind(0)
    mid.decode([1, 2, 3])
    assert mid.position == 3


def test_cancel_reaches_a_decode_that_runs_in_a_worker_thread(mid: Llama):
    mid.rewind(0)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            mid.decode([1] * 8000)
        except Interrupted as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    mid.cancel()
    thread.join(2)
    assert len(raised) == 1


def test_the_python_abort_callback_works_too(child: Child, models: dict[str, Path]):
    """Where libc's strlen cannot be used."""
    code = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "import llmos_cli.engine.llama as engine\n"
        "from llmos_cli.errors import Interrupted\n"
        "engine._strlen = lambda: None\n"
        "model = engine.Llama.open(Path(sys.argv[1]), context=8192, batch=4096)\n"
        "model.decode([1, 2, 3])\n"
        "threading.Timer(0.1, model.cancel).start()\n"
        "try: model.decode([1] * 8000)\n"
        "except Interrupted: print('interrupted')\n"
    )
    run = child("-c", code, str(models["mid"]))
    assert (run.returncode, run.stdout, run.stderr) == (0, "interrupted\n", "")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("sizes", ["[8000]", "[1] * 500", "[40] * 100"])
def test_ctrl_c_ends_a_decode_as_interrupted(models: dict[str, Path], sizes: str):
    """In a long decode it is seen at once; between short ones, at the next return."""
    code = LONG.replace("SIZES", sizes)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(models["mid"])],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        sent = time.perf_counter()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "True\n"
        assert time.perf_counter() - sent < 1
        assert process.wait(5) == 130
        assert process.stderr.read() == ""
