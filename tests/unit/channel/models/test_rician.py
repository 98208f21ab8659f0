import numpy as np
import pytest
from hypothesis import given

from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from tests.unit.channel.models import laws

RICIAN = "rician"
SAMPLES = 20_000


def rician_cdf(gains: laws.Doubles, k_db: float) -> laws.Doubles:
    """The integral of 2(K+1)·g·exp(−K − (K+1)·g²)·I₀(2g·√(K(K+1))), by the trapezoidal rule."""
    k = 10 ** (k_db / 10)
    grid = np.linspace(0, 5, 200_001)
    density = 2 * (k + 1) * grid * np.exp(-k - (k + 1) * grid**2) * np.i0(2 * grid * np.sqrt(k * (k + 1)))
    cumulated = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2) * (grid[1] - grid[0])])
    assert abs(cumulated[-1] - 1) < 1e-6
    of_gains: laws.Doubles = np.interp(gains, grid, cumulated)
    return of_gains


@pytest.mark.parametrize("k_db", [-100.0, 0.0, 6.0, 12.0])
def test_the_amplitudes_have_rices_distribution_with_a_mean_power_of_1(k_db: float) -> None:
    """Var|h|² = (2K + 1)/(K + 1)²  [a noncentral χ² of two degrees of freedom]."""
    gains, k = laws.gains({"name": RICIAN, "k_db": k_db}, laws.KEY, 2, SAMPLES), 10 ** (k_db / 10)
    laws.check_distribution(gains, lambda g: rician_cdf(g, k_db))
    variance, n = (2 * k + 1) / (k + 1) ** 2, gains.size
    assert abs(np.mean(gains**2) - 1) < 5 * np.sqrt(variance / n)
    spread = np.var((gains**2 - 1) ** 2)
    assert abs(np.var(gains**2) - variance) < 5 * np.sqrt(spread / n)


def test_a_strong_line_of_sight_is_no_fading() -> None:
    gains = laws.gains({"name": RICIAN, "k_db": 100.0}, laws.KEY, 1, SAMPLES)
    np.testing.assert_allclose(gains, 1, atol=1e-4)


def test_it_is_not_rayleighs_draw() -> None:
    """Both draw normal numbers for the same purpose; in one chain they must be independent."""
    rayleigh = laws.gains("rayleigh", laws.KEY, 1, SAMPLES)
    scattered = laws.gains({"name": RICIAN, "k_db": -100.0}, laws.KEY, 1, SAMPLES)
    assert abs(np.corrcoef(rayleigh[0], scattered[0])[0, 1]) < 5 / np.sqrt(SAMPLES)


def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions(RICIAN)
    laws.check_positions({"name": RICIAN, "coherence": 50})


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them."""
    pinned = np.array([1.2714001, 0.6523633, 0.8664733, 0.87606627], dtype=np.float32)
    np.testing.assert_array_equal(laws.gains(RICIAN, laws.KEY, 2, 2).ravel(), pinned)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [RICIAN, [RICIAN, AWGN]], ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(RICIAN, case)


def test_the_rate_sees_the_link_without_its_fading() -> None:
    faded, plain = laws.config_of([RICIAN, AWGN]), laws.config_of(AWGN)
    np.testing.assert_array_equal(rate_noise_variances(faded, 1, laws.KEY), rate_noise_variances(plain, 1, laws.KEY))


@pytest.mark.parametrize("k_db", [-101, 1000.0, float("nan"), "six", False])
def test_a_k_factor_out_of_range_is_refused(k_db: object) -> None:
    with pytest.raises(ConfigError, match=rf"rician, link 0: .*k_db = {k_db}: expected a number in \[-100, 100\]"):
        check_rate_noise(laws.config_of([{"name": RICIAN, "k_db": k_db}, AWGN]))
