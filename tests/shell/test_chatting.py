"""Talking with a model: the real worker on a terminal, and a scripted model in the shell."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmos_cli.engine.client import Client
from llmos_cli.host import Host
from llmos_cli.kernel.chatting import Chat
from llmos_cli.models.models import Models
from llmos_cli.paths import Paths
from llmos_cli.shell import chatting
from llmos_cli.shell.lines import read
from llmos_cli.shell.repl import perform
from llmos_cli.tools import TOOLS
from tests.engine.conftest import CHATML
from tests.engine.tinygguf import write_tiny
from tests.kernel.speaking import Models as Speaking
from tests.kernel.speaking import Scripted, plan
from tests.shell.terminal import Terminal
from tests.ui.fakes import printed, said

YOU = "you > "


@pytest.fixture
def model(tmp_path: Path, machine_known: Callable[[Path], None]) -> Iterator[Path]:
    """A home whose store has a tiny model of random weights. Its words are few, the system's too, and its answers go on and on."""
    home = tmp_path / "home"
    home.mkdir()
    machine_known(tmp_path / "llmos")
    (home / "notes.txt").write_text("hello\n")
    env = {"HOME": str(home), "LLMOS_HOME": str(tmp_path / "llmos")}
    made = write_tiny(tmp_path / "made.gguf", template=CHATML, size=2048, text=True, context=8192)
    host = Host(io.StringIO(), io.StringIO(), io.StringIO(), home, env)
    Models(host).take_in(made, "tiny")
    own = host.paths.config / "prompts"
    own.mkdir(parents=True)
    (own / "chat.toml").write_text('system = "x"\nplans = "{tools}"\n[options]\nmax_tokens = 3000\ntemperature = 0\n')
    yield home
    if (client := Client.running(Paths.of(env))) is not None:
        client.stop()


def test_a_conversation_on_a_terminal_with_the_worker(model):
    """Its answer comes piece by piece; Ctrl-C stops it and the conversation goes on; a file; leaving; going on the next day."""
    shell = Terminal(model, "chat", LLMOS_THREADS="1", LLMOS_CHAT_STEPS="0")
    try:
        shell.wait("You are talking with tiny", YOU, seconds=20)
        shell.type("hello\r")
        shell.wait("<filler", "<filler", seconds=30)
        shell.type("\x03")
        shell.wait("Interrupted.", YOU)
        shell.type("/add notes.txt\r")
        shell.wait("notes.txt goes with what you say next", YOU)
        shell.type("/frob\r")
        shell.wait("there is no command /frob", YOU)
        shell.type("and this\r")
        shell.wait("<filler", seconds=30)
        shell.type("\x03")
        shell.wait("Interrupted.", YOU)
        assert shell.leave() == 0
    finally:
        shell.close()
    assert "hello" in (model.parent / "llmos/data/typed-chat").read_text()
    assert not (model.parent / "llmos/data/typed").exists()
    shell = Terminal(model, "-c", LLMOS_THREADS="1")
    try:
        shell.wait("Going on with “hello”", " > ", seconds=20)
        assert shell.leave() == 0
    finally:
        shell.close()


# ---- with a scripted model ---------------------------------------------------------------------------------


@pytest.fixture
def talking(make):
    """A session whose model answers from a list, and what is typed at its questions."""

    def made(answers: list, keys: str = "", context: int = 8192):
        session = make(keys)
        session.kernel._given = Speaking({"chat": Scripted(answers, context=context)})
        return session

    return made


def do(session, line: str) -> None:
    perform(session, read(line, TOOLS, session.host.cwd))


def test_the_shell_says_one_thing_and_goes_on_with_the_conversation(talking):
    session = talking(["Hello.", "Two."])
    do(session, "/chat hello there")
    do(session, "find ext=pdf")
    do(session, "/chat how many were that")
    assert "Hello.\n" in printed(session.host) and printed(session.host).endswith("Two.\n")
    told = [message["content"] for message in session.chat.speaker.asked[1]]
    assert told[1:3] == ["hello there", "Hello."] and "find ext=pdf" in told[4] and told[-1] == "how many were that"


def test_without_a_model_the_shell_says_what_to_pull(make):
    session = make()
    do(session, "/chat hello")
    assert "needs a model" in said(session.host) and "llmos models pull" in said(session.host)


def test_a_change_is_asked_about_in_a_conversation(talking, work):
    session = talking([[plan("delete notes.txt")], "Gone."], keys="y\n")
    do(session, "/chat delete notes.txt")
    assert not (work / "notes.txt").exists() and "notes.txt" in said(session.host) and "[e]dit" not in said(session.host)
    do(session, "/undo")
    assert (work / "notes.txt").exists()


def test_what_comes_from_a_model_cannot_drive_the_terminal(talking):
    session = talking(["\x1b[2J\x07be\u202eware"])
    do(session, "/chat hello")
    assert "\\x1b[2J\\x07be\\u202eware" in printed(session.host)


@pytest.mark.parametrize(
    ("line", "wanted"), [("/new", "A new conversation"), ("/help", ""), ("/add", "/add takes a file"), ("/end 1", "takes nothing")]
)
def test_commands_of_a_conversation(talking, line, wanted):
    session = talking(["Hi."])
    talk = Chat(session.kernel)
    from llmos_cli.shell.repl import guarded

    assert not guarded(session, lambda: chatting.perform(session, talk, line))
    assert wanted in said(session.host)


def test_a_new_session_in_the_shell_is_a_new_conversation(talking):
    session = talking(["Hi.", "Ho."])
    do(session, "/chat hello")
    do(session, "/new")
    do(session, "/chat again")
    assert [message["content"] for message in session.chat.speaker.asked[1]][1:] == ["again"]
