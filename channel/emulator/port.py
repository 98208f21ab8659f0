"""The emulator's treatment of the messages of one logical device, one port of a stream."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.emulator.held_messages import Held, HeldMessages, always
from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.link_credits import LinkCredits
from splitwave.channel.emulator.link_timing import LinkTiming
from splitwave.channel.emulator.media import EmulatedMedia, RunMedium
from splitwave.channel.emulator.parts_of_links import Parts
from splitwave.channel.emulator.query_times import QueryTimes
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, ProtocolError, Refusal
from splitwave.common.named_object import check_consent
from splitwave.common.protocol.blocks import RealPayload, SymbolBlock
from splitwave.common.protocol.live_channel import NO_VALUES
from splitwave.common.protocol.messages import Gradient
from splitwave.common.wire.blocks import block_from_proto
from splitwave.common.wire.fields import key_from_proto, symbols_from_proto
from splitwave.common.wire.live_channel import LARGEST_BYTES, live_channel_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import reals_to_proto
from splitwave.common.wire.training import gradient_from_proto
from splitwave.common.wire.workload import workload_from_proto

log = structlog.get_logger()


class EmulatedPort:
    """The state of one logical device: its channel, its timing, and the messages that wait in it."""

    def __init__(
        self,
        python_path: Path | None = None,
        media: EmulatedMedia | None = None,
        wake: Callable[[], None] = lambda: None,
        control: LiveControl | None = None,
    ) -> None:
        """Set up a port whose device has not been welcomed yet.

        Args:
            python_path: `--python-path` of the service, without which it imports nothing that a base station names.
            media: what it shares with other ports, by default nothing.
            wake: called, from any thread, when messages that waited may leave.
            control: changes the channel while blocks pass; None for the settings' channel alone.
        """
        self._python_path = python_path
        self._control = control
        self._media = EmulatedMedia() if media is None else media
        self._wake = wake
        self._link: ChannelLink | None = None
        self._medium: RunMedium | None = None
        self._timing: LinkTiming | None = None
        self._credits = LinkCredits(0)
        self._times = QueryTimes()
        self._up: HeldMessages[pb.UplinkMessage] = HeldMessages(self._media.clock, wake)
        self._down: HeldMessages[pb.DownlinkMessage] = HeldMessages(self._media.clock, wake)
        self._starting_over = False

    def bytes_behind(self, message: pb.UplinkMessage) -> int:
        """An upper bound on the bytes of a message behind the channel.

        Raises:
            ProtocolError: symbols came before the handshake was over.
        """
        size = message.ByteSize()
        if message.HasField("block"):
            size += (
                LARGEST_BYTES
                + 4 * self._welcomed.contract.draws * message.block.samples * self._welcomed.received.dimension
            )
        return size

    def pass_up(self, message: pb.UplinkMessage) -> bool:
        """Pass a message through the channel, in place.

        Returns:
            whether it goes on now. Else it is void, because the run has started over since, or it waits here.

        Raises:
            ProtocolError: it does not fit the link's contract or the parts of other links, came before the handshake
                was over, or without credit.
        """
        body = message.WhichOneof("body")
        if self._starting_over and body not in ("ready", "leaving"):
            return False  # this link's channel begins with the next Ready
        self._starting_over = False
        if body == "leaving":  # the base station should know at once; what waits is void with it
            self._drop_up()
        held = self._transmit(message) if body == "block" else Held(message)
        return self._up.goes_on(held)

    def leaving_up(self) -> list[pb.UplinkMessage]:
        """Take out the messages that waited and may leave for the base station now."""
        return self._up.leaving()

    def leaving_down(self) -> list[pb.DownlinkMessage]:
        """Take out the messages that waited and may leave for the device now."""
        return self._down.leaving()

    def end_up(self) -> None:
        """Drop what waits for other links: the device sends nothing more."""
        self._up.drop_incomplete()

    def close(self) -> None:
        """Drop all that waits: the stream has ended."""
        self._drop_up()
        self._down.clear()

    @property
    def holds_up(self) -> bool:
        """Whether messages to the base station wait."""
        return bool(self._up)

    def pass_down(self, message: pb.DownlinkMessage) -> bool:
        """Process a message of the base station, in place; gradients pass the adjoint of the channel.

        Returns:
            whether it goes on now; else it waits here.

        Raises:
            ProtocolError: as for `pass_up`.
        """
        held = Held(message)
        match message.WhichOneof("body"):
            case "welcome":
                self._begin(message.welcome)
            case "evaluate":
                self._welcomed.begin_pass(symbols_from_proto(message.evaluate.symbols))
                if message.evaluate.HasField("workload"):
                    self._credits.begin_load(workload_from_proto(message.evaluate.workload))
            case "gradient":
                held = self._return(message)
            case "prediction":
                self._times.add_to(message.prediction, time.perf_counter_ns())
            case "answer":
                self._times.add_to(message.answer.prediction, time.perf_counter_ns())
        return self._down.goes_on(held)

    def _begin(self, welcome: pb.Welcome) -> None:
        """Set up the channel of a link; a second Welcome starts the run over, and voids all that waits."""
        self._starting_over = self._link is not None
        config = RunConfig.from_handshake(welcome.settings_json)
        try:
            check_consent(config.channel.named_models, self._python_path)
            self._link = ChannelLink(config, welcome.link, self._control)
        except (ConfigError, DataError) as error:  # a model of a user is broken or not allowed here, or lacks its file
            raise ProtocolError(str(error), Refusal.FAILED_PRECONDITION) from error
        self._drop_up()
        self._medium = self._media.medium_of(welcome.run_id, config.links)
        self._medium.forget(welcome.link)
        shared_band = self._medium.band if config.channel.timing.medium == "tdma" else None
        self._timing = LinkTiming(config, welcome.link, shared_band)
        self._credits = LinkCredits(config.runtime.credits, is_live=bool(welcome.model_number))
        self._times.clear()
        self._down.clear()
        log.info("run starts over" if self._starting_over else "link up", link=welcome.link, run=welcome.run_id)

    def _drop_up(self) -> None:
        self._up.clear()
        if self._timing is not None:
            self._timing.release_medium()

    @property
    def _welcomed(self) -> ChannelLink:
        if self._link is None:
            raise ProtocolError("symbols came before the handshake was over")
        return self._link

    @property
    def _meeting(self) -> RunMedium:
        assert self._medium is not None  # since the handshake
        return self._medium

    @property
    def _timing_of_link(self) -> LinkTiming:
        assert self._timing is not None  # since the handshake
        return self._timing

    def _transmit(self, message: pb.UplinkMessage) -> Held[pb.UplinkMessage]:
        started_ns = time.perf_counter_ns()
        link = self._welcomed
        block = block_from_proto(message.block, link.contract)
        credits_of_link = self._credits.of(block)
        if link.meets_others:
            parts = self._meeting.up.add(block.key, link.contract.link, link.send(block), self._wake)
            is_complete, finish = parts.is_complete, partial(self._receive, message.block, block, parts)
            state = link.state(block.key)
        else:
            received = link.transmit(block)
            _write(received, message.block, link.received.dimension)
            is_complete, finish = always, partial(self._times.left, block.key)
            state = received.channel
        self._timing_of_link.use(NO_VALUES if state is None else state.values)
        self._times.arrived(block.key, started_ns)
        return Held(message, self._release_ns(block), is_complete, finish, credits_of_link)

    def _receive(self, message: pb.SymbolBlock, block: SymbolBlock, parts: Parts) -> None:
        link = self._welcomed
        _write(link.receive(block, parts.in_order), message, link.received.dimension)
        self._times.left(block.key)

    def _release_ns(self, block: SymbolBlock) -> int:
        """The time at which a block may leave; 0 where its link is not timed."""
        timing = self._timing_of_link
        if not timing.holds_blocks:
            return 0
        part = timing.part_of(block)
        return timing.release_ns(block.key, len(block.sample_ids), self._media.clock.now_ns(), part)

    def _return(self, message: pb.DownlinkMessage) -> Held[pb.DownlinkMessage]:
        link = self._welcomed
        if not link.meets_others:
            if not link.returns_unchanged(key_from_proto(message.gradient.key)):  # else the device checks it
                gradient = gradient_from_proto(message.gradient, link.received)
                _write_gradient(link.return_gradient(gradient), message.gradient)
            return Held(message)
        gradient = gradient_from_proto(message.gradient, link.received)
        parts = self._meeting.down.add(gradient.key, link.contract.link, link.gather(gradient), self._wake)

        def finish() -> None:
            _write_gradient(link.spread(gradient.key, parts.in_order), message.gradient)

        return Held(message, 0, parts.is_complete, finish)


def _write(block: SymbolBlock, message: pb.SymbolBlock, dimension: int) -> None:
    message.dimension = dimension
    if isinstance(block.payload, RealPayload):  # else the link is silent
        reals_to_proto(block.payload.values, block.payload.dtype, message.reals)
    message.ClearField("measured_psnr_db")  # nor what was measured
    if block.measured_psnr_db is not None:
        message.measured_psnr_db = block.measured_psnr_db
    message.ClearField("channel")  # a device may not say what its symbols met
    if block.channel is not None:
        message.channel.CopyFrom(live_channel_to_proto(block.channel))


def _write_gradient(gradient: Gradient, message: pb.Gradient) -> None:
    message.dimension = gradient.values.shape[2]
    reals_to_proto(gradient.values, gradient.dtype, message.values)
