"""The interactive shell's start, as short as it can be: its prompt is on the screen and takes keys while the rest is being loaded."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from llmos_cli.host import Host
from llmos_cli.shell.folder import shortest
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe

WELCOME = "Say what you want done, in plain words. /help says more, Ctrl-D leaves."


def shell(host: Host, *, plain: bool = False, resume: str | None = None) -> bool:
    """The shell, until it is left; False where there is no terminal for it.

    `plain` is for a screen reader. `resume` is the name of the session to go on with, '' the last one; None begins a new one.
    """
    if not (host.stdin.isatty() and host.answers_go_to_terminal):
        return False
    if plain:
        host = replace(host, env={**host.env, "LLMOS_PLAIN": "1"})
    if not (host.paths.data / "memory.db").exists():
        host.stderr.write(f"{WELCOME}\n")
        host.stderr.flush()
    for problem in host.settings.problems:
        host.stderr.write(f"Settings: {safe(problem)}\n")
    with _keys_kept(host):
        if resume is None and _is_screen(host):
            host.stdout.write(f"{Paint.for_answers(host)(shortest(host.cwd, host.home), 'folder')} > ")
            host.stdout.flush()
        from llmos_cli.shell.repl import open_shell
        from llmos_cli.tools import TOOLS
    open_shell(host, TOOLS, resume=resume)
    return True


def _is_screen(host: Host) -> bool:
    return not host.plain and host.env.get("TERM", "") not in ("", "dumb")


@contextmanager
def _keys_kept(host: Host) -> Iterator[None]:
    """Keys are echoed by the terminal, and all of them kept for the editor, which draws over this line. Ctrl-C drops what was typed."""
    import termios

    signal.signal(signal.SIGINT, lambda *_: None)
    before = termios.tcgetattr(host.stdin)
    if _is_screen(host):
        now = termios.tcgetattr(host.stdin)
        now[0] &= ~termios.ICRNL
        now[3] &= ~(termios.ICANON | termios.ECHOCTL)
        termios.tcsetattr(host.stdin, termios.TCSANOW, now)
    try:
        yield
    finally:
        termios.tcsetattr(host.stdin, termios.TCSANOW, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
