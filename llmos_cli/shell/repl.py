"""The loop: read a line, do what it says, until the person leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from llmos_cli.errors import Bug, LlmosError
from llmos_cli.host import Host
from llmos_cli.plan import Tools
from llmos_cli.shell.lines import Kind, Line, begins_as_plan, read
from llmos_cli.shell.past import Past
from llmos_cli.shell.session import Session

Done = TypeVar("Done")


class Keyboard(Protocol):
    """Where lines come from: `shell.prompts` on a screen, `shell.linewise` elsewhere."""

    def line(self) -> str: ...
    def plan(self, text: str) -> str: ...
    def when_shown(self, do: Callable[[], None]) -> None: ...
    def redraw(self) -> None: ...


def open_shell(host: Host, tools: Tools, *, resume: str | None = None) -> None:
    """The shell on this terminal, until the person leaves it. `resume` names the session to go on with, '' is the last one; None begins a
    new one. Raises LlmosError where there is no such session."""
    session = Session(host, tools, lambda text: keyboard.plan(text))
    session.begin(resume)
    keyboard = _keyboard(session)
    keyboard.when_shown(lambda: threading.Thread(target=_load, args=(session, keyboard), daemon=True).start())
    while not session.ended:
        try:
            text = keyboard.line()
        except KeyboardInterrupt:
            continue
        except EOFError:
            break
        perform(session, chosen(session, read(text, tools, session.host.cwd)))
    session.wait()  # a model that is being loaded when the process ends can take it down


def _keyboard(session: Session) -> Keyboard:
    host = session.host
    past = session.past = Past(host.paths, lambda: session.host.cwd, most=host.settings["history"])
    if host.plain or host.env.get("TERM", "") in ("", "dumb"):
        from llmos_cli.shell.linewise import Linewise

        return Linewise(session, past)
    from llmos_cli.shell.prompts import Prompts

    return Prompts(session, past)


def _load(session: Session, keyboard: Keyboard) -> None:
    session.load()
    keyboard.redraw()


def chosen(session: Session, line: Line) -> Line:
    """A number after a question with numbered plans is that plan."""
    number = int(line.text) if line.kind is Kind.REQUEST and line.text.isdecimal() and len(line.text) < 3 else 0
    if 0 < number <= len(session.choices) and begins_as_plan(session.choices[number - 1], session.tools):
        return Line(Kind.PLAN, session.choices[number - 1])
    return line


def perform(session: Session, line: Line) -> None:
    """Do one line; whatever goes wrong is said, and the shell stays."""
    guarded(session, lambda: session.perform(line))


def guarded(session: Session, do: Callable[[], Done]) -> Done | None:
    """What `do` gives; None where it went wrong, which is said."""
    try:
        return do()
    except KeyboardInterrupt:
        session.interrupted()
    except LlmosError as error:
        session.show.error(error)
    except BrokenPipeError:  # the terminal has gone
        raise
    except OSError as error:
        name = Path(str(error.filename)).name + ": " if error.filename else ""
        session.show.error(LlmosError(name + (error.strerror or str(error)).lower()))
    except Exception as error:  # the catcher of a turn in the shell
        if session.host.env.get("LLMOS_DEBUG"):
            raise
        session.show.error(Bug(f"a bug in llmos: {type(error).__name__}: {error}", hint="LLMOS_DEBUG=1 shows more"))
    return None
