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
        noun: what they are, in the plural, for the error.
    """

    def __init__(self, at_once: int, waiting: int, noun: str) -> None:
        self._noun = noun
        self._turns = asyncio.Semaphore(at_once)
        self._present, self._most = 0, at_once + waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it within the block.

        Raises:
            BusyError: too many wait already.
        """
        if self._present >= self._most:
            raise BusyError(f"there are {self._present} {self._noun} already", "Wait a moment, and try again.")
        self._present += 1
        try:
            async with self._turns:
                yield
        finally:
            self._present -= 1


class SharedWork:
    """Runs a function once for all requests that need what it returns; one function at a time.

    Args:
        keep: whether to keep what functions return, rather than only until those that wait for it have it.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self._keep = keep
        self._line = asyncio.Semaphore(1)
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, function: Callable[..., T], *arguments: Any) -> T:
        """Return what the function returned for this key; one that failed is run again."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._run(key, function, *arguments))
        result: T = await asyncio.shield(task)
        return result

    async def _run(self, key: Hashable, function: Callable[..., T], *arguments: Any) -> T:
        keep = False
        try:
            async with self._line:
                result = await asyncio.to_thread(function, *arguments)
            keep = self._keep
            return result
        finally:
            if not keep:
                del self._tasks[key]


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
