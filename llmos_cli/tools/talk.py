"""What is not work on files: the last result, the last plan again, a question to the person, a task for a larger model."""

from dataclasses import replace
from types import MappingProxyType
from typing import Annotated

from llmos_cli.errors import LlmosError, NoModel, NotUnderstood, Refused, UsageError
from llmos_cli.literals import LAST, Choice
from llmos_cli.places import Place
from llmos_cli.tool import Tool, tool
from llmos_cli.tools.change import copy
from llmos_cli.tools.find import find
from llmos_cli.tools.items import columns, sort, sum_, take
from llmos_cli.tools.read import grep, read
from llmos_cli.values import Files, Text

_OTHERS = (
    copy.params["into"], copy.params["to"], grep.params["pattern"], sort.params["by"], sort.params["order"], take.params["n"],
    columns.params["which"], sum_.params["column"],
)  # fmt: skip

QUESTIONS = {
    "what": "I did not understand that. What would you like to do, and with which files?",
    "which": "Which file or folder do you mean?",
    "where": "Where should it go?",
    "name": "What should the name be?",
    "how": "How should it be done?",
    "danger": "That would destroy far more than a request should. Which files exactly do you mean?",
}
TASKS = {
    "chat": "talk",
    "answer": "answer questions about the world",
    "write": "write texts",
    "summarize": "summarise",
    "translate": "translate",
    "code": "write programs",
    "other": "do that",
}
ROLES = {"summarize": "summarize", "translate": "translate", "code": "code"}  # other tasks are for the model that chats


@tool()
def clarify(about: Annotated[str, Choice("question", tuple(QUESTIONS)), "what is missing"] = "what") -> Text:
    """Ask the person for the part of the request that is missing."""
    if about == "danger":
        raise Refused(QUESTIONS[about], hint="name the files or the folder to delete")
    raise NotUnderstood(QUESTIONS[about], hint="say the whole request again with that in it")


@tool()
def escalate(place: Place, task: Annotated[str, Choice("task", tuple(TASKS)), "what kind of work it is"] = "other") -> Text:
    """Leave the request to a larger language model."""
    try:
        place.speakers.of(ROLES.get(task, "chat"))
    except NoModel as error:
        raise NoModel(f"I work on files; to {TASKS[task]} I need a larger model, and none is installed", hint=error.hint) from error
    raise UsageError("a plan that is typed asks a model with a question of its own", hint='answer "why is the sky blue"')


def _nothing_before() -> Files:
    raise LlmosError("there is no last result", hint="say what to work on, or go on with `llmos ask -c`")


# The kernel puts the last turn's value, or the last plan with these arguments replaced, in the place of these two steps.
last_result = Tool(
    name=LAST,
    summary="What the last turn showed: its files, table or text.",
    flow=MappingProxyType({None: Files}),
    params=MappingProxyType({}),
    changes=False,
    one_of=(),
    named=False,
    needs=(),
    run=_nothing_before,
)
AGAIN = "again"
again = Tool(
    name=AGAIN,
    summary="The last plan once more, with the arguments given here in the place of its own.",
    flow=MappingProxyType({None: Files}),
    params=MappingProxyType({p.name: replace(p, required=False) for p in (*read.params.values(), *find.params.values(), *_OTHERS)}),
    changes=False,
    one_of=("files", *find.params, *(p.name for p in _OTHERS)),
    named=False,
    needs=(),
    run=_nothing_before,
)
