"""The prompts for a terminal that cannot be drawn on, and for a screen reader: one line after the other, with the system's readline."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmos_cli.shell.completion import offers
from llmos_cli.shell.folder import shortest
from llmos_cli.shell.past import Past

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session

DELIMITERS = " \t\n=,|;"


class Linewise:
    """As Prompts: `line` and `plan`, Ctrl-R, Tab, vi keys; several lines and $EDITOR are not here."""

    def __init__(self, session: Session, past: Past) -> None:
        self._session, self._past = session, past
        self._shown: Callable[[], None] = lambda: None
        self._found: list[str] = []
        try:
            import readline
        except ImportError:  # a Python without it: keys are those of the terminal
            return
        self._bound(readline)
        readline.set_auto_history(False)
        for typed in past.lines:
            readline.add_history(typed.text)
        readline.set_completer_delims(DELIMITERS)
        readline.set_completer(self._completed)

    def _bound(self, readline: object) -> None:
        bind: Callable[[str], None] = readline.parse_and_bind  # type: ignore[attr-defined]
        is_vi = self._session.host.settings["keys"] == "vi"
        if "libedit" in (getattr(readline, "__doc__", "") or ""):
            bind("bind ^I rl_complete")
            bind("bind -v" if is_vi else "bind -e")
        else:
            bind("tab: complete")
            bind(f"set editing-mode {'vi' if is_vi else 'emacs'}")
            bind("set bell-style none")

    def line(self) -> str:
        """What is typed. Raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""
        shown, self._shown = self._shown, lambda: None
        shown()
        host = self._session.host
        text = self._read(f"{shortest(host.cwd, host.home)} > ")
        self._kept(text)
        return text

    def plan(self, text: str) -> str:
        """The plan as the person changes it; '' where it is left."""
        try:
            return self._read("edit > ", text)
        except (KeyboardInterrupt, EOFError):
            self._session.show.note("Nothing was changed.")
            return ""

    def when_shown(self, do: Callable[[], None]) -> None:
        """Call `do` just before the first prompt: there is no sign of it being there."""
        self._shown = do

    def redraw(self) -> None:
        """Nothing stands still here that could have changed."""

    def _read(self, prompt: str, start: str = "") -> str:
        readline = sys.modules.get("readline")
        if readline is not None:
            readline.set_startup_hook(lambda: readline.insert_text(start))
        elif start:
            self._session.show.note(start)
        try:
            return input(prompt)
        except KeyboardInterrupt:
            print()
            raise
        except UnicodeDecodeError:
            self._session.show.note("That was not text.")
            return ""
        finally:
            if readline is not None:
                readline.set_startup_hook(None)

    def _kept(self, text: str) -> None:
        if text.strip() and not text.startswith(" ") and (readline := sys.modules.get("readline")) is not None:
            readline.add_history(text)
        self._past.add(text)

    def _completed(self, text: str, state: int) -> str | None:
        """readline asks for the offers one by one."""
        readline = sys.modules["readline"]
        if state == 0:
            before = readline.get_line_buffer()[: readline.get_endidx()]
            found = offers(before, self._session.tools, self._session.host.place(), self._session.names)
            self._found = [text[: max(len(text) - offer.replaces, 0)] + offer.text for offer in found]
        return self._found[state] if state < len(self._found) else None
