"""Tolerances: a share of n independent events of probability p has the standard deviation √(p(1 − p)/n); five of it."""

import numpy as np
import pytest

from splitwave.channel.models.composite import link_channel
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from tests.unit.channel.models import laws


def erasures(probability: float, **options: object) -> dict[str, object]:
    return {"name": "erasures", "probability": probability, **options}


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("unit", ["symbol", "sample"])
def test_erasures_pass_the_checks_of_all_models(unit: str, draws: int) -> None:
    for model in (erasures(0.3, unit=unit), [erasures(0.3, unit=unit), "awgn"], ["awgn", erasures(0.3, unit=unit)]):
        laws.check_shapes_and_types(model, draws)
        laws.check_adjoint(model, draws)
    laws.check_discrete_draws_are_keyed(erasures(0.3, unit=unit))


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.9])
def test_symbols_are_erased_independently_with_the_given_probability(probability: float) -> None:
    mask = link_channel(laws.config_of(erasures(probability)), 1).draw(laws.KEY, (2, 500, 200)).astype(float)
    lost, n = 1 - mask, mask[0].size
    variance = probability * (1 - probability)
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert abs(lost.mean() - probability) < 5 * np.sqrt(variance / mask.size)
    centred = lost - probability
    for product in (centred[0] * centred[1], centred[0, :, 1:] * centred[0, :, :-1], centred[0, 1:] * centred[0, :-1]):
        assert abs(product.mean()) < 5 * variance / np.sqrt(n - 500)


def test_a_sample_is_erased_as_a_whole() -> None:
    received = laws.passed(
        link_channel(laws.config_of(erasures(0.4, unit="sample")), 1), laws.KEY, laws.random(1, 20_000, 3), 1
    )
    lost = (received == 0).all(axis=-1)
    assert ((received == 0).any(axis=-1) == lost).all()
    assert abs(lost.mean() - 0.4) < 5 * np.sqrt(0.24 / 20_000)


@pytest.mark.parametrize(("probability", "kept"), [(0, 1.0), (1, 0.0)])
def test_the_extremes_lose_nothing_and_everything(probability: float, kept: float) -> None:
    mask = link_channel(laws.config_of(erasures(probability)), 1).draw(laws.KEY, (1, 100, 3))
    assert (mask == kept).all()


@pytest.mark.parametrize("modulation", ["qpsk", "16-qam"])
def test_i_and_q_of_a_symbol_are_lost_together(modulation: str) -> None:
    config = laws.config_of(erasures(0.3), digital={"modulation": modulation})
    mask = link_channel(config, 1).draw(laws.KEY, (2, 500, 101))
    assert mask.shape == (2, 500, 101)
    symbols = mask[..., ::2].astype(float)
    np.testing.assert_array_equal(mask[..., 1::2], symbols[..., :-1])
    assert abs((1 - symbols).mean() - 0.3) < 5 * np.sqrt(0.21 / symbols.size)
    products = (0.7 - symbols[..., 1:]) * (0.7 - symbols[..., :-1])
    assert abs(products.mean()) < 5 * 0.21 / np.sqrt(products.size)


@pytest.mark.parametrize("modulation", ["bpsk", None])
def test_symbols_of_one_real_are_lost_one_by_one(modulation: str | None) -> None:
    config = laws.config_of(erasures(0.5), digital={"modulation": modulation})
    mask = link_channel(config, 1).draw(laws.KEY, (1, 4, 3))
    np.testing.assert_array_equal(mask, link_channel(laws.config_of(erasures(0.5)), 1).draw(laws.KEY, (1, 4, 3)))


def test_a_draw_never_changes() -> None:
    mask = link_channel(laws.config_of(erasures(0.5)), 1).draw(laws.KEY, (1, 4, 3))
    assert mask.ravel().tolist() == [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_the_rate_is_that_of_the_link_without_loss() -> None:
    for chain in ([erasures(0.5), "awgn"], ["awgn", erasures(0.5)]):
        config = laws.config_of(chain, psnr_db=10.0)
        np.testing.assert_allclose(rate_noise_variances(config, 1, laws.KEY), [0.1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"probability": 1.5}, r"probability = 1\.5: expected a number in \[0, 1\]"),
        ({"probability": "often"}, "probability = often: expected a number in"),
        ({"probability": True}, "probability = True: expected a number in"),
        ({"probability": 0.5, "unit": "block"}, "unit = block: expected symbol or sample"),
    ],
)
def test_a_bad_option_is_refused_by_its_value(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^channel.model = erasures, link 0: .*{message}"):
        check_rate_noise(laws.config_of([{"name": "erasures", **options}, "awgn"]))
