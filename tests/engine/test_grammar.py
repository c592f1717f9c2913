"""Grammars: what they allow comes, and what would crash llama.cpp is refused with a message."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos_cli.engine.decode import Grammar, greedy
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import Bug, LlmosError
from tests.engine.conftest import Child
from tests.engine.tinygguf import END

JSON = r"""
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}   # as llama.cpp's grammars/json.gbnf
"""

GOOD = {
    'root ::= "a" | "b"': r"a|b",
    'root ::= "hell" [a-o]+ <1> ("x" | "y"){2,4} "."': r"hell[a-o]+<1>[xy]{2,4}\.",
    'root ::= item ("," item){0,5} #\nitem ::= [a-c]{1,3}\n\n#': r"[abc]{1,3}(,[abc]{1,3}){0,5}",
    'root ::= "é日本" "\\u00e9\\x41\\U0001F389"?': r"é日本(éA🎉)?",
    'root ::= (\n "a"\n | "b" )+ other\r\nother ::= | "c"': r"[ab]+c?",
    'root ::= "x"{0} "y" [a-]': r"y[a-]",
    'root ::= a\na ::= "(" a ")" | "z"': r"\(*z\)*",
    "root ::= [^a-z\\n]{3}": r"[^a-z\n]+",
    'root ::= ("a"{0,3} "b"){0,20} "c"': r"(a{0,3}b){0,20}c",
    "root ::= !<1>{2}": r"(?s).*",
}

BAD = {
    "undefined rule": "root ::= nope",
    "undefined rule in brackets": 'root ::= ("a" (nope)?)*',
    "no root": 'start ::= "a"',
    "nothing": "",
    "left recursion": 'root ::= root "a" | "a"',
    "left recursion through another": 'root ::= a\na ::= b "x" | "y"\nb ::= root',
    "left recursion behind what can be empty": 'root ::= a root | "x"\na ::= b\nb ::= "" | "y"',
    "an empty repetition": 'root ::= ("a"?)*',
    "an empty repetition of a rule": 'root ::= a+\na ::= "x"* "y"?',
    "an empty repetition, counted": 'root ::= (("a"?){40}){40}',
    "too many at least": 'root ::= "a"{3000}',
    "too many at most": 'root ::= "a"{1,3000}',
    "too many within each other": 'root ::= (("a"{0,50} "b"){50} "c"){50}',
    "a number of any size": f'root ::= "a"{{{"9" * 40}}}',
    "backwards": 'root ::= "a"{3,1}',
    "nesting": "root ::= " + "(" * 200_000 + '"a"' + ")" * 200_000,
    "a long chain": "\n".join(f"r{i} ::= r{i + 1}" for i in range(30_000)) + '\nr30000 ::= "a"\nroot ::= r0',
    "a long chain of what can be empty": "root ::= r0\n" + "".join(f"r{i} ::= r{i + 1}\n" for i in range(30_000)) + 'r30000 ::= ""',
    "a large one": 'root ::= "' + "a" * 3_000_000 + '"',
    "an open text": 'root ::= "a',
    "an open class": "root ::= [a-z",
    "an empty class": "root ::= []",
    "an open bracket": 'root ::= ("a"',
    "a closing bracket": 'root ::= "a")',
    "an unknown escape": r'root ::= "\q"',
    "a short escape": r'root ::= "\u12"',
    "a repetition of nothing": "root ::= *",
    "a repetition of an empty text": 'root ::= ""*',
    "a repetition that is none": 'root ::= "a"{,3}',
    "no sign": 'root = "a"',
    "no name": '::= "a"',
    "two rules alike": 'root ::= "a"\nroot ::= "b"',
    "an unknown token": "root ::= <nope>",
    "an unknown id": "root ::= <[99999]>",
    "an open token": "root ::= <nope",
    "NUL": 'root ::= "a\0"',
    "a surrogate": 'root ::= "\ud800"',
    "other text": "hello world",
}


@pytest.fixture(scope="module")
def opened(tiny: Path):
    with Llama.open(tiny) as made:
        yield made


@pytest.fixture
def model(opened: Llama) -> Llama:
    opened.rewind(0)
    return opened


def written(model: Llama, grammar: str, prompt: str = "hi", limit: int = 60) -> tuple[bytes, bool]:
    with Grammar(model, grammar) as constraint:
        choices = list(greedy(model, model.tokenize(prompt), constraint, limit=limit))
        return b"".join(model.piece(c.token) for c in choices), constraint.finished


@pytest.mark.parametrize("grammar", GOOD)
@pytest.mark.parametrize("prompt", ["hi", "the <find> hello"])
def test_what_is_written_fits(model: Llama, grammar: str, prompt: str):
    text, finished = written(model, grammar, prompt)
    if finished:
        assert re.fullmatch(GOOD[grammar], text.decode(errors="replace").removesuffix(END))
    else:
        assert len(text) >= 60


def test_the_end_comes_only_where_it_may(model: Llama):
    text, finished = written(model, 'root ::= "hello the" " hello"')
    assert (text, finished) == (b"hello the hello" + END.encode(), True)


def test_json(model: Llama):
    text, _ = written(model, JSON, limit=40)
    assert text.startswith(b"{")


def test_a_choice_that_was_masked_is_among_what_fits(model: Llama):
    with Grammar(model, 'root ::= "a" | "b" | "c"') as grammar:
        model.decode(model.tokenize("hi"))
        row = model.logits()[0 : model.vocabulary]
        choice = grammar.choose(model.logits())
        weights = {t: math.exp(row[t]) for t in model.tokenize("a") + model.tokenize("b") + model.tokenize("c")}
        assert choice.token == max(weights, key=weights.__getitem__)
        assert math.exp(choice.logprob) == pytest.approx(weights[choice.token] / sum(weights.values()))
        assert choice.mass == pytest.approx(sum(weights.values()) / sum(map(math.exp, row)), rel=1e-5)


def test_a_choice_that_fits_at_once_is_among_all(model: Llama):
    with Grammar(model, "root ::= .*") as grammar:
        model.decode(model.tokenize("hi"))
        row = model.logits()[0 : model.vocabulary]
        choice = grammar.choose(model.logits())
        assert choice.token == row.index(max(row)) and math.isnan(choice.mass)


def test_a_token_that_does_not_fit_is_never_accepted(model: Llama):
    with Grammar(model, 'root ::= "ab"') as grammar:
        for wrong in (model.token("b"), model.token(END), model.token("<1>")):
            with pytest.raises(Bug, match="does not allow"):
                grammar.accept(wrong)
        grammar.accept(model.token("a"))
        grammar.accept(model.token("b"))
        assert not grammar.finished
        grammar.accept(model.token(END))
        assert grammar.finished


def test_a_grammar_that_nothing_fits_is_an_error(model: Llama):
    with pytest.raises(LlmosError, match="allows nothing here"):
        written(model, 'root ::= "a" [z-a]')


def test_grammars_may_outlive_a_close(tiny: Path):
    model = Llama.open(tiny)
    grammar = Grammar(model, 'root ::= "a"')
    model.close()
    grammar.close()
    grammar.close()


CHILD = """
import sys
from pathlib import Path
from llmos_cli.engine.decode import Grammar, greedy
from llmos_cli.engine.llama import Llama
from llmos_cli.errors import LlmosError
from tests.engine.test_grammar import BAD
with Llama.open(Path(sys.argv[1])) as model:
    for name, text in BAD.items():
        print(name, end=": ", flush=True)
        try:
            Grammar(model, text)
        except LlmosError as error:
            print("refused", repr(error.message)[:150], flush=True)
        else:
            print("TAKEN", flush=True)
