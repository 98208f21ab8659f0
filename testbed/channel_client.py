"""Client of a channel emulator's control service: shows, changes and watches its links.

`tls` is the folder of an operator's certificates; None for plaintext.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from splitwave.common.errors import ConfigError, Refusal, UnreachableError
from splitwave.common.protocol.channel_changes import ChannelChange, ChannelReport, PlannedValues
from splitwave.common.runtime.dialling import failure_reason, open_aio_channel
from splitwave.common.runtime.readable_replies import with_readable_replies
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.channel_control import change_to_proto, plan_to_proto, report_from_proto
from splitwave.common.wire.parsing import readable
from splitwave.common.wire.pb import channel_control_pb2 as pb
from splitwave.common.wire.pb.channel_control_pb2_grpc import ChannelControlStub

if TYPE_CHECKING:  # only the stub file has it
    from splitwave.common.wire.pb.channel_control_pb2_grpc import ChannelControlAsyncStub

DEADLINE_S = 30.0
"""Deadline of an answer, generous for busy machines; where no server listens, the call fails at once."""

_ROWS = 1_000
"""Rows of a plan in one message."""

_REFUSALS = frozenset(grpc.StatusCode[refusal.name] for refusal in Refusal)


class ChannelClient:
    """The control service of one emulator, during a connection; every call raises the errors of `connected`."""

    def __init__(self, stub: "ChannelControlAsyncStub") -> None:
        """Args: of the service."""
        self._stub = stub

    async def list(self) -> ChannelReport:
        """The state of the links."""
        return report_from_proto(readable(await self._stub.List(pb.ListRequest(), timeout=DEADLINE_S)))

    async def set(self, changes: Sequence[ChannelChange]) -> ChannelReport:
        """Change links, all at once; returns when the change is kept and effective."""
        request = pb.SetRequest(changes=[change_to_proto(change) for change in changes])
        return report_from_proto(readable(await self._stub.Set(request, timeout=DEADLINE_S)))

    async def plan(self, rows: Sequence[PlannedValues]) -> ChannelReport:
        """Plan values by query, in place of earlier plans."""

        async def chunks() -> AsyncIterator[pb.PlanChunk]:
            for start in range(0, len(rows), _ROWS):
                yield plan_to_proto(rows[start : start + _ROWS])

        return report_from_proto(readable(await self._stub.Plan(chunks(), timeout=DEADLINE_S)))

    async def watch(self) -> AsyncIterator[ChannelReport]:
        """The state now, and whenever it has changed, until the emulator ends."""
        async for state in self._stub.Watch(pb.WatchRequest()):
            yield report_from_proto(readable(state))


@asynccontextmanager
async def connected(address: str, tls: TlsFolder | None = None) -> AsyncIterator[ChannelClient]:
    """A client for calls within the `async with`.

    Raises:
        ConfigError: the emulator refuses a change, or this party's certificate; the message has its reason.
        UnreachableError: no emulator answers at `address`.
        ProtocolError: its answer is none.
    """
    with _readable_errors(address, tls):
        async with open_aio_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
            yield ChannelClient(
                ChannelControlStub(with_readable_replies(grpc_channel, f"the channel emulator at {address}"))
            )


@contextmanager
def _readable_errors(address: str, tls: TlsFolder | None) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise UnreachableError(f"refused by {address} for now: {error.details()}") from None
        if error.code() in _REFUSALS or error.code() is grpc.StatusCode.PERMISSION_DENIED:
            raise ConfigError(f"refused by {address}: {error.details()}") from None
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            raise UnreachableError(f"{address} answers, but it is not a channel emulator with live control") from None
        reason = failure_reason(error.details(), tls)
        raise UnreachableError(f"no channel emulator answered at {address}: {reason}") from None
