"""What is known of the planner's model: the card that lies beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any


@dataclass(frozen=True)
class Card:
    data: dict[str, Any]

    @property
    def short(self) -> str:
        """`planner 5.8M`."""
        count = self.data.get("parameters")
        return f"planner {count / 1e6:.1f}M" if isinstance(count, int | float) else "planner"

    def rows(self) -> list[tuple[str, str]]:
        """What a person may want to know of it, as far as the card says so."""
        data, scores = self.data, self.data.get("scores", {})
        said = [
            ("name", data.get("name")),
            ("size", f"{data['parameters'] / 1e6:.1f} M parameters, {data['file_bytes'] / 2**20:.0f} MB" if "file_bytes" in data else None),
            ("kind", " ".join(str(data[key]) for key in ("architecture", "quantisation") if key in data)),
            ("licence", data.get("licence")),
            (
                "exactly right",
                f"{scores['held_out_exact']:.0%} of what people said whom it had not heard" if "held_out_exact" in scores else None,
            ),
            ("a plan takes", f"{scores['median_ms']:.0f} ms, where it was measured" if "median_ms" in scores else None),
        ]
        return [(name, str(text)) for name, text in said if text]


def card() -> Card:
    """The bundled planner's; an empty one where it cannot be read."""
    try:
        data = json.loads((resources("llmos_cli") / "data" / "planner.json").read_text())
    except (OSError, ValueError):
        data = {}
    return Card(data if isinstance(data, dict) else {})
