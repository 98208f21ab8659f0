"""The emulator without its transport: what one core's `ChannelLink.transmit` does, bare and between its encodings."""

import time
from collections.abc import Callable
from pathlib import Path

from splitwave.benchmarks.load.uplink_source import test_block
from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import reading_from
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.blocks import block_from_proto, block_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb


def transmitted_normals_per_s(
    config_json: str,
    blocks: int,
    data_dir: Path | None = None,
    clock: Callable[[], float] = time.perf_counter,
    *,
    encoded: bool,
) -> float:
    """Noise draws a second through `ChannelLink.transmit`.

    Args:
        config_json: the run's settings; a block has `inference.block_size` samples.
        blocks: that are timed.
        data_dir: with the files that channel models read, or None.
        clock: of the seconds; `time.process_time` counts none that other programs used.
        encoded: decode the block from protobuf before, and encode it after, as the service does.
    """
    config = RunConfig.model_validate_json(config_json)
    with reading_from(data_dir):
        channel = ChannelLink(config, 0)
    contract = channel.contract
    blocks_in = [test_block(contract, number) for number in range(blocks)]
    if not encoded:
        started = clock()
        for block in blocks_in:
            channel.transmit(block)
    else:
        encoded_in = [_encoded(block, contract) for block in blocks_in]
        started = clock()
        for data in encoded_in:
            message = pb.SymbolBlock.FromString(data)
            block_to_proto(channel.transmit(block_from_proto(message, contract)), contract, message)
            message.SerializeToString()
    return blocks * contract.max_samples * contract.dimension / (clock() - started)


def _encoded(block: SymbolBlock, contract: LinkContract) -> bytes:
    message = pb.SymbolBlock()
    block_to_proto(block, contract, message)
    return message.SerializeToString()
