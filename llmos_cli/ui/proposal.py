"""What is shown before anything is done: what, how many, how big, where to, what cannot be taken back, what policy says.

A few effects are lines. Many are gathered by the folders that they lead from and to, with counts, sizes and the first names; all of them
are shown where `everything` is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from llmos_cli.effects import Copy, Effect, Effects, Link, Mail, MakeFolder, Move, Remove, Trash, Verdict
from llmos_cli.ui import letters
from llmos_cli.ui.cells import cut, pad, width, wrap
from llmos_cli.ui.deeds import Deeds
from llmos_cli.ui.details import inside, line, verb
from llmos_cli.ui.names import Names
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe
from llmos_cli.ui.weight import weigh
from llmos_cli.ui.words import number, size

SHOWN = 8  # lines, if not everything is asked for
NAMED = 3  # of so many groups the first names are said


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
        if self._groups and not everything:
            yield from self._gathered()
        else:
            details = self._details(everything)
            yield from details if everything else islice(details, self._most)
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

    # ---- line by line ------------------------------------------------------------------------------------

    def _details(self, everything: bool) -> Iterator[str]:
        """A line for each effect, and what is inside of it where there is only one or `everything` is asked for; final ones first."""
        single, mixed = len(self.effects) == 1, len({effect.op for effect in self.effects}) > 1
        ordered = sorted(self.effects, key=lambda effect: not effect.final)
        texts = [line(effect, self.names, with_verb=mixed) for effect in ordered]
        room = self.columns - 12  # for a size after it
        most = max((width(text) for text in texts if width(text) <= room), default=0)
        for effect, text in zip(ordered, texts, strict=True):
            if not (single and self._is_said()):
                weight = "" if single else _size(effect)
                yield self._indented(f"{pad(text, most)}  {weight:>8}" if weight and width(text) <= room else text)
            more = inside(effect, self.names) if single or everything else letters.about(effect) if isinstance(effect, Mail) else ()
            yield from (self._indented(("" if single else "  ") + text) for text in more)

    @cached_property
    def _most(self) -> int:
        """How many lines are shown at first: of mail in any case all that say who gets what."""
        return SHOWN + sum(1 + len([*letters.about(effect)]) for effect in self.effects if isinstance(effect, Mail))

    def _is_said(self) -> bool:
        """Whether the sentence has said all of a single effect."""
        effect = self.effects[0]
        if isinstance(effect, Move | Copy):
            return not effect.overwrite
        return isinstance(effect, Trash | Remove | MakeFolder | Mail)

    def _left(self) -> str:
        if len(self.effects) > 1:
            left, noun = 0 if isinstance(self.effects[0], Mail) else len(self.effects) - SHOWN, ""
        else:
            left, noun = sum(1 for _ in self._details(False)) - self._most, " lines"
        return f"{number(left)} more{noun}" if left > 0 else ""

    def _indented(self, text: str) -> str:
        """Two cells in; what does not fit on the line is broken before its arrow."""
        if width(text) + 2 > self.columns and " → " in text:
            text = text.replace(" → ", "\n    → ", 1)
        style = {"+": "added", "-": "removed"}.get(text[:2].strip(), "")
        return f"  {self.paint(text, style)}"

    # ---- gathered by folders -----------------------------------------------------------------------------

    @cached_property
    def _groups(self) -> dict[tuple[str, str, str], list[Effect]]:
        """The effects by what is done, from where, and where to; {} where they are few, or each has to be seen (new names, contents)."""
        groups: dict[tuple[str, str, str], list[Effect]] = {}
        for effect in self.effects if len(self.effects) > SHOWN else ():
            if not isinstance(effect, Move | Copy | Trash | Remove | Link | MakeFolder) or _is_renamed(effect):
                return {}
            to = os.path.dirname(str(effect.result)) if isinstance(effect, Move | Copy) else ""
            groups.setdefault((effect.op, os.path.dirname(effect.path), to), []).append(effect)
        return dict(sorted(groups.items(), key=lambda pair: not pair[1][0].final))

    def _gathered(self) -> Iterator[str]:
        mixed = len({op for op, _, _ in self._groups}) > 1
        rows = []
        for (_, folder, to), effects in islice(self._groups.items(), SHOWN):
            text = f"{verb(effects[0])} " if mixed else ""
            text += self.names.folder(folder) + (f" → {self.names.folder(to)}" if to else "")
            weight = weigh([effect.path for effect in effects])
            replaced = sum(bool(getattr(effect, "overwrite", False)) and os.path.lexists(str(effect.result)) for effect in effects)
            more = f", {number(replaced)} replaced" if replaced else ""
            rows.append((text, weight.count + more, size(weight.bytes) if weight.bytes else "", effects))
        first, second = max(width(row[0]) for row in rows), max(width(row[1]) for row in rows)
        for text, count, bytes, effects in rows:
            if first + second + 14 <= self.columns:
                yield f"  {pad(text, first)}  {pad(count, second, right=True)}  {bytes:>8}".rstrip()
            else:
                yield self._indented(text)
                yield f"    {count}{', ' if bytes else ''}{bytes}"
            if len(self._groups) <= NAMED:
                yield f"    {self.paint(self._first_names(effects), 'dim')}"
        if (left := len(self._groups) - SHOWN) > 0:
            yield f"  … and {number(left)} more folder{'s' if left > 1 else ''}"

    def _first_names(self, effects: Sequence[Effect]) -> str:
        """`a.pdf, b.pdf … and 10 more`, on one line."""
        said, room = "", self.columns - 20
        for i, effect in enumerate(effects):
            name = safe(os.path.basename(effect.path))
            if width(said) + width(name) > room:
                end = f" … and {number(len(effects) - i)} more"
                return (said or cut(name, max(room, 8))) + (end if said else f" … and {number(len(effects) - 1)} more")
            said += f", {name}" if said else name
        return said

    def _warnings(self) -> Iterator[str]:
        final = sum(effect.final for effect in self.effects)
        if final and final == len(self.effects):
            yield "This cannot be undone."
        elif final:
            yield f"{number(final)} of these cannot be undone."
        if self.verdict.loud:
            yield safe(self.verdict.reason)


def _is_renamed(effect: Effect) -> bool:
    return isinstance(effect, Move | Copy) and os.path.basename(effect.path) != os.path.basename(effect.to)


def _size(effect: Effect) -> str:
    """How big what is moved, copied or deleted is; '' for other effects, and for what is not there."""
    if not isinstance(effect, Move | Copy | Trash | Remove):
        return ""
    weight = weigh([effect.path])
    return size(weight.bytes) if weight.bytes else ""
