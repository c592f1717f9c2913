"""Whom the person writes with, for the tools: loaded when it is first asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_cli.host import Host

if TYPE_CHECKING:
    from llmos_cli.mail.acquaintances import Acquaintances


@dataclass(frozen=True)
class Acquainted:
    """People as words only, so that they can go to another process. The fields are those of `Acquaintances`."""

    file: Path
    mail: Path

    @staticmethod
    def of(host: Host) -> Acquainted:
        return Acquainted(host.paths.cache / "people.db", host.paths.data / "mail")

    def named(self, name: str) -> tuple[str, ...]:
        return self._known.named(name)

    def met_in(self, mailbox: Path) -> None:
        self._known.met_in(mailbox)

    @cached_property
    def _known(self) -> Acquaintances:
        from llmos_cli.mail.acquaintances import Acquaintances

        return Acquaintances(self.file, self.mail)
