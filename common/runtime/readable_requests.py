"""Parses requests in front of every handler of a server, so that bad bytes are refused and never raise inside gRPC."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from grpc import aio

from splitwave.common.errors import ProtocolError
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.rpc import refuse
from splitwave.common.wire.parsing import Parser, Unreadable

Context = aio.ServicerContext[Any, Any]
Handler = Any  # gRPC's named tuple of a method's functions, which its stubs leave without fields
Behaviour = Callable[[Any, Any], Any]

log = get_logger()


class ReadableRequests(aio.ServerInterceptor):
    """Replaces the parser of each method.

    A handler of single requests is called with messages only: other bytes end the call with INVALID_ARGUMENT and the
    reason. The iterator of a stream's requests raises ProtocolError there; the handler decides what to do about it.
    """

    def __init__(self) -> None:
        """No method has been called yet."""
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the handler of a call, which is made once for each method."""
        method = handler_call_details.method
        if method not in self._handlers:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None  # no such method: its name is the caller's, and not kept
            if handler.request_deserializer is None:
                return handler  # it takes bytes
            self._handlers[method] = _reading(handler, method)
        return self._handlers[method]


def _reading(handler: Handler, method: str) -> Handler:
    parser = Parser(handler.request_deserializer, _request_type(method), "the caller")
    if not handler.request_streaming:
        field, behaviour = _behaviour(handler, "unary")
        return handler._replace(request_deserializer=parser, **{field: _refusing_unary(behaviour)})
    field, behaviour = _behaviour(handler, "stream")
    if inspect.isasyncgenfunction(behaviour):
        behaviour = _refusing_stream(behaviour)
    return handler._replace(request_deserializer=parser.parse, **{field: behaviour})


def _request_type(method: str) -> str:
    """The full name of the message that a method such as /splitwave.uplink.v1.Uplink/Connect takes."""
    return str(descriptor_pool.Default().FindMethodByName(method[1:].replace("/", ".")).input_type.full_name)


def _behaviour(handler: Handler, request: str) -> tuple[str, Behaviour]:
    field = f"{request}_{'stream' if handler.response_streaming else 'unary'}"
    return field, getattr(handler, field)


def _refusing_unary(behaviour: Behaviour) -> Behaviour:
    """The same function, which is not called with bytes that could not be parsed."""
    if inspect.isasyncgenfunction(behaviour):

        async def generate(request: object, context: Context) -> AsyncIterator[object]:
            await _check(request, context)
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    yield response

        return generate

    async def answer(request: object, context: Context) -> object:
        await _check(request, context)
        return await behaviour(request, context)

    return answer


def _refusing_stream(behaviour: Behaviour) -> Behaviour:
    """The same generator, whose ProtocolError ends the stream with a status."""

    async def generate(requests: object, context: Context) -> AsyncIterator[object]:
        try:
            async with aclosing(behaviour(requests, context)) as responses:
                async for response in responses:
                    yield response
        except ProtocolError as error:
            await _refuse(context, error)

    return generate


async def _check(request: object, context: Context) -> None:
    if isinstance(request, Unreadable):
        await _refuse(context, ProtocolError(request.reason))


async def _refuse(context: Context, error: ProtocolError) -> None:
    log.warning("request refused", peer=context.peer(), reason=str(error))
    await refuse(context, error)
