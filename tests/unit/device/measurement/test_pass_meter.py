"""The measurement of passes, from the events of their blocks."""

import numpy as np
import pytest

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Evaluate, Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, Workload
from splitwave.device.measurement.events import EncodingTimes
from splitwave.device.measurement.pass_meter import PassMeter

IDS: Int64 = np.arange(3, dtype=np.int64)
ANSWERS = np.zeros(3, dtype=np.uint8)
WORKLOAD = Workload(queries=2, samples=3, window=1, rate_per_s=0.0, seed=0)


def one_block(meter: PassMeter, answer: Prediction, start_ns: int) -> None:
    """All events of one block, whose times are known."""
    key = answer.key
    block = SymbolBlock(0, key.micro_batch, key, IDS, RealPayload(np.zeros((1, 3, 2), dtype=np.float32)))
    times = EncodingTimes(start_ns + 1, start_ns + 3, start_ns + 7)
    for observer in meter.observers:
        observer.made(block, start_ns, times)
        observer.packed(key, UplinkCost(3, 4, 5), start_ns + 20)
        observer.sent(key, start_ns + 30)
        observer.answered(answer, start_ns + 100)


@pytest.mark.parametrize("phase", [Phase.TEST, Phase.VALIDATION])
def test_a_pass_over_a_split_reports_its_cost_and_no_times(phase: Phase) -> None:
    meter = PassMeter(Evaluate(phase, 2, Symbols.SOFT))
    for number in range(2):
        one_block(meter, Prediction(BlockKey(phase, 2, number), ANSWERS), 0)
    report = meter.report(())
    assert (report.phase, report.symbols, report.cost) == (phase, Symbols.SOFT, UplinkCost(6, 8, 10))
    assert (report.hops, report.hop_times_ns.shape) == ((), (0, 0))


def test_a_serving_pass_times_hops_and_leaves_the_rest_to_the_device_link() -> None:
    meter = PassMeter(Evaluate(Phase.SERVE, 0, Symbols.HARD))
    for number, decode_ns in enumerate((10, 15)):
        hops = (Hop("emulate", 5), Hop("decode", decode_ns))
        one_block(meter, Prediction(BlockKey(Phase.SERVE, 0, number), ANSWERS, hops), 1000 * number)
    report = meter.report(())
    assert report.hops == ("encode", "device link", "emulate", "decode")
    # From packed to answered 80 ns passed; emulator and decoder account for 15 ns of the first and 20 ns of the second.
    assert report.hop_times_ns.tolist() == [[6, 65, 5, 10], [6, 60, 5, 15]]


def stamped(number: int, channel: ChannelStamps | None) -> Prediction:
    return Prediction(BlockKey(Phase.LOAD, 7, number), ANSWERS, (), Stamps(51, 52, 53, 54, channel))


def test_a_load_pass_stamps_each_query() -> None:
    meter = PassMeter(Evaluate(Phase.LOAD, 7, Symbols.HARD, WORKLOAD))
    for number in range(2):
        one_block(meter, stamped(number, ChannelStamps(41, 42, 61, 62)), 1000 * number)
    report = meter.report(())
    assert report.hops == STAMPS
    channel_and_station = [41, 42, 51, 52, 53, 54, 61, 62]
    assert report.hop_times_ns.tolist() == [
        [start, start + 1, start + 3, start + 20, start + 30, *channel_and_station, start + 100] for start in (0, 1000)
    ]


def test_stamps_of_the_channel_are_reported_only_if_every_query_has_them() -> None:
    meter = PassMeter(Evaluate(Phase.LOAD, 7, Symbols.HARD, WORKLOAD))
    one_block(meter, stamped(0, None), 0)
    one_block(meter, stamped(1, ChannelStamps(41, 42, 61, 62)), 0)
    report = meter.report(())
    assert report.hops == DIRECT_STAMPS
    assert report.hop_times_ns.tolist() == [[0, 1, 3, 20, 30, 51, 52, 53, 54, 100]] * 2


@pytest.mark.parametrize("key", [BlockKey(Phase.SERVE, 0, 1), BlockKey(Phase.LOAD, 6, 2)])
def test_a_late_block_of_an_earlier_pass_gets_no_stamp(key: BlockKey) -> None:
    meter = PassMeter(Evaluate(Phase.LOAD, 7, Symbols.HARD, WORKLOAD))
    for observer in meter.observers:
        observer.sent(key, 30)
    assert not meter.report(()).hop_times_ns.any()
