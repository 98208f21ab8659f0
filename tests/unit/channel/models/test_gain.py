import numpy as np
import pytest

from splitwave.channel.models.gain import GainChannel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.channel_model import GainModel
from tests.unit.channel.models import laws

AHEAD_OF_NOISE = [{"name": "gain", "gain_db": -6.0}, "awgn"]


@pytest.mark.parametrize("draws", [1, 3])
def test_a_gain_ahead_of_the_noise_passes_the_checks_of_all_models(draws: int) -> None:
    laws.check_shapes_and_types(AHEAD_OF_NOISE, draws)
    laws.check_adjoint(AHEAD_OF_NOISE, draws)
    laws.check_draws_are_keyed(AHEAD_OF_NOISE)


@pytest.mark.parametrize("gain_db", [-20.0, 0.0, 6.0])
def test_a_gain_in_decibels_multiplies_the_power_of_all_symbols(gain_db: float) -> None:
    channel, symbols = GainChannel(RunConfig(), 0, gain_db=gain_db), laws.random(1, 6, 3)
    realisation = channel.draw(laws.KEY, (2, 6, 3))
    received = channel.apply(symbols, realisation).astype(float)
    np.testing.assert_allclose((received**2).sum() / 2, (symbols.astype(float) ** 2).sum() * 10 ** (gain_db / 10), 1e-6)
    assert isinstance(channel, GainModel)
    np.testing.assert_allclose(channel.gains(realisation), np.full((2, 6, 1), 10 ** (gain_db / 20)), rtol=1e-7)


def test_the_rate_bounds_see_the_noise_at_the_input_of_the_gain() -> None:
    laws.check_rate_noise(laws.config_of(AHEAD_OF_NOISE, psnr_db=3.0), laws.KEY)
    (variance,) = GainChannel(RunConfig(), 0, gain_db=-10.0).noise_variances(laws.KEY, np.array([0.5]))
    assert variance == pytest.approx(5.0)


@pytest.mark.parametrize("gain_db", [float("nan"), float("inf"), 151.0, -151.0])
def test_a_gain_that_is_no_number_of_decibels_is_refused(gain_db: float) -> None:
    with pytest.raises(ValueError, match=rf"^gain_db = {gain_db}: expected a number in \[-150, 150\]$"):
        GainChannel(RunConfig(), 0, gain_db=gain_db)
