"""Times of blocks, by arithmetic alone: no test here waits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.emulator.link_timing import LinkTiming, Medium
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues
from splitwave.common.protocol.phases import Phase

MS = 1_000_000
KEY = BlockKey(Phase.SERVE, 0, 7)


def config_of(dimension: int = 57, **timing: Any) -> RunConfig:
    return RunConfig.model_validate({"encoder": {"dimension": dimension}, "channel": {"timing": timing}})


def test_by_default_no_block_waits() -> None:
    timing = LinkTiming(config_of(), 0)
    assert not timing.holds_blocks
    assert timing.release_ns(KEY, 1, 5) == 5


def test_57_symbols_at_9600_baud_take_5_94_ms() -> None:
    timing = LinkTiming(config_of(airtime=True), 0)
    assert timing.holds_blocks
    assert timing.release_ns(KEY, 1, 0) == 5_937_500


def test_a_block_of_many_samples_takes_their_airtime_together() -> None:
    assert LinkTiming(config_of(96, airtime=True), 0).release_ns(KEY, 10, 0) == 100 * MS


def test_a_link_sends_one_block_after_another_however_late_the_alarms_ring() -> None:
    timing = LinkTiming(config_of(96, airtime=True), 0)
    assert [timing.release_ns(KEY, 1, now) for now in (0, 1 * MS, 25 * MS, 40 * MS)] == [
        10 * MS,
        20 * MS,
        35 * MS,
        50 * MS,
    ]


def test_links_send_in_parallel_or_with_tdma_one_after_another() -> None:
    band = Medium()
    parallel = [LinkTiming(config_of(96, airtime=True), link) for link in range(3)]
    tdma = [LinkTiming(config_of(96, airtime=True, medium="tdma"), link, band) for link in range(3)]
    assert [timing.release_ns(KEY, 1, 0) for timing in parallel] == [10 * MS] * 3
    assert [timing.release_ns(KEY, 1, 0) for timing in tdma] == [10 * MS, 20 * MS, 30 * MS]


def test_a_delay_keeps_no_later_block_from_the_air() -> None:
    timing = LinkTiming(config_of(96, airtime=True, delay_ms=7.0), 0)
    assert [timing.release_ns(KEY, 1, 0) for _ in range(2)] == [17 * MS, 27 * MS]


def test_a_rate_limit_counts_information_bits_and_the_longer_of_it_and_airtime_holds() -> None:
    bits = config_of(96).payload_bits_per_sample
    slow = LinkTiming(config_of(96, airtime=True, rate_limit_bps=bits * 20.0), 0)
    fast = LinkTiming(config_of(96, airtime=True, rate_limit_bps=bits * 1_000.0), 0)
    alone = LinkTiming(config_of(96, rate_limit_bps=bits * 20.0), 0)
    assert [timing.release_ns(KEY, 1, 0) for timing in (slow, fast, alone)] == [50 * MS, 10 * MS, 50 * MS]


@given(st.floats(1e-3, 1e3))
def test_all_durations_are_scaled(scale: float) -> None:
    config = config_of(96, airtime=True, delay_ms=5.0, time_scale=scale)
    assert LinkTiming(config, 0).release_ns(KEY, 1, 0) == pytest.approx(15 * MS * scale, abs=1)


def test_jitter_is_keyed_and_uniform() -> None:
    """The mean of n uniform draws from [0, 1] has a standard deviation of 1/√(12·n); the tolerance is five of these."""
    config = config_of(jitter_ms=4.0)
    keys = [BlockKey(Phase.SERVE, 0, number) for number in range(1_000)]

    def waits(link: int, run: RunConfig = config, order: int = 1) -> list[int]:
        timing = LinkTiming(run, link)
        return [timing.release_ns(key, 1, 0) for key in keys[::order]][::order]

    first = np.array(waits(0))
    assert list(first) == waits(0) == waits(0, order=-1)
    assert not set(first) & set(waits(1))
    assert not set(first) & set(waits(0, config.model_copy(update={"seed": 1})))
    assert 0 <= first.min() < first.max() <= 4 * MS
    assert abs(first.mean() / (4 * MS) - 0.5) < 5 / np.sqrt(12 * len(first))


def test_delays_of_a_link_may_change_and_hold_for_later_blocks() -> None:
    timing = LinkTiming(config_of(), 0)
    timing.use(ChannelValues(delay_ms=3.0))
    assert timing.holds_blocks
    assert timing.release_ns(KEY, 1, 0) == 3 * MS
    timing.use(NO_VALUES)
    assert not timing.holds_blocks


def test_a_wait_beyond_all_bounds_is_a_year() -> None:
    timing = LinkTiming(config_of(rate_limit_bps=5e-324), 0)
    assert timing.release_ns(KEY, 1, 0) == round(366 * 86_400 * 1e9)


@pytest.mark.parametrize(
    ("timing", "reason"),
    [
        ({"medium": "tdma"}, "medium = tdma does nothing without airtime or rate_limit_bps"),
        ({"medium": "tdma", "delay_ms": 1.0}, "medium = tdma does nothing"),
        ({"time_scale": 0.5}, "time_scale = 0.5 does nothing without delay_ms"),
    ],
)
def test_settings_without_an_effect_are_refused(timing: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        config_of(**timing)
