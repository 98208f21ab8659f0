"""A device that tests control message by message, so that they can send messages that a real device never sends."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from grpc import aio

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Downlink, Hello, Ready, TrainStep, Uplink, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.runtime.dialling import open_aio_channel
from splitwave.common.runtime.rpc import CLIENT_OPTIONS, UPLINK_SERVICE
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.downlink import downlink_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto
from tests.integration.testbed import DIGEST, TEST, TRAIN


class RawDevice:
    """One stream. `receive` waits for the next message, or raises the error that ended the stream."""

    def __init__(
        self, config: RunConfig, call: "aio.StreamStreamCall[pb.UplinkBundle | bytes, pb.DownlinkBundle]"
    ) -> None:
        self._config = config
        self._call = call
        self.contract: LinkContract | None = None
        self._received: deque[pb.DownlinkMessage] = deque()

    async def send(self, body: Uplink | pb.UplinkMessage) -> None:
        await self.send_bundle(body if isinstance(body, pb.UplinkMessage) else uplink_to_proto(body, self.contract))

    async def send_bundle(self, *messages: pb.UplinkMessage) -> None:
        """Send one bundle."""
        await self._call.write(pb.UplinkBundle(messages=messages))

    async def send_bytes(self, message: bytes) -> None:
        """Send bytes that are not a protobuf message."""
        await self._call.write(message)

    async def receive(self) -> Downlink:
        if not self._received:
            await self._read()
        return downlink_from_proto(self._received.popleft(), self.contract)

    async def receive_bundle(self) -> list[Downlink]:
        """Receive all messages of the next bundle."""
        assert not self._received
        await self._read()
        bodies = [downlink_from_proto(message, self.contract) for message in self._received]
        self._received.clear()
        return bodies

    async def _read(self) -> None:
        bundle = await self._call.read()
        if not isinstance(bundle, pb.DownlinkBundle):
            raise aio.AioRpcError(await self._call.code(), None, None, await self._call.details())
        self._received.extend(bundle.messages)

    async def shake_hands(self, *, version: int = PROTOCOL_VERSION, link: int | None = None) -> Welcome:
        await self.send(Hello(version, "raw", "test", link, 4096))
        welcome = await self.receive()
        assert isinstance(welcome, Welcome)
        self.contract = link_contract(self._config, welcome.link)
        return welcome

    async def start_training(self) -> TrainStep:
        await self.shake_hands()
        await self.send(Ready(TRAIN, TEST, DIGEST))
        step = await self.receive()
        assert isinstance(step, TrainStep)
        return step

    def crash(self) -> None:
        """Break the stream without a last message, as a crash does."""
        self._call.cancel()

    async def end(self) -> tuple[str, str]:
        """Wait until the other side ends the stream; returns the name of its status and its message."""
        while True:
            try:
                await self.receive()
            except aio.AioRpcError as error:
                return error.code().name, error.details() or ""


def _serialized(message: pb.UplinkBundle | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


@asynccontextmanager
async def raw_device(
    address: str,
    config: RunConfig,
    tls: TlsFolder | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
    options: Sequence[tuple[str, int]] = (),
) -> AsyncIterator[RawDevice]:
    async with open_aio_channel(address, [*CLIENT_OPTIONS, *options], tls) as grpc_channel:
        call: Any = grpc_channel.stream_stream(
            f"/{UPLINK_SERVICE}/Connect",
            request_serializer=_serialized,
            response_deserializer=pb.DownlinkBundle.FromString,
        )(metadata=metadata)
        yield RawDevice(config, call)
        call.cancel()


def level_block(contract: LinkContract, ids: Int64, **changes: object) -> SymbolBlock:
    """A valid straight-through training block of step 0."""
    levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32)
    indices = np.zeros((len(ids), contract.dimension), dtype=np.uint8)
    fields: dict[str, object] = {
        "link": contract.link,
        "sequence": 0,
        "key": BlockKey(Phase.TRAIN, 0, 0),
        "sample_ids": ids,
        "payload": LevelPayload(indices, 0, levels),
    }
    return SymbolBlock(**{**fields, **changes})  # type: ignore[arg-type]
