"""Long work for requests: a few pieces at a time, and only while their clients wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from impasto.studio.errors import BusyError, LeftError

T = TypeVar("T")


class WaitingLine:
    """Lets a few tasks work at a time, and a few more wait for their turn; they hold no thread.

    Args:
        at_once: number of tasks that work.
        waiting: number of tasks that may wait.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._present, self._most = 0, at_once + waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it within the block.

        Raises:
            BusyError: too many wait already.
        """
        if self._present >= self._most:
            raise BusyError(f"{self._present} pictures are in progress already", "Wait a moment, and try again.")
        self._present += 1
        try:
            async with self._turns:
                yield
        finally:
            self._present -= 1


class SharedWork:
    """Runs a function once for all requests that need what it returns, and keeps that."""

    def __init__(self) -> None:
        self._line = asyncio.Semaphore(1)
        self._found: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, function: Callable[..., T], *arguments: Any) -> T:
        """Return what the function returned for this key; one that failed is run again."""
        known = self._found.get(key)
        if known is None or (known.done() and (known.cancelled() or known.exception())):
            known = self._found[key] = asyncio.create_task(self._run(function, *arguments))
        result: T = await asyncio.shield(known)
        return result

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        async with self._line:
            return await asyncio.to_thread(function, *arguments)


async def run_while_connected(request: Request, work: Awaitable[T]) -> T:
    """Await work for a request whose body has been read, and cancel it when the client leaves.

    Raises:
        LeftError: the client has closed its connection.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_until_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            leaving.result()
            raise LeftError("the client has closed its connection", "Request it again.")
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
