"""What is said to a model at each step: `data/prompts/NAME.toml`, or a file of that name in the person's own folder `prompts`.

A template has `system`, texts for what is asked (`whole` of a text that there is room for, `part`, `merge` …), `options` for the
model, and tables of words. `{text}` and the like in a text are filled in; other braces stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from llmos_cli.config import content
from llmos_cli.errors import UsageError
from llmos_cli.speech import Message

MOST = 64 * 1024  # characters
_SLOT = re.compile(r"\{([a-z]+)\}")
_OURS = {"self", "model", "messages", "stream", "tools", "grammar", "response_format"}  # options that the steps set themselves
_NEEDED = {"text", "task", "question", "labels", "to", "style"}  # what a text of ours has of these, one in its place must have


@dataclass(frozen=True)
class Template:
    """`texts` by their names; `words` are tables such as what `short` means; `options` go to the model as they are."""

    texts: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    options: Mapping[str, Any]

    def messages(self, name: str, slots: Mapping[str, str]) -> list[Message]:
        """What is said for one request, with the slots filled in."""
        return [
            {"role": role, "content": _SLOT.sub(lambda found: slots.get(found[1], found[0]), self.texts[text]).strip()}
            for role, text in (("system", "system"), ("user", name))
            if self.texts[text].strip()
        ]


def template(name: str, own: Path) -> Template:
    """The template of a step; what the person's own file does not say is as ours says. Raises UsageError for a bad file."""
    ours = _read((resources("llmos_cli") / "data" / "prompts" / f"{name}.toml").read_text(encoding="utf-8"))
    file = own / f"{name}.toml"
    text, problem = content(file)
    if problem:
        raise UsageError(problem, hint=f"mv {file} {file}.off")
    try:
        return _read(text, ours) if text else ours
    except ValueError as error:
        raise UsageError(f"{file} is no template: {error}", hint=f"mv {file} {file}.off") from error


def _read(text: str, ours: Template | None = None) -> Template:
    """Raises ValueError with what is wrong."""
    import tomllib

    if len(text) > MOST:
        raise ValueError(f"it has more than {MOST} characters")
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    options = data.pop("options", {})
    words = {key: value for key, value in data.items() if key not in texts}
    for key, value in {**words, "options": options}.items():
        if not isinstance(value, dict) or (key != "options" and not all(isinstance(word, str) for word in value.values())):
            raise ValueError(f"{key} should be a text" if ours is None or key in ours.texts else f"{key} should be a table of texts")
    if odd := next((key for key, value in options.items() if key in _OURS or not _is_json(value)), ""):
        raise ValueError(f"the option {odd} cannot be set like this")
    if ours is None:
        return Template(texts, words, options)
    for key in (*texts, *words):
        if key not in ours.texts and key not in ours.words:
            raise ValueError(f"there is no {key!r} in it; there are {', '.join((*ours.texts, *ours.words))}")
        if (key in texts) != (key in ours.texts):
            raise ValueError(f"{key} should be {'a text' if key in ours.texts else 'a table of texts'}")
    for key, value in texts.items():
        if missing := sorted(set(_SLOT.findall(ours.texts[key])) & _NEEDED - set(_SLOT.findall(value))):
            raise ValueError(f"{key} should have {{{missing[0]}}} in it")
    merged = {key: {**table, **words.get(key, {})} for key, table in ours.words.items()}
    return Template({**ours.texts, **texts}, merged, {**ours.options, **options})


def _is_json(value: object) -> bool:
    """Whether a value can be sent as it is: TOML has dates, and numbers that are none."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
