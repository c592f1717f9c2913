import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_cli.errors import PlanError
from llmos_cli.literals import LAST, Choice, During, Ext, Mode, Size, When, Whole
from llmos_cli.plan import MAX_STEPS, MAX_TEXT, Plan, as_json, from_json, parse, show, step, with_args
from llmos_cli.tools import TOOLS

SAID = {
    Size: ["10MB", "half a gig", "0"], When: ["30d", "last tuesday", "a/b c.txt"], During: ["yesterday", "march 2024"], Mode: ["755",
    "private"],
    Ext: ["pdf", "tar.gz", "jpegs"], Whole: ["5", "three"],
}  # fmt: skip
ODD = st.sampled_from(
    ["a b", 'say "hi"', "back\\slash", "a,b", "a=b", "a|b;c", "new\nline", "\ttab", "\r", "\\n", "", "-x", "é日本", "@last", "[1]", "'"]
)
TEXTS = ODD | st.text(max_size=20)


def word(param):
    for kind, said in SAID.items():
        if isinstance(param.type, kind):
            return st.sampled_from(said)
    if isinstance(param.type, Choice):
        return st.sampled_from(param.type.fixed)
    return TEXTS | st.just(LAST) if param.takes_last else TEXTS


def canonical(param, words):
    found = []
    for text in words:
        try:
            found.append(text if text == LAST and param.takes_last else param.type.canon(text))
        except ValueError:
            continue
    return tuple(found[: None if param.many else 1])


@st.composite
def plans(draw):
    """Any plan that the signatures allow; types need not fit from step to step."""
    pipelines = []
    for _ in range(draw(st.integers(1, 3))):
        steps = []
        for _ in range(draw(st.integers(1, 4))):
            tool = TOOLS[draw(st.sampled_from(sorted(TOOLS)))]
            chosen = draw(st.lists(st.sampled_from(sorted(tool.params)), unique=True, max_size=6)) if tool.params else []
            if steps:  # files by name only where a step stands first
                chosen = [name for name in chosen if name != "files"]
            args = {name: canonical(tool.params[name], draw(st.lists(word(tool.params[name]), min_size=1, max_size=3))) for name in chosen}
            steps.append(step(tool, {name: items for name, items in args.items() if items}))
        pipelines.append(tuple(steps))
    return Plan(tuple(pipelines))


@settings(max_examples=300, deadline=None)
@given(plans())
def test_text_and_json_say_the_same_plan(plan):
    text = show(plan, TOOLS)
    assert parse(text, TOOLS) == plan
    assert show(parse(text, TOOLS), TOOLS) == text
    assert from_json(json.loads(json.dumps(as_json(plan))), TOOLS) == plan


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*TOOLS, "|", ";", '"', ",", "=", "in=", "a", "\\", " ", "5"]), max_size=12).map("".join)
)
def test_any_text_is_a_plan_or_a_plan_error_with_its_place(text):
    try:
        parse(text, TOOLS)
    except PlanError as error:
        assert error.message and -1 <= error.at <= len(text)


@pytest.mark.parametrize(("written", "canonical"), [
    ("find ext=PDFs in=downloads", "find in=downloads ext=pdf"),
    ("find name=a", "find a"),
    ('take "five"', "take 5"),
    ("read   notes.txt|grep TODO|count", "read notes.txt | grep TODO | count"),
    ("mode run.sh 755", "mode run.sh set=755"),
    ("delete a.txt,b.txt", "delete a.txt,b.txt"),
    ("delete a.txt b.txt", "delete a.txt,b.txt"),
    ("find larger=\"ten megs\" | move into=archive", "find larger=10MB | move into=archive"),
    ('write "a \\"b\\"","c\\nd" to=x', 'write "a \\"b\\"","c\\nd" to=x'),
    ("@last | take 2", "@last | take 2"),
    ("mkdir a ; touch a/b", "mkdir a ; touch a/b"),
])  # fmt: skip
def test_canonical_text(written, canonical):
    assert show(parse(written, TOOLS), TOOLS) == canonical


