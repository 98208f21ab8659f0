"""The load client of the channel emulator: streams that send the same hard symbols repeatedly, like devices."""

import time
from pathlib import Path

import grpc
import numpy as np

from splitwave.benchmarks.load.raw_stream import RawStream
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.runtime.dialling import open_channel
from splitwave.common.runtime.rpc import CLIENT_OPTIONS, UPLINK_SERVICE
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto


def test_block(contract: LinkContract, number: int) -> SymbolBlock:
    """Return block `number` of a stream, with random but reproducible level indices; block 0 includes the codebook."""
    levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32)
    rng = np.random.Generator(np.random.Philox(contract.link))
    shape = contract.max_samples, contract.dimension
    indices = rng.integers(contract.breakpoints + 1, size=shape, dtype=np.uint8)
    payload = LevelPayload(indices, 0, levels if number == 0 else None)
    ids = np.arange(contract.max_samples, dtype=np.int64)
    return SymbolBlock(contract.link, number, BlockKey(Phase.TEST, 0, number), ids, payload)


class _Stream:
    """The stream of one link: sends a Hello, then blocks."""

    def __init__(self, grpc_channel: grpc.Channel, config: RunConfig, link: int) -> None:
        contract = link_contract(config, link)
        self._first = uplink_to_proto(test_block(contract, 0), contract)
        self._next = uplink_to_proto(test_block(contract, 1), contract)
        self._sent = 0
        self._stream = RawStream(grpc_channel, UPLINK_SERVICE)
        hello = Hello(PROTOCOL_VERSION, f"source-{link}", "benchmark", link, contract.dimension)
        self._stream.send(_bundled(uplink_to_proto(hello)))
        (welcome,) = pb.DownlinkBundle.FromString(self._stream.receive()).messages
        if not welcome.HasField("welcome"):
            raise RunFailedError("the first message on the downlink was not a Welcome")

    def send(self) -> None:
        message = self._next if self._sent else self._first
        message.block.sequence = message.block.key.micro_batch = self._sent
        self._stream.send(_bundled(message))
        self._sent += 1

    def receive(self) -> None:
        """Receive the answer to one block; the sink sends each answer as a separate message."""
        self._stream.receive()

    def end(self) -> None:
        self._stream.end()


def _bundled(message: pb.UplinkMessage) -> bytes:
    return pb.UplinkBundle(messages=[message]).SerializeToString()


def send_blocks(address: str, config_json: str, blocks: int, tls_dir: Path | None = None) -> Int64:
    """Send the same number of blocks over each link of a run, after a warm-up of a tenth of them.

    Each link has at most `runtime.credits` unanswered blocks.

    Args:
        address: address of a channel emulator.
        config_json: the run's settings; a block has `inference.block_size` samples.
        blocks: total number of blocks, a multiple of the number of links.
        tls_dir: folder of a device's certificates; None for plaintext.

    Returns:
        (blocks + 1,) int64 monotonic nanoseconds: the start, and the answer of each block.

    Raises:
        ValueError: `blocks` is not a multiple of the number of links.
    """
    config = RunConfig.model_validate_json(config_json)
    if blocks % config.links:
        raise ValueError(f"{blocks} blocks over {config.links} links: expected a multiple of the links")
    tls = None if tls_dir is None else TlsFolder(tls_dir)
    with open_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
        streams = [_Stream(grpc_channel, config, link) for link in range(config.links)]
        try:
            per_stream = blocks // config.links
            _drive(streams, max(1, per_stream // 10), config.runtime.credits)
            started = time.monotonic_ns()
            return np.array([started, *_drive(streams, per_stream, config.runtime.credits)], dtype=np.int64)
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
