from typing import Any

import numpy as np
import pytest

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise
from tests.unit.channel.models import laws, shared_laws

MODEL = "over-the-air"


def test_link_0_receives_the_sum_and_the_others_nothing() -> None:
    symbols = shared_laws.random(1, 1)
    got = shared_laws.received(shared_laws.config_of(MODEL), symbols)
    np.testing.assert_array_equal(got[0], symbols[0] + symbols[1] + symbols[2])
    np.testing.assert_array_equal(got[1:], 0)


def test_there_is_the_noise_of_one_receiver() -> None:
    config = shared_laws.config_of([MODEL, AWGN])
    silence = [np.zeros_like(sent) for sent in shared_laws.random(1, 1)]
    got = shared_laws.received(config, silence)
    sigma = np.float32(config.noise_variance(0) ** 0.5)
    np.testing.assert_array_equal(got[0], gaussian_noise(config.seed, 0, shared_laws.KEY, silence[0].shape, sigma))
    np.testing.assert_array_equal(got[1:], 0)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", [MODEL, [MODEL, AWGN], [AWGN, MODEL]], ids=str)
def test_gradients_return_through_the_adjoint(model: object, draws: int) -> None:
    shared_laws.check_adjoint(shared_laws.config_of(model, draws))


def test_every_device_gets_the_gradient_of_the_sum() -> None:
    gradients = shared_laws.random(1, 2)
    back = shared_laws.returned(shared_laws.config_of([MODEL, AWGN]), gradients)
    for link in range(shared_laws.LINKS):
        np.testing.assert_array_equal(back[link], gradients[0])


@pytest.mark.parametrize("draws", [1, 3])
def test_a_link_alone_has_its_own_gain(draws: int) -> None:
    laws.check_shapes_and_types(MODEL, draws)
    laws.check_adjoint(MODEL, draws)


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ({"psnr_db": [1.0, 2.0, 1.0]}, r"channel\.psnr_db = \[1\.0, 2\.0, 1\.0\]: expected one value"),
        ({"training_psnr_db": [0.0, 9.0]}, r"channel\.training_psnr_shared = false: expected true"),
    ],
)
def test_links_with_noise_of_their_own_are_refused(channel: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_rate_noise(shared_laws.config_of([MODEL, AWGN], **channel))
