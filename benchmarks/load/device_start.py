"""Times a device process from its start to its first symbols, with a minimal base station that only requests them."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpc import aio

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Downlink, Evaluate, Welcome
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.runtime.rpc import UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.testbed.processes.supervisor import Supervisor

_LIMIT_S = 120.0


@dataclass(slots=True)
class FirstMessages(uplink_pb2_grpc.UplinkServicer):
    """A base station for one device that records when the first message of each kind arrives.

    Attributes:
        config: settings sent to the device.
        arrived_s: monotonic time in seconds of the first message of each kind: `hello`, `ready`, `block`, …
        block_arrived: set when the first block has arrived.
    """

    config: RunConfig
    arrived_s: dict[str, float] = field(default_factory=dict)
    block_arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """Serve the stream of one device."""
        async for bundle in request_iterator:
            for message in bundle.messages:
                await self._receive(message, context)

    async def _receive(self, message: pb.UplinkMessage, context: "aio.ServicerContext[Any, Any]") -> None:
        kind = str(message.WhichOneof("body"))
        self.arrived_s.setdefault(kind, time.monotonic())
        if kind == "hello":
            welcome = Welcome(PROTOCOL_VERSION, "start", 0, self.config.canonical_json(), None)
            await context.write(_bundled(welcome))
        elif kind == "ready":
            await context.write(_bundled(Evaluate(Phase.TEST, 0, Symbols.HARD)))
        elif kind == "block":
            self.block_arrived.set()


def _bundled(body: Downlink) -> pb.DownlinkBundle:
    return pb.DownlinkBundle(messages=[downlink_to_proto(body)])


async def device_start_s(config: RunConfig, folder: Path, data_dir: Path | None) -> dict[str, float]:
    """Start a device process and measure the time to its messages.

    Returns:
        Seconds from just before the start of the process to its `hello`, its `ready` and its first `block`.

    Raises:
        SplitwaveError: the device ended.
        TimeoutError: the device sent no symbols in time.
    """
    folder.mkdir(parents=True)
    first_messages = FirstMessages(config)

    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(first_messages, server)

    data = [] if data_dir is None else [f"--data={data_dir}"]
    async with serving("127.0.0.1:0", register, [UPLINK_SERVICE]) as address, Supervisor(folder) as supervisor:
        started = time.monotonic()
        arguments = [
            "splitwave.device",
            f"--connect={address}",
            f"--state={folder}",
            *data,
            "--lifeline",
            "--log-format=json",
        ]
        await supervisor.start("device", arguments)
        await supervisor.guard(asyncio.wait_for(first_messages.block_arrived.wait(), _LIMIT_S))
    return {kind: arrived - started for kind, arrived in first_messages.arrived_s.items()}
