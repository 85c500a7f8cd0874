"""Errors of the studio; each becomes an HTTP status in `server.app`."""

from impasto.errors import InputError


class MissingError(InputError):
    """There is no such job or picture."""


class StateError(InputError):
    """The job's state does not allow this."""


class BusyError(InputError):
    """The queue is full, or too many uploads are in progress."""


class QuotaError(InputError):
    """The folder's quota is used up, or its disk is full."""


class TooLargeError(InputError):
    """An upload has too many bytes."""


class SlowError(InputError):
    """An upload took too long."""


class LeftError(InputError):
    """The client left before its answer was ready."""


def missing_job(job: int) -> MissingError:
    """Make the error for a job that does not exist."""
    return MissingError(f"there is no job {job}", "It may have been deleted from the history.")
