"""Colour, where the stream is a terminal that takes it. Text goes in safe and comes out with our own sequences around it.

Made by hand: importing rich for six colours takes longer than making a plan.
"""

from __future__ import annotations

from llmos_cli.host import Host

STYLES = {
    "dim": "2", "strong": "1", "folder": "1;34", "link": "36", "warning": "1;33", "error": "1;31", "added": "32", "removed": "31",
    "tool": "36", "said": "4", "bar": "34", "word": "35", "text": "33", "name": "32",
}  # fmt: skip


class Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    @staticmethod
    def for_answers(host: Host) -> Paint:
        return Paint(host.colour and host.answers_go_to_terminal)

    @staticmethod
    def for_talk(host: Host) -> Paint:
        return Paint(host.colour and host.talk_goes_to_terminal)

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.on and style and text else text
