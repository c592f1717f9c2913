"""A model on a server, against servers on the loopback that speak well, oddly and badly."""

from __future__ import annotations

import base64
import json
import struct
import time
from typing import Any

import pytest

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.speech import Call, Delta
from tests.engine.conftest import HELLO, Made
from tests.engine.openaiserver import END, OpenAI, Reply, chunk, listing, plain, refusal, said, stream

KEY = "sk-3Xq7secretsecret9Zt"

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


# ---- answers -------------------------------------------------------------------------------------------


def test_an_answer_comes_part_by_part_with_its_usage(server: OpenAI, remote: Made) -> None:
    server.chat(said("Hel", "lo"))
    found = [*remote().stream(HELLO, temperature=0.1, keep_alive=-1, timeout=5)]
    assert [delta.text for delta in found] == ["Hel", "lo", ""]
    assert found[-1].ended == "stop" and found[-1].usage["completion_tokens"] == 2 and found[-1].said == {}
    (body,) = server.asked()
    assert body["messages"] == HELLO and body["model"] == "m" and body["stream"] is True and body["temperature"] == 0.1
    assert not {"keep_alive", "timeout"} & set(body)  # words of our own worker


def test_lines_are_read_whatever_the_pieces_are(server: OpenAI, remote: Made) -> None:
    """Comments, keep-alives, other fields, \\r\\n, no space, no empty line, an event over two lines, letters cut in the middle."""
    raw = b"\xef\xbb\xbf: hello\r\n\r\nevent: message\r\nid: 1\r\n" + chunk({"content": "gr\u00fc\u00df"}).replace(b"\n", b"\r\n")
    two = json.dumps({"choices": [{"delta": {"content": "\u4f60\u597d"}}]}, ensure_ascii=False).encode()
    raw += b": keep-alive\n\n" + b"data:" + two.replace(b'"delta"', b'\ndata: "delta"') + b"\n"
    raw += chunk({"content": "!"}).rstrip() + b"\n" + chunk({}, "stop") + END
    server.chat(stream(*(raw[at : at + 1] for at in range(len(raw)))))
    assert remote().chat(HELLO).text == "grüß你好!"


def test_half_a_letter_waits_for_the_other_half(server: OpenAI, remote: Made) -> None:
    server.chat(stream(chunk({"content": "a\ud83d"}), chunk({"content": "\ude00b\ud83d"}), chunk({"content": "c"}), chunk({}, "stop"), END))
    found = [*remote().stream(HELLO)]
    assert "".join(delta.text for delta in found) == "a😀b\ufffdc"
    assert all(delta.text.isprintable() for delta in found)


@pytest.mark.parametrize("chunked", [True, False])
def test_done_may_be_missing_but_not_the_end(server: OpenAI, remote: Made, chunked: bool) -> None:
    whole = said("all", done=False)
    whole.chunked = chunked
    server.chat(whole)
    assert remote().chat(HELLO).text == "all"
    server.chat(stream(chunk({"content": "ha"}), chunked=chunked, cut=True))
    with pytest.raises(LlmosError, match="ended in the middle of its answer"):
        remote().chat(HELLO)


def test_a_connection_that_stays_open_after_the_end_is_not_waited_for(
    server: OpenAI, remote: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmos_cli.engine.hearing.AFTER_SECONDS", 0.1)
    whole = said("all", done=False)
    whole.hang = 3.0
    server.chat(whole)
    began = time.monotonic()
    assert remote().chat(HELLO).usage["completion_tokens"] == 1
    assert time.monotonic() - began < 2


def test_what_is_thought_is_told_apart(server: OpenAI, remote: Made) -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "d"}]}, {"type": "text", "text": "!"}]
    server.chat(
        stream(chunk({"reasoning_content": "a"}), chunk({"reasoning": "b", "content": None}), chunk({"content": parts}), chunk({}, "stop")),
        said("<thi", "nk>hm", "</think>\n\n42"),
    )
    first, second = remote().chat(HELLO), remote().chat(HELLO)
    assert (first.thought, first.text) == ("abd", "!")
    assert (second.thought, second.text) == ("hm", "42")


def test_calls_are_put_together(server: OpenAI, remote: Made) -> None:
    def part(index: int | None, name: str = "", arguments: Any = "", id_: str = "") -> dict[str, Any]:
        function = {**({"name": name} if name else {}), "arguments": arguments}
        return {**({} if index is None else {"index": index}), **({"id": id_} if id_ else {}), "function": function}

    tool = [{"type": "function", "function": {"name": "find"}}, {"type": "function", "function": {"name": "read"}}]
    one = part(0, "find", "", "a"), part(0, "", '{"ext":'), part(1, "read", "{}", "b"), part(0, "", '"pdf"}')
    server.chat(
        stream(*(chunk({"tool_calls": [each]}) for each in one), chunk({}, "tool_calls"), END),
        stream(chunk({"tool_calls": [part(None, "find", {"ext": "pdf"}, "a"), part(None, "read", "{}", "b")]}), chunk({}, "stop"), END),
        stream(chunk({"tool_calls": [part(0, "find", '{"ext":"pdf"}', "a")]}), chunk({"tool_calls": [part(0, "read", "{}", "b")]}), END),
    )
    for _ in range(3):
        found = remote().chat(HELLO, tools=tool)
        assert [(call.name, json.loads(call.arguments), call.id) for call in found.calls] == [
            ("find", {"ext": "pdf"}, "a"),
            ("read", {}, "b"),
        ]
        assert found.ended == "tool_calls"
    server.chat(stream(chunk({"tool_calls": [part(0, "find", "", "")]}), chunk({}, "stop"), END))
    assert remote().chat(HELLO, tools=tool).calls == (Call("find", "{}", "call_0"),)


