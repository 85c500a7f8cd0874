"""`impasto completion`: the completion script of a shell."""

from typing import Literal

from impasto.cli.terminal import print_result


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print the completion script of a shell, to be sourced from its start-up file."""
    from impasto.cli.app import app  # noqa: PLC0415 - the app itself imports this module

    print_result(app.generate_completion(prog_name="impasto", shell=shell))
