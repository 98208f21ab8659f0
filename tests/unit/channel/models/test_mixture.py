import numpy as np
import pytest
from hypothesis import given

from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from tests.unit.channel.models import laws

LOUD = {"name": "gain", "gain_db": 6.0}
MIXTURE = {"name": "mixture", "of": ["gain", LOUD, "rayleigh"]}
SAMPLES = 20_000


def test_each_sample_meets_one_of_the_models_and_each_of_them_as_often() -> None:
    """The share of a model of three has a standard deviation of √(2/9/n)."""
    gains = laws.gains(MIXTURE, laws.KEY, 1, SAMPLES).ravel()
    rayleigh = laws.gains("rayleigh", laws.KEY, 1, SAMPLES).ravel()
    loud = np.float32(10**0.3)
    assert np.all((gains == 1) | (gains == loud) | (gains == rayleigh))
    for met in (gains == 1, gains == loud, gains == rayleigh):
        assert abs(np.mean(met) - 1 / 3) < 5 * np.sqrt(2 / 9 / SAMPLES)


def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions(MIXTURE)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [[MIXTURE, AWGN]], ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(MIXTURE, case)


def test_the_rate_sees_the_best_of_the_models() -> None:
    mixed, loud = laws.config_of([MIXTURE, AWGN]), laws.config_of([LOUD, AWGN])
    np.testing.assert_array_equal(rate_noise_variances(mixed, 1, laws.KEY), rate_noise_variances(loud, 1, laws.KEY))


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (["rayleigh"], r"of = \['rayleigh'\]: expected a list of two or more models"),
        ("rayleigh", "of = rayleigh: expected a list of two or more models"),
        (["gain", "awgn"], "of = awgn: expected a model of one gain per sample"),
        (["gain", {"name": "rayleigh", "coherence": 0}], "coherence = 0: expected a whole number"),
    ],
)
def test_models_that_do_not_mix_are_refused(of: object, message: str) -> None:
    with pytest.raises(ConfigError, match=f"channel.model = mixture, link 0: .*{message}"):
        check_rate_noise(laws.config_of([{"name": "mixture", "of": of}, AWGN]))
