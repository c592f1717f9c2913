"""A place where a model that is a double speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.language.steps import Material
from llmos_cli.places import Place
from tests.language.fakes import All, Heard, Rule, Teller

Begin = Callable[..., tuple[Place, Teller, Heard]]


@pytest.fixture
def begin(place: Place, tmp_path: Path) -> Begin:
    """(a place where a model answers by `rule`, the model, what is heard of the step)."""

    def begin(rule: Rule, **about: object) -> tuple[Place, Teller, Heard]:
        teller, heard = Teller(rule, **about), Heard()  # type: ignore[arg-type]
        return replace(place, speakers=All(teller), voice=heard, prompts=tmp_path / "prompts"), teller, heard

    return begin


@pytest.fixture
def alone(place: Place, tmp_path: Path) -> tuple[Place, Heard]:
    """A place without any model."""
    heard = Heard()
    return replace(place, speakers=All(), voice=heard, prompts=tmp_path / "prompts"), heard


@pytest.fixture
def text() -> Callable[[str], list[Material]]:
    return lambda said: [Material(said)]
