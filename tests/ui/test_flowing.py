"""Text that is being written: pieces on a terminal as they come, lines everywhere else, and nothing in it that could do harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.effects import Mail, Write
from llmos_cli.events import Answered, Applied, Finished, Noted, Progress
from llmos_cli.host import Host
from llmos_cli.ui.deeds import Deeds
from llmos_cli.ui.letters import about
from llmos_cli.ui.names import Names
from llmos_cli.ui.safe import safe_block
from llmos_cli.ui.show import Show
from llmos_cli.ui.texts import pieces
from llmos_cli.values import Flowing, Text
from tests.ui.fakes import harm, pipe, printed, said, sent, terminal


def flow(*parts: str) -> Text:
    return Text(Flowing(iter(parts)), by="teller-1b")


def test_a_terminal_shows_parts_of_lines_as_they_come(work: Path):
    host = terminal(work)
    seen = []

    def coming() -> Iterator[str]:
        for part in ("One ", "and two.\nThr", "ee"):
            yield part
            seen.append(printed(host))

    Show(host).event(Answered(Text(Flowing(coming()))))
    assert seen == ["One ", "One and two.\nThr", "One and two.\nThree"] and printed(host) == "One and two.\nThree\n"


def test_progress_waits_while_a_line_is_not_ended(work: Path):
    host = terminal(work)
    show = Show(host)

    def coming() -> Iterator[str]:
        show.event(Progress("teller-1b is thinking", 0, 1.0))
        yield "One"
        show.event(Progress("never shown", 0, 2.0))
        yield " two.\n"
        show.event(Progress("the second part", 1, 3.0, 2))
        yield "Three"

    show.event(Answered(Text(Flowing(coming()))))
    assert "thinking, 1 s" in said(host) and "the second part" in said(host) and "never shown" not in said(host)
    assert printed(host) == "One two.\nThree\n"


def test_what_fails_in_the_middle_ends_the_line(work: Path):
    host = terminal(work)

    def coming() -> Iterator[str]:
        yield "One"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Show(host).event(Answered(Text(Flowing(coming()))))
    assert printed(host) == "One\n"


def test_nothing_is_said_to_be_empty(work: Path):
    host = terminal(work)
    Show(host).event(Answered(flow()))
    assert printed(host) == "" and "(empty)" in said(host)


@given(st.lists(st.text(st.sampled_from("a\n\r\t\u200d\u200c👩💻\u202e\x1b[2J\ufe0f"), max_size=5), max_size=8))
def test_pieces_are_as_safe_as_the_whole(parts: list[str]):
    shown = "".join(pieces(parts))
    assert shown == safe_block("".join(parts)) and not harm(shown, fine="\u200d\u200c\ufe0f")


@given(st.lists(st.text(st.sampled_from("ab\n"), max_size=5), max_size=8), st.integers(0, 9))
def test_lines_are_those_of_the_text_and_the_first_are_kept(parts: list[str], most: int):
    lines = "".join(parts).split("\n")
    lines = lines[:-1] if not lines[-1] else lines
    kept: list[str] = []
    assert list(Flowing(iter(parts))) == lines
    assert "".join(Flowing(iter(parts)).seen(kept, most).pieces()) == "".join(parts)
    assert kept == lines[:most]


def test_a_pipe_and_json_have_it_whole(work: Path):
    host = pipe(work)
    Show(host).event(Answered(flow("On", "e\nTw", "o")))
    assert sent(host) == b"One\nTwo\n"
    host = terminal(work)
    show = Show(host, "json")
    show.event(Noted("The text is long."))
    show.event(Answered(flow("On", "e\nTw", "o")))
    show.event(Finished("done", 0))
    found = json.loads(printed(host))
    assert found["result"] == {"kind": "text", "text": "One\nTwo"} and found["notes"] == ["The text is long."]


def test_a_screen_reader_gets_lines(work: Path):
    host = terminal(work)
    plain = Host(host.stdin, host.stdout, host.stderr, host.cwd, {**host.env, "LLMOS_PLAIN": "1"}, host.clock)
    seen = []

    def coming() -> Iterator[str]:
        for part in ("One ", "two.\nThr", "ee"):
            yield part
            seen.append(printed(host))

    Show(plain).event(Answered(Text(Flowing(coming()))))
    assert seen[0] == "" and printed(host) == "One two.\nThree\n"


def test_who_wrote_it_is_said_before_and_after(work: Path):
    effect = Write(str(work / "new.txt"), b"One.", by="evil\x1b[2J")
    deeds = Deeds.of((effect,), Names.of(terminal(work)))
    assert deeds.proposal == r"Write new.txt (4 bytes), text written by evil\x1b[2J"
    assert "Text: written by teller-1b" in list(about(Mail("/m", b"", by="teller-1b")))
    host = terminal(work)
    Show(host).event(Applied((Write(str(work / "x"), b"", by="teller-1b"),), "abcd"))
    assert "text written by teller-1b" in said(host)
    assert effect.as_json()["by"] == "evil\x1b[2J" and "by" not in Write("/x", b"").as_json()
