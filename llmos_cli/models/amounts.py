"""How many bytes, in words."""

from __future__ import annotations

GB = 10**9  # the catalogue's, as the Hub counts
KIB, MIB, GIB = 1024, 1024**2, 1024**3


def said(count: float) -> str:
    """Bytes as the rest of llmos says them, in units of 1024: `512 bytes`, `34 MB`, `2.3 GB`."""
    value, units = float(count), ["bytes", "KB", "MB", "GB", "TB"]
    while value >= 1023.5 and len(units) > 1:
        value /= 1024
        units = units[1:]
    digits = f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"
    return f"{digits} {units[0]}"
