"""What the exit code of a failure depends on beside its error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impasto.errors import ImpastoError, InputError


@contextmanager
def no_wrong_use_after(begun: Callable[[], bool]) -> Iterator[None]:
    """Have an error that ends a run midway exit 1: code 2 says that nothing was begun, and a cluster may be lost later.

    Args:
        begun: whether painting has begun.

    Raises:
        ImpastoError: instead of an InputError, once painting has begun.
    """
    try:
        yield
    except InputError as error:
        if begun():
            raise ImpastoError(*error.texts) from error
        raise
