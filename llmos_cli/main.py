"""The way in: the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

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
        return _command(arguments)
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

    Show(host, "json" if "--json" in arguments else "plain").error(error)
    return error.exit_code


def _command(arguments: Sequence[str]) -> int:
    from llmos_cli.cli.app import app

    try:
        app(args=list(arguments), prog_name="llmos")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0
