"""The measured PSNR: that of the settings without fading, that of each gain with it, close to it from pilots."""

from typing import Any

import numpy as np
import pytest

from splitwave.channel.models.rayleigh import RayleighChannel
from splitwave.channel.receiver.measurement import RANGE_DB, LinkMeasurement
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

KEY = BlockKey(Phase.SERVE, 3, 17)


def config(model: list[Any], csi: str = "perfect", pilots: int = 4) -> RunConfig:
    receiver = {"csi": csi} | ({"pilots": pilots} if csi == "estimated" else {})
    return RunConfig.model_validate({"channel": {"model": model, "psnr_db": [7.0, 12.0], "receiver": receiver}})


def test_without_fading_the_psnr_of_the_settings_is_measured() -> None:
    assert LinkMeasurement(config(["awgn"]), 1).psnr_db(KEY, 5) == pytest.approx(12.0)


def test_gains_before_the_noise_count_and_gains_behind_it_do_not() -> None:
    gains = RayleighChannel(config(["rayleigh", "awgn"]), 0)
    amplitudes = gains.gains(gains.draw(KEY, (1, 6, 28)))[0, :, 0]
    measured = LinkMeasurement(config(["rayleigh", "awgn"]), 0).of_samples(KEY, 6)
    np.testing.assert_allclose(measured, 7.0 + 20 * np.log10(amplitudes), rtol=1e-5)
    behind = LinkMeasurement(config(["awgn", "rayleigh"]), 0).of_samples(KEY, 6)
    np.testing.assert_allclose(behind, 7.0, rtol=1e-6)


def test_a_block_carries_the_mean_in_decibels() -> None:
    measurement = LinkMeasurement(config(["rayleigh", "awgn"]), 0)
    assert measurement.psnr_db(KEY, 6) == pytest.approx(measurement.of_samples(KEY, 6).mean())


def test_many_pilots_measure_what_perfect_channel_state_knows() -> None:
    perfect = LinkMeasurement(config(["rayleigh", "awgn"]), 0).of_samples(KEY, 400)
    estimated = LinkMeasurement(config(["rayleigh", "awgn"], "estimated", 1024), 0).of_samples(KEY, 400)
    strong = perfect > 0.0  # the noise of the estimate is 30 dB below that of a symbol
    assert np.abs(estimated - perfect)[strong].max() < 2.0
    assert not np.array_equal(estimated, perfect)


def test_a_link_without_gain_is_measured_at_the_lower_end() -> None:
    lost = config([{"name": "gain", "gain_db": -100.0}, {"name": "path-loss", "distance_m": 1e6}, "awgn"])
    assert LinkMeasurement(lost, 0).psnr_db(KEY, 1) == RANGE_DB[0]
