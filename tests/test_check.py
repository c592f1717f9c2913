import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.check import bind, check
from llmos_cli.errors import LlmosError, NotUnderstood, PlanError
from llmos_cli.plan import parse, step
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Number, Table, Text


def bound(text, place):
    one = parse(text, TOOLS).steps[0]
    return bind(one, TOOLS[one.tool], place)


@pytest.mark.parametrize(("text", "kind"), [
    ("find ext=pdf | count", Number), ("find | take 5", Files), ("read a.txt | grep x", Text), ("grep files=a.txt pattern=x", Table),
    ("find | grep x | count", Number), ("csv a.csv | where amount over=5", Table), ("find | lines", Table), ("read a | lines", Number),
    ("find | move into=x", Files), ("mkdir a ; touch a/b", Files), ("unpack a.zip into=b | mode 444", Files), ("write hi to=a", Files),
    ("find | write to=list.txt", Files), ("read a | replace x new=y", Text), ("@last | count", Number), ("tree", Text),
    ("find contains=a | find contains=b", Files),
])  # fmt: skip
def test_what_a_plan_ends_with(text, kind):
    assert check(parse(text, TOOLS), TOOLS) is kind


@pytest.mark.parametrize(("text", "at", "says"), [
    ("count", 0, "count takes .*, but gets nothing"),
    ("find | count | take 2", 15, "take takes .*, but gets a number"),
    ("mkdir a ; find | upper", 17, "upper takes text, but gets files"),
    ("find | mkdir x", 7, "mkdir takes nothing, but gets files"),
    ("move into=x", 0, "move: which files"),
    ("find | move a.txt into=x", 7, "files come from the pipe"),
    ("move a.txt", 0, "move needs one of"),
    ("find | rename", 7, "rename needs one of"),
    ("write hi", 0, "write needs to="),
    ("csv a.csv | where x", 12, "where needs one of"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_at_its_place(text, at, says):
    if says == "files come from the pipe":
        text = text.replace("a.txt", "files=a.txt")
    with pytest.raises(PlanError, match=says) as caught:
        check(parse(text, TOOLS), TOOLS)
    assert caught.value.at == at
    assert caught.value.text[at:].startswith(text.split("|")[-1].strip().split()[0] if "|" in text else text.split()[0])


def test_last_is_what_the_last_turn_gave():
    assert check(parse("@last | take 2", TOOLS), TOOLS, Text) is Text
    with pytest.raises(PlanError, match="delete takes files, but gets text"):
        check(parse("@last | delete", TOOLS), TOOLS, Text)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_argument_is_bound_to_a_parameter_of_its_function(tool, place):
    (place.cwd / "x").mkdir()
    taken = inspect.signature(tool.run).parameters
    texts = ["x", "5", "10MB", "2024", "755", "pdf", "a"]
    for param in tool.params.values() if tool.name != "again" else ():
        for text in (*param.type.fixed, *texts):
            try:
                words = (param.type.canon(text),)
                call = bind(step(tool, {param.name: words}), tool, place)
            except (ValueError, LlmosError):
                continue
            assert set(call.args) <= set(taken)
            break
        else:
            pytest.fail(f"no word fits {param.name}")


def test_values_are_bound_once(place):
    (place.home / "Downloads").mkdir()
    call = bound("find in=downloads ext=jpg larger=1KB older=1d depth=2 empty=no", place)
    assert call.args == {
        "in_": (place.home / "Downloads",), "ext": (("jpg", "jpeg"),),
        "larger": 1024, "older": place.now - 86400, "depth": 2, "empty": False,
    }  # fmt: skip


@pytest.mark.parametrize(("said", "names"), [
    ("*.txt", ["A.TXT", "b.txt"]), ("?.txt", ["A.TXT", "b.txt"]), ("*", ["A.TXT", "[1].md", "b.txt", "sub"]), ("sub/*", ["c.txt"]),
    ("[1].*", ["[1].md"]), (".*", [".hidden.txt"]), ("*.txt,sub/*", ["A.TXT", "b.txt", "c.txt"]),
])  # fmt: skip
def test_globs_name_files_of_one_folder(place, said, names):
    for name in ("A.TXT", "b.txt", ".hidden.txt", "[1].md", "sub/c.txt"):
        (place.cwd / name).parent.mkdir(exist_ok=True)
        (place.cwd / name).touch()
    assert [path.name for path in bound(f"read {said}", place).files] == names


def test_a_glob_in_a_known_folder(place):
    (place.home / "Downloads").mkdir()
    (place.home / "Downloads/x.zip").touch()
    for said in ("downloads/*.zip", "~/Downloads/*.ZIP", f"{place.home}/Downloads/*"):
        assert bound(f"delete {said}", place).files == (place.home / "Downloads/x.zip",)
    with pytest.raises(LlmosError, match="nothing in .* is called"):
        bound("delete downloads/*.rar", place)


def test_a_name_with_a_star_is_itself(place):
    (place.cwd / "a*").touch()
    (place.cwd / "ab").touch()
    assert bound("delete a*", place).files == (place.cwd / "a*",)


def test_last_as_a_value(place):
    (place.cwd / "d").mkdir()
    (place.cwd / "d/f").touch()
    with pytest.raises(LlmosError, match="no last result"):
        bound("delete @last", place)
    one = replace(place, last=(str(place.cwd / "d/f"),))
    assert bound("delete @last", one).files == (place.cwd / "d/f",)
    assert bound("find in=@last", one).args["in_"] == (place.cwd / "d",)
    two = replace(place, last=(str(place.cwd / "d"), str(place.cwd)))
    with pytest.raises(LlmosError, match="takes one place, and the last result has 2"):
        bound("move x.txt into=@last", replace(two, cwd=_with(place, "x.txt")))


def _with(place, name) -> Path:
    (place.cwd / name).touch()
    return place.cwd


def test_what_means_nothing_here_is_said(place):
    with pytest.raises(LlmosError, match="no file or folder 'nothing.txt'"):
        bound("read nothing.txt", place)
    for folder in ("a", "b"):
        (place.cwd / folder / "in").mkdir(parents=True)
        (place.cwd / folder / "in/x.txt").touch()
    with pytest.raises(NotUnderstood) as caught:
        bound("read x.txt", place)
    assert len(caught.value.choices) == 2
