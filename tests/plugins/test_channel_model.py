"""A channel model of another package, alone and before AWGN: its laws, the emulator, and the rate side."""

import numpy as np
import pytest

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.composite import CompositeChannel, link_channel
from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.config.sections import QuantizerSettings
from splitwave.common.errors import ConfigError
from splitwave.common.learning.conditions import RunConditions
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import ChannelModel, check_rate_noise, rate_noise_variances
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from tests.unit.channel.models import laws

pytestmark = pytest.mark.usefixtures("toys")

TOY = "toy"
CHANNELS = [TOY, [TOY, AWGN], [AWGN, TOY]]
RANGE = {"training_psnr_db": [-5.0, 20.0], "training_psnr_draws": 3}


def test_it_is_found_beside_the_built_in_models() -> None:
    assert CHANNEL_MODELS.names == (*CHANNEL_MODELS.built_in, TOY)
    config = laws.config_of(["toy"])
    assert isinstance(link_channel(config, 0), ChannelModel)
    assert config.channel.model == "toy"
    assert isinstance(link_channel(laws.config_of([TOY, AWGN]), 0), CompositeChannel)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", CHANNELS, ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@pytest.mark.parametrize("model", CHANNELS, ids=str)
def test_the_rate_side_sees_the_noise_of_the_emulator(model: object) -> None:
    for key in laws.KEYS:
        laws.check_rate_noise(laws.config_of(model, psnr_db=3.0), key)
        laws.check_rate_noise(laws.config_of(model, **RANGE), key)


@pytest.mark.parametrize("model", CHANNELS, ids=str)
def test_the_rate_sides_variance_is_what_the_emulators_channel_says(model: object) -> None:
    config = laws.config_of(model, **RANGE)
    for key in laws.KEYS:
        said = link_channel(config, 1).noise_variances(key, np.zeros(1))
        np.testing.assert_array_equal(said, rate_noise_variances(config, 1, key))


def test_a_gain_before_the_noise_weakens_the_noise_that_devices_and_base_station_reckon_with() -> None:
    config = laws.config_of([TOY, AWGN], psnr_db=3.0)
    key = BlockKey(Phase.TRAIN, 0, 0)
    conditions = RunConditions(config).of(RunPlan(config, 64, 8), key)
    for link in range(config.links):
        gain = link_channel(laws.config_of(TOY), link).draw(key, (1, 1, 1)).item()
        assert 0.5 <= abs(gain) <= 1.5
        assert conditions.variances[link].tolist() == pytest.approx([config.noise_variance(link) / gain**2])


@pytest.mark.parametrize("draws", [1, 3])
def test_the_emulator_returns_gradients_times_the_gain_added_up_over_the_draws(draws: int) -> None:
    config = laws.config_of([TOY, AWGN])
    config = config.model_copy(update={"objective": config.objective.model_copy(update={"draws": draws})})
    link, gradient = ChannelLink(config, 1), laws.random(draws, 6, 3)
    gain = link_channel(laws.config_of(TOY), 1).draw(laws.KEY, (1, 1, 1)).item()
    returned = link.return_gradient(Gradient(laws.KEY, gradient)).values
    assert not link.returns_unchanged(laws.KEY)
    np.testing.assert_allclose(returned, gain * gradient.sum(axis=0, keepdims=True), rtol=1e-5, atol=1e-6)


def test_a_channel_without_noise_is_refused_where_the_rate_needs_some() -> None:
    noiseless = laws.config_of(TOY)
    with pytest.raises(
        ConfigError, match=r"channel\.model = toy: the channel adds no noise, but quantizer\.breakpoints"
    ):
        check_rate_noise(noiseless)
    check_rate_noise(laws.config_of([TOY, AWGN]))
    check_rate_noise(noiseless.model_copy(update={"quantizer": QuantizerSettings(breakpoints=0)}))
