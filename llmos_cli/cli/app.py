"""The tree of commands. Each body only takes flags, calls the kernel and shows what comes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmos_cli import __version__
from llmos_cli.cli import commands, memory, models, planner, plans, settings
from llmos_cli.cli.output import Output

app = typer.Typer(
    name="llmos",
    help="A shell for plain words: say what you want done with your files.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

DO, BACK, KEPT, HERE = "Do", "Look at what was done, and take it back", "What is remembered", "This machine"  # the groups in --help
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Say yes beforehand to what is asked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be changed, and change nothing.")]
PlanOnly = Annotated[bool, typer.Option("--plan-only", "-x", help="Print the plan and stop.")]
Continue = Annotated[bool, typer.Option("--continue", "-c", help="The request speaks of the last turn's result.")]
Null = Annotated[bool, typer.Option("--null", "-0", help="End items with NUL in place of a line end.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print each event as a line of JSON.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain output, as if it were not a terminal.")]
Schema = Annotated[
    str, typer.Option("--schema", metavar="SHAPE", help="Answer in JSON of this shape: name, age int; or a JSON Schema, or its file.")
]
Material = Annotated[list[Path] | None, typer.Option("--file", "-f", help="A file that the request is about; may be given again.")]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Open the shell where the last session was left.")] = False,
    session: Annotated[str, typer.Option("--session", help="Open the shell and go on with the session of that name or number.")] = "",
    plain: Annotated[bool, typer.Option("--plain", help="The shell for a screen reader: line by line, no colours, no drawings.")] = False,
) -> None:
    if version:
        typer.echo(f"llmos {__version__}")
        raise typer.Exit
    if context.invoked_subcommand not in (None, "config", "doctor", "completions"):  # these say it in their own way
        settings.warn()
    if context.invoked_subcommand is None and not commands.shell(plain=plain, resume=session or ("" if go_on else None)):
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command(rich_help_panel=DO)
def ask(
    request: Annotated[list[str], typer.Argument(metavar="REQUEST", help="What you want, in plain words; - reads it from standard input.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    plan_only: PlanOnly = False,
    go_on: Continue = False,
    file: Material = None,
    schema: Schema = "",
    null: Null = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Do what a request in plain words says.

    llmos ask "the five largest pdfs in Downloads"

    What would be changed is shown first, and asked about. Standard input, or a file given with -f, is what the request is about.
    Standard input is read only where the plan needs it, so a loop around this keeps its lines.

    cat log | llmos ask "how many lines"
    """
    output = Output(null=null, json=json, jsonl=jsonl, plain=plain, plan_only=plan_only)
    commands.turn(" ".join(request), output, yes=yes, dry_run=dry_run, go_on=go_on, files=file or [], schema=schema, typed=False)


@app.command(rich_help_panel=DO)
def chat(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="What you want to say; without words, a conversation.")] = None,
    file: Material = None,
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="The model to talk with.")] = "",
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last session; the model is told of it.")] = False,
    session: Annotated[str, typer.Option("--session", help="Go on with the session of that name or number.")] = "",
    yes: Yes = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Talk with a language model, which can look at your files and plan.

    llmos chat "why is the sky blue"

    What it would change is shown and asked about; with --yes too, unless a setting says otherwise. Files given with -f, and standard
    input, are what it is about.

    cat log | llmos chat "what went wrong here"
    """
    from llmos_cli.cli import chat as talk

    talk.perform(" ".join(words or []), Output(json=json, jsonl=jsonl, plain=plain), talk.How(file or [], yes, go_on, session, model))


@app.command(rich_help_panel=DO)
def run(
    plan: Annotated[
        list[str],
        typer.Argument(metavar="PLAN", help="A plan, such as: find ext=pdf | take 5; @NAME KEY=VALUE … is a saved one; - reads it."),
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    plan_only: PlanOnly = False,
    go_on: Continue = False,
    file: Material = None,
    schema: Schema = "",
    null: Null = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Run a plan as it is written, with no model.

    llmos run 'find ext=pdf larger=10MB | sort by=size'
    """
    output = Output(null=null, json=json, jsonl=jsonl, plain=plain, plan_only=plan_only)
    commands.turn(plans.meant(plan), output, yes=yes, dry_run=dry_run, go_on=go_on, files=file or [], schema=schema, typed=True)


