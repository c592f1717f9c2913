"""The prompt of a conversation, on a screen: several lines, a history of its own, names of files after /add."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_input
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.styles import Style

from llmos_cli.shell.chatting import COMMANDS, PROMPT
from llmos_cli.shell.colours import STYLE
from llmos_cli.shell.completion import offers
from llmos_cli.shell.past import CHAT, Past
from llmos_cli.shell.prompts import Typed, keys

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session


class ChatPrompt:
    def __init__(self, session: Session) -> None:
        host = session.host
        self._output = create_output(host.stdout)
        self._prompt: PromptSession[str] = PromptSession(
            input=create_input(host.stdin),
            output=self._output,
            history=Typed(Past(host.paths, lambda: session.host.cwd, CHAT, host.settings["history"])),
            style=STYLE if host.colour else Style([]),
            color_depth=None if host.colour else ColorDepth.DEPTH_1_BIT,
            completer=Names(session),
            complete_while_typing=False,
            key_bindings=keys(),
            vi_mode=host.settings["keys"] == "vi",
            enable_open_in_editor=True,
            enable_suspend=True,
            search_ignore_case=True,
            reserve_space_for_menu=4,
            prompt_continuation="… ",
        )

    def line(self) -> str:
        self._output.write_raw("\r")
        return self._prompt.prompt([("class:prompt", PROMPT)])


class Names(Completer):
    """Commands, and after /add files."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if text.startswith("/add "):
            for offer in offers(text, self._session.tools, self._session.host.place()):
                yield Completion(offer.text, -offer.replaces, display=offer.shown or offer.text, display_meta=offer.help)
        elif text.startswith("/"):
            for name, command in COMMANDS.items():
                if name.startswith(text[1:]):
                    yield Completion(f"/{name}", -len(text), display=f"/{name} {command.takes}", display_meta=command.help)
