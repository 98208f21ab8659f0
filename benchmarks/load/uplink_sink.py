"""`python -m splitwave.benchmarks.load.uplink_sink`: a base station that answers each block at once, with zeros.

It receives the output of a channel emulator whose rate is measured. To stay fast, it checks only the first block of
each stream: that must equal, to the bit, the channel's output for `uplink_source.test_block`.
"""

import argparse
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from splitwave.benchmarks.load.raw_stream import Context, serve_streams
from splitwave.benchmarks.load.uplink_source import test_block
from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import RealPayload
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.runtime.process import add_process_options, run_service
from splitwave.common.runtime.rpc import UPLINK_SERVICE, refuse
from splitwave.common.runtime.tls_options import add_tls_option, tls_of
from splitwave.common.wire.blocks import block_from_proto
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_from_proto


class UplinkSink:
    """Answers a Hello with a Welcome and each block with a prediction; ignores all other messages."""

    def __init__(self, config: RunConfig) -> None:
        self._config = config

    async def connect(self, messages: AsyncIterator[bytes], context: Context) -> None:
        """Serve the stream of one link."""
        try:
            (first,) = pb.UplinkBundle.FromString(await anext(messages)).messages
            hello = uplink_from_proto(first, None)
            assert isinstance(hello, Hello)
            link = hello.link or 0
            welcome = Welcome(PROTOCOL_VERSION, "sink", link, self._config.canonical_json(), None)
            await context.write(pb.DownlinkBundle(messages=[downlink_to_proto(welcome)]).SerializeToString())
            await self._answer(link, messages, context)
        except ProtocolError as error:
            await refuse(context, error)

    async def _answer(self, link: int, messages: AsyncIterator[bytes], context: Context) -> None:
        number = 0
        answers = bytes(self._config.inference.block_size)
        async for message in messages:
            if number == 0:
                self._check(link, message)
            key = pb.BlockKey(phase=pb.PHASE_TEST, step=0, micro_batch=number)
            answer = pb.DownlinkMessage(prediction=pb.Prediction(key=key, classes=answers))
            await context.write(pb.DownlinkBundle(messages=[answer]).SerializeToString())
            number += 1

    def _check(self, link: int, message: bytes) -> None:
        channel = ChannelLink(self._config, link)
        expected = channel.transmit(test_block(channel.contract, 0)).payload
        (block,) = pb.UplinkBundle.FromString(message).messages
        received = block_from_proto(block.block, channel.received).payload
        assert isinstance(expected, RealPayload)
        if not isinstance(received, RealPayload) or not np.array_equal(received.values, expected.values):
            raise ProtocolError(
                f"link {link}: the first {Phase.TEST.name.lower()} block differs from the channel's expected output"
            )


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.load.uplink_sink", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the run's settings")
    add_tls_option(parser)
    add_process_options(parser)
    options = parser.parse_args()

    def serve() -> None:
        sink = UplinkSink(load_config(options.config))
        serve_streams(UPLINK_SERVICE, lambda: sink.connect, options.listen, options.ready_fd, tls_of(options))

    return run_service("sink", options, serve)


if __name__ == "__main__":
    sys.exit(main())
