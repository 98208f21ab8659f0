"""The answers to a stream of samples, as an asynchronous iterator with bounded buffering.

`AnswerStream` does the work in its threads, which end with the process however long a source blocks; this module waits
for it without a thread of the event loop's pool, at whose end a loop would wait.
"""

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from splitwave.device.application.answer import Answer
from splitwave.device.application.answer_stream import AnswerStream
from splitwave.device.application.async_source import AsyncSource
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer


class AsyncAnswerStream(AsyncIterator[Answer]):
    """Iterates over the answers; `aclose` or leaving the `async with` ends it early. It belongs to one event loop."""

    def __init__(
        self,
        submitter: Submitter,
        source: Iterable[object] | AsyncIterable[object],
        buffer: Buffer = "block",
        most_waiting: int = 64,
        on_refused: Callable[[SampleError], None] | None = None,
    ) -> None:
        """Begin to read the source; the arguments are those of `AsyncDevice.stream`."""
        self._loop = asyncio.get_running_loop()
        items = AsyncSource(source) if isinstance(source, AsyncIterable) else source
        self._source = items if isinstance(items, AsyncSource) else None
        listener = None if on_refused is None else self._in_loop(on_refused)
        self._stream = AnswerStream(submitter, items, buffer, most_waiting, listener)
        self._asked: SimpleQueue[Future[Answer | None] | None] = SimpleQueue()  # None ends the thread that serves it
        self._next: asyncio.Future[Answer | None] | None = None
        self._turn = asyncio.Lock()
        self._ended = False
        threading.Thread(target=self._answer_calls, name="stream-answers", daemon=True).start()

    @property
    def dropped(self) -> int:
        """How many samples were dropped until now; a stream that blocks drops none unless it is ended early."""
        return self._stream.dropped

    async def __anext__(self) -> Answer:
        """Wait for the next answer; raises as `AnswerStream.__next__`, with StopAsyncIteration at the end.

        A call that is cancelled, such as by a time limit, loses no answer: the next call gets it.
        """
        async with self._turn:
            if self._next is None and self._ended:
                raise StopAsyncIteration
            pending = self._next = self._next or self._ask()
            await asyncio.wait([pending])  # which does not cancel it with this call
            self._next = None
            answer = pending.result()
            if answer is None:
                self._end()
                raise StopAsyncIteration
            return answer

    async def aclose(self) -> None:
        """End the stream, and the iteration; samples that wait and answers that are still to come are dropped."""
        self._stream.close()
        self._end()
        if self._source is not None:
            await self._source.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _ask(self) -> "asyncio.Future[Answer | None]":
        wanted: Future[Answer | None] = Future()
        self._asked.put(wanted)
        return asyncio.wrap_future(wanted)

    def _end(self) -> None:
        self._ended = True
        self._asked.put(None)

    def _answer_calls(self) -> None:
        """Take an answer for each call, and no sooner: an answer that is taken makes room for the next query."""
        while (wanted := self._asked.get()) is not None:
            try:
                wanted.set_result(next(self._stream, None))
            except BaseException as error:  # for the call
                wanted.set_exception(error)

    def _in_loop(self, on_refused: Callable[[SampleError], None]) -> Callable[[SampleError], None]:
        """The user's function, called in the event loop as all of the user's code, by a thread that waits for it."""

        def call(error: SampleError) -> None:
            done: Future[None] = Future()
            self._loop.call_soon_threadsafe(_call, on_refused, error, done)
            done.result()

        return call


def _call(on_refused: Callable[[SampleError], None], refused: SampleError, done: "Future[None]") -> None:
    try:
        on_refused(refused)
    except BaseException as error:  # for the thread that waits, and by it for the caller of the stream
        done.set_exception(error)
    else:
        done.set_result(None)
