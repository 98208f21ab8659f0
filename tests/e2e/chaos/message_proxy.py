"""A proxy of the Uplink service that forwards raw bytes, and shows each message to an observer before it goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
from grpc import aio

from splitwave.common.runtime.rpc import CLIENT_OPTIONS, SERVER_OPTIONS, UPLINK_SERVICE
from splitwave.common.wire.pb import uplink_pb2 as pb

Message = pb.UplinkMessage | pb.DownlinkMessage
Observer = Callable[[int, Message], Awaitable[None]]
"""Takes a link and a message of it; the message and all later ones of its direction wait until this returns."""
Bundle = type[pb.UplinkBundle] | type[pb.DownlinkBundle]


class _Stream:
    """One stream through the proxy; its first Hello names the link."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._link = -1

    async def parts(self, data: bytes, kind: Bundle) -> AsyncIterator[bytes]:
        """The bytes to forward: those of the bundle, if need be in parts."""
        bundle = kind.FromString(data)
        for message in bundle.messages:
            if isinstance(message, pb.UplinkMessage) and message.HasField("hello"):
                self._link = message.hello.link
            await self._observe(self._link, message)
            yield data if len(bundle.messages) == 1 else kind(messages=[message]).SerializeToString()  # type: ignore[list-item]


@asynccontextmanager
async def message_proxy(address: str, observe: Observer) -> AsyncIterator[str]:
    """Yield the address of a proxy in front of a server. Each device has a stream of its own.

    A bundle of several messages is forwarded as several bundles, so that the messages before one that is observed have
    arrived, and those behind it have not been sent.
    """

    async def connect(bundles: AsyncIterator[bytes], context: "aio.ServicerContext[Any, Any]") -> None:
        stream = _Stream(observe)
        async with aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
            call: Any = grpc_channel.stream_stream(f"/{UPLINK_SERVICE}/Connect")()
            up = asyncio.create_task(_carry_up(stream, bundles, call))
            try:
                with suppress(aio.AioRpcError):
                    async for data in call:
                        async for part in stream.parts(data, pb.DownlinkBundle):
                            await context.write(part)
                code, details = await call.code(), await call.details()
            finally:
                up.cancel()
                call.cancel()
                await asyncio.gather(up, return_exceptions=True)
        if code is not grpc.StatusCode.OK:
            await context.abort(code, details)

    handlers: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(connect)}
    server = aio.server(options=SERVER_OPTIONS)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(UPLINK_SERVICE, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def _carry_up(stream: _Stream, bundles: AsyncIterator[bytes], call: Any) -> None:
    with suppress(asyncio.InvalidStateError, aio.AioRpcError):  # the server has ended the stream
        async for data in bundles:
            async for part in stream.parts(data, pb.UplinkBundle):
                await call.write(part)
        await call.done_writing()
