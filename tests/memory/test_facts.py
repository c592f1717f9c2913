"""Facts that name things, and those that are only kept."""

from __future__ import annotations

import pytest

from llmos_cli.errors import NotFound


def test_the_newest_fact_of_a_name_counts_the_article_does_not(memory):
    memory.facts.add("papers are in ~/old", "papers", "/home/ana/old")
    memory.facts.add("my papers live in ~/research", "My Papers", "/home/ana/research")
    assert memory.place_of("papers") == memory.place_of("the Papers folder") == "/home/ana/research"
    assert memory.place_of("paper") is None and memory.place_of("") is None
    memory.facts.remove("my papers live in ~/research")
    assert memory.place_of("papers") == "/home/ana/old"
    assert memory.places() == {"papers": "/home/ana/old"}


def test_a_place_and_an_address_are_told_apart(memory):
    memory.facts.add("ana is ana@example.org", "ana", "ana@example.org")
    memory.facts.add("ana lives in ~/people/ana", "ana", "/home/me/people/ana")
    assert memory.address_of("Ana") == "ana@example.org" and memory.place_of("ana") == "/home/me/people/ana"
    assert memory.address_of("bo") is None


def test_what_is_kept_twice_is_kept_once(memory):
    memory.facts.add("I like tea")
    memory.facts.add("I like milk")
    memory.facts.add("I like tea")
    assert memory.kept() == ("I like tea", "I like milk")
    assert len(memory.search("tea")) == 1


def test_a_fact_that_is_removed_is_not_found_any_more(memory):
    fact = memory.facts.add("I like tea")
    assert memory.facts.remove(fact.id).text == "I like tea"
    assert memory.search("tea") == [] and memory.kept() == ()
    with pytest.raises(NotFound):
        memory.facts.remove(fact.id)


def test_a_taught_phrase_replaces_what_the_words_meant(memory):
    memory.taught.add("clean up", "find ext=tmp")
    phrase = memory.taught.add("clean up", "find ext=bak")
    assert [(p.words, p.plan) for p in memory.taught.list()] == [("clean up", "find ext=bak")]
    memory.taught.remove(phrase.id)
    assert memory.taught.list() == []
    with pytest.raises(NotFound):
        memory.taught.remove(phrase.id)
