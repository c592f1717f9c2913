"""Pages, schemas and completions that are made from the code are as the code would make them now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert SPEC is not None and SPEC.loader is not None
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("path", generate.pages(), ids=lambda path: path.name)
def test_it_is_current(path: Path) -> None:
    assert path.read_text() == generate.pages()[path], "run `make docs`"


def test_each_tool_has_a_place_on_the_page() -> None:
    page = generate.tools_page()
    assert [name for name in generate.TOOLS if f"### `{name}`" not in page] == []
