"""Ports of links that meet in the channel: each message goes on when the parts of all links are there."""

import itertools
from collections import Counter

import numpy as np
import pytest

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.media import EmulatedMedia
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.channel.emulator.together import return_together, transmit_together
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Gradient, Leaving, Ready, TrainStep, Uplink, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto
from tests.unit.channel.emulator.still_clock import StillClock

LINKS, SAMPLES, DIMENSION, DRAWS = 3, 4, 2, 2
KEY = BlockKey(Phase.TRAIN, 0, 0)
CONFIG = RunConfig.model_validate(
    {
        "links": LINKS,
        "encoder": {"dimension": DIMENSION},
        "quantizer": {"breakpoints": 0},
        "objective": {"draws": DRAWS},
        "channel": {"model": [{"name": "interference", "share": 0.5}, "awgn"]},
    }
)


def block(link: int, key: BlockKey = KEY, sequence: int = 0, samples: int = SAMPLES) -> SymbolBlock:
    values = np.random.default_rng(link).uniform(-1, 1, (1, samples, DIMENSION)).astype(np.float32)
    return SymbolBlock(link, sequence, key, np.arange(samples), RealPayload(values))


def gradient(link: int) -> Gradient:
    values = np.random.default_rng(10 + link).standard_normal((DRAWS, SAMPLES, DIMENSION)).astype(np.float32)
    return Gradient(KEY, values)


def uplink(body: Uplink, link: int = 0) -> pb.UplinkMessage:
    return uplink_to_proto(body, link_contract(CONFIG, link))


def reals_of(message: pb.RealSymbols) -> Float32:
    return np.frombuffer(message.data, dtype="<f4").reshape(message.draws, SAMPLES, DIMENSION)


class Meeting:
    """A port for each link, of as many streams."""

    def __init__(self, config: RunConfig = CONFIG) -> None:
        self.clock, self.woken = StillClock(), Counter[int]()
        self.config = config
        media = EmulatedMedia(self.clock)
        self.ports = [
            EmulatedPort(None, media, lambda link=link: self.woken.update([link]))  # type: ignore[misc]
            for link in range(LINKS)
        ]
        for link in range(LINKS):
            self.welcome(link)

    def welcome(self, link: int) -> None:
        welcome = Welcome(PROTOCOL_VERSION, "run", link, self.config.canonical_json(), None)
        assert self.ports[link].pass_down(downlink_to_proto(welcome))


@pytest.mark.parametrize("order", list(itertools.permutations(range(LINKS))))
def test_the_block_of_each_link_goes_on_when_those_of_all_are_there(order: tuple[int, ...]) -> None:
    meeting = Meeting()
    messages = {link: uplink(block(link), link) for link in order}
    assert [meeting.ports[link].pass_up(messages[link]) for link in order] == [False, False, True]
    for link in order[:-1]:
        assert meeting.woken[link] == 1
        assert meeting.ports[link].leaving_up() == [messages[link]]
    blocks = [block(link) for link in range(LINKS)]
    expected = transmit_together([ChannelLink(CONFIG, link) for link in range(LINKS)], blocks)
    for link, received in enumerate(expected):
        assert isinstance(received.payload, RealPayload)
        np.testing.assert_array_equal(reals_of(messages[link].block.reals), received.payload.values)


@pytest.mark.parametrize("order", list(itertools.permutations(range(LINKS))))
def test_gradients_go_on_when_those_of_all_links_are_there_and_later_messages_behind_them(
    order: tuple[int, ...],
) -> None:
    meeting = Meeting()
    messages = {link: downlink_to_proto(gradient(link)) for link in order}
    later = downlink_to_proto(TrainStep(1))
    assert not meeting.ports[order[0]].pass_down(messages[order[0]])
    assert not meeting.ports[order[0]].pass_down(later)
    assert [meeting.ports[link].pass_down(messages[link]) for link in order[1:]] == [False, True]
    assert meeting.ports[order[0]].leaving_down() == [messages[order[0]], later]
    assert meeting.ports[order[1]].leaving_down() == [messages[order[1]]]
    expected = return_together(
        [ChannelLink(CONFIG, link) for link in range(LINKS)], [gradient(link) for link in range(LINKS)]
    )
    for link, returned in enumerate(expected):
        np.testing.assert_array_equal(reals_of(messages[link].gradient.values), returned.values)


def test_parts_wait_for_their_airtime_and_for_each_other() -> None:
    timed = CONFIG.model_dump()
    timed["channel"] |= {"baud": 2e9, "timing": timed["channel"]["timing"] | {"airtime": True}}  # 1 ns a sample
    meeting = Meeting(RunConfig.model_validate(timed))
    for link in (0, 1):
        assert not meeting.ports[link].pass_up(uplink(block(link), link))
    meeting.clock.pass_ns(SAMPLES)
    assert meeting.ports[0].leaving_up() == []
    assert not meeting.ports[2].pass_up(uplink(block(2), 2))
    assert [len(port.leaving_up()) for port in meeting.ports] == [1, 1, 0]
    meeting.clock.pass_ns(SAMPLES)
    assert len(meeting.ports[2].leaving_up()) == 1


def test_a_run_that_starts_over_leaves_no_part_of_before() -> None:
    meeting = Meeting()
    meeting.ports[0].pass_up(uplink(block(0), 0))
    for link, port in enumerate(meeting.ports):
        meeting.welcome(link)
        assert port.pass_up(uplink(Ready(4, 5, "digest")))
        assert not port.holds_up
    assert [port.pass_up(uplink(block(link), link)) for link, port in enumerate(meeting.ports)] == [False, False, True]


def test_a_device_that_ends_its_stream_leaves_no_message_that_could_never_go_on() -> None:
    port = Meeting().ports[0]
    port.pass_up(uplink(block(0), 0))
    port.end_up()
    assert not port.holds_up


def test_a_device_that_leaves_says_so_at_once() -> None:
    port = Meeting().ports[0]
    port.pass_up(uplink(block(0), 0))
    assert port.pass_up(uplink(Leaving("broken")))


def test_parts_of_different_sizes_are_refused() -> None:
    meeting = Meeting()
    meeting.ports[0].pass_up(uplink(block(0), 0))
    with pytest.raises(ProtocolError, match="has 3 × 2 symbols on link 1, and 4 × 2 on link 0"):
        meeting.ports[1].pass_up(uplink(block(1, samples=3), 1))
