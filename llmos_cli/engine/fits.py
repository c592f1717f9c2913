"""Does a value keep to a JSON Schema? For servers that promise to hold a model to one, and do not.

Checked are types, enum, const, properties, required, additionalProperties, items, anyOf, oneOf, allOf, references within the schema, and
the limits on numbers, lists and texts. `pattern`, `format`, `not`, `if` and what is rarer are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_DEEP = 64
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float), "integer": (int, float), "boolean": (bool,),
    "null": (type(None),),
}  # fmt: skip


def misfit(value: Any, schema: Any) -> str:
    """The first thing that does not keep to the schema, as `items[2].age should be integer`; '' where all does."""
    return next(_misfits(value, schema, schema, "", 0), "")


def _misfits(value: Any, schema: Any, root: Any, at: str, deep: int) -> Iterator[str]:
    here = at.removeprefix(".") or "the answer"
    if schema is False or deep > MOST_DEEP:
        yield f"{here} should not be there"
    if not isinstance(schema, Mapping) or deep > MOST_DEEP:
        return
    if isinstance(schema.get("$ref"), str):
        yield from _misfits(value, _referred(root, schema["$ref"]), root, at, deep + 1)
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{here} should be {' or '.join(map(str, kinds))}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{here} should be one of {', '.join(map(str, schema['enum']))}"[:200]
    if "const" in schema and value != schema["const"]:
        yield f"{here} should be {schema['const']}"[:200]
    yield from _limits(value, schema, here)
    yield from _parts(value, schema, root, at, deep)
    for each in schema.get("allOf", ()):
        yield from _misfits(value, each, root, at, deep + 1)
    for name in ("anyOf", "oneOf"):
        if schema.get(name) and not any(not any(_misfits(value, each, root, at, deep + 1)) for each in schema[name]):
            yield f"{here} is none of the things that it may be"


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, (object,)))


def _referred(root: Any, reference: str) -> Any:
    found = root
    for part in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        found = found.get(part.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, Mapping) else True
    return found


def _limits(value: Any, schema: Mapping[str, Any], here: str) -> Iterator[str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    size = len(value) if isinstance(value, list | str) else None
    least, most = ("minItems", "maxItems") if isinstance(value, list) else ("minLength", "maxLength")
    if number and value < schema.get("minimum", value):
        yield f"{here} should be at least {schema['minimum']}"
    if number and value > schema.get("maximum", value):
        yield f"{here} should be at most {schema['maximum']}"
    if size is not None and not schema.get(least, size) <= size <= schema.get(most, size):
        yield f"{here} has the wrong length"


def _parts(value: Any, schema: Mapping[str, Any], root: Any, at: str, deep: int) -> Iterator[str]:
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from _misfits(each, schema["items"], root, f"{at}[{index}]", deep + 1)
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at.removeprefix('.') or 'the answer'} has no {name}"
    for name, each in value.items():
        inner = known[name] if name in known else schema.get("additionalProperties", True)
        yield from _misfits(each, inner, root, f"{at}.{name}", deep + 1)
