import numpy as np
import pytest
from hypothesis import given

from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models import laws

RAYLEIGH = "rayleigh"
SAMPLES = 20_000


def test_the_amplitudes_have_rayleighs_distribution_with_a_mean_power_of_1() -> None:
    """|h|² is exponential: its mean and standard deviation are 1, so its mean over n has 1/√n; E|h| = √π/2."""
    gains = laws.gains(RAYLEIGH, laws.KEY, 2, SAMPLES)
    laws.check_distribution(gains, lambda g: 1 - np.exp(-(g**2)))
    assert abs(np.mean(gains**2) - 1) < 5 / np.sqrt(gains.size)
    assert abs(np.mean(gains**4) - 2) < 5 * np.sqrt(20 / gains.size)
    assert abs(gains.mean() - np.sqrt(np.pi) / 2) < 5 * np.sqrt((1 - np.pi / 4) / gains.size)


def test_samples_draws_and_links_fade_independently() -> None:
    """The correlation of n pairs of independent values has a standard deviation of 1/√n."""
    gains = laws.gains(RAYLEIGH, laws.KEY, 2, SAMPLES)
    other = laws.gains(RAYLEIGH, laws.KEY, 1, SAMPLES, link=0)
    for one, another in ((gains[0], gains[1]), (gains[0], other[0]), (gains[0, 1:], gains[0, :-1])):
        assert abs(np.corrcoef(one, another)[0, 1]) < 5 / np.sqrt(SAMPLES)


def test_coherent_samples_share_their_gain_across_blocks() -> None:
    """Blocks of 10 samples with a coherence of 4: the group of samples 8 to 11 lies in two blocks."""
    model = {"name": RAYLEIGH, "coherence": 4}
    blocks = [laws.gains(model, BlockKey(Phase.TEST, 0, n), 1, 10, inference={"block_size": 10})[0] for n in range(4)]
    groups = np.concatenate(blocks).reshape(10, 4)
    np.testing.assert_array_equal(groups, groups[:, :1].repeat(4, axis=1))
    assert len(np.unique(groups)) == 10


def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions(RAYLEIGH)
    laws.check_positions({"name": RAYLEIGH, "coherence": 3})


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them."""
    pinned = np.array([1.2100263, 0.48108232, 0.42155743, 0.15479892], dtype=np.float32)
    np.testing.assert_array_equal(laws.gains(RAYLEIGH, laws.KEY, 2, 2).ravel(), pinned)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [RAYLEIGH, [RAYLEIGH, AWGN]], ids=str)
def test_it_keeps_the_laws_of_all_models(model: object, draws: int) -> None:
    laws.check_shapes_and_types(model, draws)
    laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(model)


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(RAYLEIGH, case)


def test_the_rate_sees_the_link_without_its_fading() -> None:
    faded, plain = laws.config_of([RAYLEIGH, AWGN]), laws.config_of(AWGN)
    for key in laws.KEYS:
        np.testing.assert_array_equal(rate_noise_variances(faded, 1, key), rate_noise_variances(plain, 1, key))


@pytest.mark.parametrize("coherence", [0, -3, 2.5, True, "two"])
def test_a_coherence_of_no_samples_is_refused(coherence: object) -> None:
    config = laws.config_of([{"name": RAYLEIGH, "coherence": coherence}, AWGN])
    with pytest.raises(ConfigError, match=rf"rayleigh, link 0: .*coherence = {coherence}: expected a whole number ≥ 1"):
        check_rate_noise(config)
