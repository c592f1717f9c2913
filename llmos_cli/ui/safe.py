"""Text from outside, made harmless: nothing in it can move the cursor, set a title, reorder letters or hide.

Not covered: letters that look like other letters, and stacks of combining marks.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (bidi, zero width), surrogate, line and paragraph separator
_VISIBLE_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
ZWNJ, ZWJ, EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"


def safe(text: str) -> str:
    r"""`text` as one line: controls, bidi and zero-width marks become escapes such as `\x1b`, `\u202e`, `\n`.

    Bytes of a name that are not UTF-8 (lone surrogates) become `\xff`. All other text passes unchanged.
    """
    if text.isprintable():
        return text
    return "".join(char if _passes(text, i) else _escape(char) for i, char in enumerate(text))


def safe_line(line: str) -> str:
    """A line of a text: as `safe`, but tabs stay, and a carriage return at its end is dropped."""
    if line.isprintable():
        return line
    return "\t".join(safe(part) for part in line.removesuffix("\r").split("\t"))


def safe_block(text: str) -> str:
    """Several lines: as `safe`, but line ends and tabs stay."""
    return "\n".join(safe_line(line) for line in text.split("\n"))


def _passes(text: str, i: int) -> bool:
    char = text[i]
    if unicodedata.category(char) not in _HIDDEN or char in _VISIBLE_FORMAT:
        return True
    return char in (ZWJ, ZWNJ) and 0 < i < len(text) - 1 and _joins(char, text[i - 1], text[i + 1])


def _joins(char: str, before: str, after: str) -> bool:
    """Whether a joiner is ordinary spelling here: between two emoji, or inside an Arabic or Indic word."""
    if all("\u0600" <= c <= "\u0dff" and unicodedata.category(c) in ("Lo", "Mn", "Mc") for c in (before, after)):
        return True
    is_emoji = unicodedata.category(before) in ("So", "Sk") or before == EMOJI_STYLE
    return char == ZWJ and is_emoji and unicodedata.category(after) == "So"


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
