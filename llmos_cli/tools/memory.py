"""What the person asks to be kept, and what was kept and asked before."""

from typing import Annotated

from llmos_cli.effects import Effect, Remember
from llmos_cli.errors import LlmosError, NotFound
from llmos_cli.literals import Literal
from llmos_cli.naming import naming
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.values import Table

MAX_FACT = 2000
TEXT = Literal("text")


@tool()
def remember(place: Place, text: Annotated[str, TEXT, "what to keep, such as: my papers live in ~/research"]) -> tuple[Effect, ...]:
    """Keep a fact. `my X is in FOLDER` and `X is NAME@ADDRESS` also make X a name for that folder or address."""
    fact = " ".join(text.split())
    if not fact:
        raise LlmosError("there is nothing to keep", hint="llmos run 'remember \"my papers live in ~/research\"'")
    if len(fact) > MAX_FACT:
        raise LlmosError(f"a fact has at most {MAX_FACT} characters", hint="keep long text in a file")
    if fact in place.memory.kept():
        return ()
    said = naming(fact)
    target = said.target if said else ""
    if said and said.kind == "place":
        try:
            target = str(place.resolve(said.target, folder=not said.is_path))
        except NotFound:
            target = str(place.resolve_new(said.target)) if said.is_path else ""
    name = said.name if said and target else ""
    return (Remember(place.memory.file, fact, name, target if name else ""),)


@tool()
def recall(place: Place, text: Annotated[str, TEXT, "words that it has; everything that was kept if left out"] = "") -> Table:
    """What was asked to be kept, and past requests, that have these words: the newest first."""
    return Table(("kind", "when", "text"), place.memory.recall(text))
