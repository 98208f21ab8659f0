import math

import numpy as np
import pytest
from hypothesis import given

from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from tests.unit.channel.models import laws

SHADOWING = "shadowing"
SAMPLES = 20_000


def normal_cdf(values: laws.Doubles) -> laws.Doubles:
    return np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values])


@pytest.mark.parametrize("sigma_db", [2.0, 6.0])
def test_the_gain_in_decibels_is_normal(sigma_db: float) -> None:
    gains_db = 20 * np.log10(laws.gains({"name": SHADOWING, "sigma_db": sigma_db}, laws.KEY, 2, SAMPLES))
    laws.check_distribution(gains_db / sigma_db, normal_cdf)
    assert abs(gains_db.mean()) < 5 * sigma_db / np.sqrt(gains_db.size)
    assert abs(gains_db.std() / sigma_db - 1) < 5 / np.sqrt(2 * gains_db.size)


def test_the_mean_power_is_that_of_a_log_normal_number() -> None:
    gains = laws.gains({"name": SHADOWING, "sigma_db": 3.0}, laws.KEY, 2, SAMPLES)
    expected = math.exp(0.5 * (3 * math.log(10) / 10) ** 2)
    assert abs(np.mean(gains**2) - expected) < 5 * np.std(gains**2) / np.sqrt(gains.size)


def test_samples_draws_and_links_are_shadowed_independently() -> None:
    gains = np.log(laws.gains(SHADOWING, laws.KEY, 2, SAMPLES))
    other = np.log(laws.gains(SHADOWING, laws.KEY, 1, SAMPLES, link=0))
    for one, another in ((gains[0], gains[1]), (gains[0], other[0]), (gains[0, 1:], gains[0, :-1])):
        assert abs(np.corrcoef(one, another)[0, 1]) < 5 / np.sqrt(SAMPLES)


def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions(SHADOWING)
    laws.check_positions({"name": SHADOWING, "coherence": 20})


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them.

    Sines and exponentials may be rounded differently on another processor.
    """
    pinned = np.array([1.2373021, 1.1431259, 0.7170485, 1.8826612], dtype=np.float32)
    np.testing.assert_allclose(laws.gains(SHADOWING, laws.KEY, 2, 2).ravel(), pinned, rtol=1e-6)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [SHADOWING, [SHADOWING, AWGN]], ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(SHADOWING, case)


def test_the_rate_sees_the_mean_power() -> None:
    shadowed, plain = laws.config_of([{"name": SHADOWING, "sigma_db": 3.0}, AWGN]), laws.config_of(AWGN)
    power = math.exp(0.5 * (3 * math.log(10) / 10) ** 2)
    for key in laws.KEYS:
        seen, noise = (rate_noise_variances(config, 1, key) for config in (shadowed, plain))
        np.testing.assert_allclose(seen, noise / power, rtol=1e-12)


def test_without_spread_the_gain_is_1() -> None:
    np.testing.assert_array_equal(laws.gains({"name": SHADOWING, "sigma_db": 0}, laws.KEY, 1, 9), 1)


@pytest.mark.parametrize(("option", "value"), [("sigma_db", -1.0), ("coherence", 0), ("sigma_db", 41)])
def test_options_out_of_range_are_refused(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"shadowing, link 0: .*{option} = {value}: expected a"):
        check_rate_noise(laws.config_of([{"name": SHADOWING, option: value}, AWGN]))
