"""The entry point of the command.

This module imports only the standard library and the error tree, so that `impasto --version` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from impasto.cli.signals import Interrupted, exit_on_interrupt
from impasto.cli.terminal import STREAM, prepare_streams, print_json, print_status, silence
from impasto.errors import STORAGE_FAILURES, ImpastoError
from impasto.storage.limits import is_out_of_memory
from impasto.wording import COMMAND

DEBUG_VARIABLE = "IMPASTO_DEBUG"

TORCH_ENVIRONMENT = {
    # Threads that wait by spinning make a run several times slower when another program wants a core, and threads that
    # sleep at once a quarter slower when none does: GNU's library spins for 30 microseconds, others sleep.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",
    # Every step allocates and frees maps of many megabytes: the system provides pages of 2 MiB far sooner.
    "THP_MEM_ALLOC_ENABLE": "1",
}
"""Environment variables that torch reads when it is loaded; the user's own values are kept."""

_FAILED = 1
_INTERRUPTED = 130
_BROKEN_PIPE = 141  # the exit code that a shell reports for a program ended by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process when None); returns the exit code."""
    prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["version"]):
        sys.stdout.write(f"impasto {_version()}\n")
        return 0
    try:
        return _run(arguments)
    except BrokenPipeError:
        silence(sys.stdout)
        return _BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost handler: one line, no traceback
        return _report(error, json="--json" in arguments)


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - only `--version` needs it

    return metadata.version("impasto")


def _run(arguments: list[str]) -> int:
    set_torch_environment()
    with exit_on_interrupt():
        from impasto.cli import app  # noqa: PLC0415 - `--version` must not wait for cyclopts, rich and pydantic
    code = app.run(arguments)
    sys.stdout.flush()
    return code


def set_torch_environment() -> None:
    """Set what torch reads when it is loaded, where the user has not."""
    environment = dict(TORCH_ENVIRONMENT)
    if "OMP_WAIT_POLICY" in os.environ:  # which GOMP_SPINCOUNT would override
        del environment["GOMP_SPINCOUNT"]
    for name, value in environment.items():
        os.environ.setdefault(name, value)


@dataclass(frozen=True)
class _Failure:
    problem: str
    hint: str
    exit_code: int

    def __str__(self) -> str:
        return f"{self.problem}. {self.hint}" if self.hint else self.problem


def _report(error: BaseException, *, json: bool) -> int:
    """Say in one line what went wrong, and as an event where those were asked for; returns the exit code."""
    failure = _describe(error)
    prefix = "" if isinstance(error, KeyboardInterrupt) else "error: "
    print_status(f"impasto: {prefix}{failure}")
    if json:
        _write_event(failure)
    return failure.exit_code


def _describe(error: BaseException) -> _Failure:
    match error:
        case ImpastoError():
            problem, hint = (text.replace(STREAM, "-") for text in error.words_for(COMMAND))
            return _Failure(problem, hint, error.exit_code)
        case Interrupted():
            return _Failure(str(error), "", error.exit_code)
        case KeyboardInterrupt():
            return _Failure("interrupted", "", _INTERRUPTED)
        case OSError() if error.errno in STORAGE_FAILURES:  # files have errors of their own: this was a stream
            silence(sys.stdout)
            return _Failure(f"the output was cut short: {error.strerror}", "Make room, and run it again.", _FAILED)
        case _ if is_out_of_memory(error):
            return _Failure("there is not enough memory", "Choose a smaller --size.", _FAILED)
    if os.environ.get(DEBUG_VARIABLE):
        raise error
    text = " ".join(f"unexpected {type(error).__name__}: {error}".replace(STREAM, "-").split())
    return _Failure(text, f"Please report this; run with {DEBUG_VARIABLE}=1 for the traceback.", _FAILED)


def _write_event(failure: _Failure) -> None:
    try:
        print_json({"event": "failed", "error": str(failure), **vars(failure)})
    except (OSError, ValueError):  # who does not listen has the exit code
        silence(sys.stdout)
