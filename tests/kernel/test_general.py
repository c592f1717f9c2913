"""Questions that go to a model, and a model that plans what the small planner is not sure of."""

from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError, NoModel, NotUnderstood, UsageError
from llmos_cli.events import Answered, Finished, Noted, Planned, Proposed
from llmos_cli.kernel.chatting import Chat
from llmos_cli.literals import LAST
from llmos_cli.plan import parse, show
from llmos_cli.tools import TOOLS
from llmos_cli.ui.ask import approve
from llmos_cli.values import Number, Text
from tests.kernel.speaking import Scripted, ask, held, kernel, plan

SKY = "why is the sky blue"
DO = "do the thing with the pdfs"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("a.pdf", "b.pdf", "notes.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"{name}\nTODO {name}\n")
    return home


def answer(events: list) -> object:
    return next(event.value for event in events if isinstance(event, Answered))


def notes(events: list) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Noted))


# ---- questions -------------------------------------------------------------------------------------------


def test_a_question_is_answered_by_the_model_and_can_be_spoken_of(home):
    model = Scripted(["Because air scatters\nblue light."])
    k = kernel(home, {"chat": model}, {SKY: ("escalate task=answer", 0.9)})
    events = ask(k, SKY)
    assert isinstance(events[0], Planned) and events[0].text == f'answer "{SKY}"'
    assert answer(events) == Text(("Because air scatters", "blue light.")) and events[-1] == Finished("done", 0)
    assert SKY in model.asked[0][-1]["content"]
    assert answer(ask(k, f"{LAST} | grep blue", typed=True)).held() == Text(("blue light.",))


def test_without_a_model_it_says_what_to_pull(home):
    end = ask(kernel(home, {}, {SKY: ("escalate task=answer", 0.9)}), SKY)[-1]
    assert (end.outcome, end.exit_code) == ("no_model", 5) and isinstance(end.error, NoModel)
    assert "larger model" in end.error.message and "qwen3-4b" in end.error.hint and "2.5 GB" in end.error.hint


@pytest.mark.parametrize(
    ("request_", "task", "plan"),
    [
        ("what does notes.txt want me to do", "answer", 'read notes.txt | answer "what does notes.txt want me to do"'),
        ("summarize notes.txt", "summarize", "summarize notes.txt"),
        ("translate notes.txt into Simplified Chinese", "translate", 'translate notes.txt to="Simplified Chinese"'),
        ("把 notes.txt 翻译成法语", "translate", "translate notes.txt to=法语"),
        ("write a quicksort", "code", 'code "write a quicksort"'),
        ("translate good morning to french", "translate", 'answer "translate good morning to french"'),
        ("tell me a joke", "chat", 'answer "tell me a joke"'),
    ],
)
def test_work_for_a_model_is_a_plan_on_the_files_that_are_named(home, request_, task, plan):
    model = Scripted(["fine"])
    k = kernel(home, {"chat": model, "code": model, "translate": model, "summarize": model}, {request_: (f"escalate task={task}", 0.9)})
    events = ask(k, request_)
    assert events[0].text == plan and answer(events) == Text(("fine",))
    assert show(parse(plan, TOOLS), TOOLS) == plan
    assert ("TODO" in str(model.asked[0])) == ("notes.txt" in request_)


def test_what_is_piped_in_is_what_the_question_is_about(home):
    model = Scripted(["Two errors."])
    k = kernel(home, {"chat": model}, {"what went wrong": ("escalate task=answer", 0.9)})
    events = ask(k, "what went wrong", material=Text(("disk full",)), offered=True)
    assert events[0].text == '@last | answer "what went wrong"' and "disk full" in model.asked[0][-1]["content"]


def test_printing_the_plan_of_a_question_asks_nobody(home):
    model = Scripted([])
    events = ask(kernel(home, {"chat": model}, {SKY: ("escalate task=answer", 0.9)}), SKY, plan_only=True)
    assert events[0].text == f'answer "{SKY}"' and events[-1].exit_code == 0 and not model.asked


# ---- planning --------------------------------------------------------------------------------------------


