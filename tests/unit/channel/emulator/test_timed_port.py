"""Messages that wait in a port, with a clock that the test moves."""

import numpy as np
import pytest

from splitwave.channel.emulator.media import EmulatedMedia
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Gradient,
    Leaving,
    Prediction,
    Ready,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import EpochReport
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto
from tests.unit.channel.emulator.still_clock import StillClock

MS = 1_000_000
AIRTIME_MS = 10


def config_of(model: object = "awgn", **timing: object) -> RunConfig:
    channel = {"model": model, "timing": {"airtime": True, **timing}}
    return RunConfig.model_validate({"links": 3, "encoder": {"dimension": 96}, "channel": channel})


def welcome(config: RunConfig, link: int) -> pb.DownlinkMessage:
    message = downlink_to_proto(Welcome(PROTOCOL_VERSION, "run", link, config.canonical_json(), None))
    message.port = link
    return message


def uplink(body: Uplink, link: int = 0) -> pb.UplinkMessage:
    message = uplink_to_proto(body, link_contract(config_of(), link))
    message.port = link
    return message


def query(number: int, link: int = 0) -> pb.UplinkMessage:
    levels = None if number else np.linspace(-1, 1, 16, dtype=np.float32)
    payload = LevelPayload(np.zeros((1, 96), dtype=np.uint8), 0, levels)
    return uplink(SymbolBlock(link, number, BlockKey(Phase.SERVE, 0, number), np.array([number]), payload), link)


def training_block(key: BlockKey, sequence: int) -> pb.UplinkMessage:
    return uplink(SymbolBlock(0, sequence, key, np.array([0]), RealPayload(np.zeros((1, 1, 96), dtype=np.float32))))


REPORT = EpochReport(3, 0.25)
READY = Ready(4, 5, "digest")


def numbers(messages: list[pb.UplinkMessage]) -> list[int]:
    return [message.block.key.micro_batch for message in messages]


class Timed:
    """A port for each link, with one clock."""

    def __init__(self, config: RunConfig, links: int = 1) -> None:
        self.clock, self.woken = StillClock(), 0
        media = EmulatedMedia(self.clock)
        self.ports = [EmulatedPort(None, media, self._wake) for _ in range(links)]
        for link, port in enumerate(self.ports):
            port.pass_down(welcome(config, link))

    def _wake(self) -> None:
        self.woken += 1

    def left(self) -> tuple[list[int], int]:
        """The queries that leave the first port, and how often its stream was woken so far."""
        return numbers(self.ports[0].leaving_up()), self.woken


def test_a_block_leaves_after_its_airtime_and_what_follows_it_behind_it() -> None:
    timed = Timed(config_of())
    (port,) = timed.ports
    report = uplink(REPORT)
    assert [port.pass_up(message) for message in (query(0), query(1), report)] == [False] * 3
    timed.clock.pass_ns(AIRTIME_MS * MS - 1)
    assert timed.left() == ([], 0)
    timed.clock.pass_ns(1)
    assert timed.left() == ([0], 1)
    timed.clock.pass_ns(AIRTIME_MS * MS)
    last, after = port.leaving_up()
    assert (last.block.key.micro_batch, after) == (1, report)
    assert not port.holds_up
    assert timed.clock.alarms == 0


TIMINGS: dict[str, tuple[dict[str, object], float]] = {
    "airtime": ({}, AIRTIME_MS),
    "delay": ({"airtime": False, "delay_ms": 2.0}, 2.0),
    "airtime and delay": ({"delay_ms": 2.0}, AIRTIME_MS + 2.0),
    "a rate limit that takes longer": ({"rate_limit_bps": 4 * 96 / 0.025, "delay_ms": 2.0}, 27.0),
    "half of real time": ({"delay_ms": 2.0, "time_scale": 0.5}, AIRTIME_MS / 2 + 1.0),
}
"""Settings of the timing, and the milliseconds that one block of a sample takes."""


