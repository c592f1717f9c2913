"""`llmos chat`: one thing said and answered, or a conversation on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from llmos_cli.cli.commands import asking, shown
from llmos_cli.cli.material import has_input, material, said
from llmos_cli.cli.output import Output
from llmos_cli.errors import UsageError
from llmos_cli.events import Finished
from llmos_cli.host import Host
from llmos_cli.kernel.chatting import Chat, material_of
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.ui.ask import approve
from llmos_cli.ui.show import Show, mode_for
from llmos_cli.values import Value


@dataclass(frozen=True)
class How:
    """`session` is the name of the one to go on with; `model` the one to talk with, '' for the usual one."""

    files: Sequence[Path] = ()
    yes: bool = False
    go_on: bool = False
    session: str = ""
    model: str = ""


def perform(words: str, output: Output, how: How) -> None:
    host = Host.real()
    output.check()
    if how.model:
        host = replace(host, env={**host.env, "LLMOS_MODELS_CHAT": how.model})
    if output.plain:
        host = replace(host, env={**host.env, "LLMOS_PLAIN": "1"})
    if not words and host.stdin.isatty() and host.answers_go_to_terminal and not (output.json or output.jsonl):
        _talk(host, how)
        raise typer.Exit(0)
    given = material(host, how.files) if how.files or words not in ("", "-") else None
    piped = not words and has_input(host)
    if piped or words == "-":
        words = said(host)
    if not words:
        raise UsageError("there is nothing to say", hint='llmos chat "why is the sky blue"')
    raise typer.Exit(_once(host, words, given, output, how, outside=piped))


def _once(host: Host, words: str, given: Value | None, output: Output, how: How, *, outside: bool) -> int:
    """The exit code. `outside`: the words came through a pipe, and nobody has said that they are theirs."""
    show = Show(host, mode_for(host, plain=output.plain, json=output.json, jsonl=output.jsonl))
    kernel, asked = Kernel(host), asking(host)
    chat = Chat(kernel, unattended=how.yes or not asked.someone_is_there, shows=show.mode != "plain")
    if how.session or (how.go_on and kernel.current_session() is None):
        kernel.resume(how.session)
    elif not how.go_on:
        chat.begin_here()
    chat.outside = outside
    for sentence in material_of(chat, given):
        show.note(sentence)
    code = 0
    for event in shown(chat.say(words, approve(asked, how.yes), show.event), show):
        if isinstance(event, Finished):
            code = event.exit_code
    return code


def _talk(host: Host, how: How) -> None:
    """The conversation, until it is left."""
    from llmos_cli.shell.chatting import converse, opened
    from llmos_cli.shell.session import Session
    from llmos_cli.tools import TOOLS

    session = Session(host, TOOLS, lambda text: "")
    session.begin(how.session if how.session or how.go_on else None)
    talk = opened(session)
    talk.unattended = False
    for sentence in material_of(talk, material(host, how.files) if how.files else None):
        session.show.note(sentence)
    converse(session, talk)
