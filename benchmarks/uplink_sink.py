"""`python -m benchmarks.uplink_sink`: a base station that only welcomes links and answers blocks, at once, all with 0.

It stands behind a channel emulator whose rate is measured, so it looks at no block but the first of each stream: that
one must be what the channel makes of `benchmarks.uplink_source.test_block`, to the bit.
"""

import argparse
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from benchmarks.raw_stream import Context, serve_streams
from benchmarks.uplink_source import SERVICE, test_block
from channel.link import ChannelLink
from common.config import RunConfig
from common.config_layers import load_config
from common.errors import ProtocolError
from common.messages import PROTOCOL_VERSION, Hello, Phase, RealPayload, Welcome
from common.pb import uplink_pb2 as pb
from common.process import add_process_options, run_service
from common.rpc import refuse
from common.wire import block_from_proto
from common.wire_control import downlink_to_proto, uplink_from_proto


class UplinkSink:
    """Each link's stream: Welcome to Hello, a prediction to a block, nothing to anything else."""

    def __init__(self, config: RunConfig) -> None:
        self._config = config

    async def connect(self, messages: AsyncIterator[bytes], context: Context) -> None:
        """One stream."""
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
        came = block_from_proto(block.block, channel.contract).payload
        assert isinstance(expected, RealPayload)
        if not isinstance(came, RealPayload) or not np.array_equal(came.values, expected.values):
            raise ProtocolError(f"link {link}: the first {Phase.TEST.name.lower()} block is not what the channel makes")


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uplink_sink", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the run's settings")
    add_process_options(parser)
    options = parser.parse_args()

    def serve() -> None:
        sink = UplinkSink(load_config(options.config))
        serve_streams(SERVICE, lambda: sink.connect, options.listen, options.ready_fd)

    return run_service("sink", options, serve)


if __name__ == "__main__":
    sys.exit(main())
