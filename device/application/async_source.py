"""Gives the items of an asynchronous iterable to a thread that reads them as an ordinary one."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, Iterator
from concurrent.futures import Future

_END = object()


class AsyncSource(Iterator[object]):
    """Iterates in another thread than the event loop's, over items that one task of the loop reads.

    It is one task, not one an item, since generators may hold a timeout or a task group across their items.
    """

    def __init__(self, source: AsyncIterable[object]) -> None:
        """Begin; an item is read when the thread asks for it."""
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Queue[Future[object]] = asyncio.Queue()
        self._ended = False
        self._task = self._loop.create_task(self._read(source))

    def __next__(self) -> object:
        """Wait for an item.

        Raises:
            CancelledError: the source was closed.
            Exception: what the source raised.
        """
        wanted: Future[object] = Future()
        self._loop.call_soon_threadsafe(self._ask_for, wanted)
        if (item := wanted.result()) is _END:
            raise StopIteration
        return item

    async def aclose(self) -> None:
        """Read no more; the thread that waits gets an error."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def _ask_for(self, wanted: "Future[object]") -> None:
        if self._ended:
            wanted.set_result(_END)
        else:
            self._wanted.put_nowait(wanted)

    async def _read(self, source: AsyncIterable[object]) -> None:
        wanted = Future[object]()
        try:
            wanted = await self._wanted.get()
            async for item in source:
                wanted.set_result(item)
                wanted = await self._wanted.get()
            wanted.set_result(_END)
        except Exception as error:  # of the user's iterator, for the thread
            wanted.set_exception(error)
        finally:
            self._end(wanted)

    def _end(self, wanted: "Future[object]") -> None:
        self._ended = True
        wanted.cancel()  # has no effect on one that is done
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._wanted.get_nowait().cancel()
