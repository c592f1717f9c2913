"""The two prompts: for a line, and for a plan that is being edited."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.styles import Style
from prompt_toolkit.validation import ValidationError, Validator

from llmos_cli.check import check
from llmos_cli.errors import PlanError
from llmos_cli.plan import Tools, parse
from llmos_cli.shell.colours import STYLE, LineLexer
from llmos_cli.shell.completion import LineCompleter
from llmos_cli.shell.folder import short, shortest
from llmos_cli.shell.past import past
from llmos_cli.shell.session import MAX_DEPTH, Session
from llmos_cli.ui.safe import safe


class Prompts:
    def __init__(self, session: Session) -> None:
        self._session, host = session, session.host
        self._colour, self._vi = host.colour, host.env.get("LLMOS_KEYS", "").lower() in ("vi", "vim")
        self._dumb = host.env.get("TERM", "") in ("", "dumb")  # prompt_toolkit's plain prompt: it shows keys as they come, and no more
        self._input, self._output = create_input(host.stdin), None if self._dumb else create_output(host.stdout)
        self._line = self._made(LineLexer(session.tools))
        self._line.history = self._line.default_buffer.history = past(host.paths)
        self._line.auto_suggest = AutoSuggestFromHistory() if self._colour else None  # it must not look like what was typed
        self._line.complete_while_typing = Condition(lambda: self._line.default_buffer.text.startswith("/"))
        self._line.bottom_toolbar = self._bottom if self._colour else None
        self._plan = self._made(LineLexer(session.tools, plan=True))

    def line(self) -> str:
        """What is typed. Raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""
        return self._line.prompt(self._message)

    def plan(self, text: str) -> str:
        """The plan as the person changes it, checked as it is typed; '' where it is left."""
        try:
            if self._dumb:
                self._session.show.note(text)
                return self._plan.prompt("the plan, typed anew > ")
            return self._plan.prompt("edit > ", default=text, validator=PlanValidator(self._session.tools), validate_while_typing=True)
        except (KeyboardInterrupt, EOFError):
            self._session.show.note("Nothing was changed.")
            return ""

    def when_shown(self, do: Callable[[], None]) -> None:
        """Call `do` once the first prompt is on the screen."""

        def once(_: object) -> None:
            self._line.app.after_render -= once
            do()

        self._line.app.after_render += once

    def redraw(self) -> None:
        """From any thread."""
        self._line.app.invalidate()

    def _made(self, lexer: LineLexer) -> PromptSession[str]:
        return PromptSession(
            input=self._input,
            output=self._output,
            lexer=lexer if self._colour else None,
            style=STYLE if self._colour else Style([]),
            color_depth=None if self._colour else ColorDepth.DEPTH_1_BIT,
            completer=LineCompleter(self._session.tools, lambda: self._session.host),
            key_bindings=_keys(),
            vi_mode=self._vi,
            enable_open_in_editor=True,
            enable_suspend=True,
            reserve_space_for_menu=6,
        )

    def _message(self) -> StyleAndTextTuples:
        host = self._session.host
        return [("class:prompt", shortest(host.cwd, host.home)), ("", " > ")]

    def _bottom(self) -> str:
        """The folder and how much can be undone: both kept in memory, since this is asked for at each key press."""
        depth = self._session.undo_depth
        undo = f" · {depth}{'+' if depth == MAX_DEPTH else ''} to undo" if depth else ""
        return f" {short(self._session.host.cwd, self._session.host.home)}{undo} · /help"


class PlanValidator(Validator):
    """Says what is wrong with a plan, and where."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def validate(self, document: Document) -> None:
        """Raises ValidationError with the PlanError's sentence and hint."""
        if not document.text.strip():
            return
        try:
            check(parse(document.text, self._tools), self._tools)
        except PlanError as error:
            at = error.at if error.at >= 0 and error.text == document.text else len(document.text)
            said = f"{error.message} ({error.hint})" if error.hint else error.message
            raise ValidationError(at, safe(said)) from error


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        """Never runs by itself: line ends are part of the line, and the last one is left out."""
        event.current_buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n"))

    return keys
