"""The steps: summarize, translate, rewrite, answer, code, extract, classify.

Each looks at all its material at once, and writes when it is asked for what it gives.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmos_cli.errors import LlmosError, NoModel, UsageError
from llmos_cli.language.asking import Asking, Slots
from llmos_cli.language.central import central
from llmos_cli.language.flow import At, each, one_by_one, reduced, split, trimmed, unfenced
from llmos_cli.language.parts import tokens
from llmos_cli.language.shapes import Shape, parsed, shape
from llmos_cli.language.templates import template
from llmos_cli.places import Place
from llmos_cli.values import Cell, Flowing, Table, Text

ROLES = {"summarize": "summarize", "translate": "translate", "code": "code"}  # all others: chat
DOING = {
    "summarize": "summarizing", "translate": "translating", "rewrite": "rewriting", "answer": "answering", "code": "writing",
    "extract": "looking", "classify": "sorting",
}  # fmt: skip
SENTENCES = {"short": 2, "medium": 5, "long": 10}  # of a summary without a model
# the part of the context that is left for the answer, and how many tokens of a text are worked on at once however large the context is
SHARES = {
    "summarize": (0.25, 8000), "answer": (0.25, 12000), "code": (0.5, 1 << 30), "translate": (0.55, 1500), "rewrite": (0.55, 1500),
    "extract": (0.5, 3000), "classify": (0.1, 4000),
}  # fmt: skip


@dataclass(frozen=True)
class Material:
    """A text to work on; `name` and `path` where it is a file's."""

    text: str
    name: str = ""
    path: str = ""


Materials = Sequence[Material]


def _asking(step: str, place: Place) -> Asking:
    """Raises NoModel, UsageError for a bad template."""
    said = template(step, place.prompts)
    return Asking(place.speakers.of(ROLES.get(step, "chat")), said, place.voice, DOING[step])


def _room(asking: Asking, step: str, names: Sequence[str], slots: Slots) -> int:
    reserved, most = SHARES[step]
    return asking.room(names, reserved, most, slots)


def _said(materials: Materials, what: str) -> Materials:
    """Those with a text. Raises LlmosError where none has."""
    found = [material for material in materials if material.text.strip()]
    if not found:
        raise LlmosError(f"there is no text to {what}")
    return found


def _text(pieces: Iterator[str], materials: Materials, by: str = "") -> Text:
    return Text(Flowing(pieces), tuple(material.path for material in materials if material.path), by)


# ---- texts ---------------------------------------------------------------------------------------------


def summarize(materials: Materials, place: Place, length: str, about: str) -> Text:
    """Without a model the most central sentences, which is said."""
    materials = _said(materials, "summarize")
    try:
        asking = _asking("summarize", place)
    except NoModel as error:
        place.voice.note(f"{error.message[:1].upper()}{error.message[1:]}. So these are the most central sentences of the text itself.")
        if error.hint:
            place.voice.note(f"Hint: {error.hint}")
        lines = _headed(materials, [iter(["\n".join(_central(material.text, length, about))]) for material in materials])
        return Text(tuple("".join(lines).split("\n")), tuple(material.path for material in materials if material.path))
    words = asking.template
    slots = {"length": words.words["length"].get(length, length), "about": words.texts["about"].replace("{topic}", about) if about else ""}
    room = _room(asking, "summarize", ("whole", "part", "merge"), slots)
    found = [split(asking, material.text, room, material.name) for material in materials]
    return _text(_headed(materials, [reduced(asking, each_, room, slots) for each_ in found]), materials, asking.speaker.name)


def _central(text: str, length: str, about: str) -> list[str]:
    """Sentences; of a text that has none, its first lines."""
    count = SENTENCES.get(length, SENTENCES["medium"])
    return central(text, count, about) or [line for line in text.splitlines() if line.strip()][:count]


def _headed(materials: Materials, each_: Sequence[Iterator[str]]) -> Iterator[str]:
    """What there is about each, one after the other; below its name where they are several."""
    for i, (material, pieces) in enumerate(zip(materials, each_, strict=True)):
        if len(materials) > 1:
            yield f"{chr(10) * 2 * bool(i)}## {material.name}\n\n"
        yield from pieces


def translate(materials: Materials, place: Place, to: str) -> Text:
    return _changed("translate", materials, place, {"to": to})


def rewrite(materials: Materials, place: Place, style: str) -> Text:
    return _changed("rewrite", materials, place, {"style": style})


def _changed(step: str, materials: Materials, place: Place, slots: Slots) -> Text:
    materials = _said(materials, step)
    asking = _asking(step, place)
    room = _room(asking, step, ("whole",), slots)
    found = [split(asking, material.text, room, material.name) for material in materials]
    return _text(_headed(materials, [one_by_one(asking, each_, slots) for each_ in found]), materials, asking.speaker.name)