def test_a_server_that_answers_at_once(server: OpenAI, remote: Made) -> None:
    server.chat(plain({"choices": [{"message": {"content": "hi", "reasoning": "x"}, "finish_reason": "length"}], "usage": {"n": 1}}))
    found = remote().chat(HELLO)
    assert (found.text, found.thought, found.ended, found.usage) == ("hi", "x", "length", {"n": 1})
    server.chat(plain({"hello": 1}))
    with pytest.raises(LlmosError, match="a form that is not OpenAI's"):
        remote().chat(HELLO)


def test_closing_a_stream_ends_the_work_there(server: OpenAI, remote: Made) -> None:
    server.chat(stream(*[chunk({"content": "x" * 1000})] * 500, pause=0.01))
    found = remote().stream(HELLO)
    assert next(found).text
    found.close()  # type: ignore[attr-defined]
    assert server.gone.wait(5)


def test_time_that_is_over_ends_an_answer_as_it_is(server: OpenAI, remote: Made) -> None:
    server.chat(stream(chunk({"content": "so far"}), chunk({"content": ""}), pause=2.0))
    found = remote().chat(HELLO, timeout=0.5)
    assert (found.text, found.ended, found.said) == ("so far", "length", {"limit": "time"})
    server.chat(stream(b": wait\n\n", b": wait\n\n", pause=2.0))
    with pytest.raises(LlmosError, match="has not answered in time"):
        remote().chat(HELLO, timeout=0.5)


