"""The emulator's treatment of the messages of one logical device, one port of a stream."""

import time
from pathlib import Path

import structlog

from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, ProtocolError, Refusal
from splitwave.common.named_object import check_consent
from splitwave.common.protocol.blocks import BlockKey, RealPayload
from splitwave.common.wire.blocks import block_from_proto
from splitwave.common.wire.fields import key_from_proto, symbols_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import reals_to_proto
from splitwave.common.wire.training import gradient_from_proto

log = structlog.get_logger()


class EmulatedPort:
    """The state of one logical device: its channel, and the times at which its queries arrived and left."""

    def __init__(self, python_path: Path | None = None) -> None:
        """Args: `--python-path` of the service, without which it imports nothing that a base station names."""
        self._python_path = python_path
        self._link: ChannelLink | None = None
        self._timed: dict[BlockKey, tuple[int, int]] = {}
        self._starting_over = False

    def bytes_behind(self, message: pb.UplinkMessage) -> int:
        """An upper bound on the bytes of a message behind the channel.

        Raises:
            ProtocolError: symbols came before the handshake was over.
        """
        size = message.ByteSize()
        if message.HasField("block"):
            size += 4 * self._welcomed.contract.draws * message.block.samples * self._welcomed.received.dimension
        return size

    def pass_up(self, message: pb.UplinkMessage) -> bool:
        """Pass a message through the channel, in place; False if it is void, because the run has started over since.

        Raises:
            ProtocolError: it does not fit the link's contract, or came before the handshake was over.
        """
        if self._starting_over and message.WhichOneof("body") not in ("ready", "leaving"):
            return False  # this link's channel begins with the next Ready
        self._starting_over = False
        if message.HasField("block"):
            self._transmit(message.block)
        return True

    def pass_down(self, message: pb.DownlinkMessage) -> None:
        """Process a message of the base station, in place; gradients pass the adjoint of the channel.

        Raises:
            ProtocolError: as for `pass_up`.
        """
        match message.WhichOneof("body"):
            case "welcome":
                self._begin(message.welcome)
            case "evaluate":
                self._welcomed.begin_pass(symbols_from_proto(message.evaluate.symbols))
            case "gradient":
                self._return(message.gradient)
            case "prediction":
                self._add_times(message.prediction, time.perf_counter_ns())
            case "answer":
                self._add_times(message.answer.prediction, time.perf_counter_ns())

    def _begin(self, welcome: pb.Welcome) -> None:
        """Set up the channel of a link; a second Welcome starts the run over."""
        self._starting_over = self._link is not None
        config = RunConfig.from_handshake(welcome.settings_json)
        try:
            check_consent(config.channel.named_models, self._python_path)
            self._link = ChannelLink(config, welcome.link)
        except (ConfigError, DataError) as error:  # a model of a user is broken or not allowed here, or lacks its file
            raise ProtocolError(str(error), Refusal.FAILED_PRECONDITION) from error
        self._timed.clear()
        log.info("run starts over" if self._starting_over else "link up", link=welcome.link, run=welcome.run_id)

    @property
    def _welcomed(self) -> ChannelLink:
        if self._link is None:
            raise ProtocolError("symbols came before the handshake was over")
        return self._link

    def _transmit(self, message: pb.SymbolBlock) -> None:
        started = time.perf_counter_ns()
        link = self._welcomed
        block = block_from_proto(message, link.contract)
        received = link.transmit(block).payload
        assert isinstance(received, RealPayload)  # whatever went in
        message.dimension = link.received.dimension
        reals_to_proto(received.values, message.reals)
        if block.key.phase.is_of_queries:
            self._timed[block.key] = (started, time.perf_counter_ns())

    def _return(self, message: pb.Gradient) -> None:
        link = self._welcomed
        if not link.returns_gradients_unchanged:  # else the device checks it
            returned = link.return_gradient(gradient_from_proto(message, link.received))
            message.dimension = link.contract.dimension
            reals_to_proto(returned.values, message.values)

    def _add_times(self, prediction: pb.Prediction, back_ns: int) -> None:
        """Add the times at which a query and its answer passed the emulator."""
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
