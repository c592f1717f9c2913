"""Who gets a mail: what a person says, as addresses that cannot be anything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from llmos_cli.errors import LlmosError, NotUnderstood
from llmos_cli.mail import headers as head

MAX_RECIPIENTS = 200
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)", re.ASCII)
Person = tuple[str, str]  # name, address


def is_address(text: str) -> bool:
    """An address in plain letters, without quotes, comments or white space (RFC 5321 without its oddities)."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(match[1]) <= 64 and len(text) <= 254 and "=?" not in text  # no encoded word


def address(text: str) -> str:
    """The address with the letters of other alphabets in its domain written as mail wants them. Raises ValueError for what is none."""
    local, at, domain = text.strip().rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode()  # UnicodeError is a ValueError
    found = f"{local}{at}{domain}"
    if not is_address(found):
        raise ValueError("an address such as ana@example.org")
    return found


def recipients(
    said: Iterable[str], look_up: Callable[[str], str | None], named: Callable[[str], tuple[str, ...]] = lambda name: ()
) -> tuple[Person, ...]:
    """Everyone that is said, each once: addresses, `Ana <ana@example.org>`, or names that `look_up` knows the address of, or else just one
    of the people in the mail, who are found by `named`.

    Raises NotUnderstood for a name that nobody has or several, LlmosError for what is no address.
    """
    found: dict[str, Person] = {}
    for text in said:
        if not text.isprintable():
            raise LlmosError("an address holds a line end or another control character", hint="write it anew: ana@example.org")
        for name, one in head.people((text,)):
            person = _person(name, one, look_up, named)
            found.setdefault(person[1].lower(), person)
    if len(found) > MAX_RECIPIENTS:
        raise LlmosError(f"a mail goes to {MAX_RECIPIENTS} people at most, and these are {len(found)}")
    return tuple(found.values())


def _person(name: str, said: str, look_up: Callable[[str], str | None], named: Callable[[str], tuple[str, ...]]) -> Person:
    if "@" not in said:
        wanted = name or said
        known = look_up(wanted) or _one(wanted, named(wanted))
        if known is None:
            hint = f'say it in place of the name, or once for all: remember "{wanted}\'s address is ana@example.org"'
            raise NotUnderstood(f"What is the mail address of {wanted}?", hint=hint)
        name, said = next(iter(head.people((known,))), ("", known))  # not as the person calls them: `my boss`
    try:
        return head.clean(name), address(said)
    except ValueError as error:
        raise LlmosError(f"{said!r} is not a mail address", hint=f"it should be {error}") from error


def _one(name: str, found: tuple[str, ...]) -> str | None:
    """The only one who is called so. Raises NotUnderstood for several."""
    if len(found) > 1:
        choices = found[:9]
        raise NotUnderstood(f"Which {name} do you mean: {', '.join(choices)}?", choices=choices, hint="say the address, or the whole name")
    return found[0] if found else None
