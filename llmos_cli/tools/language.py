"""A language model's work as a step: on text from the pipe, or on files. These read, and change nothing."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from llmos_cli.literals import Choice, Literal
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.content import lines_in
from llmos_cli.values import Files, Number, Table, Text, Value

if TYPE_CHECKING:
    from llmos_cli.language.steps import Material

TEXT = Literal("text")


def materials(given: Value | None, place: Place) -> "list[Material]":
    """The texts that a step works on: each file's, or the one from the pipe; of a table its columns and rows. Raises LlmosError."""
    from llmos_cli.language.steps import Material

    if given is None:
        return []
    if isinstance(given, Files):
        return [Material(_clean(lines_in(entry, place)), entry.name, entry.path) for entry in given.items]
    if isinstance(given, Number):
        return [Material(f"{given.value} {given.unit}".strip())]
    if isinstance(given, Table):
        rows = (given.columns, *given.rows)
        return [Material(_clean("\t".join("" if cell is None else str(cell) for cell in row) for row in rows))]
    return [Material(_clean(given.lines))]


def _sourced(text: Text, given: Value | None) -> Text:
    """With the files that what came from the pipe was read from."""
    return replace(text, sources=given.sources) if isinstance(given, Text) else text


def _clean(lines: Iterable[str]) -> str:
    """Bytes that are not UTF-8 as the sign for that: models take nothing else."""
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@tool(named=True)
def summarize(
    given: Files | Text,
    place: Place,
    length: Annotated[str, Choice("length", ("short", "medium", "long")), "how much is left of it"] = "medium",
    about: Annotated[str, TEXT, "what it should tell about"] = "",
) -> Text:
    """The gist of a text, or of files."""
    from llmos_cli.language import steps

    return _sourced(steps.summarize(materials(given, place), place, length, about), given)


@tool(named=True)
def translate(given: Files | Text, place: Place, to: Annotated[str, TEXT, "the language"]) -> Text:
    """A text in another language."""
    from llmos_cli.language import steps

    return _sourced(steps.translate(materials(given, place), place, to), given)


@tool(named=True)
def rewrite(given: Files | Text, place: Place, style: Annotated[str, TEXT, "how it should be: formal, shorter, as bullet points"]) -> Text:
    """A text said in another way."""
    from llmos_cli.language import steps

    return _sourced(steps.rewrite(materials(given, place), place, style), given)


@tool(flow={None: Text, Files: Text, Text: Text, Table: Text})
def answer(given: Files | Text | Table | None, place: Place, question: Annotated[str, TEXT, "what is asked"]) -> Text:
    """The answer to a question, from what the pipe brings, or from what the model knows."""
    from llmos_cli.language import steps

    return _sourced(steps.answer(materials(given, place), place, question), given)


@tool(flow={None: Text, Files: Text, Text: Text})
def code(given: Files | Text | None, place: Place, task: Annotated[str, TEXT, "what the program should do, or what to do to it"]) -> Text:
    """A program, or what the pipe brings of one, changed or explained."""
    from llmos_cli.language import steps

    return _sourced(steps.code(materials(given, place), place, task), given)


@tool(named=True)
def extract(
    given: Files | Text, place: Place, schema: Annotated[tuple[str, ...], TEXT, "what to look for: name, amount int; or a JSON Schema"]
) -> Table:
    """The things that a text tells, as a table with a column for each."""
    from llmos_cli.language import steps

    return steps.extract(materials(given, place), place, ",".join(schema))


@tool(named=True)
def classify(given: Files | Text, place: Place, labels: Annotated[tuple[str, ...], TEXT, "the kinds to choose from"]) -> Table:
    """Which of a few kinds each file, or each line of a text, is."""
    from llmos_cli.language import steps

    return steps.classify(materials(given, place), place, labels)
