"""Sessions: a title made of the first request, another chosen, and going on with one later."""

from __future__ import annotations

import pytest

from llmos_cli.errors import NotFound, NotUnderstood, UsageError
from llmos_cli.memory.sessions import MAX_TITLE


def titles(memory) -> list[str]:
    return [session.title for session in memory.sessions.list()]


def test_the_first_request_is_the_title_and_the_newest_session_comes_first(memory, asked):
    asked("find   the thesis\n pdfs", session="shell-a")
    asked("and the photos", session="shell-a")
    asked("what is on my desk", session="shell-b", cwd="/home/ana/desk")
    assert titles(memory) == ["what is on my desk", "find the thesis pdfs"]
    last = memory.sessions.last()
    assert (last.turns, last.cwd, last.key) == (1, "/home/ana/desk", "shell-b")
    asked("back to the thesis", session="shell-a")
    assert titles(memory) == ["find the thesis pdfs", "what is on my desk"]


def test_a_long_request_is_cut_between_words(memory, asked):
    asked("move all the pictures of the summer of the year before last into the folder of the family")
    title = titles(memory)[0]
    assert len(title) <= MAX_TITLE and title.endswith(" before…")


def test_a_title_can_be_changed_and_stays(memory, asked):
    asked("find papers")
    memory.sessions.rename(memory.sessions.last().id, "  papers for\nmarch ")
    asked("and more")
    assert titles(memory) == ["papers for march"]
    for wrong in ("", "  ", "7"):
        with pytest.raises(UsageError):
            memory.sessions.rename(1, wrong)
    with pytest.raises(NotFound):
        memory.sessions.rename(99, "none")


def test_a_session_is_found_by_its_number_its_title_or_words_of_it(memory, asked):
    asked("sort the tax papers", session="shell-a")
    asked("sort photos", session="shell-b")
    asked("Tax", session="shell-c")
    named = memory.sessions.named
    assert (
        named("2").key == "shell-b"
        and named("tax").key == "shell-c"
        and named("SORT THE").key == "shell-a"
        and named("photos").key == "shell-b"
    )
    with pytest.raises(NotUnderstood, match="Which session") as several:
        named("sort")
    assert several.value.choices == ("2 sort photos", "1 sort the tax papers")
    with pytest.raises(NotFound, match="there is no session 'mail'"):
        named("mail")


def test_a_session_that_was_begun_with_a_title_is_there_at_once(memory, asked):
    begun = memory.sessions.begin("Garden", "/home/ana")
    asked("find seeds", session=begun.key)
    assert titles(memory) == ["Garden"] and memory.sessions.named("garden").turns == 1


def test_the_number_of_a_terminal_is_anothers_after_some_hours(memory, asked, clock):
    asked("yesterday", session="4242")
    clock.now += 3600
    asked("an hour later", session="4242")
    assert titles(memory) == ["yesterday"]
    clock.now += 20 * 3600
    assert memory.sessions.of("4242") is None
    asked("today", session="4242")
    asked("named by the person", session="work")
    clock.now += 20 * 3600
    asked("again", session="work")
    assert titles(memory) == ["named by the person", "today", "yesterday"]
