"""The command `impasto`: parsing, progress and files; everything about the look is in `impasto.settings`."""

from impasto.cli.main import main

__all__ = ["main"]
