"""The load client of the channel emulator: devices' streams that send the same hard symbols over and over."""

import time

import grpc
import numpy as np

from splitwave.benchmarks.load.raw_stream import RawStream
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto

SERVICE = pb.DESCRIPTOR.services_by_name["Uplink"].full_name


def test_block(contract: LinkContract, number: int) -> SymbolBlock:
    """Block `number` of a stream, with random but known level indices; the first brings the codebook."""
    levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32)
    rng = np.random.Generator(np.random.Philox(contract.link))
    shape = contract.max_samples, contract.dimension
    indices = rng.integers(contract.breakpoints + 1, size=shape, dtype=np.uint8)
    payload = LevelPayload(indices, 0, levels if number == 0 else None)
    ids = np.arange(contract.max_samples, dtype=np.int64)
    return SymbolBlock(contract.link, number, BlockKey(Phase.TEST, 0, number), ids, payload)


class _Stream:
    """One link: Hello, then blocks, so many of them unanswered as the run gives it credits."""

    def __init__(self, grpc_channel: grpc.Channel, config: RunConfig, link: int) -> None:
        contract = LinkContract.of(config, link)
        self._first = uplink_to_proto(test_block(contract, 0), contract)
        self._next = uplink_to_proto(test_block(contract, 1), contract)
        self._sent = 0
        self._stream = RawStream(grpc_channel, SERVICE)
        hello = Hello(PROTOCOL_VERSION, f"source-{link}", "benchmark", link, contract.dimension)
        self._stream.send(_bundled(uplink_to_proto(hello)))
        (welcome,) = pb.DownlinkBundle.FromString(self._stream.receive()).messages
        if not welcome.HasField("welcome"):
            raise RunFailedError("the first message down was no Welcome")

    def send(self) -> None:
        message = self._next if self._sent else self._first
        message.block.sequence = message.block.key.micro_batch = self._sent
        self._stream.send(_bundled(message))
        self._sent += 1

    def receive(self) -> None:
        """The answer to one block; the sink puts none of them together."""
        self._stream.receive()

    def end(self) -> None:
        self._stream.end()


def _bundled(message: pb.UplinkMessage) -> bytes:
    return pb.UplinkBundle(messages=[message]).SerializeToString()


def send_blocks(address: str, config_json: str, blocks: int) -> Int64:
    """Send blocks over all links of a run, a share each, after as many tenths of them to warm up.

    Args:
        address: of a channel emulator.
        config_json: the run's settings; a block has `inference.block_size` samples.
        blocks: over all links, a multiple of their number.

    Returns:
        (blocks + 1,) monotonic nanoseconds: when the clock started, and each block's answer.

    Raises:
        ValueError: the links cannot have equal shares.
    """
    config = RunConfig.model_validate_json(config_json)
    if blocks % config.links:
        raise ValueError(f"{blocks} blocks over {config.links} links: expected a multiple of the links")
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        streams = [_Stream(grpc_channel, config, link) for link in range(config.links)]
        try:
            a_stream = blocks // config.links
            _drive(streams, max(1, a_stream // 10), config.runtime.credits)
            started = time.monotonic_ns()
            return np.array([started, *_drive(streams, a_stream, config.runtime.credits)], dtype=np.int64)
        finally:
            for stream in streams:
                stream.end()


def _drive(streams: list[_Stream], blocks: int, credit: int) -> list[int]:
    answered = []
    for _ in range(min(blocks, credit)):
        for stream in streams:
            stream.send()
    for number in range(blocks):
        for stream in streams:
            stream.receive()
            answered.append(time.monotonic_ns())
            if number + credit < blocks:
                stream.send()
    return answered
