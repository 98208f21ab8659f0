"""The control service of the emulator: takes an operator's changes of the links, and shows their state."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from grpc import aio

from splitwave.channel.control.live_control import LiveControl
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.channel_changes import MAX_PLANNED, PlannedValues
from splitwave.common.runtime.rpc import refuse
from splitwave.common.wire.channel_control import change_from_proto, plan_from_proto, report_to_proto
from splitwave.common.wire.pb import channel_control_pb2 as pb
from splitwave.common.wire.pb import channel_control_pb2_grpc

SERVICE = pb.DESCRIPTOR.services_by_name["ChannelControl"].full_name


class ChannelControlService(channel_control_pb2_grpc.ChannelControlServicer):
    """Decodes requests for `LiveControl`, and encodes its answers."""

    def __init__(self, control: LiveControl) -> None:
        """Args: the control of this emulator."""
        self._control = control

    async def List(  # noqa: N802
        self,
        request: pb.ListRequest,  # noqa: ARG002
        context: "aio.ServicerContext[Any, Any]",  # noqa: ARG002
    ) -> pb.ChannelState:
        """The state of the links."""
        return report_to_proto(self._control.report())

    async def Set(  # noqa: N802
        self, request: pb.SetRequest, context: "aio.ServicerContext[Any, Any]"
    ) -> pb.ChannelState:
        """Change links."""
        try:
            report = await self._control.change([change_from_proto(change) for change in request.changes])
        except ProtocolError as error:
            await refuse(context, error)
        return report_to_proto(report)

    async def Plan(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.PlanChunk], context: "aio.ServicerContext[Any, Any]"
    ) -> pb.ChannelState:
        """Plan values by query."""
        try:
            report = await self._control.plan(await _rows(request_iterator))
        except ProtocolError as error:
            async for _ in request_iterator:
                pass  # an answer before the end of the request may not arrive
            await refuse(context, error)
        return report_to_proto(report)

    async def Watch(  # noqa: N802
        self,
        request: pb.WatchRequest,  # noqa: ARG002
        context: "aio.ServicerContext[Any, Any]",  # noqa: ARG002
    ) -> AsyncIterator[pb.ChannelState]:
        """The state now, and whenever it has changed."""
        async with aclosing(self._control.reports()) as reports:
            async for report in reports:
                yield report_to_proto(report)


async def _rows(chunks: AsyncIterator[pb.PlanChunk]) -> list[PlannedValues]:
    rows: list[PlannedValues] = []
    async for chunk in chunks:
        rows += plan_from_proto(chunk)
        if len(rows) > MAX_PLANNED:
            raise ProtocolError(f"a plan of more than {MAX_PLANNED} rows")
    return rows
