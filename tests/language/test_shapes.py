"""The short form of a schema, JSON Schemas, and cells."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.language.shapes import cell, parsed, shape


def test_the_short_form_is_a_schema(tmp_path: Path):
    made = shape("first name, age int, paid yes/no, born date, tags list, share number", tmp_path)
    assert made.columns == ("first name", "age", "paid", "born", "tags", "share")
    one = {"first name": "Ana", "age": 3, "paid": True, "born": "2026-01-31", "tags": ["a", "b"], "share": 0.5}
    jsonschema.validate(one, made.schema)
    jsonschema.validate({"items": [one, {**dict.fromkeys(made.columns), "tags": []}]}, made.many)
    for wrong in ({**one, "age": "x"}, {**one, "born": "31.1.2026"}, {**one, "more": 1}, {"age": 3}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, made.schema)
    assert made.row(one) == ("Ana", 3, "yes", "2026-01-31", "a, b", 0.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no fields"),
        ("name, name int", "twice"),
        ("age itn", "'itn' is no type"),
        ('{"type": ', "not JSON"),
        ("nowhere.json", "cannot be read"),
        ("~nobody-of-that-name/x.json", "cannot be read"),
    ],
)
def test_a_shape_that_makes_no_sense_is_said(text: str, sentence: str, tmp_path: Path):
    with pytest.raises(UsageError, match=sentence):
        shape(text, tmp_path)


def test_a_json_schema_from_a_file_or_as_it_is(tmp_path: Path):
    schema = {"type": "object", "properties": {"who": {"$ref": "#/$defs/p"}, "n": {}}, "$defs": {"p": {"type": "string"}}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    for made in (shape("s.json", tmp_path), shape(json.dumps(schema), tmp_path)):
        assert made.columns == ("who", "n") and made.schema == schema
        jsonschema.validate({"items": [{"who": "x"}]}, made.many)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"items": [{"who": 1}]}, made.many)
    listed = shape(json.dumps({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}), tmp_path)
    assert listed.columns == ("a",) and listed.row({"a": {"b": 1}}) == ('{"b": 1}',)


def test_cells_and_what_is_no_json():
    assert [cell(v) for v in (None, True, 1.5, ["a", 2], [["a"]])] == [None, "yes", 1.5, "a, 2", '[["a"]]']
    assert parsed('```json\n{"a": 1}\n```', "m") == {"a": 1}
    with pytest.raises(LlmosError, match="m did not write the JSON"):
        parsed('{"a": ', "m")


def test_half_a_letter_becomes_a_mark_since_no_file_can_hold_it():
    assert parsed('{"a": "x\\ud83dy\\udc80", "b": "\\ud83d\\ude00"}', "m") == {"a": "x\ufffdy\ufffd", "b": "\U0001f600"}
