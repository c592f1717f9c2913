"""The worker as its callers see it: answers, who may talk to it, what happens when it or its caller dies."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from llmos_cli.engine import starting
from llmos_cli.engine.client import Client
from llmos_cli.errors import Interrupted, LlmosError, NotFound, UsageError
from llmos_cli.paths import Paths
from llmos_cli.speech import Call
from tests.engine.conftest import ROOT

Models = dict[str, Path]
HELLO = [{"role": "user", "content": "hello the find"}]
FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "parameters": {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False},
    },
}


def until(true, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


# ---- answers ----


def test_a_chat_is_answered_whole_and_in_parts_alike(client: Client, models: Models):
    whole = client.chat(models["chat"], HELLO, temperature=0, max_tokens=12)
    assert whole.text and whole.usage["completion_tokens"] == 12 and (whole.ended, whole.said["limit"]) == ("length", "tokens")
    deltas = [*client.stream(models["chat"], HELLO, temperature=0, max_tokens=12)]
    assert "".join(delta.text for delta in deltas) == whole.text
    assert deltas[0].text and deltas[-1].ended == "length"
    assert deltas[-1].usage["prompt_tokens"] == whole.usage["prompt_tokens"]


def test_parts_come_while_the_rest_is_written_and_not_more_of_them_than_can_be_seen(client: Client, models: Models):
    client.load(models["mid"])
    came = []
    for delta in client.stream(models["mid"], HELLO, temperature=0, max_tokens=100, logit_bias={"274": -100}):
        if delta.text:
            came.append(time.monotonic())
    took = came[-1] - came[0]
    assert took > 0.1 and 4 <= len(came) <= 2 + took / 0.02


def test_the_same_seed_gives_the_same_answer_and_another_one_another(client: Client, models: Models):
    ask = {"temperature": 1.5, "max_tokens": 20, "top_k": 0, "top_p": 1}
    one, same, other = (client.complete(models["chat"], "hello", seed=seed, **ask).text for seed in (1, 1, 2))
    assert one == same != other


def test_a_stop_text_ends_the_answer_and_is_not_in_it(client: Client, models: Models):
    whole = client.complete(models["chat"], "hello", temperature=0, max_tokens=20).text
    stop = whole[len(whole) // 2 :][:4]
    cut = client.complete(models["chat"], "hello", temperature=0, max_tokens=20, stop=[stop, "never"])
    assert (cut.text, cut.ended) == (whole[: whole.index(stop)], "stop")


def test_a_bias_forbids_a_token(client: Client, models: Models):
    asked = {"temperature": 0, "max_tokens": 1, "logprobs": True}
    body = {"model": str(models["chat"]), "prompt": "hello", **asked}
    first = client.ask("POST", "/v1/completions", body)["choices"][0]["logprobs"]["content"][0]
    assert first["logprob"] <= 0 and first["top_logprobs"]
    other = client.ask("POST", "/v1/completions", {**body, "logit_bias": {str(first["id"]): -100}})["choices"][0]
    assert other["logprobs"]["content"][0]["id"] != first["id"]


def test_penalties_keep_a_token_from_coming_again(client: Client, models: Models):
    def different(**more: float) -> int:
        body = {"model": str(models["chat"]), "prompt": "hello", "temperature": 0, "max_tokens": 40, "logprobs": True, **more}
        return len({token["id"] for token in client.ask("POST", "/v1/completions", body)["choices"][0]["logprobs"]["content"]})

    assert different(presence_penalty=2, frequency_penalty=2) > different()


def test_a_schema_holds_and_a_grammar_does(client: Client, models: Models):
    schema = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 3, "maximum": 7}}, "required": ["age"]}
    form = {"type": "json_schema", "json_schema": {"schema": {**schema, "additionalProperties": False}}}
    for seed in range(5):
        answer = client.chat(models["chat"], HELLO, response_format=form, seed=seed, temperature=1.5)
        assert 3 <= json.loads(answer.text)["age"] <= 7 and answer.ended == "stop"
    assert client.chat(models["chat"], HELLO, grammar='root ::= "yes" | "no"').text in ("yes", "no")
    assert client.complete(models["chat"], "x", regex="[ab]{3}c").text.strip("ab") == "c"


def test_a_tool_that_must_be_called_is(client: Client, models: Models):
    for choice in ("required", {"type": "function", "function": {"name": "find"}}):
        answer = client.chat(models["chat"], HELLO, tools=[FIND], tool_choice=choice)
        (call,) = answer.calls
        assert isinstance(call, Call) and call.name == "find" and json.loads(call.arguments)["n"] in (1, 2)
        assert (answer.text, answer.ended) == ("", "tool_calls")


def test_vectors_have_length_one_and_keep_their_order(client: Client, models: Models):
    texts = ["hello the", "find", "hello the"] * 30
    vectors = client.embed(models["bert"], texts)
    assert len(vectors) == 90 and vectors[0] == pytest.approx(vectors[2], abs=1e-4) != pytest.approx(vectors[1], abs=1e-2)
    assert sum(x * x for x in vectors[0]) == pytest.approx(1)
    assert len(client.embed(models["chat"], ["hello"])[0]) == 64
    raw = client.ask("POST", "/v1/embeddings", {"model": str(models["bert"]), "input": "find", "encoding_format": "base64"})
    floats = struct.unpack("<64f", base64.b64decode(raw["data"][0]["embedding"]))
    assert floats == pytest.approx(vectors[1], abs=1e-4)


def test_a_text_that_is_cut_for_its_vector_is_told(client: Client, models: Models):
    body = {"model": str(models["bert"]), "input": ["hello " * 500, "hello"]}
    answer = client.ask("POST", "/v1/embeddings", body)
    assert answer["llmos"]["cut"] == [{"index": 0, "tokens": 502 - 128}] and answer["usage"]["prompt_tokens"] == 128 + 3


def test_an_encoder_writes_nothing(client: Client, models: Models):
    with pytest.raises(LlmosError, match="makes vectors of texts, and writes none"):
        client.chat(models["bert"], HELLO)


def test_old_turns_are_cut_and_the_answer_says_so(client: Client, models: Models):
    turns = [{"role": role, "content": f"{role} hello the find {n} " * 20} for n in range(12) for role in ("user", "assistant")]
    messages = [{"role": "system", "content": "SYSTEM"}, *turns, *HELLO]
    answer = client.chat(models["chat"], messages, max_tokens=8)
    cut = answer.said["cut"]
    assert cut["messages"] % 2 == 0 and 0 < cut["messages"] < 24 and answer.usage["prompt_tokens"] <= 2048 - 8
    assert client.chat(models["chat"], messages[-3:], max_tokens=8).said.get("cut") is None
    with pytest.raises(LlmosError, match="too long for the model: .* tokens"):
        client.chat(models["chat"], [{"role": "user", "content": "hello the find " * 3000}])


def test_the_end_of_the_context_and_of_the_time_are_told(client: Client, models: Models):
    most = client.complete(models["chat"], "hello", temperature=0, max_tokens=5000, ignored=1)
    assert (most.ended, most.said["limit"]) == ("length", "context")
    assert most.usage["total_tokens"] == 2048
    short = client.complete(models["chat"], "hello", temperature=0, max_tokens=2000, timeout=0.05)
    assert (short.ended, short.said["limit"]) == ("length", "time") and 0 < short.usage["completion_tokens"] < 2000


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": "hot"}, "temperature should be a number"),
        ({"n": 2}, "one answer"),
        ({"stop": [1]}, "stop should be a text"),
        ({"response_format": {"type": "xml"}}, "response_format's type"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "zork"}}}}, "cannot be followed"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"not": {}}}}}, "cannot be followed"),
        ({"regex": "("}, "cannot be followed"),
        ({"grammar": "root ::= nope"}, "not defined"),
        ({"tools": [{}]}, "a tool should be like"),
        ({"tools": [FIND], "tool_choice": {"function": {"name": "nope"}}}, "one of the tools: find"),
        ({"keep_alive": "soon"}, "keep_alive should be"),
        ({"messages": []}, "no messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "a message needs a role"),
        ({"messages": [{"role": "user", "content": [{"image_url": "x"}]}]}, "must be text"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(client: Client, models: Models, options: dict, sentence: str):
    body = {"model": str(models["chat"]), "messages": HELLO, **options}
    with pytest.raises(LlmosError, match=sentence) as caught:
        client.ask("POST", "/v1/chat/completions", body)
    assert "\n" not in caught.value.message


def test_a_model_must_be_a_file_that_is_there(client: Client, tmp_path: Path):
    with pytest.raises(NotFound, match="no such file"):
        client.chat(tmp_path / "nothing.gguf", HELLO)
    with pytest.raises(UsageError, match="path of a GGUF"):
        client.chat(Path("qwen3"), HELLO)
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(LlmosError, match="not a GGUF"):
        client.chat(tmp_path / "text.gguf", HELLO)


# ---- the process ----


def test_only_its_owner_can_reach_it_and_there_is_one(client: Client, paths: Paths):
    at = client._at
    assert stat.S_IMODE(at.socket.stat().st_mode) == 0o600 and stat.S_IMODE(at.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(at.log.stat().st_mode) == 0o600
    assert Client.connect(paths).hello()["pid"] == client.hello()["pid"]
    assert os.getsid(client.hello()["pid"]) == client.hello()["pid"]


def test_many_who_start_it_at_once_get_one(paths: Paths, models: Models):
    Client.connect(paths).stop()
    code = (
        "import sys\nfrom llmos_cli.engine.client import Client\nfrom llmos_cli.paths import Paths\n"
        "print(Client.connect(Paths.of({'LLMOS_HOME': sys.argv[1]})).hello()['pid'])"
    )
    home, env = str(paths.state.parent), {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [subprocess.Popen([sys.executable, "-c", code, home], env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1


def test_killed_in_the_middle_it_is_a_sentence_and_the_next_request_has_another(client: Client, models: Models):
    first = client.hello()["pid"]
    stream = client.stream(models["chat"], HELLO, temperature=0, max_tokens=1500)
    next(stream)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(LlmosError, match="ended in the middle of this: it was killed") as caught:
        list(stream)
    assert "\n" not in caught.value.message and caught.value.hint
    assert client.chat(models["chat"], HELLO, max_tokens=3).usage["completion_tokens"] == 3
    assert client.hello()["pid"] != first


def test_an_abort_in_llama_cpp_is_a_sentence(client: Client, models: Models):
    first = client.hello()["pid"]
    stream = client.stream(models["chat"], HELLO, temperature=0, max_tokens=1500)
    next(stream)
    os.kill(first, signal.SIGABRT)
    with pytest.raises(LlmosError, match=r"ended in the middle of this: it crashed \(Aborted\)"):
        list(stream)
    assert client.hello()["pid"] != first


def test_who_leaves_is_not_written_for(client: Client, models: Models):
    stream = client.stream(models["mid"], HELLO, temperature=0, max_tokens=1500)
    next(stream)
    assert client.ps()[-1]["writing"] == 1
    stream.close()
    assert until(lambda: all(model["writing"] == 0 for model in client.ps()), 5)


def test_who_leaves_before_the_first_token_is_not_read_for(client: Client, models: Models):
    client.load(models["mid"])
    body = json.dumps({"model": str(models["mid"]), "prompt": "hello the find " * 900}).encode()
    connection = starting.connect(client._at)
    assert connection is not None
    connection.sendall(b"POST /v1/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    mid = str(models["mid"])
    assert until(lambda: any(model["model"] == mid and model["writing"] for model in client.ps()))
    connection.close()
    left = time.monotonic()
    assert until(lambda: not any(model["writing"] for model in client.ps()), 5)
    assert time.monotonic() - left < 3  # reading it all takes longer


def test_keep_alive_of_nothing_lets_a_model_go_at_once(client: Client, models: Models):
    client.chat(models["qwen3"], HELLO, max_tokens=2, keep_alive=0)
    assert until(lambda: str(models["qwen3"]) not in [model["model"] for model in client.ps()])


def test_stop_ends_a_model_in_use_and_then_the_worker(client: Client, paths: Paths, models: Models):
    stream = client.stream(models["mid"], HELLO, temperature=0, max_tokens=1500)
    next(stream)
    assert client.stop(models["mid"]) == [str(models["mid"])]
    with pytest.raises(Interrupted):
        list(stream)
    pid = client.hello()["pid"]
    client.stop()
    assert until(lambda: not alive(pid)) and Client.running(paths) is None


def test_what_does_not_fit_goes_the_longest_unused_first(paths: Paths, models: Models, tmp_path: Path):
    own = Paths(tmp_path / "config", tmp_path / "data", tmp_path / "state", paths.cache)
    client = Client.connect(own, memory=420 << 20)  # three of these models
    try:
        for name in ("chat", "qwen3", "llama", "chat", "gemma3"):
            client.chat(models[name], HELLO, max_tokens=2)
        assert {Path(model["model"]).stem for model in client.ps()} == {"llama", "chat", "gemma3"}
    finally:
        client.stop()
    client = Client.connect(own, memory=100 << 20)
    try:
        with pytest.raises(LlmosError, match=r"needs 0\.\d GB of memory, and models may use 0\.1 GB"):
            client.chat(models["chat"], HELLO)
    finally:
        client.stop()


def test_a_replaced_file_is_loaded_anew(client: Client, models: Models, tmp_path: Path):
    path = tmp_path / "model.gguf"
    path.write_bytes(models["chat"].read_bytes())
    one = client.complete(path, "hello", temperature=0, max_tokens=8).text
    new = tmp_path / "new"
    new.write_bytes(models["qwen3"].read_bytes())
    new.replace(path)
    assert client.complete(path, "hello", temperature=0, max_tokens=8).text != one


def test_sixteen_at_once_are_all_answered(client: Client, models: Models):
    answers: list[int] = []

    def one(at: int) -> None:
        answers.append(client.chat(models["chat"], [{"role": "user", "content": f"hello {at}"}], max_tokens=30).usage["completion_tokens"])

    threads = [threading.Thread(target=one, args=(at,)) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 16 and max(answers) <= 30


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nContent-Length: 3\r\n\r\n{x}",
        b"POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]",
        b"GET /nope HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"POST /hello HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n",
    ],
)
def test_what_is_no_request_is_answered_as_such(client: Client, raw: bytes):
    pid = client.hello()["pid"]
    connection = starting.connect(client._at)
    assert connection is not None
    with connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ")) and b'"message"' in answer
    assert client.hello()["pid"] == pid


@pytest.mark.slow
def test_killed_at_any_moment_the_next_request_is_answered(client: Client, models: Models):
    source = random.Random(5)
    outcomes: set[str] = set()

    def ask() -> None:
        try:
            outcomes.add(client.chat(models["chat"], HELLO, max_tokens=source.randrange(5, 400)).ended)
        except LlmosError as error:
            assert "\n" not in error.message
            outcomes.add("sentence")

    for _ in range(40):
        pid = client.hello()["pid"]
        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        time.sleep(source.random() * 0.4)
        os.kill(pid, signal.SIGKILL)
        for thread in asking:
            thread.join(60)
            assert not thread.is_alive()
        assert client.chat(models["chat"], HELLO, max_tokens=2).usage["completion_tokens"] == 2
    assert "sentence" in outcomes and outcomes & {"length", "stop"}


@pytest.mark.slow
def test_it_leaves_when_nobody_needs_it(client: Client, paths: Paths, models: Models):
    client.stop()
    assert client.chat(models["chat"], HELLO, max_tokens=2, keep_alive=1).text is not None
    pid = client.hello()["pid"]
    assert until(lambda: not alive(pid), 20) and Client.running(paths) is None and not client._at.socket.exists()


@pytest.mark.slow
def test_sixteen_together_are_quicker_than_one_after_the_other(client: Client, models: Models):
    def one(at: int) -> None:
        client.chat(models["mid"], [{"role": "user", "content": f"hello {at}"}], max_tokens=40, temperature=0)

    one(0)
    began = time.monotonic()
    one(1)
    alone = time.monotonic() - began
    threads = [threading.Thread(target=one, args=(at,)) for at in range(2, 18)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 16 * alone