@pytest.mark.parametrize(("timing", "expected_ms"), TIMINGS.values(), ids=TIMINGS)
@pytest.mark.parametrize("model", ["awgn", ["rayleigh", "awgn"]], ids=str)
def test_a_round_trip_takes_its_time_upwards_once_and_none_downwards(
    model: object, timing: dict[str, object], expected_ms: float
) -> None:
    """To the nanosecond: the clock goes on only where the test says so, whatever the port computes."""
    config = config_of(model, **timing)
    (port,), clock = (timed := Timed(config)).ports, timed.clock
    trained, gradient = BlockKey(Phase.TRAIN, 0, 0), np.ones((1, 1, 96), dtype=np.float32)
    answer = np.zeros((1, 10), dtype=np.float32)
    trips: list[tuple[pb.UplinkMessage, Downlink]] = [
        *((query(number), Prediction(BlockKey(Phase.SERVE, 0, number), answer)) for number in range(2)),
        (training_block(trained, 2), Gradient(trained, gradient)),
    ]
    for up, down in trips:
        assert not port.pass_up(up)
        clock.pass_ns(round(expected_ms * MS) - 1)
        assert port.leaving_up() == []
        clock.pass_ns(1)
        assert port.leaving_up() == [up]
        assert port.pass_down(downlink_to_proto(down))
        assert port.leaving_down() == []
        assert clock.alarms == 0


def test_a_held_block_is_that_of_a_run_without_timing() -> None:
    timed = Timed(config_of())
    plain = EmulatedPort()
    plain.pass_down(welcome(config_of().model_copy(update={"channel": RunConfig().channel}), 0))
    expected = query(0)
    assert plain.pass_up(expected)
    assert not timed.ports[0].pass_up(query(0))
    timed.clock.pass_ns(AIRTIME_MS * MS)
    assert timed.ports[0].leaving_up() == [expected]


def test_links_of_a_run_share_a_band_with_tdma() -> None:
    timed = Timed(config_of(medium="tdma"), links=3)
    for link, port in enumerate(timed.ports):
        assert not port.pass_up(query(0, link))
    for link, port in enumerate(timed.ports):
        assert port.leaving_up() == []
        timed.clock.pass_ns(AIRTIME_MS * MS)
        assert [message.port for message in port.leaving_up()] == [link]


@pytest.mark.parametrize("body", [Leaving("broken"), None])
def test_a_link_that_leaves_and_a_run_that_starts_over_void_what_waits(body: Leaving | None) -> None:
    config = config_of()
    timed = Timed(config)
    (port,) = timed.ports
    port.pass_up(query(0))
    if body is None:
        port.pass_down(welcome(config, 0))
        assert not port.pass_up(query(1))
        assert port.pass_up(uplink(READY))
    else:
        assert port.pass_up(uplink(body))
    assert not port.holds_up
    timed.clock.pass_ns(10 * AIRTIME_MS * MS)
    assert port.leaving_up() == []


@pytest.mark.parametrize("end", ["starts over", "leaves", "breaks"])
def test_with_tdma_void_blocks_of_a_link_leave_the_band_to_the_others(end: str) -> None:
    config = config_of(medium="tdma")
    timed = Timed(config, links=2)
    first, second = timed.ports
    for number in range(5):
        first.pass_up(query(number, 0))
    if end == "starts over":
        first.pass_down(welcome(config, 0))
    elif end == "leaves":
        first.pass_up(uplink(Leaving("broken")))
    else:
        first.close()
    second.pass_up(query(0, 1))
    timed.clock.pass_ns(AIRTIME_MS * MS)
    assert [message.port for message in second.leaving_up()] == [1]


def test_with_tdma_blocks_of_the_other_links_keep_their_place_in_the_band() -> None:
    config = config_of(medium="tdma")
    timed = Timed(config, links=2)
    first, second = timed.ports
    for link, port in enumerate(timed.ports):
        port.pass_up(query(0, link))
    first.pass_down(welcome(config, 0))
    second.pass_up(query(1, 1))
    timed.clock.pass_ns(3 * AIRTIME_MS * MS - 1)
    assert numbers(second.leaving_up()) == [0]
    timed.clock.pass_ns(1)
    assert numbers(second.leaving_up()) == [1]


def test_a_port_whose_stream_has_ended_keeps_no_alarm() -> None:
    timed = Timed(config_of(delay_ms=1e6))
    (port,) = timed.ports
    for number in range(3):
        port.pass_up(query(number))
    assert timed.clock.alarms == 1
    port.close()
    assert (timed.clock.alarms, port.holds_up) == (0, False)
