"""What is forgotten is in none of llmos's files any more, byte for byte, and what stays is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.errors import NotFound, UsageError
from llmos_cli.kernel.kernel import Kernel
from tests.kernel.remembered import ask, kernel, turn


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("invoices/a.txt", "letters/b.txt", "预算/c.txt"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("old text\n")
    return home


def holding(home: Path, word: str) -> list[str]:
    """The files of llmos that have the word, in any way that Python can write it."""
    forms = {word, word.upper(), word.encode("ascii", "backslashreplace").decode(), "\u200b".join(word)}
    found = []
    for path in (home.parent / "llmos").rglob("*"):
        if path.is_file() and any(form.encode() in path.read_bytes() for form in forms):
            found.append(path.name)
    return sorted(found)


@pytest.fixture
def lived(home: Path) -> Kernel:
    k = kernel(home)
    turn(k, "find in=invoices")
    turn(k, "find in=letters")
    turn(k, 'remember "invoices are paid on fridays"')
    k.teach("show the invoices", "find in=invoices")
    ask(k, "show the invoices")
    turn(k, 'write "about Invoices" to=letters/new.txt')
    typed = k.host.paths.data / "typed"
    typed.write_text(
        "\n# 2026-11-23 10:00:00\n+find in=invoices\n\n# 2026-11-23 10:01:00\n+find in=letters\n\n# 2026-11-23 10:02:00\n+two\n+invoices\n"
    )
    (k.host.paths.state / "llmos.log").write_text("Traceback: invoices\nother\n")
    return k


def test_a_word_is_gone_from_all_files_and_the_rest_stays(lived, home):
    assert set(holding(home, "invoices")) == {"memory.db", "journal.db", "typed", "llmos.log"}
    chosen = lived.forgetting(word="INVOICES")
    assert "4 requests, 1 fact, 1 taught phrase" in chosen.summary
    done = chosen.carry_out(undo_too=True)
    assert holding(home, "nvoice") == []
    assert done.proof.holding == () and done.proof.searched >= 4 and (done.requests, done.facts, done.taught, done.lines) == (4, 1, 1, 3)
    assert "searched byte by byte: none has it" in " ".join(done.sentences())
    assert [t.request for t in lived.turns.recent()] == ["find in=letters"]
    assert [found.text for found in lived.memory.search("letters")] == ["find in=letters"]
    assert (home.parent / "llmos/data/typed").read_text() == "\n# 2026-11-23 10:01:00\n+find in=letters\n"
    assert (home.parent / "llmos/state/llmos.log").read_text() == "other\n"
    assert (home / "invoices/a.txt").exists() and (home / "letters/new.txt").read_text() == "about Invoices\n"
    assert lived.current_session().title == "find in=letters"


def test_what_undo_needs_stays_and_is_named_and_still_works(home):
    k = kernel(home)
    turn(k, "find in=invoices | move into=letters")
    done = k.forgetting(word="invoices").carry_out()
    (entry,) = k.journal.history()
    assert done.undoable == (entry.id,) and done.proof.holding == (f"the journal, to undo {entry.id}",)
    said = " ".join(done.sentences())
    assert "can still be undone" in said and "--undo-too" in said and "It is still in" in said
    assert entry.note == "(forgotten)" and entry.plan == "" and "invoices" not in str(entry)
    k.undo(entry.id)
    assert (home / "invoices/a.txt").exists()


def test_former_contents_in_the_vault_are_named_and_go_with_undo_too(home):
    (home / "letters/b.txt").write_text("a secretword in a file\n")
    k = kernel(home)
    turn(k, 'write "new" to=letters/b.txt overwrite=yes')
    turn(k, "find secretword.txt")
    done = k.forgetting(word="secretword").carry_out()
    assert len(done.proof.holding) == 1 and "/vault/" in done.proof.holding[0]
    id = next(t.id for t in k.turns.recent() if t.request.startswith("write"))
    done = k.forgetting(turns=(id,)).carry_out(undo_too=True)
    assert k.journal.history() == [] and holding(home, "secretword") == []


def test_chinese_words_of_one_or_two_characters(home):
    k = kernel(home)
    turn(k, "find in=预算")
    turn(k, "find in=letters")
    assert "memory.db" in holding(home, "预算")
    done = k.forgetting(word="预算").carry_out()
    assert done.proof.holding == () and done.proof.texts == 1 and holding(home, "预算") == []


def test_one_request_by_its_number_and_nothing_else(lived, home):
    id = next(t.id for t in lived.turns.recent() if t.request == "find in=letters")
    chosen = lived.forgetting(turns=(id,))
    assert chosen.summary == "Forget 1 request, for ever?"
    done = chosen.carry_out()
    assert done.proof.holding == () and done.lines == 1 and holding(home, "find in=letters") == []
    assert len(lived.turns.recent()) == 4 and "memory.db" in holding(home, "invoices")


def test_a_request_that_was_made_twice_stays_where_it_was_kept(lived):
    turn(lived, "find in=letters")
    newest = lived.turns.recent()[0].id
    done = lived.forgetting(turns=(newest,)).carry_out()
    assert done.proof.holding == () and done.lines == 0  # the other one is still remembered, so its words are no proof
    assert [t.request for t in lived.turns.recent()].count("find in=letters") == 1


def test_a_session_goes_with_all_its_requests(lived, home):
    other = kernel(home, session="b")
    turn(other, "find in=预算")
    lived.forgetting(session="find in=invoices").carry_out()
    assert [s.title for s in lived.memory.sessions.list()] == ["find in=预算"]
    assert [t.request for t in lived.turns.recent()] == ["find in=预算"]


def test_everything(lived, home):
    (home.parent / "llmos/data/memory.db.damaged-20260101-000000").write_text("invoices")
    done = lived.forgetting(everything=True).carry_out(undo_too=True)
    assert (
        done.proof.holding == () and lived.turns.recent() == [] and lived.memory.facts.list() == [] and lived.memory.sessions.list() == []
    )
    assert lived.journal.history() == [] and (home.parent / "llmos/data/typed").read_text() == ""
    assert holding(home, "nvoice") == [] and holding(home, "letters") == []
    turn(lived, "find in=letters")
    assert len(lived.turns.recent()) == 1


def test_a_file_that_still_has_it_is_named(lived, home):
    other = home.parent / "llmos/config/plans.toml"
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("pay = 'find in=Invoices'\n")
    done = lived.forgetting(word="invoices").carry_out(undo_too=True)
    assert done.proof.holding == (str(other),)
    assert str(other) in "\n".join(done.sentences())


def test_nothing_to_forget_is_said(lived):
    assert lived.forgetting(word="zebra").nothing
    with pytest.raises(NotFound, match="there is no request 99"):
        lived.forgetting(turns=(99,))
    with pytest.raises(NotFound):
        lived.forgetting(session="zebra")
    for wrong in ({}, {"word": " "}, {"word": "a", "everything": True}):
        with pytest.raises(UsageError):
            lived.forgetting(**wrong)


def test_before_anything_was_kept_there_is_nothing(home):
    k = kernel(home)
    assert k.forgetting(everything=True).nothing and k.forgetting(word="x").nothing
    assert not (home.parent / "llmos").exists()


def test_models_are_not_searched_and_links_are_not_followed(lived, home):
    models = home.parent / "llmos/data/models"
    models.mkdir()
    (models / "m.gguf").write_bytes(b"GGUF invoices")
    (models / "link").symlink_to(home / "letters/new.txt")
    assert lived.forgetting(word="invoices").carry_out(undo_too=True).proof.holding == ()
