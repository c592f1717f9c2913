"""What is said on stderr: the plan, progress, what was done, what went wrong, what is asked back."""

from __future__ import annotations

from llmos_cli.errors import Interrupted, LlmosError, NotUnderstood, Partial, PlanError, Refused
from llmos_cli.events import Planned, Progress
from llmos_cli.host import Host
from llmos_cli.ui import trace
from llmos_cli.ui.cells import columns, cut, width, wrap
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe, safe_block
from llmos_cli.ui.words import number

SURE = 0.9  # a plan that is less sure says how sure it is


class Talk:
    """Lines for a person. Progress stands on the last line and goes when anything else is printed."""

    def __init__(self, host: Host, *, undo: str = "llmos undo") -> None:
        """`undo` is what the person types to take things back."""
        self._undo = undo
        self._host, self._out, self._paint = host, Out(host.stderr, host.clock), Paint.for_talk(host)
        self._over = 0  # cells that progress takes now
        self._moves = host.talk_goes_to_terminal and host.env.get("TERM", "") not in ("", "dumb") and not host.plain

    def note(self, text: str, style: str = "") -> None:
        """A sentence of ours, or several lines; what is not ours in it is made safe."""
        self.clear()
        for line in safe_block(text).split("\n"):
            self._out.line(self._paint(wrap(line, self._room), style))
        self._out.flush()

    def plan(self, event: Planned, request: str = "") -> None:
        """The plan; for someone who looks at a screen also which of it was said in the request, and how it was read."""
        sure = f"  ({event.confidence:.0%} sure)" if event.confidence < SURE else ""
        sure = "  (planned by a model)" if event.origin == "model" else sure
        if self._host.plain:
            self._line(f"Plan: {safe(event.text)}{sure}")
            return
        for line in trace.lines(event, request, self._paint, self._room, sure=sure):
            self._line(line)

    def done(self, what: str, entry: str, *, some_final: bool = False) -> None:
        """`Done: moved 12 files. …`; `what` is safe already."""
        undo = f"`{self._undo}` takes {'the rest of ' if some_final else ''}it back ({safe(entry)})." if entry else "This cannot be undone."
        first = f"Done: {what}."
        fits = width(first) + 1 + width(undo) <= self._room
        self._line(f"{first} {undo}" if fits else f"{wrap(first, self._room)}\n{undo}")

    def error(self, error: LlmosError) -> None:
        """One sentence, for a plan the place in it, and what to do about it. A question has its choices numbered."""
        if isinstance(error, NotUnderstood):
            self._line(self._paint(wrap(safe(error.message), self._room), "strong"))
            for i, choice in enumerate(error.choices, 1):
                self._line(f"  {i}  {safe(choice)}")
        elif error.message or not isinstance(error, Interrupted):
            self._line(self._paint(wrap(f"{_label(error)}: {safe(error.message)}", self._room), "error"))
        else:
            self._line("Interrupted.")
        if isinstance(error, PlanError) and error.text and error.at >= 0:
            self._place(error.text, error.at)
        if error.hint:
            self._line(f"Hint: {safe(error.hint)}")

    def progress(self, event: Progress) -> None:
        """Written over the last one; only on a terminal that can go back to the start of its line."""
        if self._moves:
            text = cut(_progress(event), columns(self._host) - 1)
            blank = " " * (self._over - width(text))
            self._over = width(text)
            self._out.write(f"\r{text}{blank}")
            self._out.flush()

    def clear(self) -> None:
        """Take progress away."""
        if self._over:
            self._out.write("\r" + " " * self._over + "\r")
            self._out.flush()
            self._over = 0

    @property
    def _room(self) -> int:
        """Lines are broken for a terminal; in a file they stay whole."""
        return columns(self._host) if self._host.talk_goes_to_terminal else 10**6

    def _line(self, text: str) -> None:
        self.clear()
        self._out.line(text)
        self._out.flush()

    def _place(self, text: str, at: int) -> None:
        """The plan, as much of it as fits around the place, and a caret under that."""
        room = columns(self._host) - 2
        before = cut(safe(text[:at]), room * 2 // 3, keep_end=True)
        after = cut(safe(text[at:]), room - width(before))
        self._line(f"  {before}{after}")
        self._line(f"  {' ' * width(before)}{self._paint('^', 'error')}")


def _progress(event: Progress) -> str:
    """`find: 120,000 so far, 3 s`, or `indexing your files [#########...........] 9,000 of 20,000, 3 s`."""
    if not event.total:
        counted = f": {number(event.items)} so far" if event.items else ""
        return f"{safe(event.step)}{counted}, {event.seconds:.0f} s"
    bar = "#" * (20 * event.items // event.total)
    return f"{safe(event.step)} [{bar:.<20}] {number(event.items)} of {number(event.total)}, {event.seconds:.0f} s"


def _label(error: LlmosError) -> str:
    if isinstance(error, Refused):
        return "Refused"
    return "Done in part" if isinstance(error, Partial) else "Interrupted" if isinstance(error, Interrupted) else "Error"
