import numpy as np
import pytest

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise
from tests.unit.channel.models import laws, shared_laws

MODEL = {"name": "interference", "share": 0.25}


def test_each_link_receives_its_symbols_and_a_share_of_all_others() -> None:
    symbols = shared_laws.random(1, 1)
    got = shared_laws.received(shared_laws.config_of(MODEL), symbols)
    total = np.sum(symbols, axis=0)
    for link, sent in enumerate(symbols):
        np.testing.assert_allclose(got[link], 0.75 * sent + 0.25 * total, rtol=0, atol=4e-7)


def test_noise_behind_it_is_that_of_each_link_alone() -> None:
    config = shared_laws.config_of([MODEL, AWGN])
    silence = [np.zeros_like(sent) for sent in shared_laws.random(1, 1)]
    got = shared_laws.received(config, silence)
    sigma = np.float32(config.noise_variance(0) ** 0.5)
    for link in range(shared_laws.LINKS):
        noise = gaussian_noise(config.seed, link, shared_laws.KEY, silence[0].shape, sigma)
        np.testing.assert_array_equal(got[link], noise)


def test_noise_before_it_reaches_the_other_links_too() -> None:
    config = shared_laws.config_of([AWGN, {"name": "interference", "share": 1.0}])
    got = shared_laws.received(config, [np.zeros_like(sent) for sent in shared_laws.random(1, 1)])
    np.testing.assert_array_equal(got[0], got[1])
    assert np.abs(got).min() > 0


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [MODEL, [MODEL, AWGN], [AWGN, MODEL], ["rayleigh", MODEL, "rician", AWGN]], ids=str)
def test_gradients_return_through_the_adjoint(model: object, draws: int) -> None:
    shared_laws.check_adjoint(shared_laws.config_of(model, draws))


@pytest.mark.parametrize("draws", [1, 3])
def test_a_link_alone_has_its_own_gain(draws: int) -> None:
    laws.check_shapes_and_types(MODEL, draws)
    laws.check_adjoint(MODEL, draws)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=rf"share = {share}: expected 0 to 1"):
        check_rate_noise(shared_laws.config_of({"name": "interference", "share": share}))


def test_gradients_arrive_quantized_where_the_downlink_quantizes_them() -> None:
    ideal, coarse = ({"bits": None}, {"bits": 2})
    gradients = shared_laws.random(1, 2)
    exact, rounded = (
        shared_laws.returned(shared_laws.config_of([MODEL, AWGN], downlink=downlink), gradients)
        for downlink in (ideal, coarse)
    )
    for expected, got in zip(exact, rounded, strict=True):
        peak = np.abs(expected).max()
        assert np.all(np.abs(got - expected) <= peak * (2 / 3 + 1e-6))  # one of four levels next to it
        assert len(np.unique(got)) <= 4
