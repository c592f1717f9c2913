"""A turn from end to end on real files: what happens, what is asked, what is remembered."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos_cli.effects import Decision
from llmos_cli.errors import NoModel
from llmos_cli.events import Answered, Applied, Finished, Planned, Proposed
from llmos_cli.host import Host
from llmos_cli.kernel.kernel import Kernel, Options
from llmos_cli.plan import parse
from llmos_cli.planner.planner import Proposal
from llmos_cli.tools import TOOLS
from llmos_cli.values import Files, Number, Text


class Scripted:
    """A planner that answers from a table: request → (plan, confidence)."""

    def __init__(self, answers: dict[str, tuple[str, float]]) -> None:
        self.answers, self.contexts = answers, []

    def candidates(self, text: str, context: str = "none", names: object = None) -> Iterator[Proposal]:
        self.contexts.append(context)
        first, confidence = self.answers[text]
        for plan in first.split(" or "):
            yield Proposal(parse(plan, TOOLS), confidence)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("a.pdf", "b.pdf", "sub/c.PDF", "notes.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"{name}\nTODO {name}\n")
    return home


def host(home: Path, **env: str) -> Host:
    streams = io.StringIO(), io.StringIO(), io.StringIO()
    return Host(*streams, home, {"HOME": str(home), "LLMOS_HOME": str(home.parent / "llmos"), "PATH": os.environ["PATH"], **env})


def kernel(home: Path, answers: dict[str, tuple[str, float]] | None = None) -> Kernel:
    return Kernel(host(home), planner=Scripted(answers or {}))


def turn(kernel: Kernel, request: str, *, yes: bool = True, typed: bool = True, **options) -> list:
    """The events, with what was answered gone through as a front end does."""
    events = []
    for event in kernel.turn(request, lambda effects, verdict: yes, Options(**options), typed=typed):
        events.append(Answered(event.value.held()) if isinstance(event, Answered) else event)
    return events


def answer(events: list):
    return next(event.value for event in events if isinstance(event, Answered))


def names(value: Files) -> list[str]:
    return [entry.name for entry in value.items]


def tree(home: Path) -> dict[str, str]:
    return {str(p.relative_to(home)): p.read_text() if p.is_file() else "folder" for p in home.rglob("*")}


def test_reading_asks_nobody(home):
    events = turn(kernel(home), "find ext=pdf | sort by=name", yes=False)
    assert names(answer(events)) == ["a.pdf", "b.pdf", "c.PDF"]
    assert events[-1] == Finished("done", 0)


def test_a_change_is_proposed_then_done_and_can_be_undone(home):
    before, k = tree(home), kernel(home)
    events = turn(k, "find ext=pdf | move into=papers")
    proposed = next(e for e in events if isinstance(e, Proposed))
    applied = next(e for e in events if isinstance(e, Applied))
    assert proposed.effects == applied.effects and proposed.verdict.decision is Decision.ASK
    assert sorted(os.listdir(home / "papers")) == ["a.pdf", "b.pdf", "c.PDF"]
    kernel(home).journal.undo()  # another process
    assert tree(home) == before


def test_no_means_no(home):
    before = tree(home)
    end = turn(kernel(home), "delete a.pdf", yes=False)[-1]
    assert (end.outcome, end.exit_code) == ("refused", 3) and tree(home) == before


def test_system_folders_are_denied_whatever_is_approved(home):
    end = turn(kernel(home), "delete /etc/passwd")[-1]
    assert (end.outcome, end.exit_code) == ("refused", 3) and os.path.exists("/etc/passwd")


def test_a_dry_run_shows_and_changes_nothing(home):
    before = tree(home)
    events = turn(kernel(home), "find ext=pdf | delete", dry_run=True)
    assert len(next(e for e in events if isinstance(e, Proposed)).effects) == 3
    assert tree(home) == before and not any(isinstance(e, Applied) for e in events)


def test_what_a_change_made_flows_on(home):
    turn(kernel(home), "pack sub to=x.zip")
    events = turn(kernel(home), "unpack x.zip into=out | mode 400")
    assert sum(isinstance(e, Applied) for e in events) == 2
    assert (home / "out/sub/c.PDF").stat().st_mode & 0o777 == 0o400


def test_done_in_part_says_so(home):
    end = turn(kernel(home), "mkdir new ; delete nothing.txt")[-1]
    assert (end.outcome, end.exit_code) == ("partial", 6) and (home / "new").is_dir() and end.undo


def test_an_empty_request_and_a_wrong_plan_are_usage_errors(home):
    assert turn(kernel(home), "  ")[-1].exit_code == 2
    assert turn(kernel(home), "find | fnd")[-1].error.hint == "did you mean find?"


def test_plain_words_go_to_the_planner_and_plans_do_not(home):
    k = kernel(home, {"how many pdfs": ("find ext=pdf | count", 0.99)})
    events = turn(k, "how many pdfs", typed=False)
    assert answer(events) == Number(3) and events[0].origin == "planner"
    assert turn(k, "find ext=pdf | count", typed=False)[0].origin == "plan"


def test_follow_ups_work_on_the_last_result(home):
    answers = {"pdfs": ("find ext=pdf", 0.9), "just the first": ("@last | take 1", 0.9), "same for txt": ("again ext=txt", 0.9)}
    k = kernel(home, answers)
    turn(k, "pdfs", typed=False)
    assert len(names(answer(turn(kernel(home, answers), "just the first", typed=False, go_on=True)))) == 1
    turn(k, "pdfs", typed=False)
    assert names(answer(turn(k, "same for txt", typed=False, go_on=True))) == ["notes.txt"]
    assert k._planner.contexts == ["none", "none", "files"]


@pytest.mark.parametrize(("moved", "said"), [("a.pdf,b.pdf", "no, trips instead"), ("a.pdf", "call that folder trips")])
def test_a_new_name_for_files_that_lie_together_is_their_folders(home, moved, said):
    llmos = kernel(home, {said: ("@last | rename to=trips", 0.9)})
    turn(llmos, f"move {moved} into=pics")
    planned = next(e for e in turn(llmos, said, typed=False, go_on=True) if isinstance(e, Planned))
    assert planned.text == "@last | parents | rename to=trips"
    assert sorted(os.listdir(home / "trips")) == moved.split(",") and not (home / "pics").exists()


def test_a_new_name_for_one_file_is_its_own(home):
    llmos = kernel(home, {"call it c.pdf": ("@last | rename to=c.pdf", 0.9)})
    turn(llmos, "move a.pdf into=pics")
    turn(llmos, "call it c.pdf", typed=False, go_on=True)
    assert os.listdir(home / "pics") == ["c.pdf"]


def test_a_count_is_followed_up_by_the_files_counted(home):
    k = kernel(home)
    turn(k, "find ext=pdf | count")
    assert answer(turn(k, "@last | sum")) == Number(sum((home / n).stat().st_size for n in ("a.pdf", "b.pdf", "sub/c.PDF")), "bytes")


def test_the_file_that_was_read_is_there(home):
    k = kernel(home)
    turn(k, "read notes.txt")
    turn(k, "append more to=@last")
    assert (home / "notes.txt").read_text().endswith("more\n")


def test_material_is_the_last_result(home):
    assert answer(turn(kernel(home), "@last | grep TODO | count", material=Text(("x", "TODO 1", "TODO 2")))) == Number(2)
    assert answer(turn(kernel(home), "@last | take 1", material=Text(("x", "y")))) == Text(("x",))


def test_a_guess_is_shown_and_not_done_where_nobody_looks(home):
    before, k = tree(home), kernel(home, {"bin stuff": ("delete a.pdf", 0.3)})
    end = turn(k, "bin stuff", typed=False, unattended=True)[-1]
    assert (end.outcome, end.exit_code) == ("clarify", 4) and "delete a.pdf" in end.error.message and tree(home) == before
    assert turn(k, "bin stuff", typed=False, unattended=False)[-1].outcome == "done"


def test_a_guess_never_changes_what_is_found_on_the_whole_machine(home):
    events = turn(kernel(home, {"erase everything": ("find in=/ ext=nosuch | delete", 0.99)}), "erase everything", typed=False)
    assert (events[-1].outcome, events[-1].exit_code) == ("clarify", 4)


def test_mail_is_never_sent_on_a_guess(home):
    k = kernel(home, {"mail ana": ("mail.send to=ana@example.org body=hi", 0.99), "maybe": ("mail.send to=ana@example.org", 0.1)})
    events = turn(k, "mail ana", typed=False, unattended=True)
    assert [e.effects[0].to for e in events if isinstance(e, Proposed)] == [("ana@example.org",)]
    assert events[-1].outcome == "refused" and events[-1].error.hint == "llmos run --yes 'mail.send to=ana@example.org body=hi'"
    assert turn(k, "maybe", typed=False, unattended=True)[-1].outcome == "clarify"
    assert not (home.parent / "llmos/data/mail").exists()
    assert turn(k, "mail ana", typed=False)[-1].outcome == "done"


def test_questions_and_tasks_for_larger_models_have_their_codes(home):
    k = kernel(home, {"move it": ("clarify which", 0.9), "tell a joke": ("escalate chat", 0.9), "wipe all": ("clarify danger", 0.9)})
    assert [turn(k, request, typed=False)[-1].exit_code for request in ("move it", "tell a joke", "wipe all")] == [4, 5, 3]
    assert isinstance(turn(k, "tell a joke", typed=False)[-1].error, NoModel)


def test_several_of_that_name_lead_to_a_question(home):
    for folder in ("x", "y"):
        (home / folder).mkdir()
        (home / folder / "same.txt").write_text(folder)
    end = turn(kernel(home), "read same.txt")[-1]
    assert end.exit_code == 4 and set(end.error.choices) == {"x/same.txt", "y/same.txt"}


def test_plan_only_runs_nothing(home):
    events = turn(kernel(home), "delete a.pdf", plan_only=True)
    assert [type(e) for e in events] == [Planned, Finished] and (home / "a.pdf").exists()


def test_a_bug_is_a_sentence_and_a_log(home):
    k = kernel(home)  # the scripted planner raises KeyError for what it does not know
    end = turn(k, "unheard of", typed=False)[-1]
    assert end.exit_code == 70 and "KeyError" in end.error.message
    assert "Traceback" in (home.parent / "llmos/state/llmos.log").read_text()


def test_memory_that_cannot_be_written_does_not_spoil_an_answer(home):
    (home.parent / "llmos").write_text("in the way")
    assert turn(kernel(home), "find ext=pdf | count")[-1].outcome == "done"
    end = turn(kernel(home), "delete a.pdf")[-1]
    assert end.exit_code == 1 and (home / "a.pdf").exists()


def test_a_second_thought_is_taken_where_the_first_names_nothing(home):
    k = kernel(home, {"bin the a pdf": ("delete nowhere.pdf or delete a.pdf or delete b.pdf", 0.9)})
    assert turn(k, "bin the a pdf", typed=False)[0].text == "delete a.pdf"
    assert not (home / "a.pdf").exists() and (home / "b.pdf").exists()
    k = kernel(home, {"bin x": ("delete nowhere.pdf or delete nothing.pdf", 0.9)})
    assert "nowhere.pdf" in turn(k, "bin x", typed=False)[-1].error.message


def test_a_tool_and_files_that_are_there_are_a_plan_and_other_words_are_not(home):
    k = kernel(home, {"delete everything": ("clarify danger", 0.9)})
    assert turn(k, "read notes.txt", typed=False)[0].origin == "plan"
    assert turn(k, "delete everything", typed=False)[-1].exit_code == 3


def test_a_guess_that_would_stop_half_way_changes_nothing(home):
    before = tree(home)
    one = kernel(home, {"pack the notes, and once that is done drop them": ("pack notes.txt to=kept.zip ; delete done", 0.99)})
    events = turn(one, "pack the notes, and once that is done drop them", typed=False)
    assert events[-1].outcome == "failed" and "'done'" in events[-1].error.message
    assert tree(home) == before


def test_a_later_pipeline_may_name_what_an_earlier_one_makes(home):
    one = kernel(home, {"new folder Kept, the notes go in there": ("mkdir Kept ; move notes.txt into=Kept", 0.99)})
    assert turn(one, "new folder Kept, the notes go in there", typed=False)[-1].outcome == "done"
    assert (home / "Kept" / "notes.txt").exists()
