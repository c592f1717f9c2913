"""What is shown before anything is done: what, how many, how big, where to, what cannot be taken back, what policy says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from llmos_cli.effects import Copy, Effects, MakeFolder, Move, Remove, Trash, Verdict
from llmos_cli.ui.cells import width, wrap
from llmos_cli.ui.deeds import Deeds
from llmos_cli.ui.details import inside, line
from llmos_cli.ui.names import Names
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe
from llmos_cli.ui.words import number

SHOWN = 8  # lines, if not everything is asked for


@dataclass(frozen=True)
class Proposal:
    """Effects and the verdict on them, to be shown in `columns` cells. Long lines are broken, nothing is cut out of them."""

    effects: Effects
    verdict: Verdict
    names: Names
    paint: Paint
    columns: int

    def lines(self, *, everything: bool = False) -> Iterator[str]:
        yield self.paint(wrap(Deeds.of(self.effects, self.names).proposal, self.columns), "strong")
        details = self._details(everything)
        yield from map(self._indented, details if everything else islice(details, SHOWN))
        if not everything and (left := self._left()):
            yield f"  … and {left}"
        yield from (self.paint(wrap(f"! {text}", self.columns, "  "), "warning") for text in self._warnings())

    @property
    def hides(self) -> bool:
        """Whether `everything` would show more."""
        if len(self.effects) > SHOWN:
            return True
        several = len(self.effects) > 1
        return any(True for effect in self.effects for _ in inside(effect, self.names)) if several else bool(self._left())

    def _details(self, everything: bool) -> Iterator[str]:
        """A line for each effect, and what is inside of it where there is only one or `everything` is asked for; final ones first."""
        single, mixed = len(self.effects) == 1, len({effect.op for effect in self.effects}) > 1
        for effect in sorted(self.effects, key=lambda effect: not effect.final):
            if not (single and self._is_said()):
                yield line(effect, self.names, with_verb=mixed)
            if single or everything:
                indent = "" if single else "  "
                yield from (indent + text for text in inside(effect, self.names))

    def _is_said(self) -> bool:
        """Whether the sentence has said all of a single effect."""
        effect = self.effects[0]
        if isinstance(effect, Move | Copy):
            return not effect.overwrite
        return isinstance(effect, Trash | Remove | MakeFolder)

    def _left(self) -> str:
        if len(self.effects) > 1:
            left, noun = len(self.effects) - SHOWN, ""
        else:
            left, noun = sum(1 for _ in self._details(False)) - SHOWN, " lines"
        return f"{number(left)} more{noun}" if left > 0 else ""

    def _indented(self, text: str) -> str:
        """Two cells in; what does not fit on the line is broken before its arrow."""
        if width(text) + 2 > self.columns and " → " in text:
            text = text.replace(" → ", "\n    → ", 1)
        style = {"+": "added", "-": "removed"}.get(text[:2].strip(), "")
        return f"  {self.paint(text, style)}"

    def _warnings(self) -> Iterator[str]:
        final = sum(effect.final for effect in self.effects)
        if final and final == len(self.effects):
            yield "This cannot be undone."
        elif final:
            yield f"{number(final)} of these cannot be undone."
        if self.verdict.loud:
            yield safe(self.verdict.reason)
