"""`llmos doctor`: what was found, a line each, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from llmos_cli.cli import installed
from llmos_cli.cli.output import Output
from llmos_cli.host import Host
from llmos_cli.kernel.doctor import Finding, examine
from llmos_cli.ui.cells import columns, wrap
from llmos_cli.ui.out import Out
from llmos_cli.ui.paint import Paint
from llmos_cli.ui.safe import safe
from llmos_cli.ui.show import Show

WIDEST = 14


def perform(output: Output) -> None:
    host = Host.real()
    findings = _shown(host, output)
    bad = [finding.what for finding in findings if finding.needed and not finding.ok]
    if output.json:
        Show(host, "json").json({"ok": not bad, "findings": [finding.as_json() for finding in findings]})
    else:
        Show(host).note(f"Not working: {', '.join(bad)}." if bad else "All that is needed works.")
    raise typer.Exit(1 if bad else 0)


def _shown(host: Host, output: Output) -> list[Finding]:
    """All findings; for a person, each is printed as it comes."""
    found, out, paint = [], Out(host.stdout, host.clock), Paint.for_answers(host)
    for finding in _all(host):
        found.append(finding)
        if not output.json:
            for line in _lines(finding, paint, columns(host) if host.answers_go_to_terminal else 10**6):
                out.line(line)
            out.flush()
    return found


def _all(host: Host) -> Iterator[Finding]:
    yield from examine(host)
    yield from installed.findings(host)


def _lines(finding: Finding, paint: Paint, room: int) -> Iterator[str]:
    """`ok` works, `--` could be there and is not, `NO` must be mended."""
    mark, style = ("ok", "added") if finding.ok else ("NO", "error") if finding.needed else ("--", "warning")
    indent = " " * (WIDEST + 5)
    first, *rest = wrap(f"{mark}  {finding.what:{WIDEST}} {safe(finding.detail)}", room, indent).split("\n")
    yield paint(first[:2], style) + first[2:]
    yield from rest
    if finding.hint and not finding.ok:
        yield from wrap(f"{indent}{safe(finding.hint)}", room, indent).split("\n")
