"""A word that is in very many files: all of them are found, those that are named so first, and none twice."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from llmos_cli.search import ranking
from llmos_cli.search.library import Library
from tests.search.conftest import Make


@pytest.fixture
def many(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty files with `apple`, of which ten are below `old`; one is called so, and one says it often."""
    monkeypatch.setattr(ranking, "MOST", 5)
    monkeypatch.setattr(ranking, "AT_ONCE", 4)
    for i in range(28):
        make(f"{'old' if i < 10 else 'new'}/{i:02}.txt", "apple and more words than one")
    make("old/apple.txt", "apple")
    make("zz/last.txt", "apple apple apple")


def test_all_are_found_once_and_those_that_are_named_so_first(many: None, found: Callable[..., list[str]]) -> None:
    paths = found("apple")
    assert len(paths) == len(set(paths)) == 30 and paths[0] == "old/apple.txt"
    assert found("apple words", "new") == found("words apple", "new") and len(found("apple words", "new")) == 18
    assert len(found("app*")) == 30 and len(found("apple", "old")) == 11 and found("apple", "old")[0] == "old/apple.txt"
    assert sorted(found("apple", "old", "zz")) == sorted([path for path in paths if not path.startswith("new")])


def test_those_that_are_ranked_go_before_the_rest(many: None, make: Make, found: Callable[..., list[str]]) -> None:
    found("apple")
    make("new/later.txt", "apple apple apple apple")
    assert found("apple")[:2] == ["old/apple.txt", "new/later.txt"]


def test_one_that_goes_meanwhile_is_passed_over(many: None, library: Library) -> None:
    last = [hit.path for hit in library.search("apple")][-1]
    hits = library.search("apple")
    first = next(hits).path
    os.unlink(last)
    list(library.search("more"))
    assert len({first, *(hit.path for hit in hits)} - {last}) == 29
    assert last not in [hit.path for hit in library.search("apple")]
