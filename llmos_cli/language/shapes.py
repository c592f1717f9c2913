"""The shape that an answer is wanted in: `name, age int, tags list`, or a JSON Schema; and rows of cells from JSON of that shape."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.values import Cell

Json = dict[str, Any]
HINT = "name, age int, born date, tags list; types: text, int, number, yes/no, date, list"
AGAIN = "try again, or with another model"
MOST = 1024 * 1024  # characters of a schema
_TYPES: dict[str, Json] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "yes/no": {"type": "boolean"},
    "date": {"type": "string", "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
    "list": {"type": "array", "items": {"type": "string"}},
}
_SPELLINGS = {
    "str": "text", "string": "text", "integer": "int", "whole": "int", "float": "number", "decimal": "number", "num": "number",
    "bool": "yes/no", "boolean": "yes/no", "yesno": "yes/no", "list": "list", "array": "list",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """`schema` is a JSON Schema; `fields` are (name, type) of the short form, or the names of an object's properties."""

    schema: Json
    fields: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.fields)

    @property
    def said(self) -> str:
        """`name, age (int), born (date)`."""
        return ", ".join(name if kind in ("text", "") else f"{name} ({kind})" for name, kind in self.fields)

    @property
    def many(self) -> Json:
        """The schema of `{"items": […]}`: as many things of this shape as there are."""
        items = self.schema if _type(self.schema) == "array" else {"type": "array", "items": self.schema}
        apart = {key: items[key] for key in ("$defs", "definitions") if key in items}  # references start from the whole schema
        apart |= {key: self.schema[key] for key in ("$defs", "definitions") if key in self.schema}
        return {"type": "object", "properties": {"items": items}, "required": ["items"], "additionalProperties": False, **apart}

    def row(self, item: Any) -> tuple[Cell, ...]:
        """The cells of one thing; an item that is no object is one cell."""
        if not isinstance(item, Mapping):
            return (cell(item), *[None] * (len(self.fields) - 1))
        return tuple(cell(item.get(name)) for name in self.columns)


def shape(text: str, folder: Path) -> Shape:
    """The shape that a text means: the short form, a JSON Schema, or the name of a file that holds one. Raises UsageError."""
    text = text.strip()
    if not text.startswith("{") and re.search(r"\.json$", text):
        text = _file(folder / os.path.expanduser(text))
    return _of_schema(text) if text.startswith("{") else _short(text)


def _file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", "") or str(error)
        raise UsageError(f"the schema {path.name} cannot be read: {said.lower()}", hint=HINT) from error
    if not text.startswith("{"):
        raise UsageError(f"{path.name} holds no JSON Schema: that is a JSON object", hint=HINT)
    return text


def _of_schema(text: str) -> Shape:
    try:
        schema = json.loads(text[: MOST + 1]) if len(text) <= MOST else None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the schema is not JSON: {error}", hint=HINT) from error
    if not isinstance(schema, dict):
        raise UsageError("the schema is too large", hint=f"at most {MOST} characters")
    of = schema.get("items", {}) if _type(schema) == "array" else schema
    properties = of.get("properties") if isinstance(of, dict) else None
    names = tuple((str(name), "") for name in properties) if isinstance(properties, dict) else ()
    return Shape(schema, names or (("value", ""),))


def _type(schema: Json) -> str:
    return str(schema.get("type", ""))


def _short(text: str) -> Shape:
    fields: dict[str, str] = {}
    for part in filter(str.strip, re.split(r"[,\n，、]", text)):
        name, kind = _field(part)
        if name in fields:
            raise UsageError(f"the field {name!r} is there twice", hint=HINT)
        fields[name] = kind
    if not fields:
        raise UsageError("the schema names no fields", hint=HINT)
    properties = {name: _TYPES[kind] if kind == "list" else {"anyOf": [_TYPES[kind], {"type": "null"}]} for name, kind in fields.items()}
    schema = {"type": "object", "properties": properties, "required": list(fields), "additionalProperties": False}
    return Shape(schema, tuple(fields.items()))


def _field(part: str) -> tuple[str, str]:
    """`first name`, `age int`, `paid yes/no`. Raises UsageError."""
    words = part.split()
    last = words[-1].lower().strip("()")
    kind = _SPELLINGS.get(last, last)
    if len(words) > 1 and kind in _TYPES:
        return " ".join(words[:-1]), kind
    if len(words) > 1 and (near := difflib.get_close_matches(last, [*_TYPES, *_SPELLINGS], n=1, cutoff=0.66)):
        raise UsageError(f"{last!r} is no type", hint=f"did you mean {' '.join(words[:-1])} {near[0]}? Types: {', '.join(_TYPES)}")
    return " ".join(words), "text"


def cell(value: Any) -> Cell:
    """A value of JSON as a cell: lists of texts joined, what is nested as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, Sequence) and all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False)


def parsed(text: str, model: str) -> Any:
    """The JSON that a model has written, also in a fence. Raises LlmosError where it is none, as when its end was cut off."""
    if (fenced := text.strip()).startswith("```"):
        text = fenced.partition("\n")[2].rstrip("`")
    try:
        found = json.loads(text)
        said = json.dumps(found, ensure_ascii=False)
        whole = said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # JSON can hold half a letter, files cannot
        return found if whole == said else json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise LlmosError(f"{model} did not write the JSON that it should: {error}", hint=AGAIN) from error
