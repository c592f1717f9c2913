"""Pictures on terminals that can show them, small: by kitty's protocol or as sixels. Elsewhere the name has to do.

A PNG goes to kitty as it is; others, and all sixels, need Pillow, which is used where it is installed. What is sent is letters and digits
only; the picture itself is read by the terminal's own decoder, as it would be by a viewer.
"""

from __future__ import annotations

import base64
import io
import os
import struct
from collections.abc import Iterator, Mapping

from llmos_cli.kinds import KINDS

ROWS = 6  # lines that a picture takes
CELL = (10, 20)  # pixels of a cell, where the terminal does not say
MOST_BYTES, MOST_PIXELS = 1024 * 1024, 40_000_000
CHUNK = 4096
_PNG = b"\x89PNG\r\n\x1a\n"


def protocol(env: Mapping[str, str]) -> str:
    """`kitty`, `sixel` or ''. Told by the environment, so that nothing is asked of the terminal; LLMOS_IMAGES decides where it is set."""
    if said := env.get("LLMOS_IMAGES", ""):
        return said if said in ("kitty", "sixel") else ""
    term, program = env.get("TERM", ""), env.get("TERM_PROGRAM", "")
    if env.get("TMUX") or term.startswith(("screen", "tmux")):  # they keep it from the terminal
        return ""
    if env.get("KITTY_WINDOW_ID") or "kitty" in term or "ghostty" in term or program in ("ghostty", "WezTerm"):
        return "kitty"
    return "sixel" if term.startswith(("foot", "mlterm", "yaft", "contour")) or "sixel" in term else ""


def is_picture(path: str) -> bool:
    return os.path.splitext(path)[1][1:].lower() in KINDS["image"]


def drawn(path: str, how: str) -> str:
    """What makes the terminal draw the picture, ROWS lines high; '' where it cannot be."""
    try:
        data = _png(path)
        if how == "kitty":
            data = data or _thumbnail(path)
            return "".join(_kitty(data)) if data else ""
        return _sixels(path)
    except (OSError, ValueError, ImportError, SyntaxError):  # Pillow raises SyntaxError for some broken files
        return ""


def _png(path: str) -> bytes:
    """The file, if it is a PNG of a modest size; else b''. Raises OSError."""
    if not os.path.isfile(path) or os.path.getsize(path) > MOST_BYTES:
        return b""
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES)
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 33:
        return b""
    width, height = struct.unpack(">II", data[16:24])
    return data if 0 < width * height <= MOST_PIXELS else b""


def _kitty(png: bytes) -> Iterator[str]:
    """Escape sequences of kitty's graphics protocol: transmit and show, with no answer wanted (q=2)."""
    text = base64.standard_b64encode(png).decode()
    for at in range(0, len(text), CHUNK):
        head = f"a=T,f=100,q=2,r={ROWS}," if at == 0 else ""
        yield f"\x1b_G{head}m={int(at + CHUNK < len(text))};{text[at : at + CHUNK]}\x1b\\"


def _opened(path: str) -> object:
    from PIL import Image

    picture = Image.open(path)
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError("too large")
    picture.draft("RGB", (400, 400))
    picture.thumbnail((CELL[0] * ROWS * 4, CELL[1] * ROWS))
    return picture


def _thumbnail(path: str) -> bytes:
    out = io.BytesIO()
    _opened(path).convert("RGB").save(out, "PNG")  # type: ignore[attr-defined]
    return out.getvalue()


def _sixels(path: str) -> str:
    picture = _opened(path).convert("RGB").quantize(64)  # type: ignore[attr-defined]
    palette = picture.getpalette() or []
    colours = [(palette[i], palette[i + 1], palette[i + 2]) for i in range(0, min(len(palette), 192) - 2, 3)]
    return sixels(picture.width, picture.height, colours, picture.tobytes())


def sixels(width: int, height: int, colours: list[tuple[int, int, int]], pixels: bytes) -> str:
    """DEC's sixel graphics: bands of six rows, a pass for each colour in a band. `pixels` are indexes of `colours` (0 to 255 each)."""
    out = [f'\x1bP0;1q"1;1;{width};{height}']
    out += [f"#{i};2;{r * 100 // 255};{g * 100 // 255};{b * 100 // 255}" for i, (r, g, b) in enumerate(colours)]
    for top in range(0, height, 6):
        rows = [pixels[y * width : (y + 1) * width] for y in range(top, min(top + 6, height))]
        for colour in sorted({index for row in rows for index in row}):
            bits = (sum(1 << k for k, row in enumerate(rows) if row[x] == colour) for x in range(width))
            out.append(f"#{colour}{_repeated(bits)}$")
        out.append("-")
    return "".join(out) + "\x1b\\"


def _repeated(bits: Iterator[int]) -> str:
    """Sixel letters, runs of four and more written as `!count`."""
    out, last, count = [], -1, 0
    for value in (*bits, -1):
        if value == last:
            count += 1
            continue
        if count:
            letter = chr(63 + last)
            out.append(f"!{count}{letter}" if count > 3 else letter * count)
        last, count = value, 1
    return "".join(out)
