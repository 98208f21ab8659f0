"""The encoding of small messages of both directions, and the refusal of invalid ones."""

import math

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import (
    Downlink,
    Evaluate,
    Finish,
    Hello,
    Leaving,
    PartSaved,
    Prediction,
    Ready,
    SaveCheckpoint,
    SetLink,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport, SymbolEntropy, UplinkCost
from splitwave.common.protocol.timing import Stamps
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto
from tests.unit.common.wire.examples import WORKLOAD, assert_equal_fields, contract_of, level_block, serialised


@pytest.mark.parametrize(
    "body",
    [
        Hello(1, "id", "0.1", None, 4096),
        Hello(1, "id", "0.1", 0, 4096),
        Ready(4000, 1000, "abc"),
        PartSaved(240, "abc"),
        Leaving("no data"),
        EpochReport(7, 51.25),
        PassReport(Phase.SERVE, Symbols.HARD, UplinkCost(2, 28, 80), ("encode", "decode"), np.array([[1, 2], [3, 4]])),
        PassReport(Phase.TEST, Symbols.SOFT, UplinkCost(2, 28, 80), (), np.zeros((0, 0), dtype=np.int64)),
        PassReport(
            Phase.SERVE,
            Symbols.HARD,
            UplinkCost(2, 28, 80),
            ("encode",),
            np.array([[1]]),
            (SymbolEntropy(1e-5, 7, 2.5), SymbolEntropy(0.1, 1, 0.0), SymbolEntropy(1 / 3, 2, None)),
        ),
    ],
)
def test_other_uplink_messages_survive_the_wire(body: Uplink) -> None:
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(body))), body)


def test_the_hello_of_a_device_that_still_sends_its_host_is_read() -> None:
    hello = Hello(4, "id", "0.1", None, 4096)
    field_6 = b"\x32\x07board-3"
    sent = pb.Hello.FromString(uplink_to_proto(hello).hello.SerializeToString() + field_6)
    assert uplink_from_proto(pb.UplinkMessage(hello=sent)) == hello


@pytest.mark.parametrize(
    "body",
    [
        Welcome(1, "run", 3, "{}", None),
        Welcome(1, "run", 3, "{}", "abc"),
        Welcome(1, "run", 3, "{}", "abc", 0),
        Welcome(1, "run", 3, "{}", "abc", 240),
        TrainStep(7),
        Evaluate(Phase.VALIDATION, 3, Symbols.HARD),
        Evaluate(Phase.LOAD, 3, Symbols.HARD, WORKLOAD),
        SaveCheckpoint(240),
        SaveCheckpoint(240, 0),
        SaveCheckpoint(240, 140),
        Finish(),
        SetLink(LinkSetting(beta=1 / 3)),
    ],
)
def test_downlink_messages_survive_the_wire(body: Downlink) -> None:
    message = downlink_to_proto(body)
    assert_equal_fields(downlink_from_proto(pb.DownlinkMessage.FromString(message.SerializeToString())), body)


def test_only_load_passes_have_workloads_and_time_stamps() -> None:
    for phase in Phase:
        loaded = phase is Phase.LOAD
        stray = Evaluate(phase, 0, Symbols.HARD, None if loaded else WORKLOAD)
        with pytest.raises(ProtocolError, match=f"a {phase.name.lower()} pass with (no|a) workload: load passes have"):
            downlink_from_proto(downlink_to_proto(stray))
        stamps = None if loaded else Stamps(1, 2, 3, 4)
        answer = Prediction(BlockKey(phase, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
        with pytest.raises(ProtocolError, match=f"an answer to {phase.name.lower()} step 0 micro-batch 4 with"):
            downlink_from_proto(downlink_to_proto(answer), contract_of())


def test_the_values_of_a_workload_are_checked_at_the_device() -> None:
    message = downlink_to_proto(Evaluate(Phase.LOAD, 0, Symbols.HARD, WORKLOAD))
    message.evaluate.workload.rate_per_s = math.nan
    with pytest.raises(ProtocolError, match="rate_per_s = nan"):
        downlink_from_proto(message)


@pytest.mark.parametrize("rate", [np.nan, np.inf])
def test_an_epoch_report_with_a_rate_that_is_not_finite_is_refused(rate: float) -> None:
    message = pb.UplinkMessage(epoch_report=pb.EpochReport(epoch=3, rate_nats=rate))
    with pytest.raises(ProtocolError, match="the report of epoch 3 has the rate"):
        uplink_from_proto(message)


def test_an_impossible_beta_or_entropy_is_refused() -> None:
    with pytest.raises(ProtocolError, match="β = nan: expected a finite number above 0"):
        downlink_from_proto(downlink_to_proto(SetLink(LinkSetting(beta=np.nan))))
    for bits in (np.nan, np.inf, -0.1, 8.1):
        report = PassReport(
            Phase.SERVE, Symbols.HARD, UplinkCost(), (), np.zeros((0, 0), dtype=np.int64),
            (SymbolEntropy(0.5, 1, bits),),
        )  # fmt: skip
        with pytest.raises(ProtocolError, match=f"a symbol entropy of {bits} bits: expected 0 to 8"):
            uplink_from_proto(uplink_to_proto(report))


def test_messages_without_a_body_and_blocks_before_the_handshake_are_refused() -> None:
    with pytest.raises(ProtocolError, match="without a body"):
        uplink_from_proto(pb.UplinkMessage())
    with pytest.raises(ProtocolError, match="without a body"):
        downlink_from_proto(pb.DownlinkMessage())
    with pytest.raises(ProtocolError, match="before the handshake"):
        uplink_from_proto(uplink_to_proto(level_block(), contract_of()))
