"""Looking for words in all of a person's files, by an index: best first, each with the text around the hit."""

from pathlib import Path
from typing import Annotated

from llmos_cli.literals import Ext, Literal, PathName, When
from llmos_cli.places import Place
from llmos_cli.tool import tool
from llmos_cli.tools.find import KIND, Exts, find
from llmos_cli.values import Files


@tool()
def search(
    place: Place,
    words: Annotated[str, Literal("text"), 'what is looked for, in any order; "in quotes" side by side'],
    in_: Annotated[tuple[Path, ...], PathName("path", folder=True), "folders to look in, at any depth; the home folder if left out"] = (),
    ext: Annotated[Exts, Ext("extension"), "file name endings: pdf, md"] = (),
    kind: Annotated[tuple[str, ...], KIND, "sorts of file"] = (),
    newer: Annotated[float | None, When("when"), "since an age, a date, or a file's own time"] = None,
    older: Annotated[float | None, When("when"), "before an age, a date, or a file's own time"] = None,
) -> Files:
    """Files that speak of something, best first: by the words in their text, title and name, from an index that is kept up to date."""
    hits = Files(place.library.search(words, in_))
    found: Files = find.run(given=hits, place=place, type="file", ext=ext, kind=kind, newer=newer, older=older)
    return found
