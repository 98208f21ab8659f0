"""A live device for asyncio."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from os import PathLike
from types import TracebackType
from typing import Self
from weakref import WeakSet

from splitwave.common.errors import UnreachableError
from splitwave.device.application.answer import Answer
from splitwave.device.application.async_answer_stream import AsyncAnswerStream
from splitwave.device.application.async_opening import open_in_thread
from splitwave.device.application.device_options import DeviceOptions, opened, path_of
from splitwave.device.application.opening import EncoderKind, LinkOptions
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer


class AsyncDevice:
    """The asynchronous form of `Device`.

    async with sw.AsyncDevice(connect="192.168.1.10:50051", link=0) as device:
        print((await device.infer(x)).value)
    """

    def __init__(
        self,
        connect: str,
        model: str | PathLike[str] | None = None,
        link: int | None = None,
        *,
        stream: int = 0,
        capture_period_ms: float | None = None,
        class_names: Sequence[str] = (),
        tls_dir: str | PathLike[str] | None = None,
        connect_timeout_s: float = 60.0,
        encoder: EncoderKind = "auto",
        trust: str | PathLike[str] | None = None,
    ) -> None:
        """Prepare a device; nothing is connected yet. The arguments are those of `Device`."""
        options = LinkOptions(
            connect, path_of(model), link, path_of(tls_dir), connect_timeout_s, encoder, path_of(trust)
        )
        self._options = DeviceOptions(options, stream, capture_period_ms, tuple(class_names))
        self._submitter: Submitter | None = None
        self._streams: WeakSet[AsyncAnswerStream] = WeakSet()

    async def __aenter__(self) -> Self:
        """Open the link; raises as `Device` does. A call that is cancelled ends when the link is closed."""
        self._submitter = await open_in_thread(self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the streams and the link; what is unanswered then gets an error."""
        submitter, self._submitter = self._submitter, None
        try:
            for stream in list(self._streams):
                await stream.aclose()
        finally:
            if submitter is not None:
                await asyncio.to_thread(submitter.close)

    async def infer(
        self,
        x: object,
        *,
        stream: int | None = None,
        sequence: int | None = None,
        captured_ns: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Submit a sample and wait for its answer; the arguments and errors are those of `Device.infer`."""
        submitter = opened(self._submitter, "AsyncDevice")
        submitted = submitter.submit(x, stream=stream, sequence=sequence, captured_ns=captured_ns)
        answer = asyncio.wrap_future(submitted)
        done, _ = await asyncio.wait([answer], timeout=timeout_s)
        if not done:
            answer.cancel()
            raise UnreachableError(f"no answer within {timeout_s:g} s")
        return answer.result()

    def stream(
        self,
        source: Iterable[object] | AsyncIterable[object],
        *,
        buffer: Buffer = "block",
        most_waiting: int = 64,
        on_refused: Callable[[SampleError], None] | None = None,
    ) -> AsyncAnswerStream:
        """Submit the samples of an iterable, and iterate with `async for` over their answers in the same order.

        An ordinary iterable is read in a thread; `on_refused` is called in the event loop. The arguments are those of
        `Device.stream`.
        """
        submitter = opened(self._submitter, "AsyncDevice")
        stream = AsyncAnswerStream(submitter, source, buffer, most_waiting, on_refused)
        self._streams.add(stream)
        return stream
