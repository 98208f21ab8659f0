import numpy as np
import pytest

from splitwave.channel.models.awgn import AwgnChannel
from splitwave.common.config.registry import AWGN
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import rate_noise_variances
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models import laws

KEY = BlockKey(Phase.TRAIN, 3, 1)


def config_of(psnr_db: float = 10.0, seed: int = 0) -> RunConfig:
    return RunConfig.model_validate({"seed": seed, "channel": {"psnr_db": psnr_db}})


def channel_of(psnr_db: float = 10.0, seed: int = 0, link: int = 0) -> AwgnChannel:
    return AwgnChannel(config_of(psnr_db, seed), link)


@pytest.mark.parametrize("psnr_db", [-5.0, 0.0, 10.0, 20.0])
def test_the_noise_has_the_variance_of_the_psnr(psnr_db: float) -> None:
    """The sample variance of n normal numbers has the standard deviation σ²·√(2/n); the tolerance is five of these."""
    noise = channel_of(psnr_db).draw(KEY, (4, 500, 100)).astype(np.float64)
    variance, n = 10 ** (-psnr_db / 10), noise.size
    assert abs(np.mean(noise**2) - variance) < 5 * variance * np.sqrt(2 / n)
    assert abs(noise.mean()) < 5 * np.sqrt(variance / n)
    measured_psnr_db = 10 * np.log10(1 / np.mean(noise**2))
    assert abs(measured_psnr_db - psnr_db) < 5 * 10 / np.log(10) * np.sqrt(2 / n)


def test_the_noise_is_normal_white_and_independent_between_draws() -> None:
    noise = channel_of(0.0).draw(KEY, (2, 400, 250)).astype(np.float64)
    n = noise[0].size
    kurtosis = np.mean(noise**4)
    assert abs(kurtosis - 3) < 5 * np.sqrt(96 / noise.size)
    assert abs(np.mean(noise[0] * noise[1])) < 5 / np.sqrt(n)
    assert abs(np.mean(noise[0][:, 1:] * noise[0][:, :-1])) < 5 / np.sqrt(n)


def test_equal_blocks_get_equal_noise_and_different_blocks_do_not() -> None:
    channel, shape = channel_of(), (1, 8, 4)
    first = channel.draw(KEY, shape)
    np.testing.assert_array_equal(first, channel_of().draw(KEY, shape))
    others = [
        channel_of(seed=1).draw(KEY, shape),
        channel_of(link=1).draw(KEY, shape),
        channel.draw(BlockKey(Phase.TEST, 3, 1), shape),
        channel.draw(BlockKey(Phase.TRAIN, 4, 1), shape),
        channel.draw(BlockKey(Phase.TRAIN, 3, 2), shape),
    ]
    assert all(np.intersect1d(first, other).size == 0 for other in others)


def test_a_draw_does_not_depend_on_the_number_of_draws() -> None:
    channel = channel_of()
    np.testing.assert_array_equal(channel.draw(KEY, (3, 8, 4))[:1], channel.draw(KEY, (1, 8, 4)))


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them."""
    pinned = np.array([-1.9107019, 0.43727022, 0.25905156, -0.88898116], dtype=np.float32)
    np.testing.assert_array_equal(channel_of(3.0).draw(KEY, (2, 1, 2)).ravel(), pinned)


@pytest.mark.parametrize("draws", [1, 3])
def test_awgn_passes_the_checks_of_all_models(draws: int) -> None:
    laws.check_shapes_and_types(AWGN, draws)
    laws.check_adjoint(AWGN, draws)
    laws.check_draws_are_keyed(AWGN)


def test_awgn_only_adds_noise() -> None:
    channel, symbols = channel_of(), np.full((1, 8, 4), 0.25, dtype=np.float32)
    received = channel.apply(symbols, channel.draw(KEY, (2, 8, 4)))
    np.testing.assert_array_equal(received, np.float32(0.25) + channel.draw(KEY, (2, 8, 4)))
    assert channel.is_additive


@pytest.mark.parametrize("shares", [1, 3])
def test_the_rate_bounds_use_the_noise_variance_of_the_emulator(shares: int) -> None:
    channel = {"training_psnr_db": [-5.0, 20.0], "training_psnr_draws": shares}
    laws.check_rate_noise(laws.config_of(AWGN, psnr_db=3.0), laws.KEY)
    laws.check_rate_noise(laws.config_of(AWGN, **channel), laws.KEY)


def test_the_models_own_noise_variances_equal_those_of_the_rate_bounds() -> None:
    config = laws.config_of(AWGN, training_psnr_db=[-5.0, 20.0], training_psnr_draws=3)
    for key in laws.KEYS:
        variances = AwgnChannel(config, 1).noise_variances(key, np.zeros(1))
        np.testing.assert_array_equal(variances, rate_noise_variances(config, 1, key))
