"""The way in: the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from llmos_cli import __version__
from llmos_cli.errors import Bug, LlmosError
from llmos_cli.host import Host


def main() -> None:
    """The console script."""
    raise SystemExit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape")
    try:
        host = Host.real()
    except FileNotFoundError:
        print("the current folder is gone\n  cd to one that exists", file=sys.stderr)
        return 1
    try:
        if not arguments:  # the shell: what typer takes to load is spared
            from llmos_cli.cli.start import shell

            if shell(host):
                return 0
        if tuple(arguments) == ("--version",):
            print(f"llmos {__version__}")
            return 0
        if tuple(arguments[:2]) == ("completions", "--values"):  # asked at each press of Tab: as little as possible is loaded
            from llmos_cli.cli.offers import answer

            answer(arguments[2:], host)
            return 0
        from llmos_cli.cli.arguments import perform

        code = perform(arguments)
        host.stdout.flush()  # here, where it can be said that it does not work
        return code
    except LlmosError as error:
        return _end(error, host, arguments)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has left: nothing more to say, at interpreter exit neither
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _end(LlmosError((error.strerror or str(error)).lower()), host, arguments)
    except Exception as error:
        if host.env.get("LLMOS_DEBUG"):
            raise
        bug = Bug(f"a bug in llmos: {type(error).__name__}: {error}", hint="LLMOS_DEBUG=1 shows more")
        return _end(bug, host, arguments)


def _end(error: LlmosError, host: Host, arguments: Sequence[str]) -> int:
    from llmos_cli.ui.show import Show

    Show(host, "json" if "--json" in arguments else "jsonl" if "--jsonl" in arguments else "plain").error(error)
    return error.exit_code
