"""`remember` works out what is kept and what it names; `recall` gives what memory has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmos_cli.effects import Remember
from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.memory.memory import Memory
from llmos_cli.tools.memory import recall, remember


@pytest.fixture
def here(place, tmp_path):
    (place.home / "research").mkdir()
    return replace(place, memory=Memory(tmp_path / "data"))


def effect(here, text: str) -> Remember:
    (found,) = remember.run(place=here, text=text)
    return found


def test_a_fact_that_names_a_place_says_which(here):
    found = effect(here, "my  papers live\nin ~/research")
    assert (found.text, found.name, found.target) == ("my papers live in ~/research", "papers", str(here.home / "research"))
    assert found.path == here.memory.file
    assert effect(here, "my papers live in research").target == str(here.home / "research")  # looked for, as any name is
    assert effect(here, "my papers live in ~/not/yet").target == str(here.home / "not/yet")


def test_one_that_names_nothing_is_only_kept(here):
    for text in ("I like tea", "my keys are in limbo", "the cat is in charge"):
        assert (effect(here, text).name, effect(here, text).target) == ("", "")


def test_several_folders_of_that_name_are_a_question(here):
    for above in ("one", "two"):
        (here.home / above / "letters").mkdir(parents=True)
    with pytest.raises(NotUnderstood, match="Which letters"):
        effect(here, "my mail lives in letters")


def test_what_is_kept_already_is_no_change(here):
    here.memory.facts.add("I like tea")
    assert remember.run(place=here, text="I like tea") == ()


def test_nothing_and_too_much_are_refused(here):
    for text in ("", " \n", "x" * 2001):
        with pytest.raises(LlmosError):
            remember.run(place=here, text=text)


def test_recall_is_a_table_of_what_was_kept(here):
    here.memory.facts.add("I like tea")
    table = recall.run(place=here, text="tea").held()
    assert table.columns == ("kind", "when", "text") and [row[2] for row in table.rows] == ["I like tea"]
    assert list(recall.run(place=here, text="coffee").rows) == []
