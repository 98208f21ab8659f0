"""The uplink service of the base station: decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog
from grpc import aio

from basestation.coordinator import Coordinator
from basestation.link_session import LinkSession
from common.errors import ProtocolError, Refusal
from common.messages import Hello
from common.pb import uplink_pb2 as pb
from common.pb import uplink_pb2_grpc
from common.rpc import first_message, refuse
from common.wire_control import downlink_to_proto, uplink_from_proto

SERVICE = pb.DESCRIPTOR.services_by_name["Uplink"].full_name

log = structlog.get_logger()


class UplinkService(uplink_pb2_grpc.UplinkServicer):
    """Each device's (or emulated link's) stream, tied to its session with the coordinator."""

    def __init__(self, coordinator: Coordinator) -> None:
        """Args: who leads the run."""
        self._coordinator = coordinator

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkMessage], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One stream, from Hello to the end of the run."""
        try:
            session = await self._welcome(request_iterator, context.peer())
        except ProtocolError as error:
            log.warning("device refused", peer=context.peer(), reason=str(error))
            await refuse(context, error)
        # One reason for both: of a broken connection gRPC shows sometimes the cancelled call, sometimes only the end.
        reason, may_return = "its stream ended", True
        try:
            await self._exchange(session, request_iterator, context)
        except ProtocolError as error:
            reason, may_return = str(error), False
            await refuse(context, error)
        except (aio.AioRpcError, aio.UsageError):  # writing to a peer that is gone
            raise
        except Exception as error:  # what cannot be decoded, or a bug of ours: it would not get better by itself
            reason, may_return = f"{type(error).__name__}: {error}", False
            raise
        finally:
            self._coordinator.disconnect(session, reason, may_return=may_return)

    async def _welcome(self, messages: AsyncIterator[pb.UplinkMessage], peer: str) -> LinkSession:
        hello = uplink_from_proto(await first_message(messages))
        if not isinstance(hello, Hello):
            raise ProtocolError(f"a stream must begin with Hello, not {type(hello).__name__}")
        return self._coordinator.connect(hello, peer)

    async def _exchange(
        self,
        session: LinkSession,
        messages: AsyncIterator[pb.UplinkMessage],
        context: "aio.ServicerContext[Any, Any]",
    ) -> None:
        read = asyncio.create_task(self._read(session, messages))
        write = asyncio.create_task(self._write(session, context))
        failed = asyncio.create_task(self._coordinator.failed.wait())
        try:
            await asyncio.wait({read, write, failed}, return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                read.result()
            if write.done():
                write.result()
            if failed.done():
                raise ProtocolError(f"the run failed: {self._coordinator.failure}", Refusal.ABORTED)
        finally:
            for task in (read, write, failed):
                task.cancel()
            await asyncio.gather(read, write, failed, return_exceptions=True)

    async def _read(self, session: LinkSession, messages: AsyncIterator[pb.UplinkMessage]) -> None:
        async for message in messages:
            self._coordinator.receive(session, uplink_from_proto(message, session.contract))

    async def _write(self, session: LinkSession, context: "aio.ServicerContext[Any, Any]") -> None:
        while (body := await session.outbox.get()) is not None:
            await context.write(downlink_to_proto(body))
