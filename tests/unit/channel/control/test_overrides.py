from typing import Any

import numpy as np
import pytest

from splitwave.channel.control.overrides import overridden
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import rate_noise_variances
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues
from splitwave.common.protocol.phases import Phase

TRAIN = BlockKey(Phase.TRAIN, 3, 0)


def config_of(**channel: object) -> RunConfig:
    return RunConfig.model_validate({"links": 2, "channel": channel})


def chain_of(values: ChannelValues, model: object, link: int = 1) -> list[tuple[str, dict[str, Any]]]:
    chain = overridden(config_of(model=model), link, values).channel.chain(link)
    return [(choice.name, choice.options) for choice in chain]


def test_without_values_nothing_changes() -> None:
    config = config_of(model=[["awgn"], [{"name": "gain", "gain_db": 1.0}, "awgn"]], psnr_db=[1.0, 2.0])
    assert overridden(config, 1, NO_VALUES) == config


def test_a_psnr_holds_in_training_too_and_replaces_a_range() -> None:
    config = config_of(training_psnr_db=[-5.0, 20.0], training_psnr_draws=3, psnr_db=[10.0, 20.0])
    for key in (TRAIN, BlockKey(Phase.TEST, 0, 0)):
        variances = rate_noise_variances(overridden(config, 1, ChannelValues(psnr_db=-3.0)), 1, key)
        np.testing.assert_allclose(variances, [10**0.3])


def test_a_gain_stands_ahead_of_the_noise_and_replaces_that_of_the_chain() -> None:
    values = ChannelValues(gain_db=-6.0)
    assert chain_of(values, "awgn") == [("gain", {"gain_db": -6.0}), ("awgn", {})]
    assert chain_of(values, ["awgn", {"name": "gain", "gain_db": 3.0}]) == [("awgn", {}), ("gain", {"gain_db": -6.0})]
    per_link = [["awgn"], [{"name": "gain", "gain_db": 3.0}, "awgn"]]
    assert chain_of(values, per_link) == [("gain", {"gain_db": -6.0}), ("awgn", {})]


def test_a_loss_of_samples_stands_behind_all_models() -> None:
    lost = ("erasures", {"probability": 0.25, "unit": "sample"})
    assert chain_of(ChannelValues(gain_db=1.0, loss=0.25), "awgn") == [("gain", {"gain_db": 1.0}), ("awgn", {}), lost]


@pytest.mark.parametrize("name", ["delay_ms", "jitter_ms", "rate_limit_bps"])
def test_times_replace_those_of_the_settings(name: str) -> None:
    config = config_of(timing={"delay_ms": 1.0, "jitter_ms": 2.0})
    timing = overridden(config, 0, ChannelValues(**{name: 7.0})).channel.timing
    assert timing == config.channel.timing.model_copy(update={name: 7.0})
