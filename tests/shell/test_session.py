"""What lines do, with a terminal that is a string."""

from __future__ import annotations

from llmos_cli.events import Answered
from llmos_cli.shell.lines import Kind, Line, read
from llmos_cli.shell.repl import chosen, perform
from llmos_cli.tools import TOOLS
from tests.ui.fakes import harm, printed, said


def do(session, *lines):
    for line in lines:
        perform(session, chosen(session, read(line, TOOLS)))


def test_a_plan_is_answered(make):
    session = make()
    do(session, "find ext=pdf | count")
    assert printed(session.host) == "2\n" and session.planned.text == "find ext=pdf | count"


def test_a_change_is_asked_about_done_and_taken_back(make, work):
    session = make("y\n")
    do(session, "delete files=a.pdf")
    assert "to the trash" in said(session.host) and not (work / "a.pdf").exists() and session.undo_depth == 1
    do(session, "/undo")
    assert (work / "a.pdf").exists() and session.undo_depth == 0
    do(session, "/redo")
    assert not (work / "a.pdf").exists() and session.undo_depth == 1


def test_no_changes_nothing(make, work):
    session = make("n\n")
    do(session, "delete files=a.pdf")
    assert "Refused" in said(session.host) and (work / "a.pdf").exists()


def test_an_edited_plan_is_judged_anew(make, work):
    session = make("e\ny\n", lambda text: text.replace("a.pdf", "b.pdf"))
    do(session, "delete files=a.pdf")
    assert (work / "a.pdf").exists() and not (work / "b.pdf").exists()
    assert said(session.host).count("Do this?") == 2 and "Refused" not in said(session.host)


def test_an_edit_that_is_left_changes_nothing(make, work):
    session = make("e\n")
    do(session, "delete files=a.pdf")
    assert (work / "a.pdf").exists() and said(session.host).count("Do this?") == 1


def test_the_last_result_is_spoken_of_only_where_there_is_one(make):
    session = make()
    do(session, "count those please", "find name=*.txt", "count those please", "the pdfs in here")
    assert session.kernel.planner.contexts == ["none", "files", "none"]


def test_ctrl_c_in_an_answer_ends_the_turn_and_keeps_the_session(make, monkeypatch):
    session = make()
    whole = session._take

    def interrupted(event, show):
        if isinstance(event, Answered):
            raise KeyboardInterrupt
        whole(event, show)

    monkeypatch.setattr(session, "_take", interrupted)
    do(session, "find ext=pdf")
    assert "Interrupted." in said(session.host)
    assert session.kernel.turns.recent()[0].outcome == "failed"
    monkeypatch.undo()
    do(session, "find ext=pdf | count")
    assert printed(session.host) == "2\n"


def test_a_wrong_plan_is_marked(make):
    session = make()
    do(session, "find ext=pdf | taek 3")
    assert "did you mean take?" in said(session.host) and session.kernel.planner.contexts == []


def test_the_folder_persists(make, work):
    session = make()
    do(session, "cd thesis", "find | count")
    assert session.host.cwd == work / "thesis" and printed(session.host) == "1\n"
    do(session, "cd -")
    assert session.host.cwd == work
    do(session, "cd My Folder")
    assert session.host.cwd == work / "My Folder"
    do(session, "cd ..", 'cd "My Folder"', "cd")
    assert session.host.cwd == work.parent
    do(session, "cd nowhere at all", "cd work/notes.txt")
    assert session.host.cwd == work.parent and said(session.host).count("Error:") == 2


def test_out_of_a_folder_that_is_gone(make, work):
    session = make()
    do(session, "cd thesis", "!rm -r ../thesis", "list", "cd ..")
    assert session.host.cwd == work and "Error:" in said(session.host)


def test_a_shell_command_runs_here_and_says_how_it_ended(make, work):
    session = make()
    do(session, "cd thesis", "!pwd > here; exit 3")
    assert (work / "thesis/here").read_text() == f"{work}/thesis\n" and "exit status 3" in said(session.host)
    do(session, "!kill -TERM $$")
    assert "ended by SIGTERM" in said(session.host)


def test_a_number_after_a_question_takes_that_plan(make):
    session = make()
    session.choices = ("find ext=pdf | count", "thesis")
    assert chosen(session, Line(Kind.REQUEST, "1")) == Line(Kind.PLAN, "find ext=pdf | count")
    for text in ("2", "3", "0", "the first"):
        assert chosen(session, Line(Kind.REQUEST, text)) == Line(Kind.REQUEST, text)


def test_a_bug_is_a_sentence(make, monkeypatch):
    session = make()
    monkeypatch.setattr(session, "go", lambda text: 1 / 0)
    do(session, "cd thesis")
    assert "a bug in llmos" in said(session.host)


def test_names_cannot_act_on_the_terminal(make, work):
    (work / "evil\x1b[2J.pdf").touch()
    session = make("n\n")
    do(session, "find ext=pdf", "delete files=evil*", "cd evil\x1b[2J.pdf", "/tools \x1b[2J", "/\x1b[2J")
    assert "evil" in printed(session.host) and harm(printed(session.host) + said(session.host)) == []


def test_a_guess_is_asked_about_even_where_the_person_lets_it_pass(make, work, monkeypatch):
    from llmos_cli.plan import parse
    from llmos_cli.planner.planner import Proposal

    session = make("n\nn\n")
    session.kernel.rules.allow_tool("rename")
    for sure in (0.8, 0.95):
        plan = Proposal(parse("rename a.pdf to=c.pdf", TOOLS), sure)
        monkeypatch.setattr(session.kernel.planner, "candidates", lambda *_, plan=plan: iter([plan]))
        do(session, "call a.pdf c.pdf from now on")
        assert (work / "c.pdf").exists() == (sure > 0.9)
    assert said(session.host).count("Do this?") == 1


def test_an_edited_plan_can_be_taught(make, work):
    session = make("e\ny\ny\n", lambda text: "delete files=b.pdf")
    session.kernel.planner.candidates = lambda *_: iter([proposed("delete files=a.pdf")])
    do(session, "throw the old one away")
    assert "Shall “throw the old one away” mean this plan from now on?" in said(session.host) and not (work / "b.pdf").exists()
    do(session, "/undo", "throw the old one away")
    assert "You taught me this" in said(session.host)
    do(session, "/memory taught")
    assert "delete b.pdf" in printed(session.host)


def proposed(text):
    from llmos_cli.plan import parse
    from llmos_cli.planner.planner import Proposal

    return Proposal(parse(text, TOOLS), 0.95)


def test_what_a_command_said_can_be_spoken_of(make):
    session = make()
    do(session, "!printf 'b\\na\\n'", "@last | sort", "!cd thesis", "@last | count")
    assert printed(session.host) == "b\na\na\nb\n2\n" and session.host.cwd.name == "thesis"
    do(session, "count those please")
    assert session.kernel.planner.contexts[-1] == "text"  # it was lines that were counted
