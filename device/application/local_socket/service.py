"""The handlers of `DeviceApp`: decode, submit, encode."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
from grpc import aio

from splitwave.common.errors import ProtocolError, Refusal, SplitwaveError, UnreachableError
from splitwave.common.runtime.logger import get_logger
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.answer import Answer
from splitwave.device.application.local_socket.conversion import answer_to_proto, description_of, sample_from_proto
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter

log = get_logger()

_UNANSWERED = 64
"""Requests of a stream that are under way at a time; said in device_app.proto."""

_Context = aio.ServicerContext[Any, Any]

_Answers = asyncio.Queue[asyncio.Future[Answer] | Exception | None]
"""The replies of a stream, in order, and then the error that ended it, or None."""


class DeviceAppService(device_app_pb2_grpc.DeviceAppServicer):
    """Submits what programs send, and returns the answers."""

    def __init__(self, submitter: Submitter) -> None:
        """Serve the device of a submitter."""
        self._submitter = submitter

    async def Infer(self, request: pb.InferRequest, context: _Context) -> pb.InferReply:  # noqa: N802
        """Submit one sample."""
        try:
            return answer_to_proto(await self._submit(request))
        except Exception as error:
            await self._refuse(error, context)

    async def InferStream(  # noqa: N802
        self, requests: AsyncIterator[pb.InferRequest], context: _Context
    ) -> AsyncIterator[pb.InferReply]:
        """Submit samples as they come; the replies have the order of the requests."""
        answers: _Answers = asyncio.Queue(
            _UNANSWERED - 2  # beside the answer that is awaited here, and another that waits for a place
        )
        reading = asyncio.create_task(self._read(requests, answers))
        try:
            while isinstance(answer := await answers.get(), asyncio.Future):
                yield answer_to_proto(await answer)
            if answer is not None:
                raise answer
        except Exception as error:
            await self._refuse(error, context)
        finally:
            reading.cancel()
            _discard(answers)

    async def Describe(self, request: pb.DescribeRequest, context: _Context) -> pb.Description:  # noqa: N802, ARG002
        """Describe the samples and answers."""
        return description_of(self._submitter)

    async def _read(self, requests: AsyncIterator[pb.InferRequest], answers: _Answers) -> None:
        """Submit the requests; an error ends the stream after the replies to those before it."""
        end: Exception | None = None
        try:
            async for request in _readable(requests):
                await answers.put(self._submit(request))
        except Exception as error:  # of any kind: without an end in the queue, the program would wait forever
            end = error
        await answers.put(end)

    def _submit(self, request: pb.InferRequest) -> "asyncio.Future[Answer]":
        return asyncio.wrap_future(self._submitter.submit_sample(sample_from_proto(request)))

    async def _refuse(self, error: Exception, context: _Context) -> NoReturn:
        if not isinstance(error, SplitwaveError):
            log.exception("a request failed")
            await context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
        await context.abort(status_of(error), str(error))
        raise AssertionError("abort raises")  # gRPC's types do not say it


async def _readable(requests: AsyncIterator[pb.InferRequest]) -> AsyncIterator[pb.InferRequest]:
    """The requests, up to bytes that are none."""
    try:
        async for request in requests:
            yield request
    except ProtocolError as error:
        raise SampleError(str(error)) from None


def _discard(answers: _Answers) -> None:
    """Drop answers that nobody waits for any more, and their errors."""
    while not answers.empty():
        answer = answers.get_nowait()
        if isinstance(answer, asyncio.Future) and not answer.cancel() and not answer.cancelled():
            answer.exception()


def status_of(error: SplitwaveError) -> grpc.StatusCode:
    """The status of a request that failed."""
    match error:
        case SampleError():
            return grpc.StatusCode.INVALID_ARGUMENT
        case ProtocolError(refusal=Refusal.RESOURCE_EXHAUSTED):
            return grpc.StatusCode.RESOURCE_EXHAUSTED
        case ProtocolError() | UnreachableError():  # which a link gives to all queries that wait when it ends
            return grpc.StatusCode.UNAVAILABLE
        case _:
            return grpc.StatusCode.INTERNAL
