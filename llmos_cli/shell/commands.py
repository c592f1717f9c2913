"""What the slash commands do. Each takes the session and what stands after its name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.plan import known
from llmos_cli.shell.card import card
from llmos_cli.shell.opening import chosen, open_file
from llmos_cli.tool import Param
from llmos_cli.ui.branches import tree
from llmos_cli.ui.cells import columns, width, wrap
from llmos_cli.ui.describe import describe, numbered
from llmos_cli.ui.names import Names
from llmos_cli.ui.trace import origins
from llmos_cli.values import Files, Table, Text

if TYPE_CHECKING:
    from llmos_cli.shell.session import Session

HISTORY, MOST_HISTORY = 20, 500
LEAST_ROOM = 24  # cells for what stands beside a name; with less it stands below


def print_columns(session: Session, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Names and what they are, each broken at words for the terminal's width; where there is little room, one below the other."""
    room, first = columns(session.host), max((width(name) for name, _ in rows), default=0) + 4
    lines = [wrap(title, room)] if title else []
    for name, text in rows:
        if session.host.plain:
            lines.append(f"{name}: {text}")
        elif first > room - LEAST_ROOM or first > 30:
            lines += [f"  {name}", wrap(f"      {text}", room, "      ")]
        else:
            lines.append(wrap(f"  {name:{first - 2}}{text}", room, " " * first))
    session.answer(Text(tuple("\n".join(lines).splitlines())))


def undo(session: Session, rest: str) -> None:
    with session.guard.held(changing=True):
        entries = session.kernel.undo(rest)
    session.count()
    ids = ", ".join(entry.id for entry in entries)
    session.show.note(f"Undone: {entries[0].note or entries[0].plan} ({ids}). /redo does it again.")


def undoable(session: Session) -> list[str]:
    return [entry.id for entry in session.kernel.journal.history(HISTORY) if entry.state == "applied" and entry.undoable]


def redo(session: Session, rest: str) -> None:
    with session.guard.held(changing=True):
        entry = session.kernel.redo()
    session.count()
    session.show.note(f"Done again: {entry.note or entry.plan} ({entry.id}). /undo takes it back.")


def history(session: Session, rest: str) -> None:
    if rest and not rest.isdecimal():
        raise UsageError("/history takes a number", hint=f"/history {HISTORY}")
    entries = session.kernel.journal.history(min(int(rest or HISTORY), MOST_HISTORY))
    if not entries:
        session.show.note("Nothing has been changed yet.")
        return
    rows = tuple((e.id, f"{datetime.fromtimestamp(e.time):%Y-%m-%d %H:%M}", e.state, len(e.effects), e.note or e.plan) for e in entries)
    session.answer(Table(("id", "time", "state", "changes", "request"), rows))


def plan(session: Session, rest: str) -> None:
    planned = session.planned
    if planned is None:
        raise LlmosError("there is no plan yet", hint="say what you want done")
    known = {"plan": "typed", "model": "planned by a general model; how sure it is nobody knows"}
    sure = known.get(planned.origin, f"{planned.confidence:.0%} sure")
    said = origins(planned, session.request, all=True)
    words = numbered(describe(planned.plan, session.tools))
    room = columns(session.host)
    lines = (wrap(line, room, "   ") for line in (f"{planned.text}  ({sure})", *(f"  {line}" for line in said), *words))
    session.answer(Text(tuple(part for line in lines for part in line.split("\n"))))


def last(session: Session, rest: str) -> None:
    value = session.last()
    if rest not in ("", "tree"):
        raise UsageError("/last shows the last result, /last tree draws it", hint="/last")
    if rest:
        if not isinstance(value, Files):
            raise UsageError("only files can be drawn as a tree", hint="/last")
        value = tree(list(value.items))
    session.answer(value)


def open_(session: Session, rest: str) -> None:
    names = Names.of(session.host)
    for path in chosen(rest, session.shown, session.host):
        program = open_file(path, session.host)
        session.show.note(f"Opened {names.shown(str(path))} with {program}.")


