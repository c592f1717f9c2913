"""How a command's output is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from llmos_cli.errors import UsageError


@dataclass(frozen=True)
class Output:
    null: bool = False
    json: bool = False
    jsonl: bool = False
    plain: bool = False
    plan_only: bool = False

    def check(self) -> None:
        """Raises UsageError where two of the forms are asked for at once."""
        if sum((self.json, self.jsonl, self.null)) > 1:
            raise UsageError("--json, --jsonl and --null exclude each other", hint="leave all but one out")
