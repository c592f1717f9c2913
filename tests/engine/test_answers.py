"""Thoughts, text and calls are told apart, in any family's way of writing them and however the text comes in pieces."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_cli.engine.answers import Called, Parts, Said, Thought, read_calls
from llmos_cli.engine.writing import Writer


def parts(text: str, tools=("find", "take"), size: int = 1, thinking: bool = False) -> list:
    """What comes of the text in pieces of `size`, neighbours of one kind joined."""
    reader = Parts(tools, thinking=thinking)
    found = [part for at in range(0, len(text), size) for part in reader.add(text[at : at + size])]
    joined: list = []
    for part in [*found, *reader.end()]:
        if joined and type(joined[-1]) is type(part) and not isinstance(part, Called):
            joined[-1] = type(part)(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def call(name: str = "find", **arguments) -> Called:
    return Called(name, json.dumps(arguments))


CASES = [
    ("hello", [Said("hello")]),
    ("a < b <thi", [Said("a < b <thi")]),
    ("<think>\nwell\n</think>\n\nyes", [Thought("well\n"), Said("yes")]),
    ("<think>only", [Thought("only")]),
    ("[THINK]well[/THINK]yes", [Thought("well"), Said("yes")]),
    ("<|channel>thought\nwell<channel|>yes", [Thought("well"), Said("yes")]),
    ("<|channel|>analysis<|message|>well<|end|><|start|>assistant<|channel|>final<|message|>yes", [Thought("well"), Said("yes")]),
    ('on it <tool_call>\n{"name": "find", "arguments": {"n": 1}}\n</tool_call>', [Said("on it"), call(n=1)]),
    ('<tool_call>{"name": "find", "arguments": {}}</tool_call>\n<tool_call>{"name": "take", "arguments": {"n": 2}}</tool_call>',
     [call(), call("take", n=2)]),
    ("<tool_call>\n<function=find>\n<parameter=q>\na b\n</parameter>\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>",
     [call(q="a b", n=3)]),
    ('{"name": "find", "parameters": {"q": "x"}}', [call(q="x")]),
    ('<|python_tag|>{"name": "find", "parameters": {"q": "x"}}', [call(q="x")]),
    ('```json\n{"name": "find", "arguments": {"q": "x"}}\n```', [call(q="x")]),
    ('[TOOL_CALLS][{"name": "find", "arguments": {"q": [1]}}, {"name": "take", "arguments": {}}]', [call(q=[1]), call("take")]),
    ('[TOOL_CALLS]find[ARGS]{"q": 1}[TOOL_CALLS]take[ARGS]{"n": 2}', [call(q=1), call("take", n=2)]),
    ('<|tool_call_start|>[find(q="a, b", n=3), take()]<|tool_call_end|>', [call(q="a, b", n=3), call("take")]),
    ('<|tool_call>call:find{q:<|"|>a "b", c:<|"|>,n:5,in:{k:true}}<tool_call|>', [call(q='a "b", c:', n=5, **{"in": {"k": True}})]),
    ("<tool_call>garbage</tool_call> on", [Said("<tool_call>garbage</tool_call> on")]),
    ('{"name": "nope", "parameters": {}}', [Said('{"name": "nope", "parameters": {}}')]),
    ('{"answer": 42}', [Said('{"answer": 42}')]),
    ("[1, 2]", [Said("[1, 2]")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text[:25] for text, _ in CASES])
def test_an_answer_in_pieces_of_any_size(text: str, expected: list):
    for size in (1, 2, 3, 7, 1000):
        found = parts(text, size=size)
        expected_ = [Called(p.name, p.arguments) if isinstance(p, Called) else p for p in expected]
        assert [p if not isinstance(p, Called) else Called(p.name, json.dumps(json.loads(p.arguments))) for p in found] == expected_, size


def test_without_tools_nothing_is_a_call():
    for text in ('<tool_call>{"name": "find", "arguments": {}}</tool_call>', '{"name": "find", "arguments": {}}'):
        assert parts(text, tools=()) == [Said(text)]


def test_a_prompt_that_ends_within_a_thought():
    assert parts("well\n</think>\n\nyes", thinking=True) == [Thought("well\n"), Said("yes")]


def test_text_comes_at_once_when_it_can_be_nothing_else():
    reader = Parts(("find",))
    assert [*reader.add("The ")] == [Said("The")] and [*reader.add("answer")] == [Said(" answer")]


NO_CALLS = [
    "",
    "{",
    '{"name": 3}',
    "[" * 5000,
    '{"a":' * 5000,
    "__import__('os')()",
    "find(*x)",
    "call:find{",
    "<function=find>",
    "find[ARGS]{",
]
LONG = ["9", "call:f{", "<parameter=a>", "<function=", "[ARGS]", "``` ", "f(", "-", "{", '"', " "]


@pytest.mark.parametrize("text", [*NO_CALLS, *(part * 60_000 for part in LONG)], ids=lambda text: text[:20])
def test_what_is_no_call_is_none_and_takes_no_time(text: str):
    began = time.process_time()
    assert all(isinstance(found, Called) and found.name for found in read_calls(text))
    assert time.process_time() - began < 1


def test_code_in_a_call_is_not_run(tmp_path):
    target = tmp_path / "made"
    assert read_calls(f"[find(q=open({str(target)!r}, 'w'))]") == [] and not target.exists()


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('<think>/tool_cal{}[]"ab \n|'), max_size=80), st.integers(1, 9))
def test_the_size_of_the_pieces_never_matters(text: str, size: int):
    assert parts(text, size=size) == parts(text, size=1000)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=4), max_size=3), st.integers(1, 5))
def test_a_writer_gives_whole_characters_up_to_the_first_stop(text: str, stops: list[str], size: int):
    raw = text.encode(errors="replace")
    text = raw.decode()
    writer = Writer(stops)
    got = []
    for at in range(0, len(raw), size):
        got.append(writer.add(raw[at : at + size]))
        if writer.stopped:
            break
    whole = "".join(got) + writer.end()
    first = min((text.find(stop) for stop in stops if stop in text), default=len(text))
    if size == 1:  # with larger pieces a stop may end behind another that began later
        assert whole.startswith(text[:0]) and not any(stop in whole for stop in stops)
    assert text.startswith(whole) and len(whole) >= first if stops else whole == text


def test_a_writer_shows_what_is_no_text_as_such():
    writer = Writer()
    assert writer.add(b"a\xff\xe2\x82") + writer.add(b"\xac\xe2") + writer.end() == "a\ufffd\u20ac\ufffd"
