"""The tree of commands. Each body only takes flags, calls the kernel and shows what comes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmos_cli import __version__
from llmos_cli.cli import commands
from llmos_cli.cli.output import Output

app = typer.Typer(
    name="llmos",
    help="A shell for plain words: say what you want done with your files.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Say yes beforehand to what is asked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be changed, and change nothing.")]
PlanOnly = Annotated[bool, typer.Option("--plan-only", "-x", help="Print the plan and stop.")]
Continue = Annotated[bool, typer.Option("--continue", "-c", help="The request speaks of the last turn's result.")]
Null = Annotated[bool, typer.Option("--null", "-0", help="End items with NUL in place of a line end.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print each event as a line of JSON.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain output, as if it were not a terminal.")]
Material = Annotated[list[Path] | None, typer.Option("--file", "-f", help="A text file as material; may be given again.")]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"llmos {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None and not commands.shell():
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def ask(
    request: Annotated[list[str], typer.Argument(help="What you want, in plain words; - reads it from standard input.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    plan_only: PlanOnly = False,
    go_on: Continue = False,
    file: Material = None,
    null: Null = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Do what a request says. Standard input, if there is any, is the material: cat log | llmos ask "how many lines"."""
    output = Output(null=null, json=json, jsonl=jsonl, plain=plain, plan_only=plan_only)
    commands.turn(" ".join(request), output, yes=yes, dry_run=dry_run, go_on=go_on, files=file or [], typed=False)


@app.command()
def run(
    plan: Annotated[list[str], typer.Argument(help="A plan, such as: find ext=pdf | take 5")],
    yes: Yes = False,
    dry_run: DryRun = False,
    plan_only: PlanOnly = False,
    go_on: Continue = False,
    file: Material = None,
    null: Null = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Run a plan as it is written, with no model."""
    output = Output(null=null, json=json, jsonl=jsonl, plain=plain, plan_only=plan_only)
    commands.turn(" ".join(plan), output, yes=yes, dry_run=dry_run, go_on=go_on, files=file or [], typed=True)


@app.command()
def undo(id: Annotated[str, typer.Argument(help="The entry to take back; the newest if left out.")] = "") -> None:
    """Take back the last change, or the one named."""
    commands.undo(id)


@app.command()
def redo() -> None:
    """Do again what was undone last."""
    commands.redo()


@app.command()
def history(
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="How many.")] = 20,
    json: Json = False,
) -> None:
    """Show the changes made, newest first."""
    commands.history(limit, Output(json=json))


@app.command()
def tools(
    name: Annotated[str, typer.Argument(help="One tool, whole.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the JSON Schema of plans.")] = False,
) -> None:
    """List the tools that plans are made of."""
    commands.tools(name, Output(json=json))


@app.command()
def doctor(json: Json = False) -> None:
    """Say what works on this machine, and what to do about the rest."""
    commands.doctor(Output(json=json))


@app.command()
def completions(shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print the completion script for a shell."""
    commands.completions(shell)
