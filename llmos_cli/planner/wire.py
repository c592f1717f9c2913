"""What the planner's model writes: a plan in one token a word, its literals as indexes of the request's units.

    find in= <5> ext= <3> | sort by= size order= desc | take <2>

`<3>` is the third word of the request, `<3> <5>` all from the third to the fifth. The tokens come from the tools' signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmos_cli.errors import LlmosError
from llmos_cli.literals import LAST, Choice, Glob, PathName, Size, When, Whole, character
from llmos_cli.plan import Plan, Step, Tools, Words, step
from llmos_cli.planner.request import MAX_UNITS, Request
from llmos_cli.tool import Param

END, PIPE, NEXT, COMMA, SLASH, STAR, PLAN = "<end>", "<|>", "<;>", "<,>", "</>", "<*>", "<plan>"
CONTEXTS = ("<none>", "<files>", "<text>", "<table>", "<number>", "<change>")
FOLDER, FILE = "<folder>", "<file>"  # after a word of the request that names one here
PLACES = (".", "~", LAST)
FIXED_ONE = "1"


def vocabulary(tools: Tools) -> tuple[str, ...]:
    """All tokens of the wire form, in the order of their ids: marks, contexts, indexes, tools, argument names, fixed words."""
    keys = dict.fromkeys(f"<{name}=>" for tool in tools.values() for name in tool.params)
    words = dict.fromkeys(f"<w:{word}>" for tool in tools.values() for p in tool.params.values() for word in p.type.fixed)
    return (
        END, PIPE, NEXT, COMMA, SLASH, STAR, PLAN, *CONTEXTS, FOLDER, FILE, *(index(i) for i in range(1, MAX_UNITS + 1)),
        *(f"<t:{name}>" for name in tools), *keys, *dict.fromkeys((*words, *(fixed(word) for word in (*PLACES, FIXED_ONE)))),
    )  # fmt: skip


def index(i: int) -> str:
    return f"<{i}>"


def fixed(word: str) -> str:
    return f"<w:{word}>"


def index_of(token: str) -> int:
    """The index that a token points at, 0 where it is no index."""
    return int(token[1:-1]) if token[1:-1].isdigit() else 0


# ---- wire → plan ---------------------------------------------------------------------------------------


@dataclass
class Traced:
    """A plan, and for each literal the (start, end) offsets in the request that it came from; fixed words have none."""

    plan: Plan
    sources: Mapping[tuple[int, int, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)


def decode(tokens: Sequence[str], request: Request, tools: Tools) -> Traced:
    """The plan that tokens say about a request. Raises LlmosError where they say none."""
    pipelines: list[tuple[Step, ...]] = []
    sources: dict[tuple[int, int, str], tuple[tuple[int, int], ...]] = {}
    for p, part in enumerate(split(tokens, NEXT)):
        steps = []
        for s, words in enumerate(split(part, PIPE)):
            tool = tools.get(words[0][3:-1]) if words else None
            if tool is None:
                raise LlmosError(f"not a plan: {' '.join(tokens)}")
            args: dict[str, Words] = {}
            for name, value in _arguments(words[1:]):
                spans = list(_spans(value))
                args[name] = tuple(_literal(item, tool.params[name], request) for item in split(value, COMMA))
                sources[p, s, name] = tuple((request.words[a - 1].start, request.words[b - 1].end) for a, b in spans)
            steps.append(step(tool, args))
        pipelines.append(tuple(steps))
    return Traced(Plan(tuple(pipelines)), sources)


def split(tokens: Sequence[str], mark: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def repeated(tokens: Sequence[str]) -> int:
    """How often a plan says the same twice where nobody means it: a whole pipeline, or one literal in two places of a step."""
    pipelines = [tuple(part) for part in split(tokens, NEXT)]
    count = len(pipelines) - len(set(pipelines))
    for words in (words for part in pipelines for words in split(part, PIPE)):
        items = [tuple(item) for name, value in _arguments(words[1:]) if name not in ("group", "min_depth") for item in split(value, COMMA)]
        said = [item for item in items if any(map(index_of, item))]
        count += len(said) - len(set(said))
    return count


def _arguments(tokens: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    name, value = "", list[str]()
    for token in tokens:
        if token.endswith("=>"):
            if name:
                yield name, value
            name, value = token[1:-2], []
        else:
            value.append(token)
    if name:
        yield name, value


def _spans(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first, last) of each run of one or two indexes."""
    run: list[int] = []
    for token in [*tokens, ""]:
        if token and index_of(token):
            run.append(index_of(token))
        elif run:
            yield run[0], run[-1]
            run = []


def _literal(tokens: Sequence[str], param: Param, request: Request) -> str:
    text, run = "", list[int]()
    for token in [*tokens, ""]:
        if token and index_of(token):
            run.append(index_of(token))
            continue
        if run:
            said = span_text(run[0], run[-1], param, request, starred=STAR in tokens)
            text += "~" if not text and token == SLASH and said.lower() == "home" else said  # `a folder x in my home`
            run = []
        text += {STAR: "*", SLASH: "/", "": ""}.get(token) if token in (STAR, SLASH, "") else token[3:-1]  # type: ignore[operator]
    return text if text in (*PLACES,) and isinstance(param.type, PathName) else param.type.canon(text)