def tools(session: Session, rest: str) -> None:
    if not rest:
        print_columns(session, "", [(tool.name, tool.summary.splitlines()[0]) for tool in session.tools.values()])
        return
    tool = known(rest, session.tools)
    title = f"{tool.name}: {' '.join(tool.summary.split())}"
    rows = [(f"{param.name}={param.type.name}{'…' if param.many else ''}", _about(param)) for param in tool.params.values()]
    print_columns(session, title, rows)


def _about(param: Param) -> str:
    return f"{param.help} ({', '.join(param.type.fixed)})" if param.type.fixed else param.help


def policy(session: Session, rest: str) -> None:
    word, _, what = rest.partition(" ")
    rules = session.kernel.rules
    if not rest:
        _print_rules(session)
        return
    if word == "remove" and what.strip().isdecimal():
        said = f"Taken away: {rules.remove(int(what))}. It is asked about again."
    elif word == "trust" and what.strip():
        folder = session.host.place().resolve(what.strip(), folder=True)
        rules.allow_folder(folder)
        said = f"Changes inside {folder} are made without asking."
    elif word == "allow" and what.strip():
        tool = known(what.strip(), session.tools)
        if not tool.changes:
            raise UsageError(f"{tool.name} changes nothing, and is never asked about")
        rules.allow_tool(tool.name)
        said = f"What {tool.name} does is done without asking."
    else:
        raise UsageError("/policy takes trust FOLDER, allow TOOL, or remove NUMBER", hint="/policy trust ~/Downloads")
    session.count()
    session.show.note(said)


def _print_rules(session: Session) -> None:
    """What holds for everybody, and the person's own rules with their numbers."""
    allowed = session.kernel.rules.allowed()
    rows = [
        ("reading", "is never asked about."),
        ("changes", "are shown first, and asked about."),
        ("asked for loudly", "deleting for ever, keys and start-up files, more than 200 files, what is outside your home."),
        ("never done", "changes to the system's folders, to your home as a whole, and to llmos's own records."),
    ]
    own = [f"changes inside {folder}" for folder in allowed.folders] + [f"what the tool {tool} does" for tool in allowed.tools]
    rows += [(str(i), f"you let pass: {text}") for i, text in enumerate(own, 1)]
    rows += [] if own else [("your rules", "none yet; “always” at a question makes one, and so does /policy trust FOLDER.")]
    print_columns(session, "", rows)


def rule_changes(session: Session) -> list[str]:
    changing = [tool.name for tool in session.tools.values() if tool.changes]
    numbers = range(1, len(session.kernel.rules.allowed()) + 1)
    return ["trust ", *(f"remove {i}" for i in numbers), *(f"allow {name}" for name in changing)]


def model(session: Session, rest: str) -> None:
    rows = [*card().rows(), *_larger(session)]
    print_columns(session, "The bundled planner makes the plans, in this process.", rows)


def _larger(session: Session) -> list[tuple[str, str]]:
    """Which general models answer questions, and plan what the bundled planner is not sure of."""
    rows = []
    for role, what in (("chat", "questions, /chat"), ("plan", "plans")):
        try:
            rows.append((what, session.kernel.speakers.of(role).name))
        except LlmosError as error:
            rows.append((what, f"{error.message}; {error.hint}" if error.hint else error.message))
    return rows


def doctor(session: Session, rest: str) -> None:
    from llmos_cli.kernel.doctor import examine

    rows = []
    for finding in examine(session.host):
        rows.append((("ok  " if finding.ok else "NO  ") + finding.what, finding.detail))
        rows += [("", finding.hint)] if finding.hint and not finding.ok else []
    print_columns(session, "", rows)


def cd(session: Session, rest: str) -> None:
    session.go(rest)


def quit_(session: Session, rest: str) -> None:
    session.ended = True