def answer(materials: Materials, place: Place, question: str) -> Text:
    """With `place.schema`, the answer is JSON of that shape."""
    form = shape(place.schema, place.cwd).schema if place.schema else None
    asking = _asking("answer", place)
    if not any(material.text.strip() for material in materials):
        pieces = trimmed(asking.stream("bare", {"question": question}, shape=form))
    else:
        several = len(materials) > 1
        text = "\n\n".join(f"## {material.name}\n\n{material.text}" if several else material.text for material in materials)
        room = _room(asking, "answer", ("whole", "part", "merge"), {"question": question})
        pieces = reduced(asking, split(asking, text, room), room, {"question": question}, form)
    return _text(pieces if form is None else _checked(pieces, asking.speaker.name), materials, asking.speaker.name)


def _checked(pieces: Iterator[str], model: str) -> Iterator[str]:
    """JSON whole, on one line. Raises LlmosError where it is none."""
    yield json.dumps(parsed("".join(pieces), model), ensure_ascii=False)


def code(materials: Materials, place: Place, task: str) -> Text:
    """Raises LlmosError where there is no room for the program: it cannot be changed in parts."""
    asking = _asking("code", place)
    text = "\n\n".join(material.text for material in materials).strip("\n")
    room = _room(asking, "code", ("whole",), {"task": task})
    if tokens(text) > room:
        raise LlmosError(
            f"the text is too long for {asking.speaker.name}: about {tokens(text):,} tokens, and there is room for {room:,}",
            hint="give it a part: read main.py | take 200 | code …",
        )
    pieces = asking.stream("whole" if text.strip() else "bare", {"text": text, "task": task})
    return _text(trimmed(unfenced(pieces)), materials, asking.speaker.name)


# ---- tables --------------------------------------------------------------------------------------------


def extract(materials: Materials, place: Place, schema: str) -> Table:
    """A row for each thing of the shape that a text tells of; of several files with the file's path first."""
    wanted = shape(schema, place.cwd)
    if "path" in wanted.columns:  # what stands there can be deleted, and no model says what
        raise UsageError("no field can be called path: that is the column of the files themselves", hint="call it file, or place")
    materials = _said(materials, "look through")
    asking = _asking("extract", place)
    room = _room(asking, "extract", ("whole",), {"fields": wanted.said})
    found = [split(asking, material.text, room, material.name) for material in materials]
    with_path = len(materials) > 1
    columns = (*(("path",) if with_path else ()), *wanted.columns)
    return Table(columns, _rows(asking, materials, found, wanted, with_path), asking.speaker.name)


def _rows(asking: Asking, materials: Materials, found: Sequence[list[str]], wanted: Shape, with_path: bool) -> Iterator[Sequence[Cell]]:
    def told(part: str, at: At) -> Iterator[tuple[Cell, ...]]:
        yield from map(wanted.row, asking.json("whole", wanted.many, {"text": part.strip(), "fields": wanted.said}, list, at=at))

    for material, parts in zip(materials, found, strict=True):
        seen: set[tuple[Cell, ...]] = set()
        for row in each(asking, parts, told):
            if row not in seen or len(parts) == 1:  # two parts may tell of one thing
                yield (material.path, *row) if with_path else row
            seen.add(row)


def classify(materials: Materials, place: Place, labels: Sequence[str]) -> Table:
    """The label of each file, or of each line of a text."""
    kinds = tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if len(kinds) < 2:
        raise UsageError("classify needs two labels or more", hint="classify labels=work,private,other")
    asking = _asking("classify", place)
    of_files = any(material.path for material in materials)
    items = [Material(line) for material in materials for line in material.text.splitlines()] if not of_files else materials
    items = _said(items, "sort into kinds")
    said = ", ".join(kinds)
    room = _room(asking, "classify", ("whole",), {"labels": said})
    found = [split(asking, item.text, room, item.name) for item in items]
    form = {"type": "object", "properties": {"label": {"enum": [*kinds]}}, "required": ["label"], "additionalProperties": False}

    def sorted_(part: str, at: At) -> Iterator[str]:
        label = asking.json("whole", form, {"text": part.strip(), "labels": said}, str, at=at)
        if label not in kinds:
            raise LlmosError(f"{asking.speaker.name} said {label!r}, which is none of {said}", hint="try it with another model")
        yield label

    def rows() -> Iterator[Sequence[Cell]]:
        for item, parts in zip(items, found, strict=True):
            (label, _), *_rest = Counter(each(asking, parts, sorted_)).most_common(1)
            yield item.path if of_files else item.text, label

    return Table(("path" if of_files else "text", "label"), rows(), asking.speaker.name)
