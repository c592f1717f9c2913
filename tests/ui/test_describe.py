"""Plans in plain words."""

from __future__ import annotations

import pytest

from llmos_cli.plan import Plan, parse, step
from llmos_cli.tools import TOOLS
from llmos_cli.ui.describe import describe, in_words, numbered

EXAMPLES = {
    "find in=~/Downloads ext=pdf larger=10MB older=30d | sort by=size order=desc | take 5 | move into=~/archive": (
        "Find files ending in pdf in ~/Downloads, larger than 10 MB, changed more than 30 days ago.",
        "Put them in order by size, biggest first.",
        "Keep the first 5.",
        "Move them into ~/archive.",
    ),
    "find kind=image in=~/Pictures during=2023 | group by=month sum=size": (
        "Find pictures in ~/Pictures, changed in the time of 2023.",
        "Put them in groups by month and add up the size of each.",
    ),
    "find name=a*,b* hidden=only empty=yes time=accessed newer=1w": (
        "Find files called “a*” or “b*”, opened in the last 1 week, with nothing in them, only hidden ones.",
    ),
    "list ; read notes.txt | grep TODO invert=yes | count": (
        "List what lies in this folder.",
        "Then: Read notes.txt.",
        "Keep the lines that do not have “TODO”.",
        "Count them.",
    ),
    "delete a.txt,b.txt forever=yes": ("Delete a.txt and b.txt for ever: this cannot be undone.",),
    "@last | pick 2 | copy into=.": ("Take what was shown last.", "Keep number 2.", "Copy them into this folder."),
    'replace notes.txt old="teh cat" new=the': ("In notes.txt, replace “teh cat” by “the”.",),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples(text):
    assert describe(parse(text, TOOLS), TOOLS) == EXAMPLES[text]


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_nothing_that_a_step_says_is_left_out(tool):
    """Each argument's value changes the sentence of its tool, whether first in a plan or not."""
    for s in (0, 1):
        before = (step(TOOLS["list"], {}),) * s
        for name, param in tool.params.items():
            if name == "files" and s:
                continue
            for value in (*param.type.fixed, "30d", "Xyz"):
                try:
                    said = param.type.canon(value)
                except ValueError:
                    continue
                if (name, said) == ("order", "asc"):  # what is meant where nothing is said
                    continue
                told = describe(Plan(((*before, step(tool, {name: (said,)})),)), TOOLS)[s]
                words = in_words(param, (said,))
                plain = describe(Plan(((*before, step(tool, {})),)), TOOLS)[s]
                assert words in told or told != plain, f"{tool.name} {name}={said}: {told}"
                assert not set("{}[]<>") & set(told.replace(words, ""))


def test_several_steps_are_numbered_and_text_is_harmless():
    told = describe(parse('find name="\x1b[2J\u202e" | count', TOOLS), TOOLS)
    assert list(numbered(told)) == ["1. Find files called “\\x1b[2J\\u202e”.", "2. Count them."]
    assert list(numbered(told[:1])) == [told[0]]
