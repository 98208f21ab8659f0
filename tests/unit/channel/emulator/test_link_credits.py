"""How many blocks may wait in a port: as many as its link may have unanswered."""

import numpy as np
import pytest

from splitwave.channel.emulator.link_credits import LinkCredits
from splitwave.channel.emulator.media import EmulatedMedia
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Evaluate, Welcome
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.workload import MAX_OPEN_SAMPLES, Workload
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto
from tests.unit.channel.emulator.still_clock import StillClock

CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 2},
        "quantizer": {"breakpoints": 0},
        "runtime": {"credits": 3},
        "channel": {"timing": {"delay_ms": 1e6}},
    }
)


def block(phase: Phase, number: int, samples: int = 1) -> SymbolBlock:
    values = np.zeros((1, samples, 2), dtype=np.float32)
    return SymbolBlock(0, number, BlockKey(phase, 0, number), np.arange(samples), RealPayload(values))


def port_of(model_number: int = 0) -> EmulatedPort:
    """A port whose blocks wait for longer than any test."""
    port = EmulatedPort(None, EmulatedMedia(StillClock()))
    welcome = Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None, model_number=model_number)
    port.pass_down(downlink_to_proto(welcome))
    return port


def message(phase: Phase, number: int) -> pb.UplinkMessage:
    return uplink_to_proto(block(phase, number, 5), link_contract(CONFIG, 0))


@pytest.mark.parametrize("phase", [Phase.TRAIN, Phase.TEST])
def test_a_port_holds_no_more_blocks_than_its_link_has_credits(phase: Phase) -> None:
    port = port_of()
    for number in range(3):
        assert not port.pass_up(message(phase, number))
    with pytest.raises(ProtocolError, match="a block came without credit: 3 of its link wait") as caught:
        port.pass_up(message(phase, 3))
    assert caught.value.refusal is Refusal.RESOURCE_EXHAUSTED


def test_a_run_that_starts_over_begins_with_all_credits() -> None:
    port = port_of()
    for number in range(3):
        port.pass_up(message(Phase.TRAIN, number))
    port.pass_down(downlink_to_proto(Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None)))
    port.pass_up(pb.UplinkMessage(ready=pb.Ready()))
    for number in range(3):
        assert not port.pass_up(message(Phase.TRAIN, number))


def test_a_load_pass_has_the_credits_of_its_workload() -> None:
    port = port_of()
    workload = Workload(queries=9, samples=5, window=4, rate_per_s=0.0, seed=0)
    port.pass_down(downlink_to_proto(Evaluate(Phase.LOAD, 0, Symbols.SOFT, workload)))
    for number in range(4):
        assert not port.pass_up(message(Phase.LOAD, number))
    with pytest.raises(ProtocolError, match="4 of its link wait"):
        port.pass_up(message(Phase.LOAD, 4))


def test_an_open_loop_may_send_all_that_its_workload_says_and_no_larger_queries() -> None:
    of_link = LinkCredits(3)
    of_link.begin_load(Workload(queries=9, samples=1, window=1, rate_per_s=10.0, seed=0))
    assert of_link.of(block(Phase.LOAD, 0)) == MAX_OPEN_SAMPLES
    with pytest.raises(ProtocolError, match="2 samples: expected at most 1"):
        of_link.of(block(Phase.LOAD, 0, 2))


def test_a_live_device_has_more_credits_for_one_sample_each() -> None:
    assert LinkCredits(3, is_live=True).of(block(Phase.SERVE, 0)) == MAX_UNANSWERED_QUERIES
    with pytest.raises(ProtocolError, match="5 samples: expected at most 1"):
        port_of(model_number=1).pass_up(message(Phase.SERVE, 0))
