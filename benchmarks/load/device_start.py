"""A device process from its start to its first symbols, against a base station that only asks for them."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpc import aio

from splitwave.channel.emulator.service import SERVICE
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Downlink, Evaluate, Welcome
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.runtime.server import serving
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.testbed.processes.supervisor import Supervisor

_LIMIT_S = 120.0


@dataclass(slots=True)
class FirstWords(uplink_pb2_grpc.UplinkServicer):
    """Welcomes one device, asks it for its test pass, and notes when its words came: seconds by kind."""

    config: RunConfig
    came_s: dict[str, float] = field(default_factory=dict)
    all_came: asyncio.Event = field(default_factory=asyncio.Event)

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One device's stream, to its first block."""
        async for bundle in request_iterator:
            for message in bundle.messages:
                await self._hear(message, context)

    async def _hear(self, message: pb.UplinkMessage, context: "aio.ServicerContext[Any, Any]") -> None:
        kind = str(message.WhichOneof("body"))
        self.came_s.setdefault(kind, time.monotonic())
        if kind == "hello":
            welcome = Welcome(PROTOCOL_VERSION, "start", 0, self.config.canonical_json(), None)
            await context.write(_bundled(welcome))
        elif kind == "ready":
            await context.write(_bundled(Evaluate(Phase.TEST, 0, Symbols.HARD)))
        elif kind == "block":
            self.all_came.set()


def _bundled(body: Downlink) -> pb.DownlinkBundle:
    return pb.DownlinkBundle(messages=[downlink_to_proto(body)])


async def device_start_s(config: RunConfig, folder: Path, data_dir: Path | None) -> dict[str, float]:
    """Seconds from just before a device process is started to its `hello`, its `ready` and its first `block`.

    Raises:
        SplitwaveError: the device died.
        TimeoutError: it said no symbol in time.
    """
    folder.mkdir(parents=True)
    words = FirstWords(config)

    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(words, server)

    data = [] if data_dir is None else [f"--data={data_dir}"]
    async with serving("127.0.0.1:0", register, [SERVICE]) as address, Supervisor(folder) as supervisor:
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
        await supervisor.unless_one_dies(asyncio.wait_for(words.all_came.wait(), _LIMIT_S))
    return {kind: came - started for kind, came in words.came_s.items()}
