"""llmos: a shell for plain words."""

__version__ = "0.1.0"