def test_what_a_server_does_not_know_is_left_out_and_said(server: OpenAI, remote: Made) -> None:
    server.chat(
        refusal(400, "Unrecognized request argument supplied: top_k"),
        refusal(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refusal(422, '[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]'),
        said("ok"),
    )
    model = remote()
    assert model.chat(HELLO, top_k=5, max_tokens=9, temperature=0).said == {"ignored": ["top_k"]}
    *_, last = server.asked()
    assert last == {"model": "m", "messages": HELLO, "stream": True, "max_completion_tokens": 9, "temperature": 0}
    before = len(server.log)
    assert model.chat(HELLO, top_k=5).text == "ok" and len(server.log) == before + 1  # it is remembered


def test_old_turns_are_cut_and_it_is_said(server: OpenAI, remote: Made) -> None:
    server.chat(said("ok"))
    long = [{"role": "system", "content": "be kind"}]
    for i in range(20):
        long += [{"role": "user", "content": f"{i} " + "word " * 300}, {"role": "assistant", "content": "yes"}]
    long.append({"role": "user", "content": "and now?"})
    found = remote(context=4096).chat(long, max_tokens=100)
    (body,) = server.asked()
    kept = body["messages"]
    assert kept[0] == long[0] and kept[-1] == long[-1] and kept[1]["role"] == "user" and len(kept) < len(long)
    assert found.said["cut"]["messages"] == len(long) - len(kept) and len(json.dumps(kept)) / 3 < 4096
    with pytest.raises(LlmosError, match="the text is too long for box:m"):
        remote(context=4096).chat([{"role": "user", "content": "word " * 30_000}])


def test_deltas_are_never_empty(server: OpenAI, remote: Made) -> None:
    server.chat(stream(chunk({"role": "assistant", "content": ""}), chunk({"content": "a"}), chunk({}), chunk({}, "stop"), END))
    assert Delta() not in [*remote().stream(HELLO)]


# ---- answers that keep to a schema ---------------------------------------------------------------------


def test_a_schema_is_held_to_by_whatever_the_server_takes(server: OpenAI, remote: Made) -> None:
    server.chat(said('{"age"', ": 5}"))
    found = remote().chat(HELLO, response_format=FORM)
    assert found.text == '{"age": 5}' and found.said == {} and server.asked()[0]["response_format"]["json_schema"]["schema"] == SCHEMA
    server.log.clear()
    server.chat(refusal(400, "response_format.type json_schema is not supported"), said('{"age": 6}'))
    found = remote().chat(HELLO, response_format=FORM)
    assert found.text == '{"age": 6}' and found.said == {"format": "json_object"}
    assert server.asked()[1]["response_format"] == {"type": "json_object"} and '"age"' in server.asked()[1]["messages"][0]["content"]
    server.log.clear()
    server.chat(refusal(400, "unknown"), refusal(400, "unknown"), said('Sure:\n```json\n{"age": 7}\n```'))
    found = remote().chat(HELLO, response_format=FORM)
    assert found.text == '{"age": 7}' and found.said == {"format": "words"} and "response_format" not in server.asked()[2]


def test_a_server_that_takes_a_schema_and_does_not_heed_it(server: OpenAI, remote: Made) -> None:
    server.chat(said("five"), said('{"age": "five"}'), said('{"age": "5"}'), said('{"age": 5}'))
    model = remote()
    found = model.chat(HELLO, response_format=FORM)
    assert found.text == '{"age": 5}' and found.said == {"format": "words"}
    assert "age should be integer" in server.asked()[3]["messages"][-1]["content"]
    server.chat(said("no"))
    with pytest.raises(LlmosError, match="does not keep to the form that was asked for: it is not JSON"):
        model.chat(HELLO, response_format=FORM)


def test_what_no_server_can_do_is_refused(server: OpenAI, remote: Made) -> None:
    server.on("/v1/models", listing("m"))
    for options in ({"regex": "a+"}, {"grammar": 'root ::= "a"'}, {"response_format": {"type": "xml"}}, {"timeout": "x"}):
        with pytest.raises(UsageError):
            remote().chat(HELLO, **options)
    server.on("/v1/models", listing("m", owned_by="llamacpp"))
    server.chat(said("a"))
    assert remote().chat(HELLO, grammar='root ::= "a"', think=False).text == "a"
    assert server.asked()[0]["grammar"] == 'root ::= "a"' and server.asked()[0]["chat_template_kwargs"] == {"enable_thinking": False}


# ---- vectors, context, names ---------------------------------------------------------------------------


def test_vectors_have_length_1_and_the_texts_order(server: OpenAI, remote: Made) -> None:
    def answer(asked: Any) -> Reply:
        rows = [{"index": at, "embedding": [3.0, 4.0 * float(text)]} for at, text in enumerate(asked.body["input"])]
        return plain({"data": rows[::-1]})

    server.on("/v1/embeddings", answer)
    found = remote().embed([str(i) for i in range(40)])
    assert found[0] == [1.0, 0.0] and found[1] == pytest.approx([0.6, 0.8]) and len(found) == 40
    assert len(server.log) == 2  # no more than a server takes at once
    raw = base64.b64encode(struct.pack("<2f", 0, 2)).decode()
    server.on("/v1/embeddings", plain({"data": [{"embedding": raw}]}))
    assert remote().embed(["a"]) == [[0.0, 1.0]]
    for bad in ({"data": []}, {"data": [{"embedding": [0, 0]}]}, {"data": [{"embedding": "?"}]}, [], {"data": [{"embedding": None}]}):
        server.on("/v1/embeddings", plain(bad))
        with pytest.raises(LlmosError, match="does not give a vector for each text"):
            remote().embed(["a"])
    with pytest.raises(UsageError):
        remote().embed(["a", ""])


@pytest.mark.parametrize(
    ("more", "tokens"),
    [({"max_model_len": 40960}, 40960), ({"meta": {"n_ctx_train": 32768}}, 32768), ({"context_length": 5000}, 5000), ({}, 8192)],
)
def test_the_context_is_what_the_server_says(server: OpenAI, remote: Made, more: dict[str, Any], tokens: int) -> None:
    server.on("/v1/models", listing("m", **more))
    assert remote().context == tokens
    assert remote(context=1000).context == 1000


def test_the_context_of_ollama_and_llama_server(server: OpenAI, remote: Made) -> None:
    server.on("/v1/models", listing("m", owned_by="llamacpp", meta={"n_ctx_train": 32768}))
    server.on("/props", plain({"default_generation_settings": {"n_ctx": 6000}}))
    assert remote().context == 6000
    server.on("/v1/models", listing("m", owned_by="library"))
    server.on("/api/ps", plain({"models": []}))
    server.on("/api/show", plain({"model_info": {"llama.context_length": 131072}, "parameters": ""}))
    assert remote().context == 4096  # what it takes by itself, whatever the model could
    server.on("/api/show", plain({"model_info": {}, "parameters": "stop x\nnum_ctx   16384"}))
    assert remote().context == 16384
    server.on("/api/ps", plain({"models": [{"name": "m", "context_length": 32000}]}))
    assert remote().context == 32000


def test_a_model_that_was_not_named(server: OpenAI, remote: Made) -> None:
    server.chat(said("ok"))
    server.on("/v1/models", listing("only"))
    assert remote("").chat(HELLO).text == "ok" and server.asked()[0]["model"] == "only"
    server.on("/v1/models", listing("a", "b"))
    with pytest.raises(NotFound, match="2 models") as error:
        remote("").chat(HELLO)
    assert error.value.hint == "llmos models use box:a"
