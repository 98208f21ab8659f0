"""What the channel emulator does to the messages of one logical device, one port of a stream."""

import time

import structlog

from channel.link import ChannelLink
from common.config import RunConfig
from common.errors import ProtocolError
from common.messages import BlockKey
from common.pb import uplink_pb2 as pb
from common.wire import (
    block_from_proto,
    block_to_proto,
    gradient_from_proto,
    gradient_to_proto,
    key_from_proto,
    symbols_from_proto,
)

log = structlog.get_logger()


class EmulatedPort:
    """The state of one logical device: its channel, and when its queries came and left."""

    def __init__(self) -> None:
        self._link: ChannelLink | None = None
        self._timed: dict[BlockKey, tuple[int, int]] = {}
        self._starting_over = False

    def pass_up(self, message: pb.UplinkMessage) -> pb.UplinkMessage | None:
        """The message behind the channel; None if it is void, sent before the device heard of a new start.

        Raises:
            ProtocolError: it does not fit the link's contract, or came before the handshake was over.
        """
        if self._starting_over and message.WhichOneof("body") not in ("ready", "leaving"):
            return None  # this link's channel begins with the next Ready
        self._starting_over = False
        return self._transmit(message) if message.HasField("block") else message

    def pass_down(self, message: pb.DownlinkMessage) -> pb.DownlinkMessage:
        """Take note of what the base station says; gradients come back through the channel's adjoint.

        Raises:
            ProtocolError: as for `pass_up`.
        """
        match message.WhichOneof("body"):
            case "welcome":
                self._begin(message.welcome)
            case "evaluate":
                self._welcomed.symbols = symbols_from_proto(message.evaluate.symbols)
            case "gradient":
                return self._return(message)
            case "prediction":
                self._add_times(message.prediction, time.perf_counter_ns())
        return message

    def _begin(self, welcome: pb.Welcome) -> None:
        """The link of a run, from its first block; a second Welcome starts the run over."""
        self._starting_over = self._link is not None
        self._link = ChannelLink(RunConfig.from_handshake(welcome.settings_json), welcome.link)
        self._timed.clear()
        log.info("run starts over" if self._starting_over else "link up", link=welcome.link, run=welcome.run_id)

    @property
    def _welcomed(self) -> ChannelLink:
        if self._link is None:
            raise ProtocolError("symbols came before the handshake was over")
        return self._link

    def _transmit(self, message: pb.UplinkMessage) -> pb.UplinkMessage:
        started = time.perf_counter_ns()
        contract = self._welcomed.contract
        block = block_from_proto(message.block, contract)
        passed = block_to_proto(self._welcomed.transmit(block), contract)
        if block.key.phase.is_of_queries:
            self._timed[block.key] = (started, time.perf_counter_ns())
        return pb.UplinkMessage(port=message.port, block=passed)

    def _return(self, message: pb.DownlinkMessage) -> pb.DownlinkMessage:
        link = self._welcomed
        if link.returns_gradients_unchanged:
            return message  # the device checks what it is sent
        gradient = gradient_from_proto(message.gradient, link.contract)
        returned = gradient_to_proto(link.return_gradient(gradient))
        return pb.DownlinkMessage(port=message.port, gradient=returned)

    def _add_times(self, prediction: pb.Prediction, back_ns: int) -> None:
        """Say when the answered query was here, and its answer."""
        timed = self._timed.pop(key_from_proto(prediction.key), None)
        if timed is None:
            return
        in_ns, out_ns = timed
        if prediction.HasField("stamps"):
            of = prediction.stamps.channel
            of.in_ns, of.out_ns, of.back_ns, of.down_ns = in_ns, out_ns, back_ns, time.perf_counter_ns()
        else:
            beyond_ns = sum(hop.duration_ns for hop in prediction.hops)
            hops = [
                pb.Hop(name="emulate", duration_ns=out_ns - in_ns),
                pb.Hop(name="backhaul", duration_ns=max(0, back_ns - out_ns - beyond_ns)),
                *prediction.hops,
            ]
            del prediction.hops[:]
            prediction.hops.extend(hops)