def test_a_general_model_plans_what_the_small_one_is_not_sure_of(home):
    model = Scripted(["find ext=PDF | count", "find ext=pdf | count"])
    k = kernel(home, {"plan": model}, {DO: ("find ext=txt", 0.01)})
    events = ask(k, DO)
    assert (events[0].origin, events[0].text) == ("model", "find ext=pdf | count") and answer(events) == Number(2)
    assert "scripted-4b planned this" in notes(events)
    assert DO[slice(*events[0].sources[0, 0, "ext"][0])] == "pdfs"
    said, options = model.asked[0], model.options[0]
    assert options["grammar"].startswith("root ::=") and options["temperature"] == 0 and options["timeout"] == 60
    assert "find name=glob…" in said[0]["content"] and DO in said[1]["content"]
    ask(k, DO)
    assert model.asked[1][0] == said[0]  # what is kept of it on the disk is of use again


def test_it_is_told_apart_when_a_plan_is_explained(home):
    from llmos_cli.kernel.explain import explain

    k = kernel(home, {"plan": Scripted(["find ext=pdf | count"])}, {DO: ("find ext=txt", 0.01)})
    ask(k, DO)
    assert (explain(k).origin, explain(k).text) == ("model", "find ext=pdf | count")


def test_one_that_is_sure_enough_asks_no_model(home):
    model = Scripted([])
    events = ask(kernel(home, {"plan": model}, {DO: ("find ext=pdf | count", 0.5)}), DO)
    assert events[0].origin == "planner" and not model.asked


@pytest.mark.parametrize("setting", ["auto", "never"])
def test_a_setting_turns_it_off(home, setting):
    k = kernel(home, {"plan": Scripted(["find ext=pdf"])}, {DO: ("find ext=txt", 0.01)}, LLMOS_PLANNER_GENERAL=setting)
    assert ask(k, DO)[-1].exit_code == (0 if setting == "auto" else 4)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("find ext=pdf | move into=/tmp/other", "did not say: into=/tmp/other"),
        ("find ext=pdf larger=3GB", "did not say: larger=3GB"),
        ("find | frobnicate", "no tool is called 'frobnicate'"),
        ("I think you want a list.", "wrote no plan that works"),
        (LlmosError("the process that runs models ended"), "the process that runs models ended"),
        ("clarify about=what", ""),
    ],
)
def test_where_its_plan_is_no_good_the_small_planners_question_stands(home, said, why):
    events = ask(kernel(home, {"plan": Scripted([said])}, {DO: ("find ext=txt", 0.01)}), DO)
    assert isinstance(events[-1].error, NotUnderstood) and events[-1].error.choices == ("find ext=txt",)
    assert why in notes(events) and events[0].origin == "planner"


def test_a_name_that_is_not_there_is_a_reason_to_ask_a_model(home):
    words = "how long is the list called notes.txt"
    k = kernel(home, {"plan": Scripted(["lines notes.txt"])}, {words: ("lines list", 0.9)})
    events = ask(k, words)
    assert events[0].origin == "model" and events[-1].exit_code == 0


def test_a_server_that_knows_no_grammars_gets_a_schema(home):
    model = Scripted([UsageError("shop cannot hold an answer to a grammar"), '{"steps": [{"tool": "find", "args": {"ext": "pdf"}}]}'])
    events = ask(kernel(home, {"plan": model}, {DO: ("find ext=txt", 0.01)}), DO)
    assert events[0].text == "find ext=pdf" and model.options[1]["response_format"]["type"] == "json_schema"


def test_an_earlier_request_is_part_of_the_conversation(home):
    model = Scripted(["@last | find *notes*"])
    k = kernel(home, {"plan": model}, {"files about notes": ("find", 0.9), "those of that sort": ("find", 0.01)})
    ask(k, "files about notes")
    events = ask(k, "those of that sort", go_on=True)
    assert events[0].origin == "model" and [entry.name for entry in answer(events).items] == ["notes.txt"]
    assert "(@last): files" in model.asked[0][1]["content"]


