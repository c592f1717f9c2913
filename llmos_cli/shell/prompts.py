"""The two prompts on a screen: for a line, and for a plan that is being edited. The only import of prompt_toolkit's sessions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, emacs_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from prompt_toolkit.validation import ValidationError, Validator

from llmos_cli.check import check
from llmos_cli.errors import PlanError
from llmos_cli.plan import Tools, parse
from llmos_cli.shell.bottom import Bottom
from llmos_cli.shell.colours import STYLE, LineLexer
from llmos_cli.shell.completion import LineCompleter
from llmos_cli.shell.folder import shortest
from llmos_cli.shell.past import Past
from llmos_cli.shell.session import Session
from llmos_cli.ui.cells import columns, cut
from llmos_cli.ui.describe import describe
from llmos_cli.ui.safe import safe

NARROW = 60  # below this many columns completions stand in one line


class Prompts:
    def __init__(self, session: Session, past: Past) -> None:
        self._session, host = session, session.host
        self._colour, self._vi = host.colour, host.settings["keys"] == "vi"
        self._input, self._output = create_input(host.stdin), create_output(host.stdout)
        self._bottom = Bottom(session)
        self._line = self._made(LineLexer(session.tools, folder=lambda: session.host.cwd))
        self._line.history = self._line.default_buffer.history = Typed(past)
        self._line.auto_suggest = _Habits(past) if self._colour else None  # it must not look like what was typed
        self._line.complete_while_typing = Condition(lambda: self._line.default_buffer.text.startswith("/"))
        self._line.bottom_toolbar = self._bottom.text
        self._plan = self._made(LineLexer(session.tools, plan=True))
        self._plan.bottom_toolbar = self._in_words

    def line(self) -> str:
        """What is typed. Raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""
        self._output.write_raw("\r")  # the first prompt may stand there already
        return self._line.prompt(self._message)

    def plan(self, text: str) -> str:
        """The plan as the person changes it, checked as it is typed; '' where it is left."""
        try:
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
        host = self._session.host
        return PromptSession(
            input=self._input,
            output=self._output,
            lexer=lexer if self._colour else None,
            style=STYLE if self._colour else Style([("bottom-toolbar", "noreverse")]),
            color_depth=None if self._colour else ColorDepth.DEPTH_1_BIT,
            completer=LineCompleter(self._session.tools, lambda: self._session.host, self._session.names),
            complete_style=CompleteStyle.COLUMN if columns(host) >= NARROW else CompleteStyle.READLINE_LIKE,
            key_bindings=keys(),
            vi_mode=self._vi,
            enable_open_in_editor=True,
            enable_suspend=True,
            search_ignore_case=True,
            reserve_space_for_menu=6,
            prompt_continuation="… ",
        )

    def _message(self) -> StyleAndTextTuples:
        host = self._session.host
        return [("class:prompt", shortest(host.cwd, host.home)), ("", " > ")]

    def _in_words(self) -> str:
        """What the plan that is being edited says; while it is wrong, the line that says so stands there."""
        text = self._plan.default_buffer.text
        try:
            plan = parse(text, self._session.tools)
            check(plan, self._session.tools)
        except PlanError:
            return ""
        return cut(" " + " ".join(describe(plan, self._session.tools)), columns(self._session.host) - 1)


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


class Typed(History):
    """Past lines for the arrows and Ctrl-R."""

    def __init__(self, past: Past) -> None:
        super().__init__()
        self._past = past

    def load_history_strings(self) -> Iterable[str]:
        seen = set[str]()
        for typed in reversed(self._past.lines):
            if typed.text not in seen:
                seen.add(typed.text)
                yield typed.text

    async def load(self) -> AsyncGenerator[str, None]:
        for text in self.load_history_strings():
            yield text

    def append_string(self, string: str) -> None:
        self.store_string(string)

    def store_string(self, string: str) -> None:
        self._past.add(string)


class _Habits(AutoSuggest):
    def __init__(self, past: Past) -> None:
        self._past = past

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        rest = self._past.suggestion(document.text)
        return Suggestion(rest) if rest and rest.isprintable() else None


def keys() -> KeyBindings:
    bound = KeyBindings()

    @bound.add("escape", "enter", filter=emacs_mode)
    def new_line(event: KeyPressEvent) -> None:
        """With vi keys, Escape is pressed on the way to Enter; there, `v` opens the editor for several lines."""
        event.current_buffer.insert_text("\n")

    @bound.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        """Never runs by itself: line ends are part of the line, and the last one is left out."""
        event.current_buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n"))

    return bound