@app.command("map", rich_help_panel=DO)
def map_(
    request: Annotated[list[str], typer.Argument(metavar="REQUEST", help="What you want done with each line; {} stands for the line.")],
    plan: Annotated[bool, typer.Option("--plan", help="The request is a plan, as `llmos run` takes it.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    plan_only: PlanOnly = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="How many lines at once; 0 is one for each core.")] = 0,
    unordered: Annotated[bool, typer.Option("--unordered", help="Print what is ready first, not in the order of the lines.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Lines are text, also where they are names of files.")] = False,
    label: Annotated[bool, typer.Option("--label", "-l", help="Put the line and a tab before what comes of it.")] = False,
    null: Annotated[bool, typer.Option("--null", "-0", help="Lines and items end with NUL in place of a line end.")] = False,
    json: Json = False,
    jsonl: Jsonl = False,
    plain: Plain = False,
) -> None:
    """Do one request with each line of standard input.

    ls | llmos map "how many words are in {}"

    The plan is made once, then each line is put in the place of {}; without {}, the line is the file, or the text, that the request is
    about. Nothing is changed before all lines were looked at: there is one question for all changes, and one undo.
    """
    from llmos_cli.cli import mapping

    output = Output(null=null, json=json, jsonl=jsonl, plain=plain, plan_only=plan_only)
    mapping.perform(
        plans.meant(request) if plan else " ".join(request), output, mapping.How(yes, dry_run, plan, jobs, not unordered, text, label)
    )


@app.command(rich_help_panel=DO)
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called; without a name, all are listed.")] = "",
    plan: Annotated[list[str] | None, typer.Argument(metavar="PLAN", help="The plan; the last one done here, if left out.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of one that is called so.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the one that is called so.")] = False,
    json: Json = False,
) -> None:
    """Keep a plan under a name, with {parameters}.

    llmos save old 'find ext={ext} older={age:30d}'

    llmos run @old ext=pdf

    After a colon stands what a parameter is where nothing is said.
    """
    plans.save(name, plan or [], Output(json=json), replace=replace, delete=delete)


@app.command(rich_help_panel=BACK)
def undo(id: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry to take back; the newest if left out.")] = "") -> None:
    """Take back the last change, or the one named."""
    commands.undo(id)


@app.command(rich_help_panel=BACK)
def redo() -> None:
    """Do again what was undone last."""
    commands.redo()


@app.command(rich_help_panel=BACK)
def history(
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="How many.")] = 500,
    json: Json = False,
) -> None:
    """Show the changes made, newest first.

    On a terminal, a long list is shown in the pager.
    """
    commands.history(limit, Output(json=json))


@app.command(rich_help_panel=BACK)
def explain(json: Json = False) -> None:
    """Explain the last plan: its steps in words, the source of each literal, how sure each choice was, and what else there was."""
    from llmos_cli.cli import why

    why.perform(Output(json=json))


@app.command(rich_help_panel=HERE)
def tools(
    name: Annotated[str, typer.Argument(metavar="TOOL", help="One tool, whole.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the JSON Schema of plans.")] = False,
) -> None:
    """List the tools that plans are made of."""
    commands.tools(name, Output(json=json))


@app.command(rich_help_panel=HERE)
def doctor(json: Json = False) -> None:
    """Say what works on this machine, and what to do about the rest.

    The exit code is 0 where all that is needed works, else 1.
    """
    from llmos_cli.cli import examination

    examination.perform(Output(json=json))


@app.command(rich_help_panel=HERE)
def completions(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")] = "",
    keys: Annotated[bool, typer.Option("--keys", help="Print what binds Alt-e to turning the words on the line into a plan.")] = False,
    values: Annotated[str, typer.Option("--values", metavar="KIND", help="Print what may stand for KIND; the scripts ask this.")] = "",
) -> None:
    """Print what completes at Tab in a shell, or with --keys, a key binding.

    Without a shell, it says where they belong.
    """
    commands.completions(shell, keys=keys, values=values)


app.add_typer(settings.app, name="config", rich_help_panel=HERE)
app.add_typer(memory.memory, rich_help_panel=KEPT)
app.add_typer(models.app, rich_help_panel=HERE)
app.add_typer(planner.app, rich_help_panel=HERE)
app.add_typer(memory.sessions, rich_help_panel=KEPT)
app.command(rich_help_panel=KEPT)(memory.teach)
