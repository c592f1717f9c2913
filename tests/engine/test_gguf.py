"""Files that are no model, or a broken one, are refused with a reason, never by a signal."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from llmos_cli.engine import gguf
from llmos_cli.engine.llama import Llama
from llmos_cli.engine.tensors import pack_q8_0, unpack_q8_0
from llmos_cli.errors import LlmosError
from tests.engine.conftest import ROOT
from tests.engine.tinygguf import write_tiny

EDITS = 150


def refused(path: Path) -> str:
    with pytest.raises(LlmosError) as caught:
        Llama.open(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value.message


def test_metadata_without_opening(tiny: Path):
    found = gguf.read_metadata(tiny)
    assert found["general.architecture"] == "qwen3"
    assert found["qwen3.block_count"] == 2
    assert found["tokenizer.ggml.add_bos_token"] is False
    assert found["qwen3.rope.freq_base"] == 10000.0
    assert "tokenizer.ggml.tokens" not in found


def test_a_file_that_is_not_there(tmp_path: Path):
    assert "does not exist" in refused(tmp_path / "none.gguf")


def test_an_empty_file(tmp_path: Path):
    path = tmp_path / "empty.gguf"
    path.touch()
    assert "is empty" in refused(path)


def test_a_folder(tmp_path: Path):
    refused(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_named_pipe_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in refused(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(tiny: Path, tmp_path: Path):
    path = tmp_path / "closed.gguf"
    path.write_bytes(tiny.read_bytes())
    path.chmod(0)
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    "content",
    [
        b"G",
        b"GGU",
        b"PK\3\4" + bytes(99),
        b"#!/bin/sh\n",
        b"\x7fELF" + bytes(999),
        b"ggml" + bytes(99),
    ],
)
def test_a_foreign_file(tmp_path: Path, content: bytes):
    path = tmp_path / "foreign.gguf"
    path.write_bytes(content)
    assert "is not a GGUF file" in refused(path)


@pytest.mark.parametrize(
    ("version", "says"),
    [(1, "version 1;"), (4, "version 4;"), (0, "version 0;"), (3 << 24, "big-endian")],
)
def test_another_version(tiny: Path, tmp_path: Path, version: int, says: str):
    path = tmp_path / "version.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<I", version) + tiny.read_bytes()[8:])
    assert says in refused(path)


@pytest.mark.parametrize("sixteenth", range(16))
def test_a_file_cut_short(tiny: Path, tmp_path: Path, sixteenth: int):
    whole = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    for length in {
        len(whole) * sixteenth // 16,
        whole.rindex(b".weight") * sixteenth // 16,
        len(whole) - 1 - sixteenth,
    }:
        path.write_bytes(whole[:length])
        refused(path)


def test_a_cut_header_and_cut_weights_say_so(tiny: Path, tmp_path: Path):
    whole = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[:2000])
    assert "ends in the middle of its header" in refused(path)
    path.write_bytes(whole[:-1000])
    assert "1000 bytes are missing" in refused(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<3>", b"<2>", "1 of its tokens occur twice"),
        (b"general.architecture", b"general.architecturE", "does not say what architecture"),
        (b"\5\0\0\0\0\0\0\0qwen3", b"\5\0\0\0\0\0\0\0qwen9", "qwen9"),
        (b"blk.1.attn_q.weight", b"blk.1.attn_Q.weight", "blk.1.attn_q.weight"),
        (b"block_count\4\0\0\0\2", b"block_count\4\0\0\0\0", "0 layers"),
        (b"block_count\4\0\0\0\2\0", b"block_count\4\0\0\0\2\4", "1026 layers"),
        (b"count_kv\4\0\0\0\2", b"count_kv\4\0\0\0\3", "3 key heads for 4 heads"),
        (b"head_count\4\0\0\0\4", b"head_count\4\0\0\0\0", "0 heads"),
        (b"key_length\4\0\0\0\x10", b"key_length\4\0\0\0\x12", "heads' sizes"),
        (
            b"rms_epsilon\6\0\0\0" + struct.pack("<f", 1e-6),
            b"rms_epsilon\6\0\0\0" + struct.pack("<f", -1),
            "epsilon",
        ),
        (b"ggml.tokens\x09\0\0\0\x08", b"ggml.tokens\x09\0\0\0\x00", "damaged"),
        (b"token_type\x09\0\0\0\x05", b"token_type\x09\0\0\0\x00", "damaged"),
    ],
)
def test_what_would_end_the_process_is_refused_before(tiny: Path, tmp_path: Path, old: bytes, new: bytes, says: str):
    whole = tiny.read_bytes()
    assert whole.count(old) == 1 and len(old) == len(new)
    path = tmp_path / "changed.gguf"
    path.write_bytes(whole.replace(old, new))
    assert says in refused(path)


def test_single_byte_edits_never_end_the_process(tiny: Path):
    """The child goes through them; where a signal ends it, a new one goes on behind that edit."""
    first, signals, seen = 0, [], []
    while first < EDITS:
        arguments = ["-m", "tests.engine.try_edits", str(tiny), str(first), str(EDITS), "7"]
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = run.stdout.splitlines()
        seen += lines
        assert run.stderr == "", lines[-1]
        if run.returncode == 0:
            break
        signals.append((run.returncode, lines[-1]))
        first = int(lines[-1].split()[0]) + 1
    assert signals == []
    opened = sum(line.endswith("'opened'") for line in seen)
    assert len(seen) == EDITS and 0 < opened < EDITS / 2


def test_the_check_is_quick(tmp_path: Path):
    """3 ms on a quiet machine for 8,192 tokens; five times that is let pass here."""
    path = write_tiny(tmp_path / "wide.gguf", layers=1, size=8192)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        gguf.check(path)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.015


def test_q8_0_packs_as_ggml_does():
    """A weight is off by at most half a step, which is a 127th of its block's largest."""
    weights = np.random.default_rng(0).normal(size=(6, 96)).astype(np.float32)
    weights[0, :32] = 0
    data = pack_q8_0(weights)
    assert len(data) == 6 * 3 * 34
    back = unpack_q8_0(data, weights.shape)
    step = np.abs(weights.reshape(-1, 32)).max(axis=1).repeat(32).reshape(weights.shape) / 127
    assert (np.abs(back - weights) <= 0.51 * step + 127 * step * 2**-10).all()
    with pytest.raises(ValueError, match="multiple of 32"):
        pack_q8_0(weights[:, :33])
