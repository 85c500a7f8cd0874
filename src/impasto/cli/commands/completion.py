"""`impasto completion`: the completion script of a shell."""

from collections.abc import Callable
from typing import Literal

from cyclopts import App

from impasto.cli.terminal import print_result


def completion_of(app: App) -> Callable[..., None]:
    """Make the command that prints the completion scripts of an app."""

    def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
        """Print the completion script of a shell, to be sourced from its start-up file."""
        print_result(app.generate_completion(prog_name="impasto", shell=shell))

    return completion
