import pytest

from llmos_cli.errors import LlmosError, NoModel, NotUnderstood, Refused
from llmos_cli.plan import parse, show
from llmos_cli.tools import TOOLS


@pytest.mark.parametrize("about", ["what", "which", "where", "name", "how"])
def test_clarify_asks(run, about):
    with pytest.raises(NotUnderstood, match=r"\?$"):
        run(f"clarify about={about}")


def test_what_would_destroy_everything_is_refused(run):
    with pytest.raises(Refused, match="destroy") as caught:
        run("clarify about=danger")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("task", ["chat", "answer", "write", "summarize", "translate", "code", "other"])
def test_escalate_needs_a_model(run, task):
    with pytest.raises(NoModel, match="larger model") as caught:
        run(f"escalate task={task}")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("text", ["@last", "again in=x"])
def test_without_a_turn_before_there_is_no_last_result(text, place):
    (place.cwd / "x").mkdir()
    assert show(parse(text, TOOLS), TOOLS) == text
    with pytest.raises(LlmosError, match="no last result"):
        TOOLS[text.split()[0]].run()
