import numpy as np
import pytest
from hypothesis import given

from splitwave.channel.models.clarke import PATHS, ClarkeChannel
from splitwave.common.config.registry import AWGN
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sample_positions import SamplePositions
from tests.unit.channel.models import laws

CLARKE = "clarke"
BAUD = 300.0
"""With 3 symbols a sample, T is 10 ms."""
DOPPLER_HZ = 5.0
"""f_D·T = 0.05: J₀ has its first zero between samples 7 and 8."""
REALISATIONS = 4000


def channel(k_db: float | None = None) -> ClarkeChannel:
    config = RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": {"baud": BAUD}})
    return ClarkeChannel(config, 1, doppler_hz=DOPPLER_HZ, k_db=k_db)


def bessel_j0(x: laws.Doubles) -> laws.Doubles:
    """J₀(x) = 1/π·∫₀^π cos(x·sin t) dt, by the midpoint rule, which is exact to rounding for such integrals."""
    t = (np.arange(400) + 0.5) * np.pi / 400
    of_x: laws.Doubles = np.cos(x[:, None] * np.sin(t)).mean(axis=1)
    return of_x


@pytest.mark.parametrize("k_db", [None, 3.0])
@pytest.mark.parametrize("first", [0, 123_456])
def test_the_autocorrelation_over_the_ensemble_is_clarkes(k_db: float | None, first: int) -> None:
    """The tolerance of each lag is five standard deviations of the mean, as the products themselves have them."""
    lags = 40
    h = channel(k_db).complex_gains(SamplePositions(Phase.TEST, 0, first, lags), REALISATIONS)
    products = h * h[:, :1].conj()
    k = 0.0 if k_db is None else 10 ** (k_db / 10)
    expected = (k + bessel_j0(2 * np.pi * DOPPLER_HZ * 3 / BAUD * np.arange(lags, dtype=np.float64))) / (k + 1)
    for part, theory in ((products.real, expected), (products.imag, np.zeros(lags))):
        assert (np.abs(part.mean(axis=0) - theory) <= 5 * part.std(axis=0) / np.sqrt(REALISATIONS) + 1e-12).all()


def test_the_amplitudes_over_the_ensemble_are_rayleighs() -> None:
    """With 32 paths, the distribution is closer to Rayleigh's than the test can tell."""
    h = channel().complex_gains(SamplePositions(Phase.TEST, 0, 77, 1), REALISATIONS)[:, 0]
    laws.check_distribution(np.abs(h), lambda g: 1 - np.exp(-(g**2)))
    power = np.abs(h) ** 2
    assert abs(power.mean() - 1) < 5 * power.std() / np.sqrt(REALISATIONS)
    assert abs(np.mean(power**2) - (2 - 1 / PATHS)) < 5 * np.std(power**2) / np.sqrt(REALISATIONS)
    assert abs(np.mean(h)) < 5 / np.sqrt(REALISATIONS)


def test_each_realisation_has_a_mean_power_of_1_over_time() -> None:
    """Two paths with shifts that differ by Δ add at most 2/(N·π·Δ·t) to the mean power over a time t, here 1,000 s."""
    h = channel().complex_gains(SamplePositions(Phase.TEST, 0, 0, 100_000), 3)
    np.testing.assert_allclose(np.mean(np.abs(h) ** 2, axis=1), 1, atol=0.02)


def test_draws_and_passes_fade_independently() -> None:
    """The mean of h_1·h_2* over n independent pairs has a standard deviation of 1/√n."""
    one, another = channel().complex_gains(SamplePositions(Phase.TEST, 0, 0, 1), REALISATIONS), channel()
    later = another.complex_gains(SamplePositions(Phase.TEST, 1, 0, 1), REALISATIONS)
    assert abs(np.mean(one * later.conj())) < 5 / np.sqrt(REALISATIONS)
    assert abs(np.mean(one[1:] * one[:-1].conj())) < 5 / np.sqrt(REALISATIONS)


def test_its_gains_are_the_amplitudes() -> None:
    positions = SamplePositions(Phase.SERVE, 3, 50, 20)
    h = channel(4.0).complex_gains(positions, 2)
    np.testing.assert_allclose(channel(4.0).gains_at(positions, 2)[..., 0], np.abs(h), rtol=1e-6)


def test_without_motion_the_gain_stays() -> None:
    gains = laws.gains({"name": CLARKE, "doppler_hz": 0}, laws.KEY, 2, 50)
    np.testing.assert_array_equal(gains, gains[:, :1].repeat(50, axis=1))


def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions({"name": CLARKE, "doppler_hz": 40.0})
    laws.check_positions({"name": CLARKE, "doppler_hz": 0.3, "k_db": 2.0})


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them.

    Sines and exponentials may be rounded differently on another processor.
    """
    pinned = np.array([0.2574873, 0.25712126, 1.1042062, 1.1052248], dtype=np.float32)
    np.testing.assert_allclose(laws.gains(CLARKE, laws.KEY, 2, 2).ravel(), pinned, rtol=1e-6)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [CLARKE, [CLARKE, AWGN]], ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(CLARKE, case)


def test_the_rate_sees_the_link_without_its_fading() -> None:
    faded, plain = laws.config_of([CLARKE, AWGN]), laws.config_of(AWGN)
    np.testing.assert_array_equal(rate_noise_variances(faded, 1, laws.KEY), rate_noise_variances(plain, 1, laws.KEY))


@pytest.mark.parametrize(("option", "value"), [("doppler_hz", -1.0), ("k_db", 101), ("doppler_hz", None)])
def test_options_out_of_range_are_refused(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"clarke, link 0: .*{option} = {value}: expected a number in"):
        check_rate_noise(laws.config_of([{"name": CLARKE, option: value}, AWGN]))