def test_what_a_model_has_planned_in_a_conversation_is_no_request_of_the_persons(home):
    talked = kernel(home, {"chat": Scripted([plan("find name=notes.txt"), "One."])})
    held(Chat(talked).say("what is there", lambda effects, verdict: True))
    k = kernel(home, {"plan": Scripted(["find name=notes.txt | delete"])}, {"away with those": ("find", 0.01)})
    events = ask(k, "away with those", go_on=True)
    assert "planned with what you did not say: name=notes.txt" in notes(events) and events[-1].exit_code == 4
    assert (home / "notes.txt").exists()


def test_why_a_model_did_not_help_is_said_also_where_the_small_planner_has_nothing(home):
    words = "count the lines of it all"
    events = ask(kernel(home, {"plan": Scripted(["nonsense"])}, {words: ("again take=3", 0.9)}), words)
    assert events[-1].exit_code != 0 and "none came of it" in notes(events)


def test_a_word_that_is_too_long_for_a_name_is_no_file(home):
    words = f"what is {'a' * 300}.html"
    events = ask(kernel(home, {"chat": Scripted(["A page."])}, {words: ("escalate task=answer", 0.9)}), words)
    assert answer(events) == Text(("A page.",))


# ---- changes of a model's ----------------------------------------------------------------------------------


def changing(home: Path, words: str = "away with notes.txt", **env: str):
    return kernel(home, {"plan": Scripted(["delete notes.txt"])}, {words: ("find", 0.01)}, **env)


def test_a_models_change_is_asked_about_whatever_rules_there_are(home):
    k = changing(home)
    k.rules.allow_folder(home / "sub")
    k.rules.allow_tool("delete")
    events = ask(k, "away with notes.txt", yes=False)
    verdict = next(event.verdict for event in events if isinstance(event, Proposed))
    assert (verdict.decision, verdict.rule, verdict.in_person) == ("ask", "planned by a model", True)
    assert events[-1].exit_code == 3 and (home / "notes.txt").exists()


def test_a_models_plan_run_again_on_something_else_stays_a_models(home):
    models, answers = (
        {"plan": Scripted(["delete notes.txt"])},
        {"away with notes.txt": ("find", 0.01), "a.pdf too": ("again files=a.pdf", 0.9)},
    )
    k = kernel(home, models, answers)
    ask(k, "away with notes.txt")
    events = ask(k, "a.pdf too", yes=False, go_on=True)
    verdict = next(event.verdict for event in events if isinstance(event, Proposed))
    assert (verdict.rule, verdict.in_person) == ("planned by a model", True) and (home / "a.pdf").exists()


@pytest.mark.parametrize("setting", ["no", "yes"])
def test_yes_beforehand_is_enough_only_where_a_setting_says_so(home, setting):
    k = changing(home, LLMOS_PLANNER_UNATTENDED=setting)
    from llmos_cli.kernel.kernel import Options

    events = held(k.turn("away with notes.txt", approve(k.host, all_yes=True), Options(unattended=True)))
    assert events[-1].exit_code == (0 if setting == "yes" else 3)
    assert (home / "notes.txt").exists() == (setting == "no")
    said = k.host.stderr.getvalue()
    assert ("`--yes` is not enough" in said) == (setting == "no")


def test_what_a_model_was_told_by_others_makes_it_loud_and_no_setting_helps(home):
    from llmos_cli.kernel.kernel import Options

    k = kernel(home, {}, LLMOS_PLANNER_UNATTENDED="yes")
    options = Options(unattended=True, by_model=True, outside=True)
    events = held(k.turn("delete notes.txt", approve(k.host, all_yes=True), options, typed=True))
    verdict = next(event.verdict for event in events if isinstance(event, Proposed))
    assert (verdict.rule, verdict.loud, verdict.in_person) == ("outside material", True, True)
    assert events[-1].exit_code == 3 and (home / "notes.txt").exists()


def test_denied_stays_denied(home):
    k = kernel(home, {"plan": Scripted(["delete /etc/passwd"])}, {"delete /etc/passwd now": ("find", 0.01)})
    assert ask(k, "delete /etc/passwd now")[-1].exit_code == 3
