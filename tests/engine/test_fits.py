"""Values against JSON Schemas: our few rules say what the whole standard says, where they say anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from llmos_cli import plan as plans
from llmos_cli.engine.fits import misfit
from llmos_cli.tools import TOOLS

PLANS = Path(__file__).parents[2] / "docs/plan.schema.json"
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
        "next": {"$ref": "#"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "x"}, {"name": "x", "age": 3.0}, {"name": "x", "age": None, "tags": ["a", "b"]}, {"name": "x", "next": {"name": "y"}},
        {}, {"name": ""}, {"name": 1}, {"name": "x", "age": -1}, {"name": "x", "age": True}, {"name": "x", "age": 1.5},
        {"name": "x", "tags": ["c"]}, {"name": "x", "tags": ["a"] * 3},
        {"name": "x", "more": 1}, {"name": "x", "next": {"name": "y", "next": {}}}, [], "x", None, 5,
    ],
)  # fmt: skip
def test_it_agrees_with_the_standard(value: Any) -> None:
    try:
        jsonschema.validate(value, PERSON)
        right = True
    except jsonschema.ValidationError:
        right = False
    assert (misfit(value, PERSON) == "") == right


def test_it_says_where() -> None:
    assert misfit({"name": "x", "next": {"name": "y", "tags": ["a", "c"]}}, PERSON) == "next.tags[1] should be one of a, b"
    assert misfit({"name": "x", "next": {}}, PERSON) == "next has no name"
    assert misfit("five", {"type": ["integer", "null"]}) == "the answer should be integer or null"
    assert misfit({}, True) == "" and misfit({}, {}) == "" and misfit({}, False) == "the answer should not be there"


def test_the_schema_of_plans() -> None:
    schema = json.loads(PLANS.read_text())
    good = json.loads(json.dumps(plans.as_json(plans.parse("find ext=pdf,jpg larger=10MB | sort by=size | take 5", TOOLS))))
    jsonschema.validate(good, schema)
    assert misfit(good, schema) == ""
    assert misfit({"steps": [{"tool": "nothing", "args": {}}]}, schema) != "" and misfit({"steps": "find"}, schema) != ""


def test_a_schema_without_end_ends() -> None:
    assert misfit({}, {"$ref": "#"}) == "the answer should not be there"
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert isinstance(misfit(deep, {"type": "object", "additionalProperties": {"$ref": "#"}}), str)