def pointed_at(tokens: Sequence[str]) -> frozenset[int]:
    """The indexes of all words that a plan's literals are made of."""
    return frozenset(i for first, last in _spans(tokens) for i in range(first, last + 1))


def span_text(first: int, last: int, param: Param, request: Request, *, starred: bool = False) -> str:
    """The words of a span, as the argument takes them. Raises ValueError where they are not of its type."""
    text = request.span(first, last)
    if isinstance(param.type, Size | When | Whole):  # (12), 30+ days, 5 MB+
        text = re.sub(r"^[(\[](?=\d)|(?<=\d)[)\]]$|^(\d[\d.,]*)\+?( ?[a-zA-Z]*)\+?$", r"\1\2", text)
    if isinstance(param.type, Size | When) and re.fullmatch(r"[\d.,]+", text):
        text += borrowed_unit(last, param, request)
    if isinstance(param.type, PathName):
        return text.strip("/") if len(text) > 1 and not text.startswith(("/", "~")) else text
    if isinstance(param.type, Glob) and starred and (sign := character(_with_article(first, last, request))):
        return sign
    if isinstance(param.type, Glob) and starred and re.fullmatch(r"([a-z]+ )*[a-z]{3,}s", text) and not text.endswith(("ss", "us", "is")):
        return text[:-1]
    return param.type.canon(text) if not isinstance(param.type, Choice) else text


def _with_article(first: int, last: int, request: Request) -> str:
    """The span, with an article before it where nothing follows that it could belong to: `a space in …`, not `a space picture`."""
    words = [word.text.lower() for word in request.words]
    alone = last == len(words) or words[last] in ("in", "inside", "within", "anywhere", "somewhere", "or", "and")
    return request.span(first - 1 if first > 1 and alone and words[first - 2] in ("a", "an") else first, last)


def borrowed_unit(last: int, param: Param, request: Request) -> str:
    """` KB` for the first number of `between 150 and 250 KB`: the unit of the number that follows it, if one does soon."""
    words = request.words
    for i in range(last, min(last + 6, len(words))):
        for j in (i + 1, i + 2):
            text = request.span(i + 1, min(j, len(words)))
            match = re.fullmatch(r"[\d.,]+\s*([a-zA-Z]+)", text)
            if match:
                try:
                    canonical = param.type.canon(text)
                except ValueError:
                    continue
                return f" {match[1]}" if not canonical.isdigit() else ""
    return ""


# ---- plan → wire (for training) ----------------------------------------------------------------------------


def encode(plan: Plan, request: Request, tools: Tools) -> list[str]:
    """The wire form of a plan whose literals are written as they stand in the request. Raises ValueError where one does not."""
    out: list[str] = []
    for p, pipeline in enumerate(plan.pipelines):
        out += [NEXT] * (p > 0)
        for s, one in enumerate(pipeline):
            out += [PIPE] * (s > 0) + [f"<t:{one.tool}>"]
            for name, items in one.args.items():
                out.append(f"<{name}=>")
                for i, item in enumerate(items):
                    out += [COMMA] * (i > 0) + _aligned(item, tools[one.tool].params[name], request)
    return [*out, END]


def _aligned(item: str, param: Param, request: Request) -> list[str]:
    if item in param.type.fixed and not (item == FIXED_ONE and find_span(item, request)):
        return [fixed(item)]
    if isinstance(param.type, PathName):
        return _aligned_path(item, request)
    if isinstance(param.type, Glob) and ("*" in item) and not find_span(item, request):
        out: list[str] = []
        for part in re.split(r"(\*)", item):
            out += [STAR] if part == "*" else _indexes(part, request) if part else []
        return out
    return _indexes(item, request)


def _aligned_path(item: str, request: Request) -> list[str]:
    if item in PLACES or (item == "home" and not find_span(item, request)):
        return [fixed("~" if item == "home" else item)]
    if find_span(item, request):
        return _indexes(item, request)
    parts = item.split("/")
    for cut in range(len(parts) - 1, 0, -1):  # the longest piece that stands together in the request
        head = "/".join(parts[:cut])
        if head in PLACES or find_span(head, request):
            first = [fixed(head)] if head in PLACES else _indexes(head, request)
            return [*first, SLASH, *_aligned_path("/".join(parts[cut:]), request)]
    raise ValueError(f"{item!r} is not in the sentence")


def _indexes(text: str, request: Request) -> list[str]:
    found = find_span(text, request)
    if not found:
        raise ValueError(f"{text!r} is not in the sentence as whole words")
    return [index(i) for i in dict.fromkeys(found)]


def find_span(text: str, request: Request) -> tuple[int, int] | None:
    """(first, last) index of the words that are exactly `text`; the last such place, since people correct themselves."""
    starts = {unit.start: unit.index for unit in request.words}
    ends = {unit.end: unit.index for unit in request.words}
    found, at = None, request.text.find(text)
    while at >= 0:
        if at in starts and at + len(text) in ends:
            found = starts[at], ends[at + len(text)]
        at = request.text.find(text, at + 1)
    return found
