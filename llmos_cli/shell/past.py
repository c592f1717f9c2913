"""What was typed before, kept in the data folder for this person only."""

from __future__ import annotations

import os

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from llmos_cli.paths import Paths, private


class Past(FileHistory):
    """A line that begins with a space is not kept, as in other shells; a disk that takes nothing does not end the shell."""

    def append_string(self, string: str) -> None:
        if not string.startswith(" "):
            super().append_string(string)

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:
            pass


def past(paths: Paths) -> History:
    """The history on disk, its file 0600 whatever the umask; in memory where the folder cannot be written."""
    try:
        file = private(paths.data) / "typed"
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        os.chmod(file, 0o600)
    except OSError:
        return InMemoryHistory()
    return Past(str(file))