"""


def test_bad_grammars_are_refused_by_message_not_by_signal(child: Child, tiny: Path):
    run = child("-c", CHILD, str(tiny))
    assert run.returncode == 0, run.stdout.splitlines()[-1]
    assert run.stderr == ""
    outcomes = dict(line.split(": ", 1) for line in run.stdout.splitlines())
    assert outcomes.keys() == BAD.keys()
    assert [name for name, said in outcomes.items() if not said.startswith("refused")] == []


def test_the_message_names_the_line(model: Llama):
    with pytest.raises(LlmosError, match=r"in line 3: '\[\]"):
        Grammar(model, 'root ::= "a"\n\nb ::= []')


PIECES = [
    '"a"',
    "[b-d]",
    "[^e]",
    ".",
    "x",
    "y",
    "root",
    "(",
    ")",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{1,3}",
    "{0,}",
]
PIECES += ["\n", " ", '""', "<1>", "::=", "x ::=", "\ny ::= ", "#", "\\", '"', "[", "]", "!"]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_grammar_is_refused_or_works(opened: Llama, silent: None, parts: list[str]):
    """Ours agrees with llama.cpp's parser:

    what it would print never comes out, and nothing ends the process.
    """
    opened.rewind(0)
    text = "root ::= " + " ".join(parts) + '\nx ::= "x" | y "z"\n'
    try:
        with Grammar(opened, text) as grammar:
            for choice in greedy(opened, [1], grammar, limit=4):
                opened.piece(choice.token)
    except LlmosError as error:
        assert "cannot be used" not in error.message, text


@pytest.fixture
def silent(capfd: pytest.CaptureFixture[str]):
    yield
    assert capfd.readouterr() == ("", "")
