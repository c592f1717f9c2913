"""Failures that a person can understand: one sentence, and what to do about it."""

from __future__ import annotations


class LlmosError(Exception):
    """Something did not work. `hint` is what to do about it, a command that can be pasted where there is one."""

    exit_code = 1
    outcome = "failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PlanError(LlmosError):
    """A plan that cannot run; `at` is the offset in its text where the trouble starts, -1 where it is unknown."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", at: int = -1, text: str = "") -> None:
        super().__init__(message, hint=hint)
        self.at = at
        self.text = text


class UsageError(LlmosError):
    """The command itself makes no sense: an empty request, a flag that does not fit."""

    exit_code = 2


class Refused(LlmosError):
    """Policy said no, the person said no, or nobody was there to ask."""

    exit_code = 3
    outcome = "refused"


class NotUnderstood(LlmosError):
    """A part of the request is missing or could mean several things: the message is the question to ask."""

    exit_code = 4
    outcome = "clarify"

    def __init__(self, question: str, *, hint: str = "", choices: tuple[str, ...] = ()) -> None:
        super().__init__(question, hint=hint)
        self.choices = choices


class NoModel(LlmosError):
    """The request needs a model that is not installed."""

    exit_code = 5
    outcome = "no_model"


class NotFound(LlmosError):
    """A file, folder or column that was named is not there."""


class Partial(LlmosError):
    """Earlier stages were done, and can be undone; a later one was not."""

    exit_code = 6
    outcome = "partial"


class Interrupted(LlmosError):
    """Ctrl-C."""

    exit_code = 130


class Bug(LlmosError):
    """A failure of ours: what should not be possible."""

    exit_code = 70