def test_raw_keeps_what_was_written():
    assert parse('find ext=PDFs larger="ten megs"', TOOLS, raw=True).steps[0].args == {"ext": ("PDFs",), "larger": ("ten megs",)}


@pytest.mark.parametrize(("text", "at", "says", "hint"), [
    ("", -1, "empty", "find"),
    ("  ", -1, "empty", "find"),
    ("fnd ext=pdf", 0, "no tool is called 'fnd'", "find"),
    ("find | cuont", 7, "no tool is called 'cuont'", "count"),
    ("find extt=pdf", 5, "no argument 'extt'", "ext="),
    ("find ext=pdf | | count", 15, "step is empty", "between"),
    ("find ext=pdf |", 14, "step is empty", "between"),
    ("find ; ; count", 7, "step is empty", "between"),
    ("find ext=pdf | take many", 20, "whole number", ""),
    ("find larger=huge", 5, "10MB", ""),
    ('find "open', 5, "quote is not closed", "quotes"),
    ('find name=a"b"', 11, "cannot stand here|quote", "quotes"),
    ("find in=", 5, "in= needs a value", ""),
    ("find in=a in=b", 10, "given twice", "list"),
    ("find | take 1,2", 12, "takes one value", ""),
    ("find | take 1 2", 14, "what is '2'", "n"),
    ("find a = b", 7, "cannot stand here", "quotes"),
    ("find a,", 6, "cannot stand here", "quotes"),
    ("count in=x", 6, "no argument 'in'", "no arguments"),
])  # fmt: skip
def test_errors_have_their_place_and_the_nearest_word(text, at, says, hint):
    with pytest.raises(PlanError, match=says) as caught:
        parse(text, TOOLS)
    assert caught.value.at == at
    assert hint in caught.value.hint


def test_a_plan_has_bounds():
    with pytest.raises(PlanError, match="too many steps"):
        parse(" | ".join(["count"] * (MAX_STEPS + 1)), TOOLS)
    with pytest.raises(PlanError, match="too long"):
        parse("x" * (MAX_TEXT + 1), TOOLS)
    with pytest.raises(PlanError, match="too many steps"):
        from_json({"steps": [{"tool": "count"}] * (MAX_STEPS + 1)}, TOOLS)


def test_json_takes_numbers_lists_and_truth_values():
    plan = from_json(
        {"steps": [{"tool": "find", "args": {"ext": ["pdf", "txt"], "empty": True}}, {"tool": "take", "args": {"n": 5}}]}, TOOLS
    )
    assert show(plan, TOOLS) == "find ext=pdf,txt empty=yes | take 5"


@pytest.mark.parametrize("data", [
    None, [], "find", {}, {"steps": []}, {"steps": "find"}, {"steps": [1]}, {"steps": [{}]}, {"steps": [{"tool": "fnd"}]},
    {"pipelines": []},
    {"steps": [{"tool": "find", "args": []}]}, {"steps": [{"tool": "find", "args": {"in": {}}}]}, {"steps": [{"tool": "take",
    "args": {"n": [1, 2]}}]},
    {"steps": [{"tool": "take", "args": {"n": None}}]}, {"steps": [{"tool": "take", "args": {"": 5}}]}, {"steps": [{"tool": "find",
    "args": {"x": "1"}}]},
    {"steps": [{"tool": "find", "args": {"in": []}}]}, {"steps": [{"tool": ["find"]}]}, {"pipelines": [{"steps": []}]},
])  # fmt: skip
def test_other_json_is_refused(data):
    with pytest.raises(PlanError):
        from_json(data, TOOLS)


def test_arguments_are_replaced_where_they_stand():
    plan = parse("read a.log | grep ERROR | take 5", TOOLS)
    assert show(with_args(plan, {"files": ("b.log",), "n": ("9",)}, TOOLS), TOOLS) == "read b.log | grep ERROR | take 9"
    assert show(with_args(parse("find ext=pdf", TOOLS), {"in": ("Music",)}, TOOLS), TOOLS) == "find in=Music ext=pdf"
    with pytest.raises(PlanError, match="no argument 'order'"):
        with_args(plan, {"order": ("asc",)}, TOOLS)
